#include "demo/player.h"

#include "base/clock.h"
#include "base/map.h"
#include "node/policy.h"

#include <math.h>
#include <stdio.h>

enum {
    TICK_MS = 1000,
    STEP_MS = 900, /* what a command takes, twice */
    LATENCY_US = 4000,
};
#define RECORDED_AT 1764000000000ll /* when the recordings were made */

/* A service: as it is now, and as it was taken first. */
struct played {
    struct observed *now, *first;
};

struct number {
    bool is_counter, is_fixed;
    double base, value, rate; /* rate: of a counter, a second */
};

/* A command that is being done in appearance. */
struct act {
    struct player *player;
    struct command command;
    struct loop_timer *timer;
    unsigned step;
    struct act *next;
};

struct player {
    struct player_settings settings;
    struct map services; /* of struct played */
    VEC(struct number) numbers;
    bool has_frame;
    int64_t frame_ms; /* recorded */
    unsigned tick;
    VEC(struct check_spec) checks;
    struct map outcomes; /* of struct command_outcome: how commands ended */
    struct policy *policy;
    struct act *acts;
    struct loop_timer *timer;
};

static void tell(struct player *p, struct node_report r)
{
    p->settings.report(p->settings.arg, &r);
}

static void move_time(int64_t *ms)
{
    if (*ms)
        *ms += clock_wall_ms() - RECORDED_AT;
}

/* --- services --- */

static void free_played(void *v)
{
    struct played *s = v;
    observed_free(s->now);
    observed_free(s->first);
    mem_free(s);
}

static void tell_service(struct player *p, const struct played *s)
{
    tell(p, (struct node_report){.kind = REPORT_SERVICE, .service = observed_copy(s->now)});
}

static void take_service(struct player *p, struct observed *o)
{
    struct played *s = map_get(&p->services, o->id);
    move_time(&o->started_ms);
    move_time(&o->ended_ms);
    if (!s) {
        s = mem_alloc(sizeof *s);
        s->first = observed_copy(o);
        map_set(&p->services, o->id, s);
    }
    observed_free(s->now);
    s->now = o;
    tell_service(p, s);
}

static void take_gone(struct player *p, char *id)
{
    struct played *s = map_remove(&p->services, id);
    if (s)
        free_played(s);
    tell(p, (struct node_report){.kind = REPORT_SERVICE_GONE, .gone = id});
}

void player_restore(struct player *p, const char *service)
{
    struct played *s = map_get(&p->services, service);
    if (!s)
        return;
    observed_free(s->now);
    s->now = observed_copy(s->first);
    s->now->started_ms = clock_wall_ms();
    tell_service(p, s);
}

static bool runs(const struct player *p, const char *id)
{
    const struct played *s = map_get(&p->services, id);
    return !s || s->now->run == RUN_RUNNING;
}

/* --- numbers --- */

/* What does not swing: sizes, limits, flags, what a thing is. */
static bool is_fixed(const char *name)
{
    static const char *const parts[] = {"_size", "Total", "_info",  "_limit",       "_max",
                                        "_up",   "_crit", "reboot", "_total_memory"};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strstr(name, parts[i]))
            return true;
    return false;
}

static void take_series(struct player *p, struct series_defs *defs)
{
    if (defs->first == 0)
        p->numbers.n = 0;
    for (uint32_t i = 0; i < defs->n; i++)
        *vec_add(&p->numbers) = (struct number){.is_counter = defs->v[i].kind == SERIES_COUNTER,
                                                .is_fixed = is_fixed(defs->v[i].name),
                                                .base = (double)NAN,
                                                .value = (double)NAN};
    tell(p, (struct node_report){.kind = REPORT_SERIES, .series = defs});
}

static void take_frame(struct player *p, struct frame *f)
{
    double seconds = p->has_frame ? (double)(f->time_ms - p->frame_ms) / 1000 : 0;
    bool follows = seconds > 0 && seconds < 10;
    for (uint32_t i = 0; i < f->n && i < p->numbers.n; i++) {
        struct number *n = &p->numbers.v[i];
        if (n->is_counter && follows && f->values[i] >= n->base)
            n->rate = (f->values[i] - n->base) / seconds;
        n->base = f->values[i];
        if (!n->is_counter || isnan(n->value))
            n->value = n->base;
    }
    p->has_frame = true;
    p->frame_ms = f->time_ms;
    mem_free(f);
}

