/* Commands: the steps, sentences and refusals of a real node, on one that is played. */
#include "demo/player-private.h"

#include "base/clock.h"
#include "node/nix-garbage.h"

#include <signal.h>
#include <stdio.h>

#define MARK " (demonstration)"

enum {
    FIRST_MS = 400,
    STEP_MS = 900,
    SETTLE_MS = 3200, /* a unit that was started is looked at so long */
    PULL_STEP = 20,   /* percent */
    SWITCH_S = 60,    /* for the hub's word, unless the order says otherwise */
    REBOOT_S = 25,
    MAX_OLD = 64,
};

/* A command that is being done. `step` counts; a step ends it, or names when the next one is. */
struct act {
    struct player *player;
    struct command command;
    struct loop_timer *timer;
    unsigned step;
    int64_t begun_ms, since_ms;
    struct str_list members; /* of a project: ids, in their order */
    char *note;              /* of a switch: what its system said that it would do */
    bool confirmed;
    struct act *next;
};
/* Returns in how many ms the next step is; 0 = it has ended. */
typedef unsigned step_fn(struct act *a);

/* --- outcomes --- */

static struct command_outcome *outcome_of(const char *id, enum outcome_state state,
                                          const char *step, const char *text, const char *output)
{
    struct command_outcome *o = mem_alloc(sizeof *o);
    *o = (struct command_outcome){.state = state,
                                  .time_ms = clock_wall_ms(),
                                  .step = mem_strdup(step),
                                  .text = mem_strdup(text),
                                  .output = mem_strdup(output)};
    str_copy(o->id, sizeof o->id, id);
    return o;
}

static void tell(struct player *p, const char *id, enum outcome_state state, const char *step,
                 const char *text, const char *output)
{
    command_outcome_free(map_set(&p->outcomes, id, outcome_of(id, state, step, text, output)));
    player_tell(p, (struct node_report){.kind = REPORT_OUTCOME,
                                        .outcome = outcome_of(id, state, step, text, output)});
}

void player_query(struct player *p, const char *id)
{
    const struct command_outcome *o = map_get(&p->outcomes, id);
    struct command_outcome *answer = o ? outcome_of(id, o->state, o->step, o->text, o->output)
                                       : outcome_of(id, OUTCOME_UNKNOWN, "", "", "");
    player_tell(p, (struct node_report){.kind = REPORT_OUTCOME, .outcome = answer});
}

static unsigned PRINTF(3, 4) go_on(struct act *a, unsigned ms, const char *fmt, ...)
{
    AUTO(str_done) struct str step = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&step, fmt, ap);
    va_end(ap);
    a->step++;
    tell(a->player, a->command.id, OUTCOME_RUNNING, str_text(&step), "", "");
    return ms;
}

static unsigned PRINTF(4, 5)
    end(struct act *a, enum outcome_state state, const char *output, const char *fmt, ...)
{
    AUTO(str_done) struct str text = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&text, fmt, ap);
    va_end(ap);
    tell(a->player, a->command.id, state, "", str_text(&text), output ? output : "");
    return 0;
}

static double took_s(const struct act *a)
{
    return (double)(clock_wall_ms() - a->begun_ms) / 1000;
}

static void free_act(struct act *a)
{
    struct act **at = &a->player->acts;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    loop_timer_free(a->timer);
    command_done(&a->command);
    str_list_done(&a->members);
    mem_free(a->note);
    mem_free(a);
}

static unsigned end_done(struct act *a, const char *what)
{
    return end(a, OUTCOME_DONE, NULL, "%s in %.1f s" MARK ".", what, took_s(a));
}

/* --- units and containers --- */

