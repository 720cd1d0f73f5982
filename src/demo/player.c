#include "demo/player-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"

#include <stdio.h>

enum {
    BEFORE_MS = 15 * 60 * 1000,
    HISTORY_DAYS = 7,        /* of logs */
    HEALTHY_AFTER_MS = 4000, /* of a container that was started */
    BREAKS_AFTER_MS = 2500,
    FAILS_AFTER_MS = 1200,  /* it says so in its log */
    TRIES_AGAIN_MS = 10000, /* RestartSec= */
    FIRST_PID = 2400,
    PROCESSES_EVERY = 3, /* ticks */
    COMPLAIN_EVERY = 9,  /* ticks: of a full store */
    US = 1000,           /* of a millisecond */
};

void player_tell(struct player *p, struct node_report r)
{
    p->settings.report(p->settings.arg, &r);
}

const json_t *player_scenery(const struct player *p, const char *key)
{
    return json_object_get(p->settings.scenery, key);
}

/* --- services --- */

static void free_played(void *v)
{
    struct played *s = v;
    observed_free(s->now);
    observed_free(s->first);
    diary_free(s->diary);
    vec_done(&s->shelf.diaries);
    mem_free(s);
}

struct played *player_find(struct player *p, const char *id)
{
    return map_get(&p->services, id);
}

void player_tell_service(struct player *p, const struct played *s)
{
    player_tell(p, (struct node_report){.kind = REPORT_SERVICE, .service = observed_copy(s->now)});
}

static struct diary *new_diary(struct player *p, const char *id)
{
    const struct lines *l = p->settings.lines;
    return diary_new(l ? lines_of(l, p->settings.node, id) : NULL, id, p->n_diaries++, p->first_us);
}

/* As it was when it was made: pids of what was not recorded are given, and its log begins. */
static struct played *introduce(struct player *p, const struct observed *o)
{
    struct played *s = mem_alloc(sizeof *s);
    s->first = observed_copy(o);
    s->cast = json_object_get(player_scenery(p, "services"), o->id);
    s->pid = o->main_pid ? o->main_pid : (p->next_pid += 3);
    s->diary = new_diary(p, o->id);
    *vec_add(&s->shelf.diaries) = s->diary;
    if (o->started_ms)
        diary_say(s->diary, LINES_START, o->started_ms * US);
    if (o->kind == OBSERVED_UNIT)
        *vec_add(&p->journal.diaries) = s->diary;
    map_set(&p->services, o->id, s);
    return s;
}

static void take_service(struct player *p, struct observed *o)
{
    struct played *s = map_get(&p->services, o->id);
    player_move_time(&o->started_ms);
    player_move_time(&o->ended_ms);
    if (!s)
        s = introduce(p, o);
    observed_free(s->now);
    s->now = o;
    player_tell_service(p, s);
}

/* Its log may still be read, so it is kept. */
static void take_gone(struct player *p, char *id)
{
    struct played *s = map_remove(&p->services, id);
    if (s)
        *vec_add(&p->gone) = s;
    player_tell(p, (struct node_report){.kind = REPORT_SERVICE_GONE, .gone = id});
}

void player_drop(struct player *p, struct played *s)
{
    take_gone(p, mem_strdup(s->now->id));
}

static bool is_unit(const struct played *s)
{
    return s->now->kind == OBSERVED_UNIT;
}

static void set_run(struct player *p, struct played *s, enum observed_run run, const char *text)
{
    s->now->run = run;
    mem_set_str(&s->now->run_text, text);
    player_tell_service(p, s);
    load_follow(p);
}

void player_stop(struct player *p, struct played *s)
{
    int64_t now_ms = clock_wall_ms();
    diary_quiet(s->diary, now_ms * US);
    diary_say(s->diary, LINES_STOP, now_ms * US);
    s->now->on_purpose = true;
    s->now->ended_ms = now_ms;
    s->now->has_exit = true;
    s->now->exit_code = 0;
    s->now->main_pid = 0;
    s->now->health = HEALTH_NONE;
    mem_set_str(&s->now->why, NULL);
    set_run(p, s, RUN_STOPPED, is_unit(s) ? "inactive (dead)" : "Exited (0) 1 second ago");
}

void player_pause(struct player *p, struct played *s, bool paused)
{
    int64_t now_us = clock_wall_ms() * US;
    if (paused)
        diary_quiet(s->diary, now_us);
    else
        diary_loud(s->diary, now_us);
    set_run(p, s, paused ? RUN_PAUSED : RUN_RUNNING, paused ? "Up 2 days (Paused)" : "Up 2 days");
}

