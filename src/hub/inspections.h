/* Questions to nodes that are under way: each gets one answer, its node's or, when that is lost or
 * late, ours. On the hub's loop. */
#pragma once

#include "io/loop.h"
#include "node/inspect.h"

enum {
    LIMIT_INSPECTIONS_ASKED = 256, /* of all nodes */
    INSPECTION_GRACE_MS = 5000,    /* beyond the node's own time: it tells best why it is late */
};

struct inspections;

/* `give_up`: one that the node need not answer any more. */
struct inspections *inspections_new(struct loop *loop,
                                    void (*give_up)(void *arg, const char *node, uint64_t id),
                                    void *arg);
void inspections_free(struct inspections *s); /* after inspections_end() */

/* Takes one on and returns its id; 0 = it was answered at once: there are too many. */
uint64_t inspections_add(struct inspections *s, const char *node, const struct inspection *q,
                         inspect_fn *done, void *arg);
/* An answer came. One that nobody waits for is dropped. */
void inspections_answer(struct inspections *s, const char *node, uint64_t id,
                        const struct inspect_answer *a);
/* Who asked with these waits no more: answered with -ECANCELED, and the node need not answer. */
void inspections_cancel(struct inspections *s, inspect_fn *done, const void *arg);
/* The node's link is gone: those of it are answered. */
void inspections_lose(struct inspections *s, const char *node);
/* All are answered, and later ones at once. */
void inspections_end(struct inspections *s);
