/* Everything, for downloads: each node's reader waits until its batch was taken, so that nothing
 * piles up. Lines are taken in the order of time. */
#include "logs/logs-private.h"

#include <errno.h>
#include <time.h>

struct inlet {
    struct log_batch batch;
    size_t next; /* line of it */
    bool done;
};

struct logs_stream {
    struct logs *logs;
    const struct logs_request *request; /* the caller's */
    struct asking asking;
    struct inlet inlets[LIMIT_LOG_SERVICES];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    struct log_line line; /* the last one handed out */
};

static bool has_line(const struct inlet *i)
{
    return i->next < i->batch.lines.n;
}

static void on_batch(void *arg, unsigned ask, struct log_batch *b)
{
    struct logs_stream *s = arg;
    struct inlet *i = &s->inlets[ask];
    pthread_mutex_lock(&s->lock);
    while (has_line(i) && !s->closed)
        pthread_cond_wait(&s->changed, &s->lock);
    if (!s->closed) {
        log_batch_done(&i->batch);
        i->batch = *b;
        *b = (struct log_batch){0};
        i->next = 0;
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    log_batch_done(b);
}

static void on_done(void *arg, unsigned ask)
{
    struct logs_stream *s = arg;
    pthread_mutex_lock(&s->lock);
    s->inlets[ask].done = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

struct logs_stream *logs_stream_open(struct logs *l, const struct logs_request *q)
{
    struct logs_stream *s = mem_alloc(sizeof *s);
    pthread_condattr_t monotonic;
    s->logs = l;
    s->request = q;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->asking = (struct asking){.batch = on_batch, .done = on_done, .arg = s};
    asking_init(&s->asking, q, LOG_MODE_ALL);
    if (!logs_add(l, &s->asking))
        asking_cancel(&s->asking);
    asking_start(&s->asking, l);
    return s;
}

/* Is every inlet at its end, or does it show its next line? */
static bool all_show(const struct logs_stream *s)
{
    for (unsigned i = 0; i < s->asking.n; i++)
        if (!s->inlets[i].done && !has_line(&s->inlets[i]))
            return false;
    return true;
}

static struct inlet *soonest(struct logs_stream *s)
{
    struct inlet *best = NULL;
    for (unsigned k = 0; k < s->asking.n; k++) {
        struct inlet *i = &s->inlets[k];
        if (has_line(i) &&
            (!best || i->batch.lines.v[i->next].time_us < best->batch.lines.v[best->next].time_us))
            best = i;
    }
    return best;
}

/* Under the lock. False: not within that time. */
static bool wait_for_line(struct logs_stream *s, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!all_show(s))
        if (pthread_cond_timedwait(&s->changed, &s->lock, &until) == ETIMEDOUT)
            return all_show(s);
    return true;
}

int logs_stream_next(struct logs_stream *s, unsigned wait_ms, const struct log_line **ret_line,
                     const struct logs_source **ret_source)
{
    pthread_mutex_lock(&s->lock);
    if (!wait_for_line(s, wait_ms)) {
        pthread_mutex_unlock(&s->lock);
        return -EAGAIN;
    }
    struct inlet *i = soonest(s);
    log_line_done(&s->line);
    if (i) {
        s->line = i->batch.lines.v[i->next];
        i->batch.lines.v[i->next++] = (struct log_line){0};
    }
    if (i && !has_line(i))
        pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (!i)
        return 0;
    *ret_line = &s->line;
    *ret_source = &s->request->sources.v[s->line.source];
    return 1;
}

static bool all_done(const struct logs_stream *s)
{
    for (unsigned i = 0; i < s->asking.n; i++)
        if (!s->inlets[i].done)
            return false;
    return true;
}

void logs_stream_close(struct logs_stream *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    asking_cancel(&s->asking);
    pthread_mutex_lock(&s->lock);
    while (!all_done(s))
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
    logs_forget(s->logs, &s->asking);
    for (unsigned i = 0; i < s->asking.n; i++)
        log_batch_done(&s->inlets[i].batch);
    asking_release(&s->asking);
    log_line_done(&s->line);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}
