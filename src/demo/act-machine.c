/* Commands on a player's machine: power, mounts, an engine's store, logs. */
#include "demo/act-private.h"

#include "base/clock.h"

enum { REBOOT_S = 25 };

/* --- the machine --- */

unsigned act_step_machine(struct act *a)
{
    struct player *p = a->player;
    bool reboot = a->command.verb == COMMAND_MACHINE_REBOOT;
    if (a->step == 0)
        return act_go_on(a, ACT_STEP_MS, "asking who holds it back");
    if (a->step == 1) {
        act_end(a, OUTCOME_DONE, NULL,
                reboot ? "The node is going down, and will be up again" MARK "."
                       : "The node is powering off" MARK ".");
        a->step++;
        return ACT_STEP_MS; /* the outcome goes out first */
    }
    p->settings.away(p->settings.arg, reboot ? REBOOT_S : 0);
    return 0;
}

unsigned act_step_wake(struct act *a)
{
    struct player *p = a->player;
    if (a->step == 0)
        return act_go_on(a, ACT_FIRST_MS, "sending the packet");
    p->settings.wake(p->settings.arg, a->command.target);
    return act_end(a, OUTCOME_DONE, NULL,
                   "The packet that wakes it was sent. It reports when it is up" MARK ".");
}

/* "cycle hydra-compute" */
unsigned act_step_power(struct act *a)
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
        return act_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (a->step == 0)
        return act_go_on(a, ACT_STEP_MS, "asking its controller whether it is on");
    bool on = s->is_on(s->arg, blank + 1);
    if (word == POWER_STATUS)
        return act_end(a, OUTCOME_DONE, NULL, "%s is %s" MARK ".", blank + 1, on ? "on" : "off");
    if (a->step == 1)
        return act_go_on(a, ACT_STEP_MS, "telling its controller");
    s->power(s->arg, blank + 1, word);
    return act_end(a, OUTCOME_DONE, NULL, "%s was %s, in %.1f s" MARK ".", blank + 1, done[word],
                   act_took_s(a));
}

/* --- mounts --- */

unsigned act_step_remount(struct act *a)
{
    struct player *p = a->player;
    struct err e = {0};
    bool hung = p->hangs;
    if (policy_check_mount(p->policy, a->command.target, &e) < 0)
        return act_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    switch (a->step) {
    case 0:
        return act_go_on(a, ACT_STEP_MS, "asking whether it answers");
    case 1:
        return act_go_on(a, ACT_STEP_MS,
                         hung ? "unmounting, by force: it does not answer" : "unmounting");
    case 2:
        return act_go_on(a, ACT_STEP_MS, "mounting");
    case 3:
        return act_go_on(a, ACT_STEP_MS, "looking whether it answers");
    default:
        player_hang_mount(p, false);
        return act_end(a, OUTCOME_DONE, NULL,
                       "%s is mounted anew, and answers; that took %.1f s" MARK ".",
                       a->command.target, act_took_s(a));
    }
}

/* --- an engine's store --- */

unsigned act_step_prune(struct act *a)
{
    struct err e = {0};
    if (command_check_prune(a->command.argument, &e) < 0)
        return act_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    switch (a->step) {
    case 0:
        return act_go_on(a, ACT_STEP_MS, "removing images");
    case 1:
        return act_go_on(a, ACT_STEP_MS, "removing the build cache");
    default:
        break;
    }
    AUTO(str_done) struct str text = {0};
    AUTO(str_done) struct str output = {0};
    docker_prune(a->player, a->command.argument, &text, &output);
    return act_end(a, OUTCOME_DONE, str_text(&output), "%s" MARK, str_text(&text));
}

/* --- logs --- */

unsigned act_step_vacuum(struct act *a)
{
    struct err e = {0};
    struct vacuum v;
    AUTO(str_done) struct str text = {0};
    if (command_read_vacuum(a->command.argument, &e, &v) < 0)
        return act_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    if (a->step == 0)
        return act_go_on(a, ACT_STEP_MS, "removing old files of the journal");
    logs_vacuum(a->player, &v, &text);
    return act_end(a, OUTCOME_DONE, NULL, "%s" MARK ".", text.p);
}

unsigned act_step_empty_log(struct act *a)
{
    const struct played *s = player_find(a->player, a->command.target);
    AUTO(str_done) struct str won = {0};
    if (!s)
        return act_end(a, OUTCOME_FAILED, NULL, "There is no %s on this node any more.",
                       a->command.target);
    if (a->step == 0)
        return act_go_on(a, ACT_FIRST_MS, "emptying its log");
    str_add_bytes(&won, logs_empty(a->player, s));
    return act_end(a, OUTCOME_DONE, NULL, "The log of %s is empty: %s are free again" MARK ".",
                   s->now->name, won.p);
}
