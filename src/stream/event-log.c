#include "stream/event-log.h"

#include "stream/topics-private.h"
#include "stream/window-private.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>

struct waker {
    void (*wake)(void *arg);
    void *arg;
};

struct event_log {
    uint64_t epoch;
    struct event_log_limits limits;
    atomic_uint_fast64_t last, first; /* written under `lock`, read anywhere */
    pthread_mutex_t lock;             /* the ring */
    struct event_frame **ring;        /* by sequence % limits.entries */
    size_t bytes;
    uint64_t bytes_total;
    pthread_mutex_t wake_lock; /* of its own, so that waking holds up neither reader nor appender */
    struct waker wakers[EVENT_LOG_WAKERS];
    unsigned n_wakers;
};

struct event_log_limits event_log_limits_default(void)
{
    return (struct event_log_limits){
        .entries = 16384, .bytes = 16u << 20, .frame_bytes = 256u << 10};
}

struct event_log *event_log_new(const struct event_log_limits *limits, uint64_t epoch)
{
    struct event_log *log = mem_alloc(sizeof *log);
    log->epoch = epoch;
    log->limits = limits ? *limits : event_log_limits_default();
    assert(log->limits.entries && log->limits.frame_bytes <= log->limits.bytes);
    log->ring = mem_array(log->limits.entries, sizeof(struct event_frame *));
    atomic_init(&log->first, 1);
    pthread_mutex_init(&log->lock, NULL);
    pthread_mutex_init(&log->wake_lock, NULL);
    return log;
}

void event_log_free(struct event_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < log->limits.entries; i++)
        event_frame_unref(log->ring[i]);
    mem_free(log->ring);
    pthread_mutex_destroy(&log->lock);
    pthread_mutex_destroy(&log->wake_lock);
    mem_free(log);
}

uint64_t event_log_epoch(const struct event_log *log)
{
    return log->epoch;
}

uint64_t event_log_last(const struct event_log *log)
{
    return atomic_load(&log->last);
}

char *event_log_id(const struct event_log *log, uint64_t sequence, char ret_text[EVENT_ID_SIZE])
{
    snprintf(ret_text, EVENT_ID_SIZE, "%llu-%llu", (unsigned long long)log->epoch,
             (unsigned long long)sequence);
    return ret_text;
}

static bool type_is_valid(const char *type)
{
    size_t n = type ? strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789._-") : 0;
    return n > 0 && n <= LIMIT_EVENT_TYPE && !type[n];
}

static void drop_oldest(struct event_log *log)
{
    uint64_t first = atomic_load(&log->first);
    struct event_frame **slot = &log->ring[first % log->limits.entries];
    log->bytes -= (*slot)->len;
    event_frame_unref(*slot);
    *slot = NULL;
    atomic_store(&log->first, first + 1);
}

/* Takes the frame. */
static uint64_t insert(struct event_log *log, struct event_frame *f)
{
    pthread_mutex_lock(&log->lock);
    uint64_t sequence = atomic_load(&log->last) + 1;
    event_frame_set_id(f, log->epoch, sequence);
    while (atomic_load(&log->first) < sequence &&
           (sequence - atomic_load(&log->first) >= log->limits.entries ||
            log->bytes + f->len > log->limits.bytes))
        drop_oldest(log);
    log->ring[sequence % log->limits.entries] = f;
    log->bytes += f->len;
    log->bytes_total += f->len;
    atomic_store(&log->last, sequence);
    pthread_mutex_unlock(&log->lock);
    return sequence;
}

static void wake_all(struct event_log *log)
{
    pthread_mutex_lock(&log->wake_lock);
    for (unsigned i = 0; i < log->n_wakers; i++)
        log->wakers[i].wake(log->wakers[i].arg);
    pthread_mutex_unlock(&log->wake_lock);
}

