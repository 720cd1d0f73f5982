#include "node/systemd-private.h"

#include "node/line.h"
#include "node/mask.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

enum { RECENT_MS = 600000 };

struct unit *unit_new(struct systemd *s, const char *name, const char *path)
{
    struct unit *u = mem_alloc(sizeof *u);
    u->s = s;
    u->name = mem_strdup(name);
    u->path = mem_strdup(path);
    u->type = unit_type_of(name);
    return u;
}

void unit_free(struct unit *u)
{
    if (!u)
        return;
    char *strings[] = {u->name,   u->path,       u->description, u->load,       u->active,
                       u->sub,    u->file_state, u->fragment,    u->result,     u->service_type,
                       u->cgroup, u->command,    u->line,        u->status_text};
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        mem_free(strings[i]);
    unit_forget_lists(u);
    journal_cancel(u->search);
    loop_timer_free(u->wait);
    sd_bus_slot_unref(u->call);
    vec_done(&u->ports);
    observed_free(u->seen);
    mem_free(u);
}

enum unit_type unit_type_of(const char *name)
{
    static const struct {
        const char *suffix;
        enum unit_type type;
    } types[] = {{".service", UNIT_SERVICE},
                 {".socket", UNIT_SOCKET},
                 {".timer", UNIT_TIMER},
                 {".mount", UNIT_MOUNT}};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_ends(name, types[i].suffix))
            return types[i].type;
    return UNIT_OTHER;
}

bool unit_is_up(const char *active)
{
    return active && !str_eq(active, "inactive") && !str_eq(active, "failed");
}

static bool is_enabled(const struct unit *u)
{
    return u->file_state && str_starts(u->file_state, "enabled"); /* -runtime too */
}

static bool is_oneshot(const struct unit *u)
{
    return str_eq(u->service_type, "oneshot");
}

/* Its conditions were met, or not looked at so far. */
static bool applies(const struct unit *u)
{
    return u->condition || !u->condition_us || u->active_us;
}

/* What ran a while ago and was stopped is not gone, even if nothing starts it at boot. */
static bool is_remembered(const struct unit *u)
{
    return u->seen && !str_eq(u->file_state, "transient");
}

bool unit_matters(const struct unit *u)
{
    bool failed = str_eq(u->active, "failed"), up = unit_is_up(u->active);
    if (!u->read || str_eq(u->load, "not-found") || str_eq(u->load, "masked"))
        return false;
    if (failed || unit_is_plumbing(u->name))
        return failed;
    switch (u->type) {
    case UNIT_SERVICE:
        /* A oneshot that did its work, or that does not apply here, is no service. */
        if (is_oneshot(u))
            return is_enabled(u) && up;
        return up || (is_enabled(u) && applies(u)) || is_remembered(u);
    case UNIT_SOCKET:
        return up && u->ports.n;
    case UNIT_TIMER:
    case UNIT_MOUNT:
    case UNIT_OTHER:
        return false;
    }
    return false;
}

static enum observed_run run_of(const struct unit *u)
{
    static const struct {
        const char *active;
        enum observed_run run;
    } runs[] = {{"active", RUN_RUNNING},        {"reloading", RUN_RUNNING},
                {"refreshing", RUN_RUNNING},    {"activating", RUN_STARTING},
                {"deactivating", RUN_STOPPING}, {"failed", RUN_FAILED}};
    if (str_eq(u->active, "activating") && u->sub && str_starts(u->sub, "auto-restart"))
        return RUN_RESTARTING;
    for (size_t i = 0; i < COUNT_OF(runs); i++)
        if (str_eq(u->active, runs[i].active))
            return runs[i].run;
    return RUN_STOPPED;
}

/* The main process was ended by SIGTERM, and it was not systemd that sent it. */
static bool ended_from_outside(const struct unit *u)
{
    return !u->asked && u->exit_code == CLD_KILLED && u->exit_status == SIGTERM;
}

struct journal_run unit_run(const struct unit *u)
{
    struct journal_run run = {.unit = u->name, .since_us = u->main_start_us};
    str_copy(run.invocation, sizeof run.invocation, u->invocation);
    return run;
}

