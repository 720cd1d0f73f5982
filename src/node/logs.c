#include "node/logs-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "node/map-guard.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    SEARCH_MS = 10 * 1000,
    TURN_MS = 200,      /* of a source at most, */
    TURNS = 4,          /* and so many turns of each in a page */
    FOLLOW_GAP_MS = 50, /* between two batches while lines come slowly enough */
    BATCH_BYTES = 512 << 10,
    STACK_SIZE = 256 << 10,
};

enum head_state {
    HEAD_OPEN,  /* asked for its next line when it has none */
    HEAD_ENDED, /* has no more */
    HEAD_LATE,  /* may have more beyond reached_us */
};

/* A source and its next line. */
struct head {
    struct log_source *s;
    enum head_state state;
    bool has_line, told; /* told: its trouble */
    struct log_line line;
    char *cursor; /* of the newest line handed out: where following goes on */
};

struct log_reader {
    atomic_uint refs;
    atomic_bool cancelled, is_done, is_finished; /* done: its thread ends, too */
    pthread_mutex_t lock;
    void (*on_cancel)(void *arg); /* under the lock */
    void *cancel_arg;
    int cancel_fd;
    pthread_t thread;
    bool started;
    struct log_query query;
    struct log_sink sink;
    struct log_place *places;
    size_t n;
    struct head *heads;
    struct log_filter *filter;
    struct log_reading reading;
    int64_t begun_us;
    unsigned turn_ms; /* of a source, before it is another's */
};

bool log_reading_late(const struct log_reading *r)
{
    return r->deadline_ms && clock_mono_ms() >= r->deadline_ms;
}

bool log_reading_turn_over(const struct log_reading *r)
{
    return r->slice_ms && clock_mono_ms() >= r->slice_ms;
}

/* --- life --- */

struct log_reader *log_reader_new(const struct log_query *q, const struct log_sink *sink)
{
    struct log_reader *r = mem_alloc(sizeof *r);
    r->refs = 1;
    r->sink = *sink;
    log_query_copy(&r->query, q);
    r->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

struct log_reader *log_reader_ref(struct log_reader *r)
{
    atomic_fetch_add(&r->refs, 1);
    return r;
}

void log_reader_unref(struct log_reader *r)
{
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    for (size_t i = 0; i < r->n; i++)
        log_place_done(&r->places[i]);
    mem_free(r->places);
    log_query_done(&r->query);
    pthread_mutex_destroy(&r->lock);
    if (r->cancel_fd >= 0)
        close(r->cancel_fd);
    mem_free(r);
}

void log_reader_cancel(struct log_reader *r)
{
    uint64_t one = 1;
    pthread_mutex_lock(&r->lock);
    atomic_store(&r->cancelled, true);
    void (*fn)(void *) = TAKE(r->on_cancel);
    if (fn)
        fn(r->cancel_arg);
    pthread_mutex_unlock(&r->lock);
    if (r->cancel_fd >= 0 && write(r->cancel_fd, &one, sizeof one) < 0)
        log_debug("logs", "reader told before", "errno=%d", errno);
}

bool log_reader_is_cancelled(const struct log_reader *r)
{
    return atomic_load(&r->cancelled);
}

void log_reader_on_cancel(struct log_reader *r, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&r->lock);
    bool late = atomic_load(&r->cancelled);
    r->on_cancel = late ? NULL : fn;
    r->cancel_arg = arg;
    if (late && fn)
        fn(arg);
    pthread_mutex_unlock(&r->lock);
}

const struct log_query *log_reader_query(const struct log_reader *r)
{
    return &r->query;
}

bool log_reader_is_done(const struct log_reader *r)
{
    return atomic_load(&r->is_done);
}

void log_reader_join(struct log_reader *r)
{
    if (r->started)
        pthread_join(r->thread, NULL);
    r->started = false;
}

/* --- sources --- */

static struct log_source *open_source(struct log_reader *r, size_t i, const char *cursor,
                                      int64_t time_us)
{
    const struct log_place *p = &r->places[i];
    switch (p->kind) {
    case LOG_PLACE_JOURNAL:
    case LOG_PLACE_UNIT:
        return log_journal_open(&r->reading, p, cursor, time_us);
    case LOG_PLACE_CONTAINER:
        return log_docker_open(&r->reading, p, cursor, time_us);
    case LOG_PLACE_OTHER:
        return p->open(&r->reading, p, cursor, time_us);
    case LOG_PLACE_NONE:
        break;
    }
    return NULL;
}

