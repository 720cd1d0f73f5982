#include "node/loki-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "node/docker.h"

#include <pthread.h>

enum {
    AGAIN_MS = 60 * 1000, /* after a reader had trouble */
    QUIET_MS = 30 * 1000, /* a container that ended, and of which nothing more came, is let be */
};

/* A reader and what came of it. While a parcel is not taken, its thread waits. */
struct tap {
    struct loki_reading *all;
    struct log_reader *reader;
    VEC(struct loki_source *) sources; /* those of its query */
    struct log_batch parcel;
    size_t at; /* the line to be taken next */
    bool has_parcel, dirty;
    int64_t again_ms; /* mono: it is renewed then; 0 = it is well */
    bool done;        /* its reader is */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool taken, over; /* under the lock */
};

struct loki_reading {
    struct node *node;
    struct loop *loop;
    struct loki_places *places;
    struct loki_reading_hooks hooks;
    VEC(struct tap *) taps;
    struct map told; /* troubles */
    unsigned alive;  /* taps, also those that end */
    size_t turn;
    bool stopped, going;
    bool full; /* no place is free for a new container */
};

/* --- the end of a tap --- */

static void free_tap(struct tap *t)
{
    struct loki_reading *r = t->all;
    log_reader_unref(t->reader);
    log_batch_done(&t->parcel);
    vec_done(&t->sources);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
    r->alive--;
    if (r->stopped && !r->alive)
        r->hooks.ended(r->hooks.arg);
}

static void finish(void *arg)
{
    struct tap *t = arg;
    t->done = true;
    if (t->over)
        free_tap(t);
    else
        t->again_ms = clock_mono_ms() + AGAIN_MS;
}

static void on_done(void *arg)
{
    struct tap *t = arg;
    loop_post(t->all->loop, finish, t);
}

/* What it had and was not taken is read again by the next one. */
static void end_tap(struct tap *t)
{
    for (size_t i = 0; i < t->sources.n; i++)
        t->sources.v[i]->read = false;
    log_batch_done(&t->parcel);
    t->has_parcel = false;
    pthread_mutex_lock(&t->lock);
    t->over = true;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    log_reader_cancel(t->reader);
    if (t->done)
        free_tap(t);
}

/* --- what comes --- */

static void tell_trouble(struct tap *t, const struct log_trouble *x)
{
    struct loki_reading *r = t->all;
    const char *id = x->source < t->sources.n ? t->sources.v[x->source]->id : "";
    t->again_ms = clock_mono_ms() + AGAIN_MS;
    char *before = map_set(&r->told, *id ? id : "journal", mem_strdup(x->text));
    if (!str_eq(before, x->text))
        log_warn("loki", "a log can't be read and is not pushed", "of=%s why=%s",
                 *id ? id : "journal", LOG_Q(x->text));
    mem_free(before);
}

static int64_t ns_of(const struct log_line *l)
{
    return l->time_us * 1000 + l->below_us;
}

static const char *name_of(const struct loki_source *s)
{
    const char *slash = strchr(s->id, '/');
    return slash ? slash + 1 : s->id;
}

/* A container that logs to the journal is read from its engine, too. */
static bool is_told_by_engine(const struct loki_reading *r, const struct log_line *l)
{
    for (size_t i = 0; l->container && i < r->places->v.n; i++) {
        const struct loki_source *s = r->places->v.v[i];
        if (s->read && *s->id && str_eq(name_of(s), l->container))
            return true;
    }
    return false;
}

/* False when it has to wait. */
static bool take_line(struct tap *t, struct log_line *l)
{
    struct loki_reading *r = t->all;
    struct loki_source *s = l->source < t->sources.n ? t->sources.v[l->source] : t->sources.v[0];
    int64_t before = s->ns;
    if (!*s->id && is_told_by_engine(r, l)) {
        mem_set_str(&s->cursor, l->cursor);
        log_line_done(l);
        return true;
    }
    struct loki_line out = {.ns = loki_place_next_ns(s, ns_of(l))};
    char *cursor = mem_strdup(l->cursor);
    if (*s->id)
        mem_set_str(&l->container, name_of(s));
    out.line = *l;
    if (!r->hooks.take(r->hooks.arg, &out)) {
        mem_free(cursor);
        s->ns = before;
        return false;
    }
    *l = (struct log_line){0};
    mem_free(s->cursor);
    s->cursor = cursor;
    s->busy_ms = clock_mono_ms();
    return true;
}