char *unit_failure(const struct unit *u)
{
    static const struct {
        const char *result, *text;
    } texts[] = {
        {"timeout", "it did not start or stop in time"},
        {"watchdog", "it hung: its watchdog was not fed"},
        {"start-limit-hit", "it failed so often that systemd gave up"},
        {"oom-kill", "out of memory: the kernel killed it"},
        {"core-dump", "it crashed"},
        {"protocol", "it did not keep to systemd's protocol"},
        {"resources", "systemd could not set it up"},
        {"exec-condition", "its ExecCondition= said no"},
        {"service-start-limit-hit", "its service failed so often that systemd gave up"},
        {"trigger-limit-hit", "it was triggered too often"},
    };
    if (!u->result || str_eq(u->result, "success"))
        return ended_from_outside(u) ? mem_strdup("ended by SIGTERM, not by systemctl") : NULL;
    if (str_eq(u->result, "exit-code"))
        return mem_printf("exit code %d", u->exit_status);
    if (str_eq(u->result, "signal"))
        return mem_printf("killed by SIG%s",
                          sigabbrev_np(u->exit_status) ? sigabbrev_np(u->exit_status) : "?");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (str_eq(u->result, texts[i].result))
            return mem_strdup(texts[i].text);
    return mem_strdup(u->result);
}

/* The program's own last error tells most; of a start limit both are told. */
static char *reason(const struct unit *u, enum observed_run run, int64_t wall_ms)
{
    bool lately = wall_ms - (int64_t)(u->main_start_us / 1000) < RECENT_MS;
    if (run == RUN_RUNNING && u->restarts && lately) /* of interest while it may be looping */
        return mem_strdup(u->line);
    if (run != RUN_FAILED && run != RUN_RESTARTING && run != RUN_STOPPED)
        return NULL;
    char *failure = unit_failure(u);
    if (!u->line || run == RUN_STOPPED)
        return failure;
    if (str_eq(u->result, "start-limit-hit")) {
        char *both = mem_printf("%s: %s", failure, u->line);
        mem_free(failure);
        return both;
    }
    mem_free(failure);
    return mem_strdup(u->line);
}

static void add_exit(const struct unit *u, struct observed *o)
{
    if (o->run == RUN_RUNNING || o->run == RUN_STARTING || !u->main_exit_us || !u->exit_code)
        return;
    o->has_exit = true;
    o->exit_code = u->exit_code == CLD_EXITED ? u->exit_status : 128 + u->exit_status;
}

struct observed *unit_observe(const struct unit *u, int64_t wall_ms)
{
    struct observed *o = mem_alloc(sizeof *o);
    o->id = mem_printf("systemd/%s", u->name);
    o->kind = OBSERVED_UNIT;
    o->engine = mem_strdup("systemd");
    o->name = mem_strdup(u->name);
    o->description = str_is_empty(u->description) ? NULL : mem_strdup(u->description);
    o->run = run_of(u);
    o->run_text = mem_printf("%s (%s)", u->active ? u->active : "?", u->sub ? u->sub : "?");
    bool runs = unit_is_up(u->active);
    o->started_ms = (int64_t)((u->main_start_us ? u->main_start_us : u->active_us) / 1000);
    o->ended_ms = runs && o->run != RUN_RESTARTING ? 0 : (int64_t)(u->inactive_us / 1000);
    add_exit(u, o);
    o->enabled = is_enabled(u);
    o->oom_killed = str_eq(u->result, "oom-kill");
    o->on_purpose = o->run == RUN_STOPPED && !ended_from_outside(u);
    o->why = reason(u, o->run, wall_ms);
    o->restarts = u->restarts;
    o->unit_file = str_is_empty(u->fragment) ? NULL : mem_strdup(u->fragment);
    o->command = mem_strdup(u->command);
    o->main_pid = (int)u->main_pid;
    o->cgroup = str_is_empty(u->cgroup) ? NULL : mem_strdup(u->cgroup);
    return o;
}