bool player_is_broken(const struct player *p, const char *id)
{
    return p->broken && str_eq(p->broken, id);
}

static void set_started(struct played *s, int64_t now_ms, int pid)
{
    struct observed *o = s->now;
    o->started_ms = now_ms;
    o->ended_ms = 0;
    o->has_exit = o->on_purpose = o->oom_killed = false;
    o->exit_code = 0;
    s->pid = pid;
    o->main_pid = s->first->main_pid ? pid : 0;
    for (size_t i = 0; is_unit(s) && i < o->ports.n; i++)
        o->ports.v[i].pid = pid;
    mem_set_str(&o->why, NULL);
}

void player_start(struct player *p, struct played *s)
{
    int64_t now_ms = clock_wall_ms();
    set_started(s, now_ms, p->next_pid += 7);
    diary_quiet(s->diary, now_ms * US);
    if (!player_is_broken(p, s->now->id)) {
        diary_loud(s->diary, diary_say(s->diary, LINES_START, now_ms * US));
    } else {
        diary_say(s->diary, LINES_FAIL, (now_ms + FAILS_AFTER_MS) * US);
    }
    s->now->health = s->first->health == HEALTH_NONE ? HEALTH_NONE : HEALTH_STARTING;
    set_run(p, s, RUN_RUNNING, is_unit(s) ? "active (running)" : "Up 1 second");
}

void player_fail(struct player *p, struct played *s)
{
    int64_t now_ms = clock_wall_ms();
    struct observed *o = s->now;
    diary_quiet(s->diary, now_ms * US);
    diary_note(s->diary, now_ms * US, LINE_WARNING,
               "Main process exited, code=exited, status=1/FAILURE");
    o->ended_ms = now_ms;
    o->has_exit = true;
    o->exit_code = 1;
    o->main_pid = 0;
    o->restarts++;
    mem_set_str(&o->why, "ImportError: libstdc++.so.6: cannot open shared object file");
    set_run(p, s, RUN_RESTARTING, "activating (auto-restart)");
}

/* --- what the script does --- */

void player_note_kernel(struct player *p, enum line_level level, const char *text)
{
    diary_note(p->kernel, clock_wall_ms() * US, level, text);
}

static void tell_local(struct player *p, const char *verb, const char *target, const char *text,
                       int64_t time_ms)
{
    struct local_action *l = mem_alloc(sizeof *l);
    l->user = mem_strdup("typhon");
    l->uid = 1000;
    l->verb = mem_strdup(verb);
    l->target = mem_strdup(target);
    l->argument = mem_strdup("");
    l->outcome = mem_alloc(sizeof *l->outcome);
    *l->outcome = (struct command_outcome){.state = OUTCOME_DONE,
                                           .time_ms = time_ms,
                                           .step = mem_strdup(""),
                                           .text = mem_strdup(text),
                                           .output = mem_strdup("")};
    rand_id(l->outcome->id);
    player_tell(p, (struct node_report){.kind = REPORT_LOCAL, .local = l});
}

void player_tell_local(struct player *p, const char *verb, const char *target, const char *text)
{
    tell_local(p, verb, target, text, clock_wall_ms());
}

void player_rebuild(struct player *p, const char *unit)
{
    struct played *s = player_find(p, unit);
    if (!p->systems || !s || p->asleep)
        return;
    const struct generation *g = systems_rebuild(p->systems, clock_wall_ms());
    if (!g || systems_running(p->systems) == g)
        return;
    systems_run(p->systems, g->number, true);
    mem_set_str(&p->broken, unit);
    player_tell_local(p, "generation.rebuild", "",
                      "Built and switched to by nixos-rebuild switch (demonstration).");
    player_stop(p, s);
    player_start(p, s);
}

void player_repair(struct player *p)
{
    struct played *s = p->broken ? player_find(p, p->broken) : NULL;
    const struct generation *before = NULL;
    if (!s || !p->systems || generations_pick(&p->systems->list, "previous", NULL, &before) < 0)
        return;
    mem_free(TAKE(p->broken));
    systems_run(p->systems, before->number, true);
    s->now->restarts = 0;
    player_tell_local(p, "generation.rollback", "",
                      "The generation before runs again (demonstration).");
    player_start(p, s);
}

void player_fill_docker(struct player *p, bool full)
{
    p->docker_full = full;
    p->docker_clean = 0;
    docker_follow(p);
}