static const struct verb_words {
    const char *doing, *done;
} words[COMMAND_COUNT] = {
    [COMMAND_UNIT_START] = {"starting", "Started"},
    [COMMAND_UNIT_STOP] = {"stopping", "Stopped"},
    [COMMAND_UNIT_RESTART] = {"restarting", "Restarted"},
    [COMMAND_UNIT_RELOAD] = {"reloading", "Reloaded"},
    [COMMAND_UNIT_RESET_FAILED] = {"forgetting its failure", "Its failure is forgotten"},
    [COMMAND_UNIT_MASK] = {"masking", "Masked until the next boot"},
    [COMMAND_UNIT_UNMASK] = {"unmasking", "Unmasked"},
    [COMMAND_CONTAINER_START] = {"starting", "Started"},
    [COMMAND_CONTAINER_STOP] = {"stopping", "Stopped"},
    [COMMAND_CONTAINER_RESTART] = {"restarting", "Restarted"},
    [COMMAND_CONTAINER_PAUSE] = {"pausing", "Paused"},
    [COMMAND_CONTAINER_UNPAUSE] = {"resuming", "Resumed"},
    [COMMAND_CONTAINER_KILL] = {"sending the signal", "The signal was sent"},
    [COMMAND_CONTAINER_RENAME] = {"renaming", "Renamed"},
    [COMMAND_CONTAINER_REMOVE] = {"removing", "Removed"},
    [COMMAND_CONTAINER_CONNECT] = {"connecting it to the network", "Connected"},
    [COMMAND_CONTAINER_DISCONNECT] = {"disconnecting it from the network", "Disconnected"},
};

static bool starts(enum command_verb v)
{
    return v == COMMAND_UNIT_START || v == COMMAND_UNIT_RESTART || v == COMMAND_CONTAINER_START ||
           v == COMMAND_CONTAINER_RESTART;
}

static bool stops(enum command_verb v)
{
    return v == COMMAND_UNIT_STOP || v == COMMAND_UNIT_RESTART || v == COMMAND_CONTAINER_STOP ||
           v == COMMAND_CONTAINER_RESTART || v == COMMAND_CONTAINER_KILL;
}

static void rename_it(struct act *a, struct played *s)
{
    /* The engine's name is in the id: a renamed container is another service. */
    struct observed *o = observed_copy(s->now);
    mem_set_str(&o->name, a->command.argument);
    mem_free(o->id);
    o->id = mem_printf("docker/%s", a->command.argument);
    o->started_ms = o->ended_ms = 0;
    player_drop(a->player, s);
    player_take(a->player, &(struct node_report){.kind = REPORT_SERVICE, .service = o});
}

/* A network's name is what its containers say. */
static void connect_it(struct act *a, struct played *s)
{
    struct str_list *l = &s->now->networks;
    const char *name = a->command.argument;
    if (a->command.verb == COMMAND_CONTAINER_CONNECT) {
        if (!str_list_has(l, name))
            str_list_add(l, name);
    } else {
        struct str_list rest = {0};
        for (size_t i = 0; i < l->n; i++)
            if (!str_eq(l->v[i], name))
                str_list_add(&rest, l->v[i]);
        str_list_done(l);
        *l = rest;
    }
    player_tell_service(a->player, s);
}

static bool is_network(const struct player *p, const char *name)
{
    MAP_FOREACH (&p->services, e)
        if (str_list_has(&((struct played *)e->value)->first->networks, name))
            return true;
    return str_eq(name, "bridge") || str_eq(name, "host");
}

/* What it does, but for stopping and starting. */
static void change(struct act *a, struct played *s)
{
    struct player *p = a->player;
    switch ((int)a->command.verb) {
    case COMMAND_CONTAINER_PAUSE:
    case COMMAND_CONTAINER_UNPAUSE:
        player_pause(p, s, a->command.verb == COMMAND_CONTAINER_PAUSE);
        break;
    case COMMAND_CONTAINER_RENAME:
        rename_it(a, s);
        break;
    case COMMAND_CONTAINER_REMOVE:
        player_drop(p, s);
        docker_follow(p);
        break;
    case COMMAND_CONTAINER_CONNECT:
    case COMMAND_CONTAINER_DISCONNECT:
        connect_it(a, s);
        break;
    case COMMAND_UNIT_RESET_FAILED:
        s->now->restarts = 0;
        player_tell_service(p, s);
        break;
    default:
        break;
    }
}

static unsigned end_badly(struct act *a, const struct played *s)
{
    return end(a, OUTCOME_FAILED,
               "ImportError: libstdc++.so.6: cannot open shared object file: No such file or "
               "directory\nMain process exited, code=exited, status=1/FAILURE\n",
               "%s ended at once with exit code 1" MARK ".", s->now->name);
}

