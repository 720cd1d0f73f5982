/* Every process of a machine, once: who runs it, what it uses, what it belongs to. Blocks: reads
 * some files for each. */
#pragma once

#include "base/json.h"
#include "node/owners.h"

enum {
    LIMIT_TREE = 20000,           /* processes that are looked at */
    LIMIT_TREE_ANSWER = 960 << 10 /* bytes; those that fit no more are left out */
};

struct tree_settings {
    const char *root;
    const struct owners *owners; /* a copy of the thread's own */
    uint32_t pause_ms;           /* between two looks, for the CPU; 0 = it is not known */
};

/* Writes the object. -errno when /proc can't be read. */
int process_tree_print(const struct tree_settings *s, struct jw *w, struct err *e) MUST_CHECK;
