/* Logs of the cluster: asks the nodes concerned, puts their lines together by time.
 *
 * Three ways to read: a page (later, on some thread), everything (blocking, for downloads) and a
 * live tail (written to a socket by a thread of its own). Any thread. */
#pragma once

#include "base/json.h"
#include "io/loop.h"
#include "node/logs.h"

struct logs;

enum {
    LIMIT_LOG_TAILS = 64,           /* live tails at once */
    LIMIT_LOG_TAIL_BYTES = 4 << 20, /* lines that wait for a slow browser; then they are dropped */
    LIMIT_LOG_ASKED = 16,           /* nodes asked at once */
};

struct logs_hooks {
    /* Starts the reader at a node; what goes wrong is the reader's trouble. Any thread. */
    void (*read)(void *arg, const char *node, struct log_reader *r);
    void *arg;
    struct loop *loop;  /* pages are answered there */
    unsigned tails_max; /* 0 = LIMIT_LOG_TAILS */
};

struct logs *logs_new(const struct logs_hooks *hooks);
/* Ends the tails with a word that clients understand as "come back". */
void logs_shutdown(struct logs *l);
bool logs_is_idle(struct logs *l); /* nothing is being read */
void logs_free(struct logs *l);    /* waits for that */

/* --- what to read --- */

struct logs_source {
    char *id; /* "tower/docker/plex", or a node's id for its whole journal */
    char *node;
    char *observed; /* NULL = the journal */
};

struct logs_request {
    VEC(struct logs_source) sources; /* in the order of their nodes, once logs_request_check()ed */
    struct log_query query;          /* without services, mode and position */
    bool newer;
    char *cursor; /* NULL = none */
};
/* `service` = NULL: the whole journal. */
void logs_request_add(struct logs_request *q, const char *node, const char *observed);
int logs_request_check(struct logs_request *q, struct err *e) MUST_CHECK;
void logs_request_done(struct logs_request *q);

/* --- pages --- */

/* Calls `done` once, later, on the loop, with the members of a LogPage in an object; with NULL
 * when it was cancelled before it was complete. */
void logs_page(struct logs *l, const struct logs_request *q,
               void (*done)(void *arg, struct str *json), void *arg);
/* Whoever waits with `arg` waits no more: nothing is read on, `done` comes soon. */
void logs_leave(struct logs *l, const void *arg);

/* What then is said, should somebody still listen. */
extern const char logs_given_up[];

/* --- everything --- */

struct logs_stream;
struct logs_stream *logs_stream_open(struct logs *l, const struct logs_request *q);
/* 1 and a line, which is the stream's until the next call, with its source; 0 at the end; -EAGAIN:
 * within `wait_ms` none was found. */
int logs_stream_next(struct logs_stream *s, unsigned wait_ms, const struct log_line **ret_line,
                     const struct logs_source **ret_source) MUST_CHECK;
void logs_stream_close(struct logs_stream *s);

/* --- live --- */

struct logs_tail_draft {
    int fd;           /* taken: also when it fails */
    const char *head; /* what the HTTP answer begins with */
    const char *subject;
    int64_t expires_wall_ms; /* 0 = never */
};
bool logs_has_room(struct logs *l);
/* Takes what `q` points to. -EMFILE. */
int logs_tail(struct logs *l, struct logs_request *q, const struct logs_tail_draft *d) MUST_CHECK;
void logs_revoke(struct logs *l, const char *subject);
