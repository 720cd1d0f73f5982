/* The numbers of series on one connection.
 *
 * They are those that the node uses, until frames of an earlier run are replayed: its series are
 * found by name, and those that are no more get numbers of their own behind the others. Not
 * thread-safe. */
#pragma once

#include "base/map.h"
#include "node/report.h"

struct numbers {
    uint32_t n;         /* numbers given out on this connection */
    VEC(uint32_t) live; /* by the node's number */
    VEC(uint32_t) old;  /* by the number in `old_table` */
    uint32_t old_table; /* 0 = none */
    bool is_plain;      /* the node's numbers are the connection's */
    struct map names;   /* name{labels} → number; made when first needed */
};

void numbers_begin(struct numbers *n); /* a connection, or a table that begins anew */
void numbers_done(struct numbers *n);

/* Called for each run of series that get numbers: tell the hub. */
typedef void numbers_announce_fn(void *arg, uint32_t first, const struct series_def *v, uint32_t n);

/* The node's series from the last that is known here on. `all` has `n_all`. */
void numbers_add_live(struct numbers *n, const struct series_def *all, uint32_t n_all,
                      numbers_announce_fn *announce, void *arg);
/* The series of an earlier run's table, `table` being its name. */
void numbers_set_old(struct numbers *n, uint32_t table, const struct series_def *all,
                     uint32_t n_all, const struct series_def *live, numbers_announce_fn *announce,
                     void *arg);

/* A frame in the connection's numbers: NULL = it is already. The caller frees. */
struct frame *numbers_apply(const struct numbers *n, const struct frame *f, bool is_old);
