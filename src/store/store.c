#include "store/store.h"

#include "base/clock.h"
#include "store/store-private.h"

#include <assert.h>
#include <time.h>

enum {
    DIAL_PAUSE_MS = 500, /* between two tries to reach a database that is away */
    IDLE_CLOSE_MS = 30000,
};

static void init_locks(struct store *s)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->came_free, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->health_lock, NULL);
}

int store_new(const char *url, struct err *e, struct store **ret_store)
{
    enum store_kind kind;
    char *path;
    int r = url_parse(url, e, &kind, &path);
    if (r < 0)
        return r;
    struct store *s = mem_alloc(sizeof *s);
    s->ops = kind == STORE_SQLITE ? &store_sqlite : &store_postgresql;
    s->url = mem_strdup(url);
    s->path = path;
    s->wait_ms = LIMIT_STORE_WAIT_MS;
    s->label = path ? mem_strdup(path) : store_mask_url(url);
    init_locks(s);
    *ret_store = s;
    return 0;
}

int store_open(const char *url, struct err *e, struct store **ret_store)
{
    AUTO(store_closep) struct store *s = NULL;
    int r = store_new(url, e, &s);
    if (r < 0)
        return r;
    struct db *db = NULL;
    r = store_take(s, e, &db);
    if (r < 0)
        return r;
    store_give(db);
    *ret_store = TAKE(s);
    return 0;
}

static void close_list(struct store *s, struct db *db)
{
    while (db) {
        struct db *next = db->next_free;
        s->ops->close(db);
        db = next;
    }
}

void store_close(struct store *s)
{
    if (!s)
        return;
    unsigned n_free = 0;
    for (struct db *db = s->free; db; db = db->next_free)
        n_free++;
    assert(n_free == s->n_open);
    close_list(s, s->free);
    pthread_cond_destroy(&s->came_free);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->health_lock);
    mem_free(s->url);
    mem_free(s->path);
    mem_free(s->label);
    mem_free(s);
}

enum store_kind store_kind(const struct store *s)
{
    return s->ops->kind;
}

const char *store_label(const struct store *s)
{
    return s->label;
}

enum store_kind db_kind(const struct db *db)
{
    return db->ops->kind;
}

/* Under the lock: waits until a connection is free or may be made. */
static int wait_for_one(struct store *s, struct err *e)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += s->wait_ms / 1000;
    until.tv_nsec += s->wait_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!s->free && s->n_open >= LIMIT_STORE_CONNECTIONS)
        if (pthread_cond_timedwait(&s->came_free, &s->lock, &until) == ETIMEDOUT)
            return err_set(e, -EBUSY,
                           "All %d connections to %s have been in use for %d s: the database is "
                           "too slow for what is asked of it.",
                           LIMIT_STORE_CONNECTIONS, s->label, s->wait_ms / 1000);
    return 0;
}

/* Under the lock. While the database is away one caller dials and the others don't queue up. */
static int may_dial(struct store *s, struct err *e)
{
    struct store_health h = store_health(s);
    int64_t now = clock_mono_ms();
    if ((h.code != -ECONNREFUSED && h.code != -EPIPE) || now >= s->dial_after_ms) {
        s->dial_after_ms = now + 4 * (int64_t)LIMIT_STORE_WAIT_MS;
        return 0;
    }
    return err_set(e, h.code, "%s", h.text);
}

static int dial(struct store *s, struct err *e, struct db **ret_db)
{
    struct db *db = NULL;
    int r = s->ops->open(s, e, &db);
    pthread_mutex_lock(&s->lock);
    if (r < 0) {
        s->n_open--;
        s->dial_after_ms = clock_mono_ms() + DIAL_PAUSE_MS;
        pthread_cond_signal(&s->came_free);
    } else {
        s->opened = true;
        s->dial_after_ms = 0;
    }
    pthread_mutex_unlock(&s->lock);
    if (r == 0)
        *ret_db = db;
    return r;
}

/* A free connection, or NULL with a place reserved for one to be made. */
static int pop_or_reserve(struct store *s, struct err *e, struct db **ret_db)
{
    pthread_mutex_lock(&s->lock);
    int r = wait_for_one(s, e);
    struct db *db = r == 0 ? s->free : NULL;
    if (db)
        s->free = db->next_free;
    else if (r == 0 && (r = may_dial(s, e)) == 0)
        s->n_open++;
    pthread_mutex_unlock(&s->lock);
    *ret_db = db;
    return r;
}

static void discard(struct store *s, struct db *db)
{
    s->ops->close(db);
    pthread_mutex_lock(&s->lock);
    s->n_open--;
    pthread_cond_signal(&s->came_free);
    pthread_mutex_unlock(&s->lock);
}

int store_take(struct store *s, struct err *e, struct db **ret_db)
{
    struct err own = {0};
    e = e ? e : &own;
    for (;;) {
        struct db *db = NULL;
        int r = pop_or_reserve(s, e, &db);
        if (r < 0)
            return r;
        if (!db)
            return health_note(s, dial(s, e, ret_db), HEALTH_READ, e);
        if (s->ops->alive(db)) {
            *ret_db = db;
            return 0;
        }
        discard(s, db);
    }
}

/* Under the lock: takes the connections off the list that nobody has needed for a while. */
static struct db *unlink_idle(struct store *s, int64_t now)
{
    struct db **link = &s->free;
    if (*link)
        link = &(*link)->next_free; /* the first stays */
    while (*link && now - (*link)->given_ms < IDLE_CLOSE_MS)
        link = &(*link)->next_free;
    struct db *idle = *link; /* given back before all that stand before it: so are the rest */
    *link = NULL;
    for (struct db *db = idle; db; db = db->next_free)
        s->n_open--;
    return idle;
}

void store_give(struct db *db)
{
    if (!db)
        return;
    struct store *s = db->store;
    assert(db->open_rows == 0);
    db_rollback(db);
    if (db->broken) {
        discard(s, db);
        return;
    }
    pthread_mutex_lock(&s->lock);
    db->given_ms = clock_mono_ms();
    db->next_free = s->free;
    s->free = db;
    struct db *idle = unlink_idle(s, db->given_ms);
    pthread_cond_signal(&s->came_free);
    pthread_mutex_unlock(&s->lock);
    close_list(s, idle);
}