static unsigned step_service(struct act *a)
{
    struct player *p = a->player;
    enum command_verb v = a->command.verb;
    struct played *s = player_find(p, a->command.target);
    if (!s)
        return end(a, OUTCOME_FAILED, NULL, "There is no %s on this node any more.",
                   a->command.target);
    if (v == COMMAND_CONTAINER_CONNECT && !is_network(p, a->command.argument))
        return end(a, OUTCOME_FAILED, NULL, "Docker refused: network %s not found",
                   a->command.argument);
    switch (a->step) {
    case 0:
        return go_on(a, FIRST_MS, "%s", words[v].doing);
    case 1:
        if (stops(v) && s->now->run != RUN_STOPPED)
            player_stop(p, s);
        if (!starts(v)) {
            change(a, s);
            return end_done(a, words[v].done);
        }
        return go_on(a, STEP_MS, "%s", words[v].doing);
    case 2:
        player_start(p, s);
        return go_on(a, player_is_broken(p, a->command.target) ? SETTLE_MS : STEP_MS,
                     "runs; looking whether it stays");
    default:
        return player_is_broken(p, a->command.target) ? end_badly(a, s)
                                                      : end_done(a, words[v].done);
    }
}

/* --- a newer image --- */

static unsigned end_full(struct act *a, const char *image)
{
    return end(a, OUTCOME_FAILED, NULL,
               "Docker can't pull %s: write /var/lib/docker/tmp/GetImageBlob3117: no space left on "
               "device. Nothing was changed" MARK ".",
               image);
}

static unsigned step_update(struct act *a)
{
    enum { PULLS = 100 / PULL_STEP + 1, STOP = PULLS + 1, START, WAIT, DONE };
    struct player *p = a->player;
    struct played *s = player_find(p, a->command.target);
    if (!s || !s->now->image)
        return end(a, OUTCOME_FAILED, NULL, "There is no such container on this node any more.");
    if (a->step == 0)
        return go_on(a, FIRST_MS, "pulling %s", s->now->image);
    if (a->step == 2 && docker_is_full(p) && p->settings.scenery && player_scenery(p, "unraid"))
        return end_full(a, s->now->image);
    if (a->step < STOP)
        return go_on(a, FIRST_MS, "pulling %u %%", (a->step - 1) * PULL_STEP);
    switch (a->step) {
    case STOP:
        player_stop(p, s);
        return go_on(a, STEP_MS, "making it anew");
    case START:
        player_start(p, s);
        return go_on(a, STEP_MS, "starting the new one");
    case WAIT:
        return go_on(a, SETTLE_MS + STEP_MS, "waiting until it is well");
    default:
        return end(a, OUTCOME_DONE, NULL,
                   "Updated to the newest %s (%.6s91c04) in %.1f s. The old container is kept, "
                   "stopped, as %s-before-update" MARK ".",
                   s->now->image, "8fa2d7", took_s(a), s->now->name);
    }
}

/* --- projects --- */

static bool is_member(const struct played *s, const char *project)
{
    return s->now->kind == OBSERVED_CONTAINER && str_eq(s->now->project, project);
}

static void place(struct act *a, const struct played *s, const char *project)
{
    if (str_list_has(&a->members, s->now->id))
        return;
    for (size_t i = 0; i < s->now->depends_on.n; i++) {
        const struct played *needed = player_find(a->player, s->now->depends_on.v[i]);
        if (needed && is_member(needed, project))
            place(a, needed, project);
    }
    str_list_add(&a->members, s->now->id);
}

static void find_members(struct act *a)
{
    const char *slash = strchr(a->command.target, '/');
    const char *project = slash ? slash + 1 : a->command.target;
    MAP_FOREACH (&a->player->services, e)
        if (is_member(e->value, project))
            place(a, e->value, project);
}

static unsigned step_project(struct act *a)
{
    static const struct {
        const char *doing, *done;
    } names[] = {{"starting", "Started"},
                 {"stopping", "Stopped"},
                 {"restarting", "Restarted"},
                 {"pulling", "Pulled"}};
    enum command_verb v = a->command.verb;
    unsigned w = (unsigned)(v - COMMAND_PROJECT_UP);
    if (a->step == 0)
        find_members(a);
    size_t n = a->members.n;
    if (!n)
        return end(a, OUTCOME_FAILED, NULL, "There is no container of that project on this node.");
    if (a->step >= n)
        return end(a, OUTCOME_DONE, NULL, "%s: %zu container%s, in %.1f s" MARK ".", names[w].done,
                   n, n == 1 ? "" : "s", took_s(a));
    size_t at = v == COMMAND_PROJECT_DOWN ? n - 1 - a->step : a->step;
    struct played *s = player_find(a->player, a->members.v[at]);
    if (v == COMMAND_PROJECT_PULL && s && docker_is_full(a->player))
        return end_full(a, s->now->image);
    if (s && (v == COMMAND_PROJECT_DOWN || v == COMMAND_PROJECT_RESTART) &&
        s->now->run != RUN_STOPPED)
        player_stop(a->player, s);
    if (s &&
        (v == COMMAND_PROJECT_RESTART || (v == COMMAND_PROJECT_UP && s->now->run != RUN_RUNNING)))
        player_start(a->player, s);
    return go_on(a, FIRST_MS, "%s %s (%u of %zu)", names[w].doing, s ? s->now->name : "?",
                 a->step + 1, n);
}

