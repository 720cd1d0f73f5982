#include "demo/diary.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    LIMIT_NOTES = 4000,
    LOOK_MS = 200, /* following: how often is looked */
    US = 1000000,
};
#define PIECE_US (600ll * US)    /* so much is made at a time */
#define BEHIND_US (100ll * 1000) /* what is younger may not be complete */

struct span {
    int64_t from_us, to_us;
};

struct diary {
    const struct patterns *patterns;
    char *service;
    unsigned number;
    int64_t begun_us;
    pthread_mutex_t lock;  /* of what follows */
    struct writings notes; /* by time */
    VEC(struct span) quiet;
};

struct diary *diary_new(const struct patterns *patterns, const char *service, unsigned number,
                        int64_t begun_us)
{
    struct diary *d = mem_alloc(sizeof *d);
    d->patterns = patterns;
    d->service = mem_strdup(service);
    d->number = number;
    d->begun_us = begun_us;
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void diary_free(struct diary *d)
{
    if (!d)
        return;
    pthread_mutex_destroy(&d->lock);
    writings_done(&d->notes);
    vec_done(&d->quiet);
    mem_free(d->service);
    mem_free(d);
}

/* --- writing --- */

/* Where a note goes, by time; a time that is taken is put off. */
static size_t place_for(const struct writings *w, int64_t *us)
{
    for (;; *us += 2000) {
        size_t at = w->lines.n;
        while (at && w->lines.v[at - 1].us > *us)
            at--;
        if (!at || w->lines.v[at - 1].us != *us)
            return at;
    }
}

/* Notes stand in odd milliseconds, what patterns write in even ones: no two lines have one time. */
static void insert(struct diary *d, struct written one)
{
    struct writings *w = &d->notes;
    one.us = one.us / 2000 * 2000 + 1000;
    size_t at = place_for(w, &one.us);
    (void)vec_add(&w->lines);
    memmove(w->lines.v + at + 1, w->lines.v + at, (w->lines.n - 1 - at) * sizeof *w->lines.v);
    w->lines.v[at] = one;
    if (w->lines.n <= LIMIT_NOTES)
        return;
    mem_free(w->lines.v[0].text);
    vec_remove_at(&w->lines, 0);
}

void diary_note(struct diary *d, int64_t us, enum line_level level, const char *text)
{
    pthread_mutex_lock(&d->lock);
    insert(d, (struct written){us, level, mem_strdup(text), d->service});
    pthread_mutex_unlock(&d->lock);
}

int64_t diary_say(struct diary *d, enum lines_when when, int64_t at_us)
{
    struct writings w = {0};
    if (!d->patterns)
        return at_us;
    int64_t end_us = lines_say(d->patterns, d->service, when, at_us, &w);
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < w.lines.n; i++)
        insert(d, w.lines.v[i]);
    pthread_mutex_unlock(&d->lock);
    vec_done(&w.lines);
    return end_us;
}

void diary_quiet(struct diary *d, int64_t from_us)
{
    pthread_mutex_lock(&d->lock);
    if (!d->quiet.n || d->quiet.v[d->quiet.n - 1].to_us != INT64_MAX)
        *vec_add(&d->quiet) = (struct span){from_us, INT64_MAX};
    pthread_mutex_unlock(&d->lock);
}

void diary_loud(struct diary *d, int64_t from_us)
{
    pthread_mutex_lock(&d->lock);
    if (d->quiet.n && d->quiet.v[d->quiet.n - 1].to_us == INT64_MAX)
        d->quiet.v[d->quiet.n - 1].to_us = from_us;
    pthread_mutex_unlock(&d->lock);
}

/* --- reading --- */

static bool is_quiet(const struct diary *d, int64_t us)
{
    for (size_t i = d->quiet.n; i-- > 0;)
        if (us >= d->quiet.v[i].from_us && us < d->quiet.v[i].to_us)
            return true;
    return false;
}

static void collect(struct diary *d, int64_t from_us, int64_t to_us, struct writings *out)
{
    size_t first = out->lines.n, kept = first;
    if (d->patterns)
        lines_between(d->patterns, d->service, from_us > d->begun_us ? from_us : d->begun_us, to_us,
                      out);
    pthread_mutex_lock(&d->lock);
    for (size_t i = first; i < out->lines.n; i++) {
        if (is_quiet(d, out->lines.v[i].us))
            mem_free(out->lines.v[i].text);
        else
            out->lines.v[kept++] = out->lines.v[i];
    }
    out->lines.n = kept;
    for (size_t i = 0; i < d->notes.lines.n; i++) {
        const struct written *n = &d->notes.lines.v[i];
        if (n->us < from_us || n->us >= to_us)
            continue;
        *vec_add(&out->lines) = (struct written){n->us, n->level, mem_strdup(n->text), d->service};
    }
    pthread_mutex_unlock(&d->lock);
    for (size_t i = first; i < out->lines.n; i++)
        out->lines.v[i].us += d->number;
}

static int by_time(const void *a, const void *b)
{
    const struct written *x = a, *y = b;
    return (x->us > y->us) - (x->us < y->us);
}

struct diary_source {
    struct log_source s;
    const struct log_reading *r;
    const struct shelf *shelf;
    int64_t from_us, to_us; /* what is left to be made: from (inclusive) to (exclusive) */
    struct writings piece;
    size_t at; /* the next of it; OLDER: those before it are left */
};