/* Slow waves of different length, so that no two look alike. */
static double swing(unsigned tick, unsigned i)
{
    double t = (double)tick;
    return sin(t / (7 + i % 23) + i) * 0.6 + sin(t / (61 + i % 37) + 2.0 * i) * 0.4;
}

static void step_number(struct number *n, unsigned tick, unsigned i)
{
    if (n->is_counter)
        n->value += n->rate * (1 + 0.5 * swing(tick, i));
    else if (!n->is_fixed && fabs(n->base) > 1)
        n->value = n->base * (1 + 0.02 * swing(tick, i));
    else
        n->value = n->base;
}

static void tell_frame(struct player *p)
{
    struct frame *f = mem_alloc(sizeof *f + p->numbers.n * sizeof(double));
    f->time_ms = clock_wall_ms();
    f->n = (uint32_t)p->numbers.n;
    for (uint32_t i = 0; i < f->n; i++) {
        step_number(&p->numbers.v[i], p->tick, i);
        f->values[i] = p->numbers.v[i].value;
    }
    tell(p, (struct node_report){.kind = REPORT_FRAME, .frame = f});
}

/* --- checks --- */

/* The service that a check is of, as the node calls it. */
static const char *on_node(const struct player *p, const char *service)
{
    size_t n = strlen(p->settings.node);
    return !strncmp(service, p->settings.node, n) && service[n] == '/' ? service + n + 1 : service;
}

static void tell_check(struct player *p, const struct check_spec *c)
{
    bool up = runs(p, on_node(p, c->service));
    struct check_result *r = mem_alloc(sizeof *r);
    *r = (struct check_result){
        .service = mem_strdup(c->service),
        .state = up ? CHECK_UP : CHECK_DOWN,
        .time_ms = clock_wall_ms(),
        .latency_us = (uint32_t)(LATENCY_US * (1.5 + swing(p->tick, (unsigned)strlen(c->service)))),
        .code = up && c->kind == CHECK_HTTP ? 200 : 0,
        .text = mem_strdup(!up                     ? "connection refused"
                           : c->kind == CHECK_HTTP ? "HTTP 200"
                                                   : "answers")};
    tell(p, (struct node_report){.kind = REPORT_CHECK, .check = r});
}

static void drop_checks(struct player *p)
{
    for (size_t i = 0; i < p->checks.n; i++)
        check_spec_done(&p->checks.v[i]);
    p->checks.n = 0;
}

void player_checks(struct player *p, const struct check_spec *specs, size_t n)
{
    drop_checks(p);
    for (size_t i = 0; i < n; i++) {
        check_spec_copy(vec_add(&p->checks), &specs[i]);
        tell_check(p, &specs[i]);
    }
}

static void tick_checks(struct player *p)
{
    for (size_t i = 0; i < p->checks.n; i++) {
        unsigned every = p->checks.v[i].interval_ms / TICK_MS;
        if (every == 0 || (p->tick + i) % every == 0)
            tell_check(p, &p->checks.v[i]);
    }
}

/* --- commands --- */

static struct command_outcome *outcome_of(const char *id, enum outcome_state state,
                                          const char *step, const char *text)
{
    struct command_outcome *o = mem_alloc(sizeof *o);
    *o = (struct command_outcome){.state = state,
                                  .time_ms = clock_wall_ms(),
                                  .step = mem_strdup(step),
                                  .text = mem_strdup(text),
                                  .output = mem_strdup("")};
    str_copy(o->id, sizeof o->id, id);
    return o;
}

static void free_outcome(void *o)
{
    command_outcome_free(o);
}

static void tell_outcome(struct player *p, const char *id, enum outcome_state state,
                         const char *step, const char *text)
{
    struct command_outcome *kept = map_set(&p->outcomes, id, outcome_of(id, state, step, text));
    command_outcome_free(kept);
    tell(p, (struct node_report){.kind = REPORT_OUTCOME,
                                 .outcome = outcome_of(id, state, step, text)});
}

void player_query(struct player *p, const char *id)
{
    const struct command_outcome *o = map_get(&p->outcomes, id);
    tell(p, (struct node_report){.kind = REPORT_OUTCOME,
                                 .outcome = outcome_of(id, o ? o->state : OUTCOME_UNKNOWN,
                                                       o ? o->step : "", o ? o->text : "")});
}

