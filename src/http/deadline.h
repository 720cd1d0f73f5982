/* Deadlines of connections: one list per kind, each in the order of expiry because all of a kind
 * last equally long; one timer for all. Setting and clearing is O(1) and allocates nothing. */
#pragma once

#include "io/loop.h"

enum deadline_kind {
    DEADLINE_NONE,
    DEADLINE_IDLE,   /* between two requests */
    DEADLINE_HEAD,   /* first byte to end of head */
    DEADLINE_BODY,   /* end of head to end of body */
    DEADLINE_LINGER, /* answered and about to close; reads what the peer still sends */
    DEADLINE_STALL,  /* unsent bytes that make no progress */
    DEADLINE_KIND_COUNT,
};

/* Part of its owner; zero-initialise. */
struct deadline {
    struct deadline *prev, *next;
    uint64_t expires; /* ms of the loop's clock */
    enum deadline_kind kind;
};

typedef void deadline_fn(struct deadline *d, enum deadline_kind kind);

struct deadlines {
    struct deadline lists[DEADLINE_KIND_COUNT]; /* ring heads */
    unsigned ms[DEADLINE_KIND_COUNT];
    deadline_fn *expired; /* the deadline is cleared before */
    uv_timer_t *timer;    /* freed in its close callback */
    uint64_t armed_for;   /* 0 = not armed */
};

void deadlines_init(struct deadlines *d, struct loop *loop, deadline_fn *expired);
void deadlines_done(struct deadlines *d);
void deadline_set(struct deadlines *d, struct deadline *x, enum deadline_kind kind); /* anew */
void deadline_clear(struct deadline *x);