/* --- processes --- */

static struct played *owner_of(struct player *p, const struct cast_process *c)
{
    struct played *s = c->service ? player_find(p, c->service) : NULL;
    return s && s->pid == c->pid ? s : NULL;
}

static unsigned signal_it(struct act *a, const struct cast_process *c, const char *name)
{
    struct player *p = a->player;
    bool ends =
        str_eq(name, "TERM") || str_eq(name, "KILL") || str_eq(name, "INT") || str_eq(name, "QUIT");
    struct played *s = owner_of(p, c);
    if (c->kernel || c->pid <= 2)
        return end(a, OUTCOME_FAILED, NULL, "%s belongs to the kernel: it takes no signals.",
                   c->name);
    if (!ends)
        return end(a, OUTCOME_DONE, NULL, "SIG%s was sent to %s" MARK ".", name, c->name);
    if (s && s->now->kind == OBSERVED_PROCESS) {
        player_drop(p, s);
    } else if (s) { /* who watches it starts it again */
        player_stop(p, s);
        s->now->restarts++;
        player_start(p, s);
    } else {
        str_list_add(&p->killed, a->command.target);
    }
    return end(a, OUTCOME_DONE, NULL, "%s ended in 0.1 s after SIG%s" MARK ".", c->name, name);
}

static unsigned step_signal(struct act *a)
{
    const char *name = str_is_empty(a->command.argument) ? "TERM" : a->command.argument;
    struct cast l;
    if (a->step == 0)
        return go_on(a, FIRST_MS, "sending SIG%s", name);
    cast_read(a->player, &l);
    const struct cast_process *found = NULL;
    for (size_t i = 0; i < l.v.n && !found; i++) {
        AUTO(mem_freep)
        char *target =
            mem_printf("%d:%llu", l.v.v[i].pid, (unsigned long long)l.v.v[i].start_ticks);
        if (str_eq(target, a->command.target))
            found = &l.v.v[i];
    }
    unsigned r = found ? signal_it(a, found, name)
                       : end(a, OUTCOME_FAILED, NULL,
                             "That process is gone: nothing was sent. Look at the list again.");
    vec_done(&l.v);
    return r;
}

/* --- the machine --- */

static unsigned step_machine(struct act *a)
{
    struct player *p = a->player;
    bool reboot = a->command.verb == COMMAND_MACHINE_REBOOT;
    if (a->step == 0)
        return go_on(a, STEP_MS, "asking who holds it back");
    if (a->step == 1) {
        end(a, OUTCOME_DONE, NULL,
            reboot ? "The node is going down, and will be up again" MARK "."
                   : "The node is powering off" MARK ".");
        a->step++;
        return STEP_MS; /* the outcome goes out first */
    }
    p->settings.away(p->settings.arg, reboot ? REBOOT_S : 0);
    return 0;
}

static unsigned step_wake(struct act *a)
{
    struct player *p = a->player;
    if (a->step == 0)
        return go_on(a, FIRST_MS, "sending the packet");
    p->settings.wake(p->settings.arg, a->command.target);
    return end(a, OUTCOME_DONE, NULL,
               "The packet that wakes it was sent. It reports when it is up" MARK ".");
}