static void set_run(struct player *p, const char *id, enum observed_run run)
{
    struct played *s = map_get(&p->services, id);
    if (!s)
        return;
    if (run == RUN_RUNNING) {
        player_restore(p, id);
        return;
    }
    s->now->run = run;
    s->now->on_purpose = run == RUN_STOPPED;
    s->now->ended_ms = clock_wall_ms();
    mem_set_str(&s->now->run_text, run == RUN_STOPPED ? "stopped" : "stopping");
    tell_service(p, s);
}

static bool ends_stopped(enum command_verb v)
{
    return v == COMMAND_UNIT_STOP || v == COMMAND_CONTAINER_STOP || v == COMMAND_CONTAINER_KILL;
}

static void end_act(struct act *a)
{
    struct player *p = a->player;
    struct act **at = &p->acts;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    loop_timer_free(a->timer);
    command_done(&a->command);
    mem_free(a);
}

static void on_step(void *arg)
{
    struct act *a = arg;
    struct player *p = a->player;
    const struct command *c = &a->command;
    if (c->verb == COMMAND_MACHINE_REBOOT || c->verb == COMMAND_MACHINE_POWER_OFF) {
        tell_outcome(p, c->id, OUTCOME_DONE, "", "The machine goes down (demonstration).");
        p->settings.reboot(p->settings.arg);
        end_act(a);
        return;
    }
    if (a->step++ == 0) {
        set_run(p, c->target, ends_stopped(c->verb) ? RUN_STOPPED : RUN_STOPPING);
        tell_outcome(p, c->id, OUTCOME_RUNNING, ends_stopped(c->verb) ? "stopping" : "starting",
                     "");
        return;
    }
    if (!ends_stopped(c->verb))
        set_run(p, c->target, RUN_RUNNING);
    tell_outcome(p, c->id, OUTCOME_DONE, "", "Done in 1.8 s (demonstration).");
    end_act(a);
}

void player_command(struct player *p, const struct command *c)
{
    struct err e = {0};
    if (policy_check(p->policy, command_verb_name(c->verb), c->target, &e) < 0) {
        tell_outcome(p, c->id, OUTCOME_REFUSED, "", e.text);
        return;
    }
    struct act *a = mem_alloc(sizeof *a);
    a->player = p;
    command_copy(&a->command, c);
    a->next = p->acts;
    p->acts = a;
    a->timer = loop_timer_new(p->settings.loop, STEP_MS, STEP_MS, on_step, a);
    tell_outcome(p, c->id, OUTCOME_RUNNING, "asked", "");
}

/* --- life --- */

static void tell_policy(struct player *p)
{
    tell(p, (struct node_report){.kind = REPORT_POLICY, .policy = policy_copy(p->policy)});
}

static void on_tick(void *arg)
{
    struct player *p = arg;
    if (p->tick++ == 0)
        tell_policy(p);
    if (p->has_frame)
        tell_frame(p);
    tick_checks(p);
}

void player_take(struct player *p, struct node_report *r)
{
    switch (r->kind) {
    case REPORT_SERVICE:
        take_service(p, r->service);
        return;
    case REPORT_SERVICE_GONE:
        take_gone(p, r->gone);
        return;
    case REPORT_SERIES:
        take_series(p, r->series);
        return;
    case REPORT_FRAME:
        take_frame(p, r->frame);
        return;
    case REPORT_FACTS:
        move_time(&r->facts->boot_ms);
        tell(p, *r);
        return;
    case REPORT_CHECK: /* the hub's own checks are answered */
        node_report_free(r);
        return;
    case REPORT_PROCESSES:
    case REPORT_SOURCE:
    case REPORT_OUTCOME:
    case REPORT_POLICY:
    case REPORT_LOCAL:
        tell(p, *r);
        return;
    }
}

struct player *player_new(const struct player_settings *s)
{
    struct player *p = mem_alloc(sizeof *p);
    p->settings = *s;
    p->policy = policy_default();
    p->timer = loop_timer_new(s->loop, TICK_MS, TICK_MS, on_tick, p);
    return p;
}

void player_free(struct player *p)
{
    if (!p)
        return;
    while (p->acts)
        end_act(p->acts);
    loop_timer_free(p->timer);
    drop_checks(p);
    vec_done(&p->checks);
    vec_done(&p->numbers);
    map_done(&p->services, free_played);
    map_done(&p->outcomes, free_outcome);
    policy_free(p->policy);
    mem_free(p);
}
