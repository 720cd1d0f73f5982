#include "node/node-private.h"

#include "base/clock.h"
#include "base/map.h"
#include "node/check.h"
#include "node/collector.h"
#include "node/commands.h"
#include "node/docker.h"
#include "node/facts.h"
#include "node/gpu.h"
#include "node/inspect-private.h"
#include "node/listeners.h"
#include "node/logs-module.h"
#include "node/loki.h"
#include "node/rcd.h"
#include "node/systemd.h"

#include <assert.h>

enum {
    FACTS_EVERY_MS = 30000,
    SERIES_RENEW_FROM = 4096, /* dead series are worth starting anew only when there are many */
};

/* Everything that watches something, in the order of starting. */
static const struct node_module *const modules[] = {
    &commands_module,  /* what is done here; it ends first, with its calls to those below */
    &inspect_module,   /* what is asked; it ends before those that it asks */
    &docker_module,    /* containers */
    &systemd_module,   /* units */
    &rcd_module,       /* what does the same where there is no systemd */
    &listeners_module, /* sockets: theirs, and those of nobody */
    &check_module,     /* what the cluster orders */
    &loki_module,      /* logs that are pushed; it ends before the readers */
    &logs_module,      /* what people read */
    NULL,              /* ends the list */
};

struct node_core {
    struct collect collect;
    struct gpus gpus;
    struct collectors *collectors;
    VEC(struct source_report *) sources; /* as last told */
    struct str facts;                    /* facts_print() of what was last told */
    int64_t facts_at_ms;
    unsigned facts_gpus; /* gpus.generation of those */
    bool running;
};

/* --- reports --- */

void node_emit(struct node *n, struct node_report r)
{
    node_report_mend(&r);
    if (r.kind == REPORT_SERVICE)
        owners_set(n->owners, r.service);
    else if (r.kind == REPORT_SERVICE_GONE)
        owners_remove(n->owners, r.gone);
    n->settings.report(n->settings.arg, &r);
}

static void source_free(struct source_report *s)
{
    node_report_free(&(struct node_report){.kind = REPORT_SOURCE, .source = s});
}

static struct source_report *source_new(const char *name, enum source_state state, const char *text,
                                        const char *hint, bool services_complete)
{
    struct source_report *s = mem_alloc(sizeof *s);
    s->name = mem_strdup(name);
    s->state = state;
    s->text = mem_strdup(text);
    s->hint = mem_strdup(hint);
    s->services_complete = services_complete;
    return s;
}

/* Some ask each few seconds: a handful of names needs no hashing. */
static struct source_report **told_of(struct node *n, const char *name)
{
    for (size_t i = 0; i < n->core->sources.n; i++)
        if (str_eq(n->core->sources.v[i]->name, name))
            return &n->core->sources.v[i];
    return NULL;
}

bool node_source(struct node *n, const char *name, enum source_state state, const char *text,
                 const char *hint, bool services_complete)
{
    struct source_report **told = told_of(n, name);
    if (!services_complete && told && (*told)->state == state && str_eq((*told)->text, text) &&
        str_eq((*told)->hint, hint))
        return false;
    if (told)
        source_free(*told);
    else
        told = vec_add(&n->core->sources);
    *told = source_new(name, state, text, hint, false);
    node_emit(n, (struct node_report){
                     .kind = REPORT_SOURCE,
                     .source = source_new(name, state, text, hint, services_complete),
                 });
    return true;
}

static void on_collector(void *arg, const char *name, enum source_state state, const char *text,
                         const char *hint)
{
    node_source(arg, name, state, text, hint, false);
}

static void on_processes(void *arg, struct process_table *t)
{
    node_emit(arg, (struct node_report){.kind = REPORT_PROCESSES, .processes = t});
}

/* --- lookups --- */

const char *node_path(const struct node *n, const char *path, char ret_path[NODE_PATH_MAX])
{
    int len = snprintf(ret_path, NODE_PATH_MAX, "%s%s", n->settings.root, path);
    if (len < 0 || len >= NODE_PATH_MAX)
        ret_path[0] = 0;
    return ret_path;
}

const char *node_service_of_pid(struct node *n, int pid)
{
    char cgroup[CGROUP_PATH_MAX];
    const struct owner *w = owners_by_pid(n->owners, pid);
    if (!w && cgroup_of_pid(n->settings.root, pid, cgroup) == 0)
        w = owners_by_cgroup(n->owners, cgroup);
    return w ? w->id : NULL;
}

void *node_module_state(struct node *n, const struct node_module *module)
{
    for (size_t i = 0; modules[i]; i++)
        if (modules[i] == module)
            return n->modules[i];
    return NULL;
}

/* --- the tick --- */

static void report_facts(struct node *n, int64_t now)
{
    struct node_core *core = n->core;
    if (now < core->facts_at_ms && core->facts_gpus == core->gpus.generation)
        return;
    core->facts_at_ms = now + FACTS_EVERY_MS;
    core->facts_gpus = core->gpus.generation;
    struct node_report r = {.kind = REPORT_FACTS,
                            .facts = facts_gather(n->settings.root, &core->gpus)};
    AUTO(str_done) struct str text = {0};
    facts_print(r.facts, &text);
    if (str_eq(str_text(&core->facts), text.p)) {
        node_report_free(&r);
        return;
    }
    str_clear(&core->facts);
    str_add(&core->facts, text.p);
    node_emit(n, r);
}