void player_hang_mount(struct player *p, bool hangs)
{
    const json_t *m = json_array_get(player_scenery(p, "mounts"), 0);
    AUTO(mem_freep)
    char *series = mem_printf(
        "hydra_filesystem_stalled{device=\"%s\",fstype=\"%s\",mountpoint=\"%s\"}",
        json_get_str(m, "device", ""), json_get_str(m, "type", ""), json_get_str(m, "mount", ""));
    figures_set(p->figures, series, hangs);
    if (p->hangs == hangs)
        return;
    p->hangs = hangs;
    p->hangs_since_ms = clock_wall_ms();
    player_note_kernel(p, hangs ? LINE_ERR : LINE_NOTICE,
                       hangs ? "kernel: nfs: server 192.168.1.244 not responding, still trying"
                             : "kernel: nfs: server 192.168.1.244 OK");
}

void player_set_number(struct player *p, const char *series, double value)
{
    figures_set(p->figures, series, value);
}

bool player_has_mac(const struct player *p, const char *macs)
{
    const struct str_list *own = p->facts ? &p->facts->macs : NULL;
    for (size_t i = 0; own && i < own->n; i++) {
        const char *blank = strchr(own->v[i], ' ');
        if (blank && strstr(macs, blank + 1))
            return true;
    }
    return false;
}

/* --- off and on --- */

void player_sleep(struct player *p)
{
    int64_t now_us = clock_wall_ms() * US;
    acts_free(p);
    p->asleep = true;
    MAP_FOREACH (&p->services, e)
        diary_quiet(((struct played *)e->value)->diary, now_us);
    diary_quiet(p->kernel, now_us);
}

static void start_again(struct player *p, struct played *s)
{
    if (s->now->run == RUN_STOPPED && s->now->on_purpose && !s->first->enabled)
        return;
    if (s->first->run == RUN_RUNNING)
        player_start(p, s);
}

void player_wake(struct player *p)
{
    char id[RAND_ID_SIZE];
    p->asleep = false;
    if (p->facts) {
        p->facts->boot_ms = clock_wall_ms();
        mem_set_str(&p->facts->boot_id, rand_id(id));
        if (p->systems)
            mem_set_str(&p->facts->pending_reboot, NULL);
        player_tell_facts(p);
    }
    if (p->systems)
        systems_boot(p->systems);
    diary_loud(p->kernel, clock_wall_ms() * US);
    player_note_kernel(p, LINE_NOTICE, "kernel: Linux version 6.12.55 (demonstration)");
    MAP_FOREACH (&p->services, e)
        start_again(p, e->value);
}

/* --- life --- */

static void tell_policy(struct player *p)
{
    player_tell(p, (struct node_report){.kind = REPORT_POLICY, .policy = policy_copy(p->policy)});
}

static void tick_health(struct player *p, int64_t now_ms)
{
    MAP_FOREACH (&p->services, e) {
        struct played *s = e->value;
        if (s->now->health != HEALTH_STARTING || s->now->started_ms + HEALTHY_AFTER_MS > now_ms)
            continue;
        s->now->health = s->first->health;
        player_tell_service(p, s);
    }
}

/* What can't run dies soon, and is tried again. */
static void tick_broken(struct player *p, int64_t now_ms)
{
    struct played *s = p->broken ? player_find(p, p->broken) : NULL;
    if (!s)
        return;
    if (s->now->run == RUN_RUNNING && s->now->started_ms + BREAKS_AFTER_MS <= now_ms)
        player_fail(p, s);
    else if (s->now->run == RUN_RESTARTING && s->now->ended_ms + TRIES_AGAIN_MS <= now_ms)
        player_start(p, s);
}

/* Who writes into what is full says so. */
static void tick_docker(struct player *p, int64_t now_ms)
{
    static const char *const writers[] = {"docker/hydra-prometheus", "docker/hydra-loki",
                                          "docker/hydra-grafana"};
    if (!docker_is_full(p) || p->tick % COMPLAIN_EVERY)
        return;
    struct played *s = player_find(p, writers[p->tick / COMPLAIN_EVERY % COUNT_OF(writers)]);
    if (s && s->now->run == RUN_RUNNING)
        diary_note(s->diary, now_ms * US, LINE_ERR,
                   "level=ERROR msg=\"can't write\" err=\"write /data/wal/00000412: no space left "
                   "on device\"");
}

static void tick_mount(struct player *p, int64_t now_ms)
{
    if (p->hangs && (now_ms - p->hangs_since_ms) / PLAYER_TICK_MS % 30 == 20)
        player_note_kernel(p, LINE_ERR,
                           "kernel: INFO: task python3:1001 blocked for more than 122 seconds.");
}

