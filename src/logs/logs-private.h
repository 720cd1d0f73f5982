/* Between the files of this folder and their tests. */
#pragma once

#include "logs/logs.h"

#include <pthread.h>

/* --- position.c: cursors as they are handed out --- */

/* Where each source stands: a time, and of sources that gave lines their own cursors. */
struct position_place {
    char *id, *cursor;
};
struct position {
    int64_t time_us;
    VEC(struct position_place) places;
};
char *position_print(const struct position *p);                        /* opaque, base64url */
int position_parse(const char *text, struct position *ret) MUST_CHECK; /* -EINVAL */
void position_set(struct position *p, const char *id, const char *cursor);
const char *position_of(const struct position *p, const char *id); /* NULL */
void position_done(struct position *p);

/* --- ask.c: one query at several nodes --- */

struct ask {
    struct asking *all;
    struct log_reader *reader;
    uint32_t first, n; /* its sources among those of the request */
    const char *node;
};

/* What all readers of a request share. `batch` comes on the readers' threads, with sources as the
 * request counts them. */
struct asking {
    void (*batch)(void *arg, unsigned ask, struct log_batch *b);
    void (*done)(void *arg, unsigned ask);
    void *arg;
    const void *who; /* waits for it, see logs_leave() */
    struct ask asks[LIMIT_LOG_SERVICES];
    unsigned n;
};
/* Fills asking->asks; the request must outlive it. */
void asking_init(struct asking *a, const struct logs_request *q, enum log_mode mode);
void asking_start(struct asking *a, struct logs *l);
void asking_cancel(struct asking *a);
bool asking_is_cancelled(const struct asking *a); /* one of its readers was */
void asking_release(struct asking *a);            /* after all are done */

/* --- print.c --- */
void print_lines(struct jw *w, const struct logs_request *q, const struct log_batch *b);
void print_troubles(struct jw *w, const struct logs_request *q, const struct log_batch *b);
/* Cursors before the first and after the last of the lines; NULL = none. The caller frees. */
char *cursor_before(const struct logs_request *q, const struct log_batch *b, int64_t time_us);
char *cursor_after(const struct logs_request *q, const struct log_batch *b, int64_t time_us);
char *cursor_of_line(const struct logs_request *q, const struct log_line *l);

/* --- logs.c --- */
struct tail;
struct logs {
    struct logs_hooks hooks;
    pthread_mutex_t lock;
    pthread_cond_t gone;
    VEC(struct tail *) tails;
    VEC(struct asking *) askings; /* of pages and downloads */
    bool ending;
};
bool logs_add(struct logs *l, struct asking *a); /* false: it is being ended */
void logs_forget(struct logs *l, struct asking *a);
void logs_forget_tail(struct logs *l, struct tail *t);
void tail_end(struct tail *t, bool goodbye);
const char *tail_subject(const struct tail *t);
