/* SSE fan-out: threads that own the sockets of event streams and walk the event log for them.
 *
 * A subscriber is a socket, a topic set, a permission set and a cursor (entry, byte offset):
 * nothing is queued per client. Where a client lags, several entries go in one writev(). A client
 * too slow for the ring, or that resumes from too old an id, gets `event: resync` with a snapshot.
 * Heartbeat comments at most every 15 s. */
#pragma once

#include "stream/event-log.h"

struct fanout;

/* A topic set: whole classes as bits, and single resources of a class ("metrics/hydra-ai"). */
enum { LIMIT_SUBSCRIBED_RESOURCES = 16 };
struct event_topics {
    uint32_t classes; /* bit = enum event_class */
    unsigned n;
    struct {
        enum event_class topic;
        uint64_t hash; /* of the resource id */
    } only[LIMIT_SUBSCRIBED_RESOURCES];
};

/* "state,feed,metrics/hydra-ai"; NULL or "" = everything but metrics. -EINVAL names the unknown
 * topic and lists the known ones. */
int event_topics_parse(const char *text, struct event_topics *ret_topics, struct err *e) MUST_CHECK;

struct fanout_settings {   /* 0 = the default, given here */
    unsigned threads;      /* 1 */
    unsigned heartbeat_ms; /* no client is left without a byte for longer: 15,000 */
    unsigned retry_ms;     /* told to clients: 2,000 */
    unsigned stall_ms;     /* a client whose socket takes nothing for so long is closed: 60,000 */
    unsigned max_subscribers; /* then 503: 16,384 */
    /* The state of things as one JSON object for `resync`, with the id it stands for: sets
     * *ret_sequence. Called on a stream thread; must not block. The buffer's reference is the
     * caller's. Readers with the same permissions share one for up to a second. NULL, or a result
     * of NULL = an empty object. */
    struct buf *(*snapshot)(void *arg, uint64_t permissions, uint64_t *ret_sequence);
    void *arg;
};

/* The log must outlive it. */
struct fanout *fanout_new(struct event_log *log, const struct fanout_settings *settings);
void fanout_free(struct fanout *f); /* closes what fanout_shutdown() has left */

struct subscriber_draft {
    int fd;           /* non-blocking stream socket; ownership moves in, also on error */
    const char *head; /* HTTP response head to send first; copied */
    struct event_topics topics;
    uint64_t permissions;
    const char *subject;       /* session or token id, for revocation; copied; NULL = nobody's */
    const char *last_event_id; /* NULL or "" = from now on; one that is no id gets a resync */
    int64_t expires_wall_ms;   /* 0 = never: when the subject's own life ends */
};

/* Any thread. -EAGAIN when there are too many (threads that attach at the same moment may exceed it
 * by one each) (the fd is closed; the caller has answered 503 before if it asked
 * fanout_has_room()), -ESHUTDOWN after fanout_shutdown(). */
int fanout_attach(struct fanout *f, const struct subscriber_draft *d) MUST_CHECK;
bool fanout_has_room(const struct fanout *f);

/* Closes every stream of a subject (logout, revocation, role change): within one turn of the
 * thread. Any thread. */
void fanout_revoke(struct fanout *f, const char *subject);

/* Tells every client to reconnect (`event: goodbye`, jittered retry), flushes and closes. Blocks at
 * most `ms`. Once; not from a stream thread. */
void fanout_shutdown(struct fanout *f, unsigned ms);

struct fanout_stats {
    uint64_t subscribers, attached_total, deliveries_total, writes_total, bytes_total;
    uint64_t resyncs_total, stalled_total, revoked_total, expired_total;
    uint64_t max_lag_entries; /* the slowest cursor's distance to the newest entry, as of the last
                                 round of heartbeats */
};
struct fanout_stats fanout_stats(struct fanout *f); /* any thread */
