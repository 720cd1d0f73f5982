/* What each service uses: the best of what its cgroup, its processes and its engine tell.
 *
 * Those are read in turns and seldom, while frames go out each tick. So the CPU counter runs evenly
 * from one reading to the next, one reading behind: whoever subtracts neighbours gets neither twice
 * the truth nor nothing. */
#include "node/collector.h"

#include <math.h>

static const struct usage *choose_cpu(const struct owner *w)
{
    for (unsigned i = 0; i < USAGE_SOURCES; i++)
        if (!isnan(w->usage[i].cpu))
            return &w->usage[i];
    return NULL;
}

static double choose_memory(const struct owner *w)
{
    for (unsigned i = 0; i < USAGE_SOURCES; i++)
        if (!isnan(w->usage[i].memory))
            return w->usage[i].memory;
    return (double)NAN;
}

/* Takes a reading that is new; begins anew when another source speaks or the counter did. */
static void follow(struct owner *w, const struct usage *u)
{
    struct pace *p = &w->pace;
    if (!u || u != p->source || u->cpu < p->last)
        *p = (struct pace){.source = u, .before = (double)NAN};
    else if (u->read_ms != p->last_ms) {
        p->before = p->last;
        p->before_ms = p->last_ms;
    }
    if (u) {
        p->last = u->cpu;
        p->last_ms = u->read_ms;
    }
}

static double counter_at(const struct pace *p, int64_t now_ms)
{
    if (!p->source || isnan(p->before))
        return (double)NAN;
    double part = (double)(now_ms - p->last_ms) / (double)(p->last_ms - p->before_ms);
    return part < 1 ? p->before + (p->last - p->before) * part : p->last;
}

static int service_open(void *state, struct collect *c)
{
    (void)state, (void)c;
    return 0;
}

static int service_read(void *state, struct collect *c)
{
    (void)state;
    for (size_t i = 0; i < c->owners->v.n; i++) {
        struct owner *w = c->owners->v.v[i];
        double memory = choose_memory(w);
        follow(w, choose_cpu(w));
        if (w->series == SERIES_NONE && isnan(memory) && !w->pace.source)
            continue;
        owner_add_series(w, c->series);
        double *to = series_at(c->series, w->series);
        to[OWNER_CPU] = counter_at(&w->pace, c->now_ms);
        to[OWNER_MEMORY] = memory;
    }
    return 0;
}

static void service_close(void *state, struct collect *c)
{
    (void)state, (void)c;
}

extern const struct collector collector_service;
const struct collector collector_service = {
    .name = "service",
    .every = 1,
    .size = 1, /* it remembers nothing itself */
    .open = service_open,
    .read = service_read,
    .close = service_close,
};
