#include "node/series.h"

#include "base/map.h"

#include <assert.h>
#include <math.h>

/* What is needed only when series come or go. */
struct series_tables {
    struct map numbers;           /* "name{labels}" of every series → number + 1 */
    VEC(struct series_def) fresh; /* added, not announced yet */
    uint32_t cap;
    uint8_t *makers; /* by number */
};

struct series *series_new(void)
{
    struct series *s = mem_alloc(sizeof *s);
    s->tables = mem_alloc(sizeof *s->tables);
    return s;
}

static void drop_fresh(struct series_tables *t)
{
    for (size_t i = 0; i < t->fresh.n; i++) {
        mem_free(t->fresh.v[i].name);
        mem_free(t->fresh.v[i].labels);
    }
    vec_done(&t->fresh);
}

void series_reset(struct series *s)
{
    drop_fresh(s->tables);
    map_done(&s->tables->numbers, NULL);
    s->tables->numbers = (struct map){0};
    s->n = s->announced = 0;
}

void series_free(struct series *s)
{
    if (!s)
        return;
    series_reset(s);
    mem_free(s->tables->makers);
    mem_free(s->tables);
    mem_free(s->values);
    mem_free(s);
}

static char *join_labels(const char *labels, const char *extra)
{
    return mem_printf("%s%s%s", labels, *labels && extra ? "," : "", extra ? extra : "");
}

static char *key_of(const char *name, const char *labels)
{
    return mem_printf("%s{%s}", name, labels);
}

uint32_t series_find(const struct series *s, const char *name_and_labels)
{
    uintptr_t known = (uintptr_t)map_get(&s->tables->numbers, name_and_labels);
    return known ? (uint32_t)(known - 1) : SERIES_NONE;
}

static void add_one(struct series *s, const struct series_tmpl *t, const char *labels)
{
    struct series_tables *tables = s->tables;
    struct series_def *d = vec_add(&tables->fresh);
    d->name = mem_strdup(t->name);
    d->labels = join_labels(labels, t->extra);
    AUTO(mem_freep) char *key = key_of(d->name, d->labels);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a number, never followed */
    map_set(&tables->numbers, key, (void *)((uintptr_t)s->n + 1));
    d->kind = t->kind;
    d->help = t->help;
    if (s->n == tables->cap) {
        tables->cap = tables->cap ? tables->cap * 2 : 256;
        s->values = mem_realloc(s->values, tables->cap * sizeof *s->values);
        tables->makers = mem_realloc(tables->makers, tables->cap);
    }
    tables->makers[s->n] = s->maker;
    s->values[s->n++] = NAN;
}

uint32_t series_add(struct series *s, const struct series_tmpl *t, size_t n, const char *labels)
{
    assert(n > 0 && n <= SERIES_GROUP_MAX);
    AUTO(mem_freep) char *first = join_labels(labels, t->extra);
    AUTO(mem_freep) char *key = key_of(t->name, first);
    uint32_t number = series_find(s, key);
    if (number != SERIES_NONE)
        return number;
    if (s->n + n > LIMIT_SERIES)
        return SERIES_NONE;
    number = s->n;
    for (size_t i = 0; i < n; i++)
        add_one(s, &t[i], labels);
    return number;
}

void series_lose(struct series *s, uint32_t first, size_t n)
{
    for (size_t i = 0; first != SERIES_NONE && i < n; i++)
        s->values[first + i] = NAN;
}

void series_lose_made(struct series *s, uint8_t maker)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->tables->makers[i] == maker)
            s->values[i] = NAN;
}

struct series_defs *series_announce(struct series *s)
{
    if (s->announced == s->n)
        return NULL;
    struct series_defs *d = mem_alloc(sizeof *d);
    d->first = s->announced;
    d->n = s->n - s->announced;
    d->v = TAKE(s->tables->fresh.v);
    s->tables->fresh.n = s->tables->fresh.cap = 0;
    s->announced = s->n;
    return d;
}

struct frame *series_frame(const struct series *s, int64_t wall_ms)
{
    struct frame *f = mem_alloc(sizeof *f + s->announced * sizeof f->values[0]);
    f->time_ms = wall_ms;
    f->n = s->announced;
    if (f->n)
        memcpy(f->values, s->values, f->n * sizeof f->values[0]);
    return f;
}

uint32_t series_live(const struct series *s)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < s->n; i++)
        live += !isnan(s->values[i]);
    return live;
}

/* Bytes of the UTF-8 character at `p`, 0 when it is none. */
static size_t utf8_length(const char *p)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    return strnlen(p, n) == n && str_is_utf8(p, n) ? n : 0;
}

static void add_escaped(struct str *labels, const char *value)
{
    for (const char *p = value; *p;) {
        size_t n = utf8_length(p);
        if (*p == '"' || *p == '\\')
            str_add_char(labels, '\\');
        if (n == 0 || (unsigned char)*p < 0x20 || *p == 0x7f)
            str_add_char(labels, '?');
        else
            str_add_n(labels, p, n);
        p += n ? n : 1;
    }
}

void label_add(struct str *labels, const char *name, const char *value)
{
    str_addf(labels, "%s%s=\"", labels->len ? "," : "", name);
    add_escaped(labels, value);
    str_add_char(labels, '"');
}