int event_log_append(struct event_log *log, const struct event_draft *d, uint64_t *ret_sequence)
{
    if (!type_is_valid(d->type) || (unsigned)d->topic >= EVENT_CLASS_COUNT)
        return -EINVAL;
    if (d->len > log->limits.frame_bytes)
        return -E2BIG;
    struct event_frame *f = event_frame_new(d->type, d->data, d->len);
    if (!f)
        return -ENOMEM;
    if (f->len + EVENT_ID_SIZE > log->limits.frame_bytes) {
        event_frame_unref(f);
        return -E2BIG;
    }
    f->topic = d->topic;
    f->resource = d->resource ? event_topics_hash(d->resource) : 0;
    f->permissions = d->permissions;
    *ret_sequence = insert(log, f);
    wake_all(log);
    return 0;
}

/* Decimal digits up to `stop`, no sign, no overflow. Returns what follows `stop`, or NULL. */
static const char *parse_number(const char *p, char stop, uint64_t *ret_v)
{
    uint64_t v = 0;
    const char *start = p;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
            return NULL;
    if (p == start || *p != stop)
        return NULL;
    *ret_v = v;
    return p + 1;
}

int event_log_resume(const struct event_log *log, const char *id, uint64_t *ret_next)
{
    uint64_t epoch, seen;
    const char *rest = id ? parse_number(id, '-', &epoch) : NULL;
    if (!rest || !parse_number(rest, '\0', &seen))
        return -EINVAL;
    if (epoch != log->epoch || seen > atomic_load(&log->last) ||
        seen + 1 < atomic_load(&log->first))
        return -ESTALE;
    *ret_next = seen + 1;
    return 0;
}

void event_log_on_append(struct event_log *log, void (*wake)(void *arg), void *arg)
{
    pthread_mutex_lock(&log->wake_lock);
    assert(log->n_wakers < EVENT_LOG_WAKERS);
    log->wakers[log->n_wakers++] = (struct waker){wake, arg};
    pthread_mutex_unlock(&log->wake_lock);
}

void event_log_off_append(struct event_log *log, void (*wake)(void *arg), void *arg)
{
    pthread_mutex_lock(&log->wake_lock);
    for (unsigned i = 0; i < log->n_wakers; i++)
        if (log->wakers[i].wake == wake && log->wakers[i].arg == arg) {
            log->wakers[i] = log->wakers[--log->n_wakers];
            break;
        }
    pthread_mutex_unlock(&log->wake_lock);
}

struct event_log_stats event_log_stats(struct event_log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t last = atomic_load(&log->last);
    uint64_t first = atomic_load(&log->first);
    struct event_log_stats s = {.appended_total = last,
                                .bytes_total = log->bytes_total,
                                .entries = (size_t)(last + 1 - first),
                                .bytes = log->bytes,
                                .bytes_limit = log->limits.bytes,
                                .oldest = first <= last ? first : 0};
    pthread_mutex_unlock(&log->lock);
    return s;
}

void event_window_init(struct event_window *w, struct event_log *log)
{
    *w = (struct event_window){.log = log, .first = 1, .next = 1, .n = log->limits.entries};
    w->slots = mem_array(w->n, sizeof(struct event_frame *));
    event_window_sync(w);
}

static void window_forget(struct event_window *w, uint64_t before)
{
    for (; w->first < before && w->first < w->next; w->first++)
        event_frame_unref(event_window_at(w, w->first));
    if (w->first < before)
        w->first = w->next = before;
}

void event_window_done(struct event_window *w)
{
    window_forget(w, w->next);
    mem_free(w->slots);
    *w = (struct event_window){0};
}

bool event_window_sync(struct event_window *w)
{
    struct event_log *log = w->log;
    if (atomic_load(&log->last) < w->next)
        return false;
    pthread_mutex_lock(&log->lock);
    window_forget(w, atomic_load(&log->first));
    for (uint64_t last = atomic_load(&log->last); w->next <= last; w->next++)
        w->slots[w->next % w->n] = event_frame_ref(log->ring[w->next % w->n]);
    pthread_mutex_unlock(&log->lock);
    return true;
}
