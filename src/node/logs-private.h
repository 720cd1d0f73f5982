/* Between the files logs*.c and their tests.
 *
 * A source is pulled: log_source_next() gives its lines one after the other in the direction it was
 * opened for. logs.c merges sources by time. */
#pragma once

#include "node/logs.h"

#include <stdatomic.h>

/* Where the lines of a service are. */
enum log_place_kind {
    LOG_PLACE_NONE,    /* nowhere: `why` says so */
    LOG_PLACE_JOURNAL, /* the whole journal */
    LOG_PLACE_UNIT,
    LOG_PLACE_CONTAINER,
    LOG_PLACE_OTHER, /* whoever starts the reader knows how: `open` */
};
struct log_reading;
struct log_source;
struct log_place {
    enum log_place_kind kind;
    struct log_source *(*open)(const struct log_reading *r, const struct log_place *p,
                               const char *cursor, int64_t time_us);
    const void *arg;    /* of `open`; outlives the reader */
    char *name;         /* unit, or container as its engine calls it */
    char *folder;       /* of the journal; NULL = the system's */
    char *socket, *api; /* of the engine: path, version ("1.41", may be "") */
    char *file;         /* where Docker keeps it (json-file); NULL = elsewhere */
    char *why;
};
void log_place_done(struct log_place *p);

/* --- logs-parse.c: what lines say of themselves. Pure --- */

/* The severity a text begins with: "ERROR: …", "2026-11-24 14:53:11 [warn] …", "level=info …",
 * "E0102 …", "<3>…"; of a JSON object its member. */
enum line_level line_level_of_text(const char *text, size_t n);
/* The members of a line that is one JSON object, as JSON; NULL when it is none. */
char *log_fields_of_text(const char *text, size_t n, enum line_level *ret_level);
/* Bytes as they may be shown: UTF-8, without control characters but tab, line end and escape; no
 * line end at the end; at most LIMIT_LOG_TEXT. Secrets are masked. */
char *log_clean(const char *bytes, size_t n, bool *ret_cut);
/* "2026-11-24T14:53:11.123456789Z" at the beginning of `p`; returns its length, 0 = there is none.
 */
size_t log_parse_time(const char *p, size_t n, int64_t *ret_ns);

/* --- logs-filter.c: which lines are meant --- */

struct log_filter;
int log_filter_new(const struct log_query *q, struct err *e,
                   struct log_filter **ret_filter) MUST_CHECK;
void log_filter_free(struct log_filter *f);
/* Once that is true no text is looked at any more, and none is a hit. */
void log_filter_heed(struct log_filter *f, const atomic_bool *cancelled);
bool log_filter_has_text(const struct log_filter *f);
bool log_filter_text(struct log_filter *f, const char *text, size_t n);
/* A line was too costly to search, and counts as no hit. */
bool log_filter_gave_up(const struct log_filter *f);

/* --- logs-frames.c: an engine's log stream, framed or raw. Pure --- */

struct log_frames {
    /* A whole line. `text` has no line end. */
    void (*on_line)(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
                    bool cut);
    void *arg;
    enum { FRAMES_UNKNOWN, FRAMES_FRAMED, FRAMES_RAW } kind;
    unsigned char head[8];
    unsigned n_head, stream;
    uint32_t left; /* of the frame */
    struct frames_part {
        struct str raw; /* the line as it came, with its timestamp, unfinished */
        struct str text;
        int64_t time_ns;
        bool open, cut; /* a part of a longer line is kept in `text` */
    } parts[3];         /* standard input is never seen; output; errors */
};
int log_frames_feed(struct log_frames *f, const char *bytes, size_t n) MUST_CHECK; /* -EBADMSG */
void log_frames_end(struct log_frames *f); /* tells what is unfinished */
void log_frames_done(struct log_frames *f);

/* An entry of a container's log as its engine hands it out; not `ended`: the next one of its
 * stream goes on. */
void log_frames_entry(struct log_frames *f, unsigned stream, int64_t time_ns, const char *text,
                      size_t n, bool ended);

/* --- logs-json.c: Docker's json-file logs where they lie --- */

enum { LIMIT_LOG_FILES = 16 }; /* of a container that rotates its log */

struct log_json_entry {
    unsigned stream; /* 1 output, 2 errors */
    int64_t time_ns;
    const char *text; /* in the line or the scratch */
    size_t len;
    bool ended;
};
/* A line of such a file, without its end. Pure. */
bool log_json_parse(const char *p, size_t n, struct str *scratch, struct log_json_entry *ret);

struct log_json_file {
    int fd;
    int64_t size; /* when it was opened */
};
struct log_json {
    struct log_json_file files[LIMIT_LOG_FILES]; /* the oldest first */
    size_t n, at;                                /* at: the file where the next read begins, */
    int64_t begin;                               /* and where in it */
    char *buffer;
    struct str scratch;
};
/* -errno: it may not be read, is packed, or is something else. Then the engine is asked. */
int log_json_open(const char *path, struct log_json *ret) MUST_CHECK;
void log_json_close(struct log_json *j);
/* Places the next read behind all that is not younger than that. */
void log_json_seek(struct log_json *j, int64_t ns);
/* Places it so many bytes earlier, at a line. False: at the beginning of it all. */
bool log_json_back(struct log_json *j, int64_t bytes);
/* Reads from there to the end, or until it is told to stop. -ECANCELED, -errno. */
int log_json_read(struct log_json *j, struct log_frames *f, const atomic_bool *cancelled,
                  const bool *stop) MUST_CHECK;

/* --- a source --- */

struct log_reading { /* what the sources of a reader share */
    const struct log_query *query;
    struct log_filter *filter;
    const atomic_bool *cancelled;
    int cancel_fd;
    int64_t deadline_ms; /* mono; 0 = none */
    int64_t slice_ms;    /* mono: then it is another source's turn; 0 = none */
    bool newer;          /* direction */
    bool follow;
};
static inline bool log_reading_ended(const struct log_reading *r)
{
    return atomic_load(r->cancelled);
}
bool log_reading_late(const struct log_reading *r);
bool log_reading_turn_over(const struct log_reading *r);

enum {
    LOG_NEXT_LINE = 1, /* *ret_line was filled */
    LOG_NEXT_END = 0,  /* no more; when following: none yet */
    LOG_NEXT_TURN = 2, /* its turn is over: again later */
    LOG_NEXT_LATE =
        3, /* more there may be, but it is not looked for; reached_us says from where on */
};

struct log_source {
    int (*next)(struct log_source *s, struct log_line *ret_line); /* negative: trouble, in `why` */
    void (*close)(struct log_source *s);
    /* Following: what to wait for; then next() again. */
    int fd;
    short events;
    int timeout_ms; /* -1 = none */
    int64_t reached_us;
    char *why;
};

/* `cursor` may be NULL, `time_us` 0. */
struct log_source *log_journal_open(const struct log_reading *r, const struct log_place *p,
                                    const char *cursor, int64_t time_us);
struct log_source *log_docker_open(const struct log_reading *r, const struct log_place *p,
                                   const char *cursor, int64_t time_us);

/* Starts the reader on what was found: as many places as the query has services, one for the whole
 * journal. Takes what they point to. log_reader_join() waits for its end, and may be called once it
 * was started. */
void log_reader_start(struct log_reader *r, const struct log_place *places, size_t n);
bool log_reader_is_done(const struct log_reader *r);
void log_reader_join(struct log_reader *r);