/* "cycle hydra-compute" */
static unsigned step_power(struct act *a)
{
    static const char *const done[POWER_WORDS] = {
        [POWER_ON] = "switched on",
        [POWER_SOFT] = "shut down",
        [POWER_OFF] = "switched off at once",
        [POWER_CYCLE] = "switched off and on again",
        [POWER_RESET] = "reset",
    };
    const struct player_settings *s = &a->player->settings;
    const char *blank = strchr(a->command.argument, ' ');
    AUTO(mem_freep)
    char *name = mem_strndup(a->command.argument, strcspn(a->command.argument, " "));
    enum power_word word;
    struct err e = {0};
    if (power_word_parse(name, &e, &word) < 0 || !blank)
        return end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (a->step == 0)
        return go_on(a, STEP_MS, "asking its controller whether it is on");
    bool on = s->is_on(s->arg, blank + 1);
    if (word == POWER_STATUS)
        return end(a, OUTCOME_DONE, NULL, "%s is %s" MARK ".", blank + 1, on ? "on" : "off");
    if (a->step == 1)
        return go_on(a, STEP_MS, "telling its controller");
    s->power(s->arg, blank + 1, word);
    return end(a, OUTCOME_DONE, NULL, "%s was %s, in %.1f s" MARK ".", blank + 1, done[word],
               took_s(a));
}

/* --- mounts --- */

static unsigned step_remount(struct act *a)
{
    struct player *p = a->player;
    struct err e = {0};
    bool hung = p->hangs;
    if (policy_check_mount(p->policy, a->command.target, &e) < 0)
        return end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    switch (a->step) {
    case 0:
        return go_on(a, STEP_MS, "asking whether it answers");
    case 1:
        return go_on(a, STEP_MS, hung ? "unmounting, by force: it does not answer" : "unmounting");
    case 2:
        return go_on(a, STEP_MS, "mounting");
    case 3:
        return go_on(a, STEP_MS, "looking whether it answers");
    default:
        player_hang_mount(p, false);
        return end(a, OUTCOME_DONE, NULL,
                   "%s is mounted anew, and answers; that took %.1f s" MARK ".", a->command.target,
                   took_s(a));
    }
}

/* --- what a NixOS machine runs --- */

static void apply(struct player *p, const struct generation *g, const json_t *plan)
{
    const json_t *restart = json_object_get(plan, "restart");
    bool breaks = systems_breaks(p->systems, g);
    if (breaks)
        mem_set_str(&p->broken, "systemd/tabbyapi.service");
    else
        mem_free(TAKE(p->broken));
    systems_run(p->systems, g->number, false);
    for (size_t i = 0; i < json_array_size(restart); i++) {
        AUTO(mem_freep)
        char *id = mem_printf("systemd/%s", json_string_value(json_array_get(restart, i)));
        struct played *s = player_find(p, id);
        if (!s || s->now->run == RUN_STOPPED)
            continue;
        player_stop(p, s);
        s->now->restarts = 0;
        player_start(p, s);
    }
}

static int find_system(struct act *a, struct err *e, const struct generation **ret_g)
{
    bool back = a->command.verb == COMMAND_GENERATION_ROLLBACK;
    return generations_pick(&a->player->systems->list, back ? "previous" : a->command.target, e,
                            ret_g);
}

static unsigned seconds_of(const struct act *a)
{
    const char *within = strstr(a->command.argument, "within:");
    char *end_of;
    unsigned long s = within ? strtoul(within + 7, &end_of, 10) : 0;
    return s >= SWITCH_WITHIN_MIN_S && s <= SWITCH_WITHIN_MAX_S ? (unsigned)s : SWITCH_S;
}

static void set_phase(struct act *a, enum switch_phase phase, const char *text)
{
    a->player->systems->last.phase = phase;
    mem_set_str(&a->player->systems->last.text, text);
}

static unsigned begin_switch(struct act *a)
{
    struct systems *sys = a->player->systems;
    const struct generation *to, *now = sys ? systems_running(sys) : NULL;
    struct err e = {0};
    if (!sys)
        return end(a, OUTCOME_FAILED, NULL,
                   "This machine has no generations: it does not run NixOS.");
    if (find_system(a, &e, &to) < 0)
        return end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (to == now)
        return end(a, OUTCOME_REFUSED, NULL, "Generation %u runs already: nothing was done.",
                   to->number);
    AUTO(mem_freep) char *reboot = systems_needs_reboot(sys, to);
    bool by_reboot = strstr(a->command.argument, "reboot") != NULL;
    if (reboot && !by_reboot)
        return end(a, OUTCOME_REFUSED, NULL, "%s Switch with a reboot.", reboot);
    a->note = mem_strdup(json_get_str(systems_plan(sys, to), "output", ""));
    switch_state_done(&sys->last);
    sys->last = (struct switch_state){.number = to->number,
                                      .from_number = now->number,
                                      .reboot = by_reboot,
                                      .from = mem_strdup(now->path),
                                      .to = mem_strdup(to->path)};
    str_copy(sys->last.id, sizeof sys->last.id, a->command.id);
    sys->last.until_ms = clock_wall_ms() + seconds_of(a) * 1000ll;
    sys->switched = true;
    set_phase(a, SWITCH_ARMED, "");
    return go_on(a, STEP_MS, "%s", switch_phase_step(SWITCH_ARMED));
}

