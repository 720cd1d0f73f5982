/* The token that lets a machine become a node: where the hub is, whose key it must show, and a
 * secret that works once.
 *
 * "hyn_" and base64url of: version 1, pin, secret (16 bytes), address. Pure; any thread. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "rpc/tls.h"

enum {
    ENROL_SECRET_BYTES = 16,
    ENROL_SECRET_SIZE = 33,   /* as hex, terminated */
    ENROL_ADDRESS_SIZE = 262, /* HOST:PORT, terminated */
};

struct enrol_token {
    unsigned char pin[TLS_PIN_SIZE]; /* of the hub's key */
    char secret[ENROL_SECRET_SIZE];  /* lower-case hex */
    char address[ENROL_ADDRESS_SIZE];
};

void enrol_token_print(const struct enrol_token *t, struct str *out);
/* White space around it is ignored. -EINVAL with what to do. */
int enrol_token_parse(const char *text, struct err *e, struct enrol_token *ret_t) MUST_CHECK;
