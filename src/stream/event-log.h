/* The event log: an append-only ring of ready-made SSE frames, the heart of everything live.
 *
 * Appending serialises the frame once; readers hold a cursor (sequence number) and never copy. Ids
 * are "<epoch>-<sequence>": the epoch is the wall time in ms at which this log began, so an id of
 * an earlier process is recognised and never mixed up. Sequences begin at 1 and have no gaps.
 * Appending may be done from any thread; reading from any number of threads. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct event_log;

struct event_log_limits {
    size_t entries;     /* in the ring: 16,384 */
    size_t bytes;       /* of all frames in the ring: 16 MiB; the oldest go first */
    size_t frame_bytes; /* one frame: 256 KiB, then -E2BIG */
};
struct event_log_limits event_log_limits_default(void);

/* `limits`: NULL = the defaults. The log must outlive everyone who reads it. */
struct event_log *event_log_new(const struct event_log_limits *limits, uint64_t epoch);
void event_log_free(struct event_log *log);

/* What an entry is about: decides who gets it. A subscriber asks for classes, some narrowed to one
 * resource. */
enum event_class {
    EVENT_CLASS_STATE,   /* a node's or service's fragment changed; the verdict changed */
    EVENT_CLASS_VITALS,  /* a node's summary numbers, once a second (overview) */
    EVENT_CLASS_METRICS, /* a node's full numbers, once a second; resource = node id */
    EVENT_CLASS_FEED,    /* "what happened": one line for people */
    EVENT_CLASS_ACCESS,  /* users, sessions, tokens, audit changed */
    EVENT_CLASS_CUSTOM,  /* published by automation */
    EVENT_CLASS_JOBS,    /* a job's state or step changed; resource = job id */
    EVENT_CLASS_COUNT,
};
const char *event_class_name(enum event_class c);

enum { LIMIT_EVENT_TYPE = 64 };

struct event_draft {
    enum event_class topic;
    const char *resource; /* NULL, or the id that "class/resource" subscriptions match */
    const char *type;     /* the SSE `event:` name: "service.changed"; [a-z0-9._-]{1,64} */
    uint64_t permissions; /* the reader's permission set must have all these bits */
    const char *data;     /* one JSON text; line breaks in it become several `data:` lines */
    size_t len;
};

/* Appends and wakes the readers. -E2BIG (frame too long), -EINVAL (type), -ENOMEM. */
int event_log_append(struct event_log *log, const struct event_draft *d,
                     uint64_t *ret_sequence) MUST_CHECK;

/* "1764000000123-42". At least EVENT_ID_SIZE bytes. */
enum { EVENT_ID_SIZE = 48 };
char *event_log_id(const struct event_log *log, uint64_t sequence, char ret_text[EVENT_ID_SIZE]);
uint64_t event_log_epoch(const struct event_log *log);

/* Sequence of the newest entry; 0 = none yet. */
uint64_t event_log_last(const struct event_log *log);

/* Where a client that has seen `id` goes on. 0 and the next sequence, -ESTALE when that id is too
 * old, of another epoch or not given out yet (the client needs a resync), -EINVAL when it is no id.
 */
int event_log_resume(const struct event_log *log, const char *id, uint64_t *ret_next) MUST_CHECK;

/* Calls wake(arg) after each append, from the appending thread: writes an eventfd or such, must not
 * block and must not call the log. At most EVENT_LOG_WAKERS at once. */
enum { EVENT_LOG_WAKERS = 8 };
void event_log_on_append(struct event_log *log, void (*wake)(void *arg), void *arg);

/* After it returns, wake(arg) is not and will not be running. */
void event_log_off_append(struct event_log *log, void (*wake)(void *arg), void *arg);

struct event_log_stats {
    uint64_t appended_total, bytes_total;
    size_t entries, bytes; /* in the ring now */
    size_t bytes_limit;
    uint64_t oldest; /* sequence of the oldest that can be resumed from; 0 = the ring is empty */
};
struct event_log_stats event_log_stats(struct event_log *log); /* any thread */