static void open_heads(struct log_reader *r, bool newer, bool follow)
{
    const struct log_query *q = &r->query;
    const struct log_position *from = &q->from;
    r->reading = (struct log_reading){.query = q,
                                      .filter = r->filter,
                                      .cancelled = &r->cancelled,
                                      .cancel_fd = r->cancel_fd,
                                      .newer = newer,
                                      .follow = follow};
    for (size_t i = 0; i < r->n; i++) {
        struct head *h = &r->heads[i];
        const char *cursor = h->cursor             ? h->cursor
                             : i < from->cursors.n ? from->cursors.v[i]
                                                   : NULL;
        h->s = open_source(r, i, cursor, follow && !from->time_us ? r->begun_us : from->time_us);
        h->state = h->s ? HEAD_OPEN : HEAD_ENDED;
        h->has_line = false;
    }
}

static void close_heads(struct log_reader *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct head *h = &r->heads[i];
        if (h->has_line)
            log_line_done(&h->line);
        if (h->s)
            h->s->close(h->s);
        h->s = NULL;
        h->has_line = false;
    }
}

static void add_trouble(struct log_batch *b, size_t source, const char *text)
{
    *vec_add(&b->troubles) = (struct log_trouble){(uint32_t)source, mem_strdup(text)};
}

static void add_troubles(struct log_reader *r, struct log_batch *b)
{
    for (size_t i = 0; i < r->n; i++) {
        struct head *h = &r->heads[i];
        const char *why = h->s ? h->s->why : r->places[i].why;
        if (!h->told && why) {
            add_trouble(b, i, why);
            h->told = true;
        }
    }
    if (log_filter_gave_up(r->filter) && !r->heads[0].told) {
        add_trouble(b, 0, "Some lines were too costly to search with this expression.");
        r->heads[0].told = true;
    }
}

/* Asks a source for its next line. When it is late, for what it has at hand: so each comes further
 * than the page before, and what was found is handed out. */
static void pull(struct log_reader *r, size_t i)
{
    struct head *h = &r->heads[i];
    bool late = log_reading_late(&r->reading);
    r->reading.slice_ms = r->reading.deadline_ms ? clock_mono_ms() + (late ? 0 : r->turn_ms) : 0;
    int code = h->s->next(h->s, &h->line);
    if (code == LOG_NEXT_LINE) {
        h->has_line = true;
        h->line.source = (uint32_t)i;
    } else if (code == LOG_NEXT_LATE || (code == LOG_NEXT_TURN && late)) {
        h->state = HEAD_LATE;
    } else if (code != LOG_NEXT_TURN) {
        h->state = HEAD_ENDED;
    }
}

/* The line moves into the batch; where the newest one stood is remembered. */
static void take(const struct log_reader *r, struct head *h, struct log_batch *b)
{
    if (r->reading.newer || !h->cursor)
        mem_set_str(&h->cursor, h->line.cursor);
    *vec_add(&b->lines) = h->line;
    h->has_line = false;
}

/* --- pages --- */

static bool is_sooner(bool newer, int64_t a, int64_t b)
{
    return newer ? a < b : a > b;
}

/* The source that is to be asked: of those without a line the one that came least far. */
static struct head *hungriest(struct log_reader *r)
{
    struct head *best = NULL;
    for (size_t i = 0; i < r->n; i++) {
        struct head *h = &r->heads[i];
        if (h->state != HEAD_OPEN || h->has_line)
            continue;
        if (!best || is_sooner(r->reading.newer, h->s->reached_us, best->s->reached_us))
            best = h;
    }
    return best;
}

static struct head *soonest(struct log_reader *r)
{
    struct head *best = NULL;
    for (size_t i = 0; i < r->n; i++) {
        struct head *h = &r->heads[i];
        if (h->has_line &&
            (!best || is_sooner(r->reading.newer, h->line.time_us, best->line.time_us)))
            best = h;
    }
    return best;
}

/* Up to where every source has been searched; false = all were searched to their end. */
static bool find_edge(struct log_reader *r, int64_t *ret_us)
{
    bool any = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct head *h = &r->heads[i];
        if (h->state == HEAD_ENDED || h->has_line)
            continue;
        if (!any || is_sooner(r->reading.newer, h->s->reached_us, *ret_us))
            *ret_us = h->s->reached_us;
        any = true;
    }
    return any;
}

