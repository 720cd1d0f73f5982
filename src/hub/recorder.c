#include "hub/recorder.h"

#include "base/clock.h"
#include "base/log.h"

enum { TRIM_EVERY_MS = 3600000 };

struct recorder {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    struct loop_timer *timer;
    struct journal_batch open;    /* on the loop: gathers */
    struct journal_batch writing; /* on a worker while `busy` */
    bool busy, failed;
    int64_t trimmed_ms, written_ms; /* monotonic */
};

static int write_batch(struct recorder *r, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    int64_t now = clock_wall_ms(), mono = clock_mono_ms();
    int status = store_take(r->store, e, &db);
    if (status >= 0)
        status = journal_write(db, &r->writing, now, e);
    if (status >= 0 && mono - r->trimmed_ms > TRIM_EVERY_MS) {
        r->trimmed_ms = mono;
        status = journal_trim(db, now, e);
    }
    return status;
}

static void put_back(struct recorder *r)
{
    for (size_t i = 0; i < r->open.feed.n; i++)
        journal_add_feed(&r->writing, &r->open.feed.v[i]);
    for (size_t i = 0; i < r->open.states.n; i++)
        journal_add_state(&r->writing, &r->open.states.v[i]);
    journal_done(&r->open);
    r->open = r->writing;
    r->writing = (struct journal_batch){0};
}

static void after_write(void *arg)
{
    struct recorder *r = arg;
    r->busy = false;
    if (r->failed)
        put_back(r);
    else
        journal_done(&r->writing);
}

static void write_on_worker(void *arg)
{
    struct recorder *r = arg;
    struct err e = {0};
    bool failed = write_batch(r, &e) < 0;
    if (failed && !r->failed)
        log_warn("recorder", "feed not written, kept for later", "error=%s", LOG_Q(e.text));
    r->failed = failed;
    loop_post(r->loop, after_write, r);
}

static void flush(void *arg)
{
    struct recorder *r = arg;
    int64_t mono = clock_mono_ms();
    if (r->busy || (journal_is_empty(&r->open) && mono - r->written_ms < RECORDER_WATCHED_MS))
        return;
    r->written_ms = mono;
    r->writing = r->open;
    r->open = (struct journal_batch){0};
    r->busy = true;
    if (workers_submit(r->workers, write_on_worker, r) < 0) {
        r->busy = false;
        put_back(r);
    }
}

struct recorder *recorder_new(struct loop *loop, struct workers *workers, struct store *store)
{
    struct recorder *r = mem_alloc(sizeof *r);
    *r = (struct recorder){
        .loop = loop, .workers = workers, .store = store, .trimmed_ms = clock_mono_ms()};
    r->timer = loop_timer_new(loop, RECORDER_GAP_MS, RECORDER_GAP_MS, flush, r);
    return r;
}

void recorder_feed(struct recorder *r, const struct feed_entry *entry)
{
    if (r->open.feed.n >= LIMIT_RECORDER_ENTRIES) {
        log_warn("recorder", "too many entries wait for the database, dropped them", "entries=%zu",
                 r->open.feed.n);
        journal_done(&r->open);
    }
    journal_add_feed(&r->open, entry);
}

void recorder_state(struct recorder *r, const struct state_note *note)
{
    journal_add_state(&r->open, note);
}

void recorder_close(struct recorder *r, int64_t wall_ms)
{
    r->open.closed_ms = wall_ms;
}

void recorder_free(struct recorder *r)
{
    if (!r)
        return;
    struct err e = {0};
    loop_timer_free(r->timer);
    if (r->failed || journal_is_empty(&r->writing))
        put_back(r);
    r->writing = r->open;
    r->open = (struct journal_batch){0};
    bool empty = journal_is_empty(&r->writing);
    if (write_batch(r, &e) < 0 && !empty)
        log_warn("recorder", "last entries not written", "error=%s", LOG_Q(e.text));
    journal_done(&r->writing);
    mem_free(r);
}
