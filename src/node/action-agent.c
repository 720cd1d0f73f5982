/* The agent's own program, replaced by a newer one: how, its owner knows (struct node_upgrader). */
#include "node/commands-private.h"

#include "node/version.h"

enum { UPGRADE_MS = 15 * 60 * 1000 };

static void start(struct action *a)
{
    const struct node_upgrader *u = &a->node->settings.upgrader;
    if (u->start)
        u->start(u->arg, a->command.argument);
    else
        action_end(a, OUTCOME_REFUSED, NULL,
                   "This machine is watched by hydrad itself: upgrade the package hydra on it.");
}

static void resume(struct action *a, const char *note)
{
    const struct node_upgrader *u = &a->node->settings.upgrader;
    struct err e = {0};
    (void)note;
    int r = u->resume ? u->resume(u->arg, a->command.argument, &e)
                      : err_set(&e, -ENOSYS, "Another program runs here now.");
    if (r > 0)
        action_step(a, "the new agent is on trial");
    else if (r == 0)
        action_end(a, OUTCOME_DONE, NULL, "The agent is %s now.", agent_version());
    else
        action_end(a, OUTCOME_FAILED, NULL, "%s", e.text);
}

static void stop(struct action *a)
{
    const struct node_upgrader *u = &a->node->settings.upgrader;
    if (u->stop)
        u->stop(u->arg);
}

void node_upgrade_step(struct node *n, const char *step)
{
    struct action *a = commands_find(n, COMMAND_AGENT_UPGRADE);
    if (a)
        action_step(a, "%s", step);
}

void node_upgrade_end(struct node *n, enum outcome_state state, const char *text)
{
    struct action *a = commands_find(n, COMMAND_AGENT_UPGRADE);
    if (a)
        action_end(a, state, NULL, "%s", text);
}

const struct action_ops agent_action = {
    .deadline_ms = UPGRADE_MS,
    .late = "The new program was not there within a quarter of an hour; the old one goes on.",
    .start = start,
    .resume = resume,
    .stop = stop,
};