static void make(struct diary_source *d, int64_t from_us, int64_t to_us)
{
    writings_done(&d->piece);
    d->piece = (struct writings){0};
    for (size_t i = 0; i < d->shelf->diaries.n; i++) {
        int64_t number = d->shelf->diaries.v[i]->number;
        collect(d->shelf->diaries.v[i], from_us - number, to_us - number, &d->piece);
    }
    if (d->piece.lines.n)
        qsort(d->piece.lines.v, d->piece.lines.n, sizeof *d->piece.lines.v, by_time);
    d->at = d->r->newer ? 0 : d->piece.lines.n;
}

/* Following: up to now. */
static void look(struct diary_source *d)
{
    if (d->r->follow)
        d->to_us = clock_wall_ms() * 1000 - BEHIND_US;
}

/* The next piece in the direction; false: all was read. */
static bool turn_page(struct diary_source *d)
{
    look(d);
    if (d->from_us >= d->to_us)
        return false;
    int64_t edge_us = d->r->newer ? d->from_us + PIECE_US : d->to_us - PIECE_US;
    if (d->r->newer) {
        edge_us = edge_us < d->to_us ? edge_us : d->to_us;
        make(d, d->from_us, edge_us);
        d->from_us = edge_us;
    } else {
        edge_us = edge_us > d->from_us ? edge_us : d->from_us;
        make(d, edge_us, d->to_us);
        d->to_us = edge_us;
    }
    d->s.reached_us = edge_us;
    return true;
}

static struct written *take(struct diary_source *d)
{
    if (d->r->newer)
        return d->at < d->piece.lines.n ? &d->piece.lines.v[d->at++] : NULL;
    return d->at ? &d->piece.lines.v[--d->at] : NULL;
}

/* False: it is not meant. */
static bool fill(const struct diary_source *d, const struct written *w, struct log_line *ret_line)
{
    enum line_level most = d->r->query->level;
    if (!log_filter_text(d->r->filter, w->text, strlen(w->text)))
        return false;
    struct log_line l = {.time_us = w->us, .level = w->level};
    l.text = log_clean(w->text, strlen(w->text), &l.cut);
    enum line_level said = LINE_NO_LEVEL;
    l.fields = log_fields_of_text(l.text, strlen(l.text), &said);
    if (l.level == LINE_NO_LEVEL)
        l.level = l.fields ? said : line_level_of_text(l.text, strlen(l.text));
    if (most != LINE_NO_LEVEL && (l.level == LINE_NO_LEVEL || l.level > most)) {
        log_line_done(&l);
        return false;
    }
    l.cursor = mem_printf("%lld", (long long)w->us);
    if (d->shelf->is_journal && strchr(w->service, '/')) /* else the kernel's */
        l.service = mem_strdup(w->service);
    *ret_line = l;
    return true;
}

static int next(struct log_source *s, struct log_line *ret_line)
{
    struct diary_source *d = (struct diary_source *)s;
    for (;;) {
        struct written *w;
        while ((w = take(d)))
            if (fill(d, w, ret_line))
                return LOG_NEXT_LINE;
        if (log_reading_ended(d->r))
            return LOG_NEXT_END;
        if (log_reading_late(d->r))
            return LOG_NEXT_LATE;
        if (!turn_page(d))
            return LOG_NEXT_END;
        if (log_reading_turn_over(d->r) && !d->piece.lines.n)
            return LOG_NEXT_TURN;
    }
}

static void close_source(struct log_source *s)
{
    struct diary_source *d = (struct diary_source *)s;
    writings_done(&d->piece);
    mem_free(d->s.why);
    mem_free(d);
}

static int64_t oldest(const struct shelf *shelf)
{
    int64_t us = INT64_MAX;
    for (size_t i = 0; i < shelf->diaries.n; i++)
        us = shelf->diaries.v[i]->begun_us < us ? shelf->diaries.v[i]->begun_us : us;
    return us;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void set_range(struct diary_source *d, const char *cursor, int64_t time_us)
{
    const struct log_query *q = d->r->query;
    int64_t at_us = 0;
    bool has_cursor = !str_is_empty(cursor) && str_to_i64(cursor, &at_us) == 0;
    int64_t now_us = clock_wall_ms() * 1000;
    d->from_us = later(oldest(d->shelf), q->since_us);
    d->to_us = q->until_us && q->until_us < now_us ? q->until_us + 1 : now_us;
    if (!has_cursor && !time_us)
        return;
    if (d->r->newer) /* after a cursor's line, from a time on */
        d->from_us = later(d->from_us, has_cursor ? at_us + 1 : time_us);
    else if (has_cursor)
        d->to_us = at_us < d->to_us ? at_us : d->to_us;
    else
        d->to_us = time_us + 1 < d->to_us ? time_us + 1 : d->to_us;
}

struct log_source *diary_open(const struct log_reading *r, const struct log_place *p,
                              const char *cursor, int64_t time_us)
{
    struct diary_source *d = mem_alloc(sizeof *d);
    d->s = (struct log_source){
        .next = next, .close = close_source, .fd = -1, .timeout_ms = r->follow ? LOOK_MS : -1};
    d->r = r;
    d->shelf = p->arg;
    set_range(d, cursor, time_us);
    d->s.reached_us = r->newer ? d->from_us : d->to_us;
    return &d->s;
}