static unsigned end_switch(struct act *a, bool well)
{
    struct systems *sys = a->player->systems;
    AUTO(mem_freep)
    char *text = well ? mem_printf("Generation %u runs, and starts next time.", sys->last.number)
                      : mem_strdup("Nobody confirmed it in time. The system before runs again.");
    AUTO(mem_freep)
    char *output = mem_printf("%s--- the switch itself ---\nactivating the configuration...\n"
                              "setting up /etc...\nreloading user units for typhon...\n"
                              "restarting the units above\n",
                              a->note);
    set_phase(a, well ? SWITCH_CONFIRMED : SWITCH_ROLLED_BACK, text);
    return end(a, well ? OUTCOME_DONE : OUTCOME_FAILED, output, "%s%s" MARK,
               well ? "" : "Rolled back. ", text);
}

/* Waits for the hub's word, or goes back. */
static unsigned wait_for_word(struct act *a)
{
    struct player *p = a->player;
    struct switch_state *s = &p->systems->last;
    if (a->confirmed) {
        set_phase(a, SWITCH_CONFIRMING, "");
        systems_run(p->systems, s->number, true);
        return go_on(a, STEP_MS, "%s", switch_phase_step(SWITCH_CONFIRMING));
    }
    if (clock_wall_ms() < s->until_ms)
        return FIRST_MS;
    const struct generation *back = generations_find(&p->systems->list, s->from_number);
    set_phase(a, SWITCH_ROLLING_BACK, "");
    tell(p, a->command.id, OUTCOME_RUNNING, switch_phase_step(SWITCH_ROLLING_BACK), "", "");
    if (back)
        apply(p, back, systems_plan(p->systems, back));
    a->step++;
    return STEP_MS;
}

static unsigned step_switch(struct act *a)
{
    struct player *p = a->player;
    const struct generation *to;
    switch (a->step) {
    case 0:
        return go_on(a, STEP_MS, "plan");
    case 1:
        return begin_switch(a);
    case 2:
        set_phase(a, p->systems->last.reboot ? SWITCH_BOOTING : SWITCH_ACTIVATING, "");
        to = generations_find(&p->systems->list, p->systems->last.number);
        if (to)
            apply(p, to, systems_plan(p->systems, to));
        return go_on(a, STEP_MS * 2, "%s", switch_phase_step(p->systems->last.phase));
    case 3:
        set_phase(a, SWITCH_WAITING, "");
        return go_on(a, FIRST_MS, "%s", switch_phase_step(SWITCH_WAITING));
    case 4:
        return wait_for_word(a);
    default:
        return end_switch(a, a->confirmed);
    }
}

static unsigned step_confirm(struct act *a)
{
    for (struct act *o = a->player->acts; o; o = o->next)
        if (str_eq(o->command.id, a->command.target)) {
            o->confirmed = true;
            return end(a, OUTCOME_DONE, NULL, "It stays" MARK ".");
        }
    return end(a, OUTCOME_FAILED, NULL, "No such switch waits to be confirmed.");
}

static unsigned step_rebuild(struct act *a)
{
    struct player *p = a->player;
    struct err e = {0};
    if (!p->systems)
        return end(a, OUTCOME_FAILED, NULL,
                   "This machine has no generations: it does not run NixOS.");
    if (a->step == 0 && policy_check_flake(p->policy, a->command.argument, &e) < 0)
        return end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (a->step < 3)
        return go_on(a, STEP_MS * 2, "building");
    return end(a, OUTCOME_FAILED,
               "error: builder for '/nix/store/…-exllamav2-0.2.8.drv' failed with exit code 1\n"
               "       > ImportError: libstdc++.so.6: cannot open shared object file\n",
               "The build failed: what it said last stands below" MARK ".");
}

