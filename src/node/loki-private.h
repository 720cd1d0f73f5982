/* Between the files loki*.c and their tests.
 *
 * loki-reading.c takes lines from readers, loki-pack.c makes a batch of them (on a worker),
 * loki-queue.c has the batches that Loki has not, loki-file.c keeps them on disk. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "io/http-client.h"
#include "node/logs.h"
#include "node/loki.h"

enum {
    LIMIT_LOKI_NAMES = 256,   /* different units, and different containers, of one run */
    LIMIT_LOKI_NAME = 200,    /* bytes of one */
    LIMIT_LOKI_SOURCES = 512, /* whose places are kept */
    LIMIT_LOKI_FILE = 8 << 20,
    LIMIT_LOKI_CREDENTIALS = 8 << 10,
    LOKI_BATCH_BYTES = 1 << 20, /* of lines, before they are compressed */
    LOKI_BATCH_LINES = 10000,
};

/* --- loki-label.c: streams of bounded number. Pure --- */

/* The names of one kind that were seen. What is made anew each time (a session, a transient unit,
 * the instance for a connection) shares a name with its likes; beyond LIMIT_LOKI_NAMES all are
 * "other". The result is the map's. */
const char *loki_name(struct map *seen, const char *name);
void loki_names_done(struct map *seen);
/* `{host="tower", level="info", unit="nginx.service"}`; what is NULL is left out. */
void loki_labels(struct str *out, const char *host, const char *unit, const char *container,
                 enum line_level level);

/* --- loki-place.c: how far each source was read --- */

struct loki_source {
    char *id;     /* observed id of a container; "" = the journal */
    char *cursor; /* of the line taken last; NULL = none yet */
    int64_t ns;   /* its time as it was pushed */
    /* Not kept: */
    unsigned told;   /* owner.told when it was last looked at */
    int64_t busy_ms; /* mono: it wrote, or something was heard of it */
    bool read;       /* a reader has it */
    bool here;       /* its container is on this machine */
};
struct loki_places {
    VEC(struct loki_source *) v; /* pointers are stable */
    int64_t begun_us;            /* wall: nothing older is pushed */
};
struct loki_source *loki_place_find(const struct loki_places *p, const char *id);
/* When there are too many, that of a container which is gone and was read to its end makes room,
 * the oldest first. NULL: there is none. */
struct loki_source *loki_place_add(struct loki_places *p, const char *id);
/* The time to push a line with, which no line of its source had before: equal lines of one moment
 * would be one to Loki. The same line gets the same time again after a restart. */
int64_t loki_place_next_ns(struct loki_source *s, int64_t ns);
void loki_places_print(const struct loki_places *p, struct str *out);
int loki_places_parse(struct loki_places *p, const char *text, size_t n) MUST_CHECK; /* -EINVAL */
void loki_places_done(struct loki_places *p);

/* --- loki-pack.c: lines as Loki takes them --- */

struct loki_line {
    struct log_line line;
    int64_t ns;
};
struct loki_lines {
    VEC(struct loki_line) v;
    size_t bytes;
};
void loki_lines_done(struct loki_lines *l);
/* Appends the message, not compressed. */
void loki_pack(const struct loki_lines *l, const char *host, struct map *units,
               struct map *containers, struct str *out);

/* --- loki-file.c: the folder. Blocks --- */

struct loki_file {
    uint64_t number;
    unsigned lines;
    struct str places, body; /* loki_places_print(); compressed, empty in a file of places alone */
};
void loki_file_done(struct loki_file *f);
void loki_file_print(const struct loki_file *f, struct str *out);
int loki_file_parse(const char *bytes, size_t n, struct loki_file *ret_f) MUST_CHECK; /* -EBADMSG */

/* A batch that waits. Returns the size of its file, negative when it is not there. */
int64_t loki_file_write(const char *dir, const struct loki_file *f) MUST_CHECK;
int loki_file_read(const char *dir, uint64_t number, struct loki_file *ret_f) MUST_CHECK;
void loki_file_remove(const char *dir, uint64_t number);
/* Where to go on when no batch waits. `lasting`: also after a loss of power. */
int loki_file_keep_places(const char *dir, uint64_t number, const struct str *places,
                          bool lasting) MUST_CHECK;

struct loki_waiting {
    uint64_t number;
    size_t size;
    unsigned lines;
};
struct loki_found {
    VEC(struct loki_waiting) waiting; /* oldest first */
    struct str places;                /* "" = there are none */
    uint64_t last;                    /* the highest number */
};
/* Makes the folder. What is broken is removed, and what follows it. */
int loki_file_find(const char *dir, struct err *e, struct loki_found *ret_f) MUST_CHECK;
void loki_found_done(struct loki_found *f);

/* --- loki-queue.c: batches on their way. On the node's loop --- */

struct loki_queue;
struct loki_queue_hooks {
    void (*changed)(void *arg); /* there may be room again */
    /* Of what was told last, NULL = all is well. */
    void (*trouble)(void *arg, const char *text, const char *hint);
    void (*ended)(void *arg); /* after loki_queue_stop(): nothing is under way any more */
    void *arg;
};
struct loki_queue *loki_queue_new(struct loop *loop, const struct node_loki *s, const char *dir,
                                  const struct loki_queue_hooks *hooks);
/* What the folder had at the start. */
void loki_queue_load(struct loki_queue *q, const struct loki_found *f);
bool loki_queue_has_room(const struct loki_queue *q);
/* A batch that was written (`size` of its file) or could not be (0). Takes what `f` points to. */
void loki_queue_add(struct loki_queue *q, struct loki_file *f, size_t size);
void loki_queue_stop(struct loki_queue *q);
void loki_queue_free(struct loki_queue *q); /* after `ended` */

/* The batch itself is at fault, and never gets better: such a status is Loki's word only after it
 * has taken a batch, or when the answer reads like Loki's own (NULL = none). Else it is a proxy's,
 * or of a port that wants TLS. */
bool loki_is_bad_batch(int status, const char *answer, bool accepted);
/* The pause after so many failures in a row; `chance` is any number. */
uint32_t loki_pause_ms(unsigned failures, uint32_t chance);

/* --- loki-reading.c: readers. On the node's loop --- */

struct loki_reading;
struct loki_reading_hooks {
    bool (*take)(void *arg, struct loki_line *l); /* false: not now; loki_reading_go_on() later */
    void (*ended)(void *arg);                     /* after loki_reading_stop() */
    void *arg;
};
struct loki_reading *loki_reading_new(struct node *n, struct loki_places *places,
                                      const struct loki_reading_hooks *hooks);
void loki_reading_look(struct loki_reading *r, int64_t now_ms); /* which readers there should be */
void loki_reading_go_on(struct loki_reading *r);
void loki_reading_stop(struct loki_reading *r); /* lets go of the node */
void loki_reading_free(struct loki_reading *r); /* after `ended` */
