#include "demo/figures.h"

#include "base/map.h"

#include <math.h>

struct figure {
    char *series; /* "name{labels}" */
    bool is_counter;
    double base, value, rate, swing; /* rate: of a counter, a second */
};

struct figures {
    VEC(struct figure *) v;
    struct map by_name;
    size_t announced;
    bool has_frame;
    int64_t frame_ms; /* recorded */
    unsigned tick;
};

enum { RECORDED_APART_MS = 10 * 1000 };

struct figures *figures_new(void)
{
    return mem_alloc(sizeof(struct figures));
}

void figures_free(struct figures *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->v.n; i++) {
        mem_free(f->v.v[i]->series);
        mem_free(f->v.v[i]);
    }
    vec_done(&f->v);
    map_done(&f->by_name, NULL);
    mem_free(f);
}

/* What does not swing unless it is told: sizes, limits, flags, what a thing is. */
static bool is_fixed(const char *name)
{
    static const char *const parts[] = {"_size",         "Total",       "_info", "_limit",
                                        "_max",          "_up",         "_crit", "reboot",
                                        "_total_memory", "_filesystem_"};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strstr(name, parts[i]))
            return true;
    return false;
}

static struct figure *named(struct figures *f, const char *series)
{
    struct figure *g = map_get(&f->by_name, series);
    if (g)
        return g;
    g = mem_alloc(sizeof *g);
    g->series = mem_strdup(series);
    g->base = g->value = (double)NAN;
    *vec_add(&f->v) = g;
    map_set(&f->by_name, series, g);
    return g;
}

void figures_define(struct figures *f, const struct series_defs *defs)
{
    for (uint32_t i = 0; i < defs->n; i++) {
        const struct series_def *d = &defs->v[i];
        AUTO(mem_freep)
        char *series = *d->labels ? mem_printf("%s{%s}", d->name, d->labels) : mem_strdup(d->name);
        struct figure *g = named(f, series);
        g->is_counter = d->kind == SERIES_COUNTER;
        g->swing = g->is_counter ? 0.5 : is_fixed(d->name) ? 0 : 0.02;
    }
}

void figures_take(struct figures *f, const struct frame *frame)
{
    double seconds = f->has_frame ? (double)(frame->time_ms - f->frame_ms) / 1000 : 0;
    bool follows = seconds > 0 && seconds < RECORDED_APART_MS / 1000.0;
    for (uint32_t i = 0; i < frame->n && i < f->v.n; i++) {
        struct figure *g = f->v.v[i];
        double v = frame->values[i];
        if (isnan(v))
            continue;
        if (g->is_counter && follows && v >= g->base)
            g->rate = (v - g->base) / seconds;
        g->base = v;
        if (!g->is_counter || isnan(g->value))
            g->value = v;
    }
    f->has_frame = true;
    f->frame_ms = frame->time_ms;
}

void figures_add(struct figures *f, const char *series, double value, double rate, double swing)
{
    struct figure *g = named(f, series);
    AUTO(mem_freep) char *name = mem_strndup(series, strcspn(series, "{"));
    g->is_counter = str_ends(name, "_total");
    g->base = g->value = value;
    g->rate = rate;
    g->swing = swing;
}

static double number_at(const json_t *list, size_t i)
{
    const json_t *v = json_array_get(list, i);
    return v ? json_number_value(v) : 0;
}

void figures_add_all(struct figures *f, const json_t *series)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *)series, name, v)
        figures_add(f, name, number_at(v, 0), number_at(v, 1), number_at(v, 2));
}

bool figures_set(struct figures *f, const char *series, double value)
{
    struct figure *g = map_get(&f->by_name, series);
    if (!g)
        return false;
    if (g->is_counter)
        g->rate = value;
    else
        g->base = g->value = value;
    return true;
}

double figures_get(const struct figures *f, const char *series)
{
    const struct figure *g = map_get(&f->by_name, series);
    return g ? g->base : (double)NAN;
}

static struct series_def define(const struct figure *g)
{
    size_t name = strcspn(g->series, "{"), all = strlen(g->series);
    struct series_def d = {.help = "Of a demonstration."};
    d.name = mem_strndup(g->series, name);
    d.labels = name < all ? mem_strndup(g->series + name + 1, all - name - 2) : mem_strdup("");
    d.kind = g->is_counter ? SERIES_COUNTER : SERIES_GAUGE;
    return d;
}

struct series_defs *figures_announce(struct figures *f)
{
    uint32_t first = (uint32_t)f->announced, n = (uint32_t)f->v.n - first;
    if (!n)
        return NULL;
    struct series_defs *d = mem_alloc(sizeof *d);
    *d = (struct series_defs){.first = first, .n = n, .v = mem_array(n, sizeof *d->v)};
    for (uint32_t i = 0; i < n; i++)
        d->v[i] = define(f->v.v[first + i]);
    f->announced = f->v.n;
    return d;
}

/* -1 … 1, the same for the same two. */
static double noise_at(unsigned n, unsigned i)
{
    uint64_t z = ((uint64_t)n << 32 | i) + 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)(z >> 11) / 4503599627370496.0 - 1;
}

/* Noise that changes from one value to the next within `period` ticks. */
static double noise(unsigned tick, unsigned period, unsigned i)
{
    double part = (double)(tick % period) / period;
    double smooth = part * part * (3 - 2 * part);
    double a = noise_at(tick / period, i), b = noise_at(tick / period + 1, i);
    return a + (b - a) * smooth;
}

double figures_swing(unsigned tick, unsigned i)
{
    return noise(tick, 97 + i % 53, i) * 0.5 + noise(tick, 19 + i % 11, i + 1000003) * 0.3 +
           noise(tick, 3, i + 2000003) * 0.2;
}

static void step(struct figure *g, unsigned tick, unsigned i)
{
    double by = g->swing == 0 ? 1 : 1 + g->swing * figures_swing(tick, i);
    if (g->is_counter)
        g->value += g->rate * by;
    else
        g->value = g->base * by;
}

struct frame *figures_step(struct figures *f, int64_t wall_ms)
{
    if (!f->v.n)
        return NULL;
    struct frame *frame = mem_alloc(sizeof *frame + f->v.n * sizeof(double));
    frame->time_ms = wall_ms;
    frame->n = (uint32_t)f->v.n;
    f->tick++;
    for (uint32_t i = 0; i < frame->n; i++) {
        step(f->v.v[i], f->tick, i);
        frame->values[i] = f->v.v[i]->value;
    }
    return frame;
}