static bool take_parcel(struct tap *t)
{
    for (; t->at < t->parcel.lines.n; t->at++)
        if (!take_line(t, &t->parcel.lines.v[t->at]))
            return false;
    log_batch_done(&t->parcel);
    t->has_parcel = false;
    pthread_mutex_lock(&t->lock);
    t->taken = true;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
    return true;
}

/* In turn, so that a flood makes nobody wait longer than its share. */
void loki_reading_go_on(struct loki_reading *r)
{
    if (r->going || r->stopped)
        return;
    r->going = true;
    for (size_t i = 0, n = r->taps.n; i < n; i++) {
        struct tap *t = r->taps.v[(r->turn + i) % n];
        if (t->has_parcel && !take_parcel(t))
            break;
    }
    r->turn++;
    r->going = false;
}

struct arrival {
    struct tap *tap;
    struct log_batch batch;
};

static void arrive(void *arg)
{
    struct arrival *a = arg;
    struct tap *t = a->tap;
    for (size_t i = 0; !t->over && i < a->batch.troubles.n; i++)
        tell_trouble(t, &a->batch.troubles.v[i]);
    if (!t->over && a->batch.lines.n) {
        t->parcel = a->batch;
        a->batch = (struct log_batch){0};
        t->at = 0;
        t->has_parcel = true;
        loki_reading_go_on(t->all);
    }
    log_batch_done(&a->batch);
    mem_free(a);
}

