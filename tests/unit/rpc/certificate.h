/* Certificates of the tests: an Ed25519 key that signs itself. */
#pragma once

#include "base/str.h"

struct certificate {
    struct str certificate, key; /* PEM */
};

void certificate_make(const char *name, struct certificate *ret_c);
void certificate_done(struct certificate *c);
