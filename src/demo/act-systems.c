/* Commands on what a NixOS machine runs, which is played. */
#include "demo/act-private.h"

#include "base/clock.h"
#include "node/nix-garbage.h"

enum { SWITCH_S = 60 }; /* for the hub's word, unless the order says otherwise */

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
        return act_end(a, OUTCOME_FAILED, NULL,
                       "This machine has no generations: it does not run NixOS.");
    if (find_system(a, &e, &to) < 0)
        return act_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (to == now)
        return act_end(a, OUTCOME_REFUSED, NULL, "Generation %u runs already: nothing was done.",
                       to->number);
    AUTO(mem_freep) char *reboot = systems_needs_reboot(sys, to);
    bool by_reboot = strstr(a->command.argument, "reboot") != NULL;
    if (reboot && !by_reboot)
        return act_end(a, OUTCOME_REFUSED, NULL, "%s Switch with a reboot.", reboot);
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
    return act_go_on(a, ACT_STEP_MS, "%s", switch_phase_step(SWITCH_ARMED));
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
    return act_end(a, well ? OUTCOME_DONE : OUTCOME_FAILED, output, "%s%s" MARK,
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
        return act_go_on(a, ACT_STEP_MS, "%s", switch_phase_step(SWITCH_CONFIRMING));
    }
    if (clock_wall_ms() < s->until_ms)
        return ACT_FIRST_MS;
    const struct generation *back = generations_find(&p->systems->list, s->from_number);
    set_phase(a, SWITCH_ROLLING_BACK, "");
    unsigned ms = act_go_on(a, ACT_STEP_MS, "%s", switch_phase_step(SWITCH_ROLLING_BACK));
    if (back)
        apply(p, back, systems_plan(p->systems, back));
    return ms;
}

unsigned act_step_switch(struct act *a)
{
    struct player *p = a->player;
    const struct generation *to;
    switch (a->step) {
    case 0:
        return act_go_on(a, ACT_STEP_MS, "plan");
    case 1:
        return begin_switch(a);
    case 2:
        set_phase(a, p->systems->last.reboot ? SWITCH_BOOTING : SWITCH_ACTIVATING, "");
        to = generations_find(&p->systems->list, p->systems->last.number);
        if (to)
            apply(p, to, systems_plan(p->systems, to));
        return act_go_on(a, ACT_STEP_MS * 2, "%s", switch_phase_step(p->systems->last.phase));
    case 3:
        set_phase(a, SWITCH_WAITING, "");
        return act_go_on(a, ACT_FIRST_MS, "%s", switch_phase_step(SWITCH_WAITING));
    case 4:
        return wait_for_word(a);
    default:
        return end_switch(a, a->confirmed);
    }
}

unsigned act_step_confirm(struct act *a)
{
    for (struct act *o = a->player->acts; o; o = o->next)
        if (str_eq(o->command.id, a->command.target)) {
            o->confirmed = true;
            return act_end(a, OUTCOME_DONE, NULL, "It stays" MARK ".");
        }
    return act_end(a, OUTCOME_FAILED, NULL, "No such switch waits to be confirmed.");
}

unsigned act_step_rebuild(struct act *a)
{
    struct player *p = a->player;
    struct err e = {0};
    if (!p->systems)
        return act_end(a, OUTCOME_FAILED, NULL,
                       "This machine has no generations: it does not run NixOS.");
    if (a->step == 0 && policy_check_flake(p->policy, a->command.argument, &e) < 0)
        return act_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (a->step < 3)
        return act_go_on(a, ACT_STEP_MS * 2, "building");
    return act_end(a, OUTCOME_FAILED,
                   "error: builder for '/nix/store/…-exllamav2-0.2.8.drv' failed with exit code 1\n"
                   "       > ImportError: libstdc++.so.6: cannot open shared object file\n",
                   "The build failed: what it said last stands below" MARK ".");
}

unsigned act_step_collect(struct act *a)
{
    struct systems *sys = a->player->systems;
    struct err e = {0};
    unsigned days = 0;
    if (!sys)
        return act_end(a, OUTCOME_FAILED, NULL,
                       "This machine has no generations: it does not run NixOS.");
    if (garbage_days(a->command.argument, &e, &days) < 0)
        return act_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (a->step < 3)
        return act_go_on(a, ACT_STEP_MS, "cleaning up");
    unsigned n = systems_collect(sys, days, clock_wall_ms());
    return act_end(a, OUTCOME_DONE, NULL,
                   "%u generation%s removed; %u store paths deleted, %.1f GiB freed" MARK ".", n,
                   n == 1 ? "" : "s", 480 + n * 610, 1.1 + n * 1.7);
}