static unsigned step_collect(struct act *a)
{
    struct systems *sys = a->player->systems;
    struct err e = {0};
    unsigned days = 0;
    if (!sys)
        return end(a, OUTCOME_FAILED, NULL,
                   "This machine has no generations: it does not run NixOS.");
    if (garbage_days(a->command.argument, &e, &days) < 0)
        return end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (a->step < 3)
        return go_on(a, STEP_MS, "cleaning up");
    unsigned n = systems_collect(sys, days, clock_wall_ms());
    return end(a, OUTCOME_DONE, NULL,
               "%u generation%s removed; %u store paths deleted, %.1f GiB freed" MARK ".", n,
               n == 1 ? "" : "s", 480 + n * 610, 1.1 + n * 1.7);
}

/* --- an engine's store --- */

static unsigned step_prune(struct act *a)
{
    struct err e = {0};
    if (command_check_prune(a->command.argument, &e) < 0)
        return end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    switch (a->step) {
    case 0:
        return go_on(a, STEP_MS, "removing images");
    case 1:
        return go_on(a, STEP_MS, "removing the build cache");
    default:
        break;
    }
    AUTO(str_done) struct str text = {0};
    AUTO(str_done) struct str output = {0};
    docker_prune(a->player, a->command.argument, &text, &output);
    return end(a, OUTCOME_DONE, str_text(&output), "%s" MARK, str_text(&text));
}

/* --- which is which --- */

static step_fn *step_of(enum command_verb v)
{
    if (v <= COMMAND_CONTAINER_DISCONNECT && v != COMMAND_CONTAINER_UPDATE)
        return step_service;
    switch ((int)v) {
    case COMMAND_CONTAINER_UPDATE:
        return step_update;
    case COMMAND_PROJECT_UP:
    case COMMAND_PROJECT_DOWN:
    case COMMAND_PROJECT_RESTART:
    case COMMAND_PROJECT_PULL:
        return step_project;
    case COMMAND_PROCESS_SIGNAL:
        return step_signal;
    case COMMAND_MACHINE_REBOOT:
    case COMMAND_MACHINE_POWER_OFF:
        return step_machine;
    case COMMAND_MACHINE_WAKE:
        return step_wake;
    case COMMAND_MACHINE_POWER:
        return step_power;
    case COMMAND_MOUNT_REMOUNT:
        return step_remount;
    case COMMAND_GENERATION_SWITCH:
    case COMMAND_GENERATION_ROLLBACK:
        return step_switch;
    case COMMAND_GENERATION_CONFIRM:
        return step_confirm;
    case COMMAND_GENERATION_REBUILD:
        return step_rebuild;
    case COMMAND_GENERATION_COLLECT:
        return step_collect;
    case COMMAND_DOCKER_PRUNE:
        return step_prune;
    default:
        return NULL;
    }
}

static bool is_under_way(const struct player *p, const struct act *a)
{
    for (const struct act *o = p->acts; o; o = o->next)
        if (o == a)
            return true;
    return false;
}

/* A step may switch the machine off, and what is done on it is gone. */
static void on_step(void *arg)
{
    struct act *a = arg;
    struct player *p = a->player;
    loop_timer_free(TAKE(a->timer));
    unsigned ms = step_of(a->command.verb)(a);
    if (!is_under_way(p, a))
        return;
    if (ms)
        a->timer = loop_timer_new(p->settings.loop, ms, 0, on_step, a);
    else
        free_act(a);
}

void player_command(struct player *p, const struct command *c)
{
    struct err e = {0};
    const char *name = command_verb_name(c->verb);
    bool own = c->verb == COMMAND_GENERATION_CONFIRM; /* the hub's, as a switch was allowed */
    if (!own && policy_check(p->policy, name, c->target, &e) < 0) {
        tell(p, c->id, OUTCOME_REFUSED, "", e.text, "");
        return;
    }
    if (!step_of(c->verb)) {
        AUTO(mem_freep) char *text = mem_printf("A demonstration can't do %s.", name);
        tell(p, c->id, OUTCOME_FAILED, "", text, "");
        return;
    }
    struct act *a = mem_alloc(sizeof *a);
    a->player = p;
    a->begun_ms = clock_wall_ms();
    command_copy(&a->command, c);
    a->next = p->acts;
    p->acts = a;
    a->timer = loop_timer_new(p->settings.loop, FIRST_MS, 0, on_step, a);
}

void acts_free(struct player *p)
{
    while (p->acts)
        free_act(p->acts);
}
