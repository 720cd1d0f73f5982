/* Answers of the live model that stay the same while it does: many who look at the same page cost
 * one. On the loop. */
#pragma once

#include "api/pack.h"

struct cluster;

enum { STATE_CACHE_ANSWERS = 16 };

/* Zero-initialise. */
struct state_cache {
    uint64_t round; /* cluster_round() that they belong to */
    unsigned n;
    struct {
        char *path;
        struct buf *plain;
        struct pack_cache packed;
    } answers[STATE_CACHE_ANSWERS];
};
void state_cache_done(struct state_cache *c);

/* Answers with what `make` makes, NULL = there is no such thing; returns false then, unanswered. */
bool state_cache_reply(struct state_cache *c, struct http_exchange *x, struct cluster *cluster,
                       struct buf *(*make)(struct cluster *cluster, const char *id));