/* Time stands still in recordings, so that is how numbers were before. */
static void tell_numbers(struct player *p, int64_t now_ms)
{
    struct series_defs *defs = figures_announce(p->figures);
    if (defs)
        player_tell(p, (struct node_report){.kind = REPORT_SERIES, .series = defs});
    struct frame *f = figures_step(p->figures, now_ms);
    if (f)
        player_tell(p, (struct node_report){.kind = REPORT_FRAME, .frame = f});
}

/* What the scenery adds to the recorded numbers, once those are all there. */
static void complete(struct player *p)
{
    figures_add_all(p->figures, player_scenery(p, "numbers"));
    load_define(p);
    load_follow(p);
    docker_follow(p);
    tell_policy(p);
}

/* What people at the nodes did lately. */
static void tell_lately(struct player *p)
{
    const json_t *list = player_scenery(p, "lately");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        tell_local(p, json_get_str(j, "verb", ""), json_get_str(j, "target", ""),
                   json_get_str(j, "text", ""),
                   clock_wall_ms() - json_get_int(j, "age_s", 0) * 1000);
    }
}

void player_begin(struct player *p)
{
    int64_t now_ms = clock_wall_ms();
    complete(p);
    tell_lately(p);
    for (int64_t ago_ms = BEFORE_MS; ago_ms > 0; ago_ms -= PLAYER_TICK_MS)
        tell_numbers(p, now_ms - ago_ms);
}

static void on_tick(void *arg)
{
    struct player *p = arg;
    int64_t now_ms = clock_wall_ms();
    if (p->asleep)
        return;
    p->tick++;
    tick_health(p, now_ms);
    tick_broken(p, now_ms);
    tick_docker(p, now_ms);
    tick_mount(p, now_ms);
    tell_numbers(p, now_ms);
    player_tick_checks(p);
    if (p->tick % PROCESSES_EVERY == 1)
        cast_tell(p);
}

/* --- reports --- */

static void take_series(struct player *p, struct series_defs *defs)
{
    figures_define(p->figures, defs);
    node_report_free(&(struct node_report){.kind = REPORT_SERIES, .series = defs});
}

static void take_frame(struct player *p, struct frame *f)
{
    figures_take(p->figures, f);
    mem_free(f);
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
        player_take_facts(p, r->facts);
        return;
    case REPORT_CHECK: /* the hub's own checks are answered */
        node_report_free(r);
        return;
    case REPORT_PROCESSES:
    case REPORT_SOURCE:
    case REPORT_OUTCOME:
    case REPORT_POLICY:
    case REPORT_LOCAL:
        player_tell(p, *r);
        return;
    }
}

static struct policy *read_policy(const json_t *scenery)
{
    const char *text = json_get_str(scenery, "policy", NULL);
    struct policy *p;
    struct err e = {0};
    if (!text)
        return policy_default();
    if (policy_parse(POLICY_USUAL_PATH, text, strlen(text), &e, &p) >= 0)
        return p;
    log_error("demo", "a policy of the scenery can't be read", "error=%s", LOG_Q(e.text));
    return policy_default();
}

struct player *player_new(const struct player_settings *s)
{
    struct player *p = mem_alloc(sizeof *p);
    int64_t now_ms = clock_wall_ms();
    p->settings = *s;
    p->policy = read_policy(s->scenery);
    p->figures = figures_new();
    p->systems = systems_new(s->scenery, now_ms);
    p->readers = readers_new();
    p->next_pid = FIRST_PID;
    p->first_us = (now_ms - HISTORY_DAYS * 24ll * 3600 * 1000) * US;
    p->kernel = new_diary(p, "kernel");
    p->journal.is_journal = true;
    *vec_add(&p->journal.diaries) = p->kernel;
    p->timer = loop_timer_new(s->loop, PLAYER_TICK_MS, PLAYER_TICK_MS, on_tick, p);
    return p;
}

static void free_outcome(void *o)
{
    command_outcome_free(o);
}

void player_free(struct player *p)
{
    if (!p)
        return;
    readers_free(p->readers);
    acts_free(p);
    loop_timer_free(p->timer);
    player_drop_checks(p);
    vec_done(&p->checks);
    figures_free(p->figures);
    systems_free(p->systems);
    map_done(&p->services, free_played);
    for (size_t i = 0; i < p->gone.n; i++)
        free_played(p->gone.v[i]);
    vec_done(&p->gone);
    load_done(p);
    map_done(&p->outcomes, free_outcome);
    str_list_done(&p->killed);
    str_list_done(&p->emptied);
    vec_done(&p->journal.diaries);
    diary_free(p->kernel);
    player_drop_facts(p);
    policy_free(p->policy);
    mem_free(p->broken);
    mem_free(p);
}
