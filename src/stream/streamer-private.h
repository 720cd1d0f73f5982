/* A stream thread: an epoll set, the subscribers in it, and its window on the log.
 *
 * Two things go on at once. A *walk* goes round the subscribers and sends each what its cursor has
 * not seen; new entries only prolong it, so everyone has an entry at most one round after it came,
 * and several entries that came in one round leave in one write. A *sweep* passes everyone every
 * quarter of a heartbeat, a slice at a time, for what depends on time: heartbeats, stalled sockets.
 */
#pragma once

#include "base/vec.h"
#include "stream/subscriber-private.h"

#include <pthread.h>

/* Written by the streamer alone, read by anyone. */
struct streamer_counters {
    atomic_uint_fast64_t deliveries, writes, bytes, resyncs, stalled, revoked, expired, max_lag;
};

struct streamer_message; /* what other threads tell it */

enum streamer_state {
    STREAMER_RUNNING, /* the normal life */
    STREAMER_LEAVING, /* every client has been told goodbye; until they have it or `ends_ms` */
    STREAMER_ENDED,   /* the thread returns */
};

enum { SNAPSHOTS_KEPT = 4 };

struct streamer {
    const struct fanout_settings *settings;
    atomic_uint *subscribers; /* of the whole fan-out */
    struct streamer_counters counters;
    pthread_t thread;
    int epoll, wake_fd;
    atomic_bool woken; /* it has been told to look, and has not yet */
    pthread_mutex_t lock;
    struct streamer_message *inbox, **inbox_end; /* under `lock` */
    bool deaf;                                   /* under `lock`: the inbox is read no more */

    /* From here on the thread's own. */
    enum streamer_state state;
    struct event_window window;
    VEC(struct subscriber *) subs;
    struct subscriber *closed; /* freed once nothing points at them any more */
    size_t walk_at, walk_done; /* where the walk is; how many it has visited since the last entry */
    size_t sweep_at;           /* where the sweep is */
    int64_t now_ms, sweep_due_ms, ends_ms; /* monotonic */
    int64_t next_expiry_ms;                /* wall */
    uint64_t lag_seen;                     /* the largest in this sweep */
    struct event_frame *heartbeat;
    struct snapshot { /* resyncs of the last second, by permissions */
        uint64_t permissions, sequence;
        int64_t made_ms;
        struct event_frame *frame;
    } snapshots[SNAPSHOTS_KEPT];
};

void streamer_start(struct streamer *t, struct event_log *log,
                    const struct fanout_settings *settings, atomic_uint *subscribers);
void streamer_join(struct streamer *t); /* after streamer_leave(): waits for the thread's end */
void streamer_done(struct streamer *t); /* after that, when no other thread knows it any more */

/* Any thread. */
void streamer_wake(struct streamer *t);
bool streamer_attach(struct streamer *t, struct subscriber *s); /* false: it has ended */
void streamer_revoke(struct streamer *t, uint64_t subject);
void streamer_leave(struct streamer *t,
                    int64_t ends_ms); /* goodbye to all, by then at the latest */

/* streamer-sweep.c: what depends on time. */
void streamer_sweep(struct streamer *t);
int streamer_sweep_wait(const struct streamer *t); /* ms until it is due; -1 = not at all */

/* streamer-resync.c. Gives a lost cursor a snapshot to start from again. */
void streamer_resync(struct streamer *t, struct subscriber *s);
void streamer_resync_done(struct streamer *t);

/* For those two: sends, and does what comes of it (wait for EPOLLOUT, resync, close). */
void streamer_serve(struct streamer *t, struct subscriber *s);
void streamer_close(struct streamer *t, struct subscriber *s);

static inline void counter_add(atomic_uint_fast64_t *c, uint64_t n)
{
    /* One writer: no need for a locked instruction. */
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}
