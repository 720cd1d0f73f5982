/* What it means that a service answers here and not there. Pure. */
#pragma once

#include "node/reach.h"

/* One of the two that are asked. */
struct reach_side {
    const char *node;         /* its name, for people */
    bool asked;               /* it answered the question */
    enum reach_result result; /* when it did */
};

/* `itself`: the node that the service is on; `other`: another one, NULL = there is none.
 * `loopback`: the service listens there alone. A sentence; the caller frees. */
char *reach_words(const struct reach_side *itself, const struct reach_side *other, uint16_t port,
                  bool loopback);