/* Containers with made-up names leave their series behind: when most are dead, all begin anew. */
static void renew_series(struct node *n)
{
    struct node_core *core = n->core;
    if (n->series->n < SERIES_RENEW_FROM || n->ticks % 600 != 0 ||
        series_live(n->series) > n->series->n / 2)
        return;
    collectors_free(core->collectors);
    series_reset(n->series);
    owners_forget_series(n->owners);
    core->collectors = collectors_new(&core->collect, on_collector, n);
}

static void report_metrics(struct node *n, int64_t now)
{
    renew_series(n);
    collectors_tick(n->core->collectors, now);
    struct series_defs *fresh = series_announce(n->series);
    if (fresh)
        node_emit(n, (struct node_report){.kind = REPORT_SERIES, .series = fresh});
    node_emit(n, (struct node_report){.kind = REPORT_FRAME,
                                      .frame = series_frame(n->series, clock_wall_ms())});
}

static void on_tick(void *arg)
{
    struct node *n = arg;
    int64_t now = clock_mono_ms();
    report_metrics(n, now);
    report_facts(n, now);
    for (size_t i = 0; modules[i]; i++)
        if (modules[i]->tick)
            modules[i]->tick(n->modules[i], now);
    n->ticks++;
}

/* --- life --- */

static void copy_settings(struct node_settings *to, const struct node_settings *from)
{
    *to = *from;
    to->root = mem_strdup(from->root ? from->root : "");
    to->docker_host = mem_strdup(from->docker_host);
    to->dbus_address = mem_strdup(from->dbus_address);
    to->nvml_library = mem_strdup(from->nvml_library);
    to->journal = mem_strdup(from->journal);
    to->policy = mem_strdup(from->policy);
    to->state_dir = mem_strdup(from->state_dir);
    to->unraid_url = mem_strdup(from->unraid_url);
    to->unraid_key = mem_strdup(from->unraid_key);
    to->loki.url = mem_strdup(from->loki.url);
    to->loki.tenant = mem_strdup(from->loki.tenant);
    to->loki.credentials = mem_strdup(from->loki.credentials);
    to->loki.host = mem_strdup(from->loki.host);
    if (!to->loki.spool_mib)
        to->loki.spool_mib = LOKI_SPOOL_USUAL_MIB;
    if (to->interval_ms == 0)
        to->interval_ms = 1000;
}

struct node *node_new(struct loop *loop, const struct node_settings *settings)
{
    struct node *n = mem_alloc(sizeof *n);
    struct node_core *core = n->core = mem_alloc(sizeof *core);
    n->loop = loop;
    copy_settings(&n->settings, settings);
    n->series = series_new();
    n->owners = owners_new();
    core->collect = (struct collect){
        .series = n->series,
        .root = n->settings.root,
        .owners = n->owners,
        .loop = loop,
        .nvml_library = n->settings.nvml_library,
        .gpus = &core->gpus,
        .on_processes = on_processes,
        .arg = n,
    };
    n->census = &core->collect.census;
    core->collectors = collectors_new(&core->collect, on_collector, n);
    return n;
}

/* Ticks fall on whole seconds of the wall clock, so that the frames of all nodes line up. */
static uint64_t until_tick(uint32_t interval_ms)
{
    return interval_ms - (uint64_t)clock_wall_ms() % interval_ms;
}

static void set_ticks(struct node *n)
{
    loop_timer_free(n->timer);
    n->timer = loop_timer_new(n->loop, until_tick(n->settings.interval_ms), n->settings.interval_ms,
                              on_tick, n);
}

void node_set_interval(struct node *n, uint32_t interval_ms)
{
    if (n->settings.interval_ms == interval_ms)
        return;
    n->settings.interval_ms = interval_ms;
    set_ticks(n);
}

void node_start(struct node *n)
{
    static_assert(COUNT_OF(modules) <= NODE_MODULES_MAX, "node.modules is too small");
    n->core->running = true;
    report_facts(n, clock_mono_ms());
    for (size_t i = 0; modules[i]; i++)
        n->modules[i] = modules[i]->start(n);
    on_tick(n);
    set_ticks(n);
}

void node_free(struct node *n)
{
    if (!n)
        return;
    loop_timer_free(n->timer);
    for (size_t i = 0; n->core->running && modules[i]; i++)
        modules[i]->stop(n->modules[i]);
    n->core->collect.loop = NULL;
    collectors_free(n->core->collectors);
    series_free(n->series);
    owners_free(n->owners);
    gpus_done(&n->core->gpus);
    kbuf_done(&n->core->collect.buf);
    for (size_t i = 0; i < n->core->sources.n; i++)
        source_free(n->core->sources.v[i]);
    vec_done(&n->core->sources);
    str_done(&n->core->facts);
    mem_free(n->core);
    mem_free((char *)n->settings.root);
    mem_free((char *)n->settings.docker_host);
    mem_free((char *)n->settings.dbus_address);
    mem_free((char *)n->settings.nvml_library);
    mem_free((char *)n->settings.journal);
    mem_free((char *)n->settings.policy);
    mem_free((char *)n->settings.state_dir);
    mem_free((char *)n->settings.unraid_url);
    mem_free((char *)n->settings.unraid_key);
    mem_free((char *)n->settings.loki.url);
    mem_free((char *)n->settings.loki.tenant);
    mem_free((char *)n->settings.loki.credentials);
    mem_free((char *)n->settings.loki.host);
    mem_free(n);
}
