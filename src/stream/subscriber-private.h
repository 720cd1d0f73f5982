/* One reader of the stream: a socket and where it stands. Belongs to one stream thread; knows
 * neither epoll nor time of its own. */
#pragma once

#include "stream/topics-private.h"
#include "stream/window-private.h"

/* A frame of the log up to this size is kept alive for a socket that stands in the middle of it,
 * even when the ring has dropped it: that is all that a lagging reader can ever hold. A reader in
 * the middle of a longer one is closed then (it comes back, and is sent a resync). */
enum { LIMIT_HELD_FRAME = 4096 };

/* What one visit sends at most, so that a reader far behind doesn't hold up the others. */
enum { LIMIT_VISIT_FRAMES = 128, LIMIT_VISIT_BYTES = 256 << 10 };

struct subscriber {
    int fd;
    uint32_t offset;          /* how much of `held`, or else of entry `next`, was sent */
    uint64_t next;            /* the cursor: sequence of the first entry not yet sent or skipped */
    uint64_t id_sent;         /* the newest id that the client was told */
    struct event_frame *held; /* goes out before anything else: head, resync, heartbeat, or the
                                 rest of an entry that `next` has already passed */
    struct topic_filter topics;
    uint64_t permissions;
    uint64_t subject;         /* hash of whose it is */
    int64_t expires_ms;       /* wall clock; 0 = never */
    int64_t progress_ms;      /* when the socket last took bytes; monotonic */
    uint32_t place;           /* in its thread's list */
    uint32_t ignored;         /* bytes that the client sent and nobody reads */
    bool blocked;             /* the socket is full: wait for EPOLLOUT */
    bool leaving;             /* `held` is the last thing it gets */
    struct subscriber *after; /* in the list of those that are closed and not yet freed */
};

struct subscriber *subscriber_new(int fd, const struct event_topics *topics, uint64_t permissions,
                                  uint64_t subject);
void subscriber_free(struct subscriber *s); /* closes the socket */

enum sent {
    SENT_ALL,     /* caught up */
    SENT_PART,    /* this visit's share; there is more */
    SENT_BLOCKED, /* the socket is full */
    SENT_LOST,    /* the cursor has fallen out of the ring: give it a resync and send again */
    SENT_GONE,    /* the connection is over, or can't be gone on with: close */
};

struct send_counts {
    uint64_t writes, bytes, deliveries;
};

/* Sends what the cursor has not seen, in one write. Adds to *counts. */
enum sent subscriber_send(struct subscriber *s, const struct event_window *w,
                          struct send_counts *counts);

/* Puts a frame (taken) in front of all else. Only when subscriber_can_hold(). */
void subscriber_hold(struct subscriber *s, struct event_frame *f);

static inline bool subscriber_can_hold(const struct subscriber *s)
{
    return !s->held && !s->offset;
}

static inline uint64_t subscriber_lag(const struct subscriber *s, const struct event_window *w)
{
    return s->next < w->next ? w->next - s->next : 0;
}
