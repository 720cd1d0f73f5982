/* Where a user may act: everywhere, or only on what one of the limits names. They stand in one
 * text, separated by commas, in which patterns have * and ?:
 *
 *     node:attic, node:gpu-*, group:Media*, label:team=ops
 *
 * What everybody sees is not limited: limits are about doing, about logs and about processes (see
 * policy_allows()). All functions: pure, any thread. */
#pragma once

#include "base/err.h"

enum {
    LIMITS_SIZE = 256, /* bytes of the text, with its end */
    LIMIT_LIMITS = 16, /* of one user */
};

/* What a right is used on. Any text may be NULL: then no such limit fits. */
struct resource {
    const char *node, *group;
    const char *(*label)(const void *of, const char *key); /* NULL = it has none */
    const void *of;
};

/* Tidies what a person wrote. -EINVAL with what to write instead. */
int limits_normal(const char *text, char ret_limits[LIMITS_SIZE], struct err *e) MUST_CHECK;

/* `limits` as limits_normal() made it; "" fits everything, and nothing else fits NULL. */
bool limits_fit(const char *limits, const struct resource *r);
