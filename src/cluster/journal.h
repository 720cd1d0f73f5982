/* The database side of what happened: the feed, the last state of each service, its history. Worker
 * threads. */
#pragma once

#include "cluster/cluster.h"

enum {
    LIMIT_FEED_ROWS = 100000, /* kept; the oldest go */
    LIMIT_HISTORY_DAYS = 90,  /* of service_history */
    LIMIT_JOURNAL_PAGE = 500,
    LIMIT_JOURNAL_STATES = 5000,  /* that wait; above it only the latest of a service is kept */
    LIMIT_HISTORY_RECALL = 20000, /* stretches read back; of more, the latest */
};

struct journal_batch {
    int64_t closed_ms; /* all histories end there; comes before `states`; 0 = they don't */
    VEC(struct feed_entry) feed; /* strings owned by the batch: see journal_batch_add() */
    VEC(struct state_note) states;
};

/* Appends a copy. `severity` and `kind` are static texts of the cluster. */
void journal_add_feed(struct journal_batch *b, const struct feed_entry *entry);
void journal_add_state(struct journal_batch *b, const struct state_note *note);
bool journal_is_empty(const struct journal_batch *b);
void journal_done(struct journal_batch *b);

/* Writes the batch in one transaction, and that Hydra watched until now. On failure nothing of it
 * is written and the batch stays whole. */
int journal_write(struct db *db, const struct journal_batch *b, int64_t now_wall_ms,
                  struct err *e) MUST_CHECK;

/* Drops what is older or more than the limits. Once an hour. */
int journal_trim(struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;

struct feed_filter {
    const char *severity, *node, *service, *text; /* NULL = any */
    int64_t before;                               /* cursor: rows below this; 0 = newest */
    unsigned limit;                               /* 1 … LIMIT_JOURNAL_PAGE */
};

/* Newest first. Calls `each` with the row's number (the cursor) until it returns false. Returns how
 * many. */
int journal_read(struct db *db, const struct feed_filter *f,
                 bool (*each)(void *arg, const struct feed_entry *entry, int64_t row), void *arg,
                 struct err *e) MUST_CHECK;

/* Until when Hydra is known to have watched; 0 = never. */
int journal_watched(struct db *db, int64_t *ret_wall_ms, struct err *e) MUST_CHECK;

/* The history since `since_ms` of every service that has a state, and the state of each at that
 * moment; a service's in order of time. Two queries by index. */
int journal_history(struct db *db, int64_t since_ms,
                    void (*each)(void *arg, const struct state_note *note), void *arg,
                    struct err *e) MUST_CHECK;

/* Every remembered state. */
int journal_states(struct db *db,
                   void (*each)(void *arg, const char *service, enum service_state state,
                                int64_t since_ms),
                   void *arg, struct err *e) MUST_CHECK;
