/* CPU and memory as the engine tells them, for containers whose cgroups and processes can't be
 * seen: hydrad itself in a container, rootless engines, a socket forwarded from elsewhere. An
 * answer costs the engine milliseconds, so it is asked seldom, and for few at once. */
#include "node/docker-private.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>

enum {
    AT_ONCE = 2,
    EVERY_MS = 10000,
    EACH_MS = 500, /* a round takes at least so long for each container */
};

static struct owner *owner_of(const struct entry *x)
{
    return x->told ? owners_by_id(x->engine->node->owners, x->told) : NULL;
}

static bool is_known(const struct owner *w)
{
    const struct usage *cgroup = &w->usage[USAGE_CGROUP], *sum = &w->usage[USAGE_PROCESSES];
    return !(isnan(cgroup->cpu) && isnan(sum->cpu)) &&
           !(isnan(cgroup->memory) && isnan(sum->memory));
}

static void forget(const struct entry *x)
{
    struct owner *w = owner_of(x);
    if (w)
        owner_unused(w, USAGE_ENGINE);
}

static void on_stats(void *arg, const struct http_answer *a)
{
    struct entry *x = arg;
    struct engine *e = x->engine;
    struct owner *w = owner_of(x);
    struct docker_stats s;
    x->stats = NULL;
    e->measuring--;
    if (w && !a->error && a->status == 200 && docker_parse_stats(a->body, a->body_len, &s) == 0)
        owner_used(w, USAGE_ENGINE, s.cpu_seconds, s.memory, clock_mono_ms());
    else
        forget(x);
    engine_measure_on(e);
}

static int measure(struct entry *x)
{
    char path[160];
    snprintf(path, sizeof path, "/containers/%s/stats?stream=false&one-shot=true", x->id);
    x->stats_due = false;
    int r = engine_get(x->engine, path, on_stats, x, &x->stats);
    if (r == 0)
        x->engine->measuring++;
    return r;
}

void engine_measure_on(struct engine *e)
{
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        if (e->measuring >= AT_ONCE)
            return;
        if (x->stats_due && !x->stats && measure(x) < 0)
            return;
    }
}

void engine_measure(struct engine *e, int64_t now_ms)
{
    int64_t n = 0;
    if (e->measuring || now_ms < e->measure_at_ms)
        return;
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        const struct owner *w = owner_of(x);
        x->stats_due = w && x->c->seen->run == RUN_RUNNING && !is_known(w);
        if (!x->stats_due)
            forget(x);
        n += x->stats_due;
    }
    e->measure_at_ms = now_ms + (n * EACH_MS > EVERY_MS ? n * EACH_MS : EVERY_MS);
    engine_measure_on(e);
}

void engine_measure_stop(struct engine *e)
{
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        http_call_cancel(TAKE(x->stats));
        x->stats_due = false;
        forget(x);
    }
    e->measuring = 0;
    e->measure_at_ms = 0;
}