static void fill_page(struct log_reader *r, struct log_batch *b)
{
    int64_t edge = 0;
    while (b->lines.n < r->query.limit && !log_reader_is_cancelled(r)) {
        struct head *h = hungriest(r);
        if (h) {
            pull(r, (size_t)(h - r->heads));
            continue;
        }
        h = soonest(r);
        if (!h || (find_edge(r, &edge) && is_sooner(r->reading.newer, edge, h->line.time_us)))
            break;
        take(r, h, b);
    }
}

static void reverse(struct log_batch *b)
{
    for (size_t i = 0, n = b->lines.n; i < n / 2; i++) {
        struct log_line l = b->lines.v[i];
        b->lines.v[i] = b->lines.v[n - 1 - i];
        b->lines.v[n - 1 - i] = l;
    }
}

static unsigned turn_of(unsigned page_ms, size_t n)
{
    unsigned fair = page_ms / TURNS / (n ? (unsigned)n : 1) + 1;
    return fair < TURN_MS ? fair : TURN_MS;
}

/* Where a page begins that goes back in time. */
static int64_t youngest(const struct log_reader *r)
{
    const struct log_query *q = &r->query;
    return q->from.time_us ? q->from.time_us : q->until_us ? q->until_us : r->begun_us;
}

static void read_page(struct log_reader *r, bool newer)
{
    struct log_batch b = {0};
    unsigned ms = r->query.search_ms ? r->query.search_ms : SEARCH_MS;
    open_heads(r, newer, false);
    r->reading.deadline_ms = clock_mono_ms() + ms;
    r->turn_ms = turn_of(ms, r->n);
    fill_page(r, &b);
    bool full = b.lines.n > 0 && b.lines.n >= r->query.limit;
    bool open = find_edge(r, &b.reached_us);
    if (open && b.reached_us == INT64_MAX) /* one has not come anywhere */
        b.reached_us = youngest(r);
    if (full)
        b.reached_us = b.lines.v[b.lines.n - 1].time_us;
    b.whole = !full && !open && !soonest(r);
    if (!newer)
        reverse(&b);
    add_troubles(r, &b);
    close_heads(r);
    if (!log_reader_is_cancelled(r))
        r->sink.batch(r->sink.arg, &b);
    log_batch_done(&b);
}

/* --- everything --- */

static size_t size_of(const struct log_line *l)
{
    return sizeof *l + strlen(l->text) + (l->fields ? strlen(l->fields) : 0);
}

static void hand_over(struct log_reader *r, struct log_batch *b)
{
    add_troubles(r, b);
    if (!log_reader_is_cancelled(r) && (b->lines.n || b->troubles.n))
        r->sink.batch(r->sink.arg, b);
    log_batch_done(b);
}

static void read_all(struct log_reader *r)
{
    struct log_batch b = {0};
    size_t bytes = 0;
    struct head *h;
    open_heads(r, true, false);
    while (!log_reader_is_cancelled(r)) {
        while ((h = hungriest(r)))
            pull(r, (size_t)(h - r->heads));
        h = soonest(r);
        if (!h)
            break;
        bytes += size_of(&h->line);
        take(r, h, &b);
        if (b.lines.n >= LIMIT_LOG_BATCH || bytes >= BATCH_BYTES) {
            hand_over(r, &b);
            bytes = 0;
        }
    }
    hand_over(r, &b);
    close_heads(r);
}

/* --- following --- */

/* What has come of one source; true when there may be more at once. */
static bool drain(struct log_reader *r, size_t i, struct log_batch *b)
{
    struct head *h = &r->heads[i];
    size_t n = 0, bytes = 0;
    if (!h->s || h->state == HEAD_LATE)
        return false;
    for (; n < LIMIT_LOG_BATCH && bytes < BATCH_BYTES; n++) {
        int code = h->s->next(h->s, &h->line);
        if (code < 0)
            h->state = HEAD_LATE; /* told as trouble, and let be */
        if (code != LOG_NEXT_LINE)
            return false;
        h->line.source = (uint32_t)i;
        bytes += size_of(&h->line);
        take(r, h, b);
    }
    return true;
}