/* On the reader's thread; on the loop's when it is refused. */
static void on_batch(void *arg, struct log_batch *b)
{
    struct tap *t = arg;
    bool waits = b->lines.n > 0;
    struct arrival *a = mem_alloc(sizeof *a);
    a->tap = t;
    a->batch = *b;
    *b = (struct log_batch){0};
    pthread_mutex_lock(&t->lock);
    t->taken = false;
    pthread_mutex_unlock(&t->lock);
    loop_post(t->all->loop, arrive, a);
    pthread_mutex_lock(&t->lock);
    while (waits && !t->taken && !t->over)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* --- which there should be --- */

static void start_tap(struct loki_reading *r, struct tap *t)
{
    struct log_query q = {
        .mode = LOG_MODE_FOLLOW, .level = LINE_NO_LEVEL, .limit = 1, .from = {.time_us = 1}};
    q.from.time_us = r->places->begun_us;
    for (size_t i = 0; i < t->sources.n; i++) {
        struct loki_source *s = t->sources.v[i];
        s->read = true;
        if (*s->id)
            str_list_add(&q.services, s->id);
        str_list_add(&q.from.cursors, s->cursor ? s->cursor : "");
    }
    t->reader =
        log_reader_new(&q, &(struct log_sink){.batch = on_batch, .done = on_done, .arg = t});
    log_query_done(&q);
    node_logs(r->node, t->reader);
}

static struct tap *new_tap(struct loki_reading *r)
{
    struct tap *t = mem_alloc(sizeof *t);
    t->all = r;
    t->dirty = true;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    r->alive++;
    *vec_add(&r->taps) = t;
    return t;
}

/* A new reader for the same sources, from where they are. */
static void renew(struct loki_reading *r, size_t i)
{
    struct tap *old = r->taps.v[i], *t = new_tap(r);
    r->taps.n--; /* in the place of the old one */
    r->taps.v[i] = t;
    for (size_t k = 0; k < old->sources.n; k++)
        *vec_add(&t->sources) = old->sources.v[k];
    if (old->reader)
        end_tap(old);
    else
        free_tap(old);
    if (t->sources.n) {
        start_tap(r, t);
        t->dirty = false;
        return;
    }
    vec_remove_at(&r->taps, i);
    free_tap(t);
}

static struct tap *tap_of(struct loki_reading *r, const struct loki_source *s, size_t *ret_at)
{
    for (size_t i = 0; i < r->taps.n; i++)
        for (size_t k = 0; k < r->taps.v[i]->sources.n; k++)
            if (r->taps.v[i]->sources.v[k] == s) {
                *ret_at = k;
                return r->taps.v[i];
            }
    return NULL;
}

static struct tap *tap_with_room(struct loki_reading *r)
{
    for (size_t i = 0; i < r->taps.n; i++) {
        const struct tap *t = r->taps.v[i];
        if (t->sources.n && *t->sources.v[0]->id && t->sources.n < LIMIT_LOG_SERVICES)
            return r->taps.v[i];
    }
    return new_tap(r);
}

static void want(struct loki_reading *r, struct loki_source *s)
{
    size_t at;
    if (tap_of(r, s, &at))
        return;
    struct tap *t = *s->id ? tap_with_room(r) : new_tap(r);
    *vec_add(&t->sources) = s;
    t->dirty = true;
}

static void unwant(struct loki_reading *r, struct loki_source *s)
{
    size_t at;
    struct tap *t = tap_of(r, s, &at);
    if (!t || t->has_parcel)
        return;
    vec_remove_at(&t->sources, at);
    s->read = false;
    t->dirty = true;
}

static bool is_of_engine(const struct owner *w)
{
    return !str_starts(w->id, "systemd/") && !str_starts(w->id, "process/");
}

/* Before places are made: whose containers are here. */
static void note_who_is_here(struct loki_reading *r, const struct owners *o)
{
    for (size_t i = 0; i < r->places->v.n; i++)
        r->places->v.v[i]->here = false;
    for (size_t i = 0; i < o->v.n; i++) {
        const struct owner *w = o->v.v[i];
        struct loki_source *s =
            is_of_engine(w) && !w->gone ? loki_place_find(r->places, w->id) : NULL;
        if (s)
            s->here = true;
    }
}

static void tell_full(struct loki_reading *r, bool full, const char *id)
{
    if (full && !r->full)
        log_warn("loki", "too many containers: new ones are not pushed", "limit=%d first=%s",
                 LIMIT_LOKI_SOURCES, id);
    r->full = full;
}

static void look_at(struct loki_reading *r, const struct owner *w, int64_t now)
{
    struct loki_source *s =
        w->gone ? loki_place_find(r->places, w->id) : loki_place_add(r->places, w->id);
    if (!s && !w->gone)
        tell_full(r, true, w->id);
    if (!s)
        return;
    s->here = !w->gone;
    if (s->told != w->told || w->main_pid) {
        s->told = w->told;
        s->busy_ms = now;
    }
    if (!w->gone && now - s->busy_ms < QUIET_MS)
        want(r, s);
    else if (now - s->busy_ms >= QUIET_MS)
        unwant(r, s);
}

void loki_reading_look(struct loki_reading *r, int64_t now_ms)
{
    const struct owners *o = r->node->owners;
    want(r, loki_place_find(r->places, ""));
    if (r->places->v.n + o->v.n > LIMIT_LOKI_SOURCES)
        note_who_is_here(r, o);
    else
        tell_full(r, false, NULL);
    for (size_t i = 0; i < o->v.n; i++)
        if (is_of_engine(o->v.v[i]))
            look_at(r, o->v.v[i], now_ms);
    for (size_t i = r->taps.n; i-- > 0;) {
        const struct tap *t = r->taps.v[i];
        if (t->dirty || (t->again_ms && now_ms >= t->again_ms && !t->has_parcel))
            renew(r, i);
    }
}

/* --- life --- */

struct loki_reading *loki_reading_new(struct node *n, struct loki_places *places,
                                      const struct loki_reading_hooks *hooks)
{
    struct loki_reading *r = mem_alloc(sizeof *r);
    r->node = n;
    r->loop = n->loop;
    r->places = places;
    r->hooks = *hooks;
    return r;
}

void loki_reading_stop(struct loki_reading *r)
{
    r->node = NULL;
    r->alive++; /* nobody is told before all were */
    r->stopped = true;
    while (r->taps.n)
        end_tap(r->taps.v[--r->taps.n]);
    if (--r->alive == 0)
        r->hooks.ended(r->hooks.arg);
}

void loki_reading_free(struct loki_reading *r)
{
    if (!r)
        return;
    vec_done(&r->taps);
    map_done(&r->told, mem_free);
    mem_free(r);
}
