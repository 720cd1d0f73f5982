/* Which series means what. Private to numbers. */
#pragma once

#include "cluster/numbers.h"

#include <stdio.h>

enum { FIELD_NONE = 255 };
struct binding {
    const char *name;
    enum entity_kind kind;
    unsigned field; /* FIELD_NONE: only its labels matter */
    const char *key[2];
    const char *select, *select_value; /* only where this label has this value */
    const char *exact;                 /* only with exactly these labels */
    const char *label;                 /* names the entity */
    bool says_most;                    /* its labels are worth keeping */
};
extern const struct binding bindings[];
extern const size_t bindings_n;