static void wait_for_more(struct log_reader *r, int at_most_ms)
{
    struct pollfd p[LIMIT_LOG_SERVICES + 1];
    nfds_t n = 0;
    p[n++] = (struct pollfd){r->cancel_fd, POLLIN, 0};
    for (size_t i = 0; i < r->n; i++) {
        const struct log_source *s = r->heads[i].s;
        if (!s || r->heads[i].state == HEAD_LATE)
            continue;
        if (s->fd >= 0)
            p[n++] = (struct pollfd){s->fd, s->events, 0};
        if (s->timeout_ms >= 0 && (at_most_ms < 0 || s->timeout_ms < at_most_ms))
            at_most_ms = s->timeout_ms;
    }
    poll(p, n, at_most_ms);
}

static void pause_reading(struct log_reader *r, int ms)
{
    struct pollfd p = {r->cancel_fd, POLLIN, 0};
    poll(&p, 1, ms);
}

static void follow(struct log_reader *r)
{
    open_heads(r, true, true);
    while (!log_reader_is_cancelled(r)) {
        struct log_batch b = {.whole = true};
        bool more = false;
        for (size_t i = 0; i < r->n; i++)
            more = drain(r, i, &b) || more;
        bool any = b.lines.n > 0;
        log_batch_settle(&b, UINT32_MAX, true);
        hand_over(r, &b);
        if (any && !more)
            pause_reading(r, FOLLOW_GAP_MS);
        else if (!more)
            wait_for_more(r, -1);
    }
    close_heads(r);
}

static bool has_position(const struct log_query *q)
{
    return q->from.time_us || q->from.cursors.n;
}

/* --- the thread --- */

static void read_query(struct log_reader *r)
{
    log_filter_heed(r->filter, &r->cancelled);
    switch (r->query.mode) {
    case LOG_MODE_OLDER:
        read_page(r, false);
        return;
    case LOG_MODE_NEWER:
        read_page(r, true);
        return;
    case LOG_MODE_ALL:
        read_all(r);
        return;
    case LOG_MODE_FOLLOW:
        if (!has_position(&r->query))
            read_page(r, false);
        if (!log_reader_is_cancelled(r))
            follow(r);
        return;
    }
}

void log_reader_deliver(struct log_reader *r, struct log_batch *b)
{
    if (!log_reader_is_cancelled(r) && !atomic_load(&r->is_finished))
        r->sink.batch(r->sink.arg, b);
    log_batch_done(b);
}

static void tell_trouble(struct log_reader *r, const char *why)
{
    struct log_batch b = {.whole = true};
    add_trouble(&b, 0, why);
    log_reader_deliver(r, &b);
}

void log_reader_finish(struct log_reader *r)
{
    if (!atomic_exchange(&r->is_finished, true))
        r->sink.done(r->sink.arg);
}

void log_reader_refuse(struct log_reader *r, const char *why)
{
    tell_trouble(r, why);
    log_reader_finish(r);
}

static void *run(void *arg)
{
    struct log_reader *r = arg;
    struct err e = {0};
    struct map_guard guard;
    pthread_setname_np(pthread_self(), "logs");
    map_guard_enter_all(&guard); /* libsystemd's files, too */
    r->begun_us = clock_wall_ms() * 1000;
    r->heads = mem_array(r->n ? r->n : 1, sizeof *r->heads);
    if (log_filter_new(&r->query, &e, &r->filter) < 0)
        tell_trouble(r, e.text);
    else
        read_query(r);
    for (size_t i = 0; i < r->n; i++)
        mem_free(r->heads[i].cursor);
    mem_free(r->heads);
    log_filter_free(r->filter);
    if (map_guard_leave(&guard))
        log_warn("logs", "a file was cut short or failed while it was read", "result=%s",
                 LOG_Q("what is missing of it was left out"));
    log_reader_finish(r);
    atomic_store(&r->is_done, true);
    log_reader_unref(r);
    return NULL;
}

void log_reader_start(struct log_reader *r, const struct log_place *places, size_t n)
{
    pthread_attr_t a;
    assert(!r->started && n <= LIMIT_LOG_SERVICES);
    r->places = mem_dup(places, n * sizeof *places);
    r->n = n;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, STACK_SIZE);
    int code = pthread_create(&r->thread, &a, run, log_reader_ref(r));
    pthread_attr_destroy(&a);
    r->started = code == 0;
    if (code == 0)
        return;
    log_reader_unref(r);
    log_reader_refuse(r,
                      "No thread could be started to read logs: the machine is out of resources.");
}
