/* Logs of one machine: what its services wrote, as lines, from the journal and from the engines of
 * containers.
 *
 * A reader answers one query on a thread of its own: reading a journal blocks. Lines of several
 * services are merged by time. Whoever takes the lines brakes the reader by not returning from
 * `batch`; a reader that follows then loses nothing until the engine or the journal does.
 *
 * Any thread. A reader is made, started once (node_logs() does that, on the node's loop), and says
 * `done` exactly once, cancelled or not. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

enum {
    LIMIT_LOG_TEXT = 16 << 10, /* bytes of a line; longer ones are cut */
    LIMIT_LOG_FIELDS = 16 << 10,
    LIMIT_LOG_LINES = 1000, /* of a page */
    LIMIT_LOG_BATCH = 500,  /* lines of a batch of what is not a page */
    LIMIT_LOG_SERVICES = 32,
    LIMIT_LOG_PATTERN = 1024,
    LIMIT_LOG_CURSOR = 512,
    LIMIT_LOG_READERS = 64, /* at once on one machine */
};

/* Times of lines are before that: they can be counted in nanoseconds. */
#define LIMIT_LOG_TIME_US (INT64_MAX / 2000) /* a nanosecond and what is added to it fit, too */

/* Severities of syslog (RFC 5424), as the journal has them. */
enum line_level {
    LINE_EMERG,
    LINE_ALERT,
    LINE_CRIT,
    LINE_ERR,
    LINE_WARNING,
    LINE_NOTICE,
    LINE_INFO,
    LINE_DEBUG,
    LINE_NO_LEVEL, /* not known */
};
const char *line_level_name(enum line_level l); /* "err"; NULL for LINE_NO_LEVEL */
int line_level_parse(const char *name, enum line_level *ret_level) MUST_CHECK; /* -EINVAL */

struct log_line {
    int64_t time_us;   /* wall */
    unsigned below_us; /* nanoseconds after that, where the source knows them */
    uint32_t source;   /* index into the query's services; 0 for the whole journal */
    enum line_level level;
    bool cut;
    char *text;      /* clean UTF-8, may hold line ends and ANSI colours */
    char *cursor;    /* where it stands in its source */
    char *fields;    /* a JSON object; NULL = none */
    char *service;   /* whole journal: the observed id it belongs to; NULL = none is known */
    char *container; /* whole journal: the one that wrote it, by its engine; NULL = none. Stays on
                      * the machine */
};
void log_line_done(struct log_line *l);

enum log_mode {
    LOG_MODE_OLDER,  /* the newest `limit` lines before the position, or of all */
    LOG_MODE_NEWER,  /* the oldest `limit` lines after the position, or of all */
    LOG_MODE_ALL,    /* every line after the position, in batches */
    LOG_MODE_FOLLOW, /* a page as LOG_MODE_OLDER, then what is written from now on */
};

/* Where to go on: a source that has a cursor goes on there, others at the time. */
struct log_position {
    int64_t time_us;         /* 0 = none: the end, or the beginning */
    struct str_list cursors; /* for each service, "" = none; may be empty */
};

struct log_query {
    struct str_list services;   /* observed ids; none = the whole journal */
    char *text;                 /* what a line must contain; NULL = anything */
    bool regex;                 /* `text` is a regular expression (PCRE2) */
    enum line_level level;      /* this or worse; LINE_NO_LEVEL = all */
    int64_t since_us, until_us; /* 0 = none */
    enum log_mode mode;
    struct log_position from;
    unsigned limit;
    unsigned search_ms; /* a page searches no longer than about this: 0 = 10 s */
};
void log_query_copy(struct log_query *to, const struct log_query *from);
void log_query_done(struct log_query *q);
/* Would it be answered? -EINVAL with a sentence and the field. */
int log_query_check(const struct log_query *q, struct err *e) MUST_CHECK;

/* What a source could not give, in a sentence. */
struct log_trouble {
    uint32_t source;
    char *text;
};

/* Lines, oldest first. A page is one batch. */
struct log_batch {
    VEC(struct log_line) lines;
    VEC(struct log_trouble) troubles;
    uint64_t dropped;   /* lines lost before these, because they came too fast */
    int64_t reached_us; /* a page that is not `whole`: what lies beyond was not looked at */
    bool whole;         /* a page: nothing matches beyond these lines */
};
void log_batch_done(struct log_batch *b);
void log_batch_free(struct log_batch *b);

/* Puts pages of several readers together: the newest (LOG_MODE_OLDER) or oldest `limit` lines of
 * those that are known to be complete. `b` is emptied. The sources of `b` are those of the result
 * plus `first`. */
void log_batch_join(struct log_batch *to, struct log_batch *b, uint32_t first, bool newer);
void log_batch_settle(struct log_batch *b, unsigned limit, bool newer);

/* On the reader's thread. */
struct log_sink {
    void (*batch)(void *arg, struct log_batch *b); /* takes what `b` points to */
    void (*done)(void *arg);                       /* last */
    void *arg;
};

struct log_reader;

struct log_reader *log_reader_new(const struct log_query *q, const struct log_sink *sink);
void log_reader_cancel(struct log_reader *r); /* `done` comes soon, no batch after it */
bool log_reader_is_cancelled(const struct log_reader *r);
void log_reader_unref(struct log_reader *r);
DEFINE_FREEP(struct log_reader, log_reader_unref)

struct node;
/* Starts it. On the node's loop. */
void node_logs(struct node *n, struct log_reader *r);

/* --- for those who carry a query elsewhere and its lines back --- */

struct log_reader *log_reader_ref(struct log_reader *r);
const struct log_query *log_reader_query(const struct log_reader *r);
/* Is called at most once, by log_reader_cancel(), on its thread; at once when that came before.
 * Must not call the reader. NULL: no more; when this returns, none is under way. */
void log_reader_on_cancel(struct log_reader *r, void (*fn)(void *arg), void *arg);
void log_reader_deliver(struct log_reader *r, struct log_batch *b); /* not after a cancel */
void log_reader_finish(struct log_reader *r);                       /* `done`; once counts */
void log_reader_refuse(struct log_reader *r, const char *why);      /* one trouble, then `done` */
