#include "node/collector.h"

#include "base/err.h"

enum {
    PAUSE_FIRST_MS = 1000,
    PAUSE_LAST_MS = 60000,
};

/* In the order in which their series are announced. */
extern const struct collector collector_cpu, collector_load, collector_meminfo, collector_vmstat,
    collector_pressure, collector_diskstats, collector_filesystem, collector_netdev,
    collector_sockstat, collector_limits, collector_hwmon, collector_rapl, collector_edac,
    collector_timex, collector_cgroup, collector_nvidia, collector_amd, collector_intel,
    collector_processes, collector_service;

static const struct collector *const house[] = {
    &collector_cpu,      &collector_load,      &collector_meminfo,    &collector_vmstat,
    &collector_pressure, &collector_diskstats, &collector_filesystem, &collector_netdev,
    &collector_sockstat, &collector_limits,    &collector_hwmon,      &collector_rapl,
    &collector_edac,     &collector_timex,     &collector_cgroup,     &collector_nvidia,
    &collector_amd,      &collector_intel,     &collector_processes,  &collector_service,
};

enum running_state {
    RUNNING_CLOSED, /* to be opened at `at_ms` */
    RUNNING_OPEN,   /* read every `every` ticks */
};

struct running {
    const struct collector *collector;
    void *state;
    enum running_state is;
    int64_t at_ms, pause_ms, opened_ms;
    bool told_why; /* it works, but has something to say */
};

struct collectors {
    struct collect *c;
    collectors_source_fn *source;
    void *arg;
    size_t n;
    struct running v[];
};

struct collectors *collectors_new_of(struct collect *c, const struct collector *const *table,
                                     size_t n, collectors_source_fn *source, void *arg)
{
    struct collectors *cs = mem_alloc(sizeof *cs + n * sizeof cs->v[0]);
    cs->c = c;
    cs->source = source;
    cs->arg = arg;
    cs->n = n;
    for (size_t i = 0; i < n; i++) {
        cs->v[i].collector = table[i];
        cs->v[i].state = mem_alloc(table[i]->size);
    }
    return cs;
}

struct collectors *collectors_new(struct collect *c, collectors_source_fn *source, void *arg)
{
    return collectors_new_of(c, house, COUNT_OF(house), source, arg);
}

const struct collector *const *collectors_house(size_t *ret_n)
{
    *ret_n = COUNT_OF(house);
    return house;
}

/* Series know who made them by the place of their collector in the table, from 1. */
static void work_as(struct collectors *cs, const struct running *r)
{
    cs->c->series->maker = (uint8_t)(r - cs->v + 1);
}

static void shut(struct collectors *cs, struct running *r)
{
    r->collector->close(r->state, cs->c);
    series_lose_made(cs->c->series, (uint8_t)(r - cs->v + 1));
    memset(r->state, 0, r->collector->size);
    r->is = RUNNING_CLOSED;
}

void collectors_free(struct collectors *cs)
{
    if (!cs)
        return;
    for (size_t i = 0; i < cs->n; i++) {
        if (cs->v[i].is == RUNNING_OPEN)
            shut(cs, &cs->v[i]);
        mem_free(cs->v[i].state);
    }
    mem_free(cs);
}

static void tell(struct collectors *cs, const struct running *r, enum source_state state,
                 const char *text, const char *hint)
{
    char name[64];
    snprintf(name, sizeof name, "collector/%s", r->collector->name);
    cs->source(cs->arg, name, state, text, hint);
}

static void tell_error(struct collectors *cs, const struct running *r, int error)
{
    const char *why = cs->c->why[0] ? cs->c->why : NULL;
    if (error == -ENOENT || error == -ENODEV)
        tell(cs, r, SOURCE_ABSENT, why, NULL);
    else if (error == -EACCES || error == -EPERM)
        tell(cs, r, SOURCE_DENIED, "Reading is not permitted.",
             "Run as root, or give the service the capability CAP_SYS_PTRACE or "
             "CAP_DAC_READ_SEARCH.");
    else
        tell(cs, r, SOURCE_FAILED, why ? why : err_text(NULL, error),
             "It is tried again by itself.");
}

static void tell_success(struct collectors *cs, struct running *r, bool opens)
{
    bool why = cs->c->why[0];
    if (why)
        tell(cs, r, SOURCE_FAILED, cs->c->why, NULL);
    else if (opens || r->told_why)
        tell(cs, r, SOURCE_OK, NULL, NULL);
    r->told_why = why;
}

static void give_up_for_now(struct collectors *cs, struct running *r, int error)
{
    shut(cs, r);
    bool absent = error == -ENOENT || error == -ENODEV;
    if (cs->c->now_ms - r->opened_ms > PAUSE_LAST_MS)
        r->pause_ms = 0; /* it worked for long: begin with short pauses again */
    int64_t longer = r->pause_ms * 2 < PAUSE_LAST_MS ? r->pause_ms * 2 : PAUSE_LAST_MS;
    r->pause_ms = absent ? PAUSE_LAST_MS : r->pause_ms ? longer : PAUSE_FIRST_MS;
    r->at_ms = cs->c->now_ms + r->pause_ms;
    tell_error(cs, r, error);
}

static int run(struct collectors *cs, struct running *r)
{
    work_as(cs, r);
    cs->c->why[0] = 0;
    if (r->is == RUNNING_CLOSED) {
        r->is = RUNNING_OPEN;
        r->opened_ms = cs->c->now_ms;
        int error = r->collector->open(r->state, cs->c);
        if (error < 0)
            return error;
    }
    return r->collector->read(r->state, cs->c);
}

/* Collectors that read seldom do so in different ticks. */
static bool is_due(const struct collectors *cs, const struct running *r)
{
    if (r->is == RUNNING_CLOSED)
        return cs->c->now_ms >= r->at_ms;
    return (cs->c->tick + (size_t)(r - cs->v)) % r->collector->every == 0;
}

void collectors_tick(struct collectors *cs, int64_t now_ms)
{
    cs->c->now_ms = now_ms;
    cs->c->census = (struct census){0};
    for (size_t i = 0; i < cs->n; i++) {
        struct running *r = &cs->v[i];
        if (!is_due(cs, r))
            continue;
        bool opens = r->is == RUNNING_CLOSED;
        int error = run(cs, r);
        if (error < 0)
            give_up_for_now(cs, r, error);
        else
            tell_success(cs, r, opens);
    }
    cs->c->tick++;
}
