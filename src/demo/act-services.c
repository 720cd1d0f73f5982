/* Commands on what a player runs: units, containers, projects, processes. */
#include "demo/act-private.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>

enum {
    SETTLE_MS = 3200, /* a unit that was started is looked at so long */
    PULL_STEP = 20,   /* percent */
};

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
    return act_end(a, OUTCOME_FAILED,
                   "ImportError: libstdc++.so.6: cannot open shared object file: No such file or "
                   "directory\nMain process exited, code=exited, status=1/FAILURE\n",
                   "%s ended at once with exit code 1" MARK ".", s->now->name);
}

unsigned act_step_service(struct act *a)
{
    struct player *p = a->player;
    enum command_verb v = a->command.verb;
    struct played *s = player_find(p, a->command.target);
    if (!s)
        return act_end(a, OUTCOME_FAILED, NULL, "There is no %s on this node any more.",
                       a->command.target);
    if (v == COMMAND_CONTAINER_CONNECT && !is_network(p, a->command.argument))
        return act_end(a, OUTCOME_FAILED, NULL, "Docker refused: network %s not found",
                       a->command.argument);
    switch (a->step) {
    case 0:
        return act_go_on(a, ACT_FIRST_MS, "%s", words[v].doing);
    case 1:
        if (stops(v) && s->now->run != RUN_STOPPED)
            player_stop(p, s);
        if (!starts(v)) {
            change(a, s);
            return act_end_done(a, words[v].done);
        }
        return act_go_on(a, ACT_STEP_MS, "%s", words[v].doing);
    case 2:
        player_start(p, s);
        return act_go_on(a, player_is_broken(p, a->command.target) ? SETTLE_MS : ACT_STEP_MS,
                         "runs; looking whether it stays");
    default:
        return player_is_broken(p, a->command.target) ? end_badly(a, s)
                                                      : act_end_done(a, words[v].done);
    }
}

/* --- a newer image --- */

static unsigned end_full(struct act *a, const char *image)
{
    return act_end(
        a, OUTCOME_FAILED, NULL,
        "Docker can't pull %s: write /var/lib/docker/tmp/GetImageBlob3117: no space left on "
        "device. Nothing was changed" MARK ".",
        image);
}

unsigned act_step_update(struct act *a)
{
    enum { PULLS = 100 / PULL_STEP + 1, STOP = PULLS + 1, START, WAIT, DONE };
    struct player *p = a->player;
    struct played *s = player_find(p, a->command.target);
    if (!s || !s->now->image)
        return act_end(a, OUTCOME_FAILED, NULL,
                       "There is no such container on this node any more.");
    if (a->step == 0)
        return act_go_on(a, ACT_FIRST_MS, "pulling %s", s->now->image);
    if (a->step == 2 && docker_is_full(p) && p->settings.scenery && player_scenery(p, "unraid"))
        return end_full(a, s->now->image);
    if (a->step < STOP)
        return act_go_on(a, ACT_FIRST_MS, "pulling %u %%", (a->step - 1) * PULL_STEP);
    switch (a->step) {
    case STOP:
        player_stop(p, s);
        return act_go_on(a, ACT_STEP_MS, "making it anew");
    case START:
        player_start(p, s);
        return act_go_on(a, ACT_STEP_MS, "starting the new one");
    case WAIT:
        return act_go_on(a, SETTLE_MS + ACT_STEP_MS, "waiting until it is well");
    default:
        return act_end(a, OUTCOME_DONE, NULL,
                       "Updated to the newest %s (%.6s91c04) in %.1f s. The old container is kept, "
                       "stopped, as %s-before-update" MARK ".",
                       s->now->image, "8fa2d7", act_took_s(a), s->now->name);
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

unsigned act_step_project(struct act *a)
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
        return act_end(a, OUTCOME_FAILED, NULL,
                       "There is no container of that project on this node.");
    if (a->step >= n)
        return act_end(a, OUTCOME_DONE, NULL, "%s: %zu container%s, in %.1f s" MARK ".",
                       names[w].done, n, n == 1 ? "" : "s", act_took_s(a));
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
    return act_go_on(a, ACT_FIRST_MS, "%s %s (%u of %zu)", names[w].doing, s ? s->now->name : "?",
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
        return act_end(a, OUTCOME_FAILED, NULL, "%s belongs to the kernel: it takes no signals.",
                       c->name);
    if (!ends)
        return act_end(a, OUTCOME_DONE, NULL, "SIG%s was sent to %s" MARK ".", name, c->name);
    if (s && s->now->kind == OBSERVED_PROCESS) {
        player_drop(p, s);
    } else if (s) { /* who watches it starts it again */
        player_stop(p, s);
        s->now->restarts++;
        player_start(p, s);
    } else {
        str_list_add(&p->killed, a->command.target);
    }
    return act_end(a, OUTCOME_DONE, NULL, "%s ended in 0.1 s after SIG%s" MARK ".", c->name, name);
}

unsigned act_step_signal(struct act *a)
{
    const char *name = str_is_empty(a->command.argument) ? "TERM" : a->command.argument;
    struct cast l;
    if (a->step == 0)
        return act_go_on(a, ACT_FIRST_MS, "sending SIG%s", name);
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
                       : act_end(a, OUTCOME_FAILED, NULL,
                                 "That process is gone: nothing was sent. Look at the list again.");
    vec_done(&l.v);
    return r;
}
