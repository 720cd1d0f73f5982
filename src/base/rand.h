/* Randomness for identifiers and secrets (kernel CSPRNG by libsodium). Any thread. */
#pragma once

#include "base/mem.h"

enum { RAND_ID_SIZE = 27, RAND_SECRET_SIZE = 44 };

char *rand_id(char ret_text[RAND_ID_SIZE]); /* 26 characters: 48 bits of time, 80 of chance; sorts
                                               by time (ULID, lower case) */
char *rand_secret(char ret_text[RAND_SECRET_SIZE]); /* 43 characters of base64url: 256 bits */
uint32_t rand_below(uint32_t n);                    /* uniform in [0, n) */
