/* Between commands.c and the actions (action-*.c): one kind of thing that is acted on in each. */
#pragma once

#include "io/worker.h"
#include "node/commands.h"

/* A command that is being carried out. */
struct action {
    struct node *node;
    struct commands *owner;
    struct command command;
    const struct action_ops *ops;
    void *state;      /* the ops' own */
    bool begun;       /* else it waits for its turn */
    char *step;       /* as last told; NULL */
    int64_t start_ms; /* mono */
    struct loop_timer *deadline;
};

struct action_ops {
    uint32_t deadline_ms;
    const char *late; /* what is told when it comes: a sentence */
    /* Begins. Must come to action_end(), at once or later. */
    void (*start)(struct action *a);
    /* Goes on after the agent was ended in the midst of it, with what action_note() kept (NULL =
     * nothing). NULL: it can't, and has failed. */
    void (*resume)(struct action *a, const char *note);
    /* Lets go of all that runs, and of `state`. Nothing may come of it afterwards. */
    void (*stop)(struct action *a);
    void (*bus_lost)(struct action *a); /* NULL: it has nothing to do with D-Bus */
};

extern const struct action_ops unit_action, container_action, update_action, project_action,
    process_action, machine_action, prune_action, agent_action, switch_action, rebuild_action,
    collect_action, confirm_action, wake_action, rcd_action, root_action, power_action;

/* The one that is at work; NULL. */
struct action *commands_find(struct node *n, enum command_verb verb);

/* Tells what it does now. */
void action_step(struct action *a, const char *fmt, ...) PRINTF(2, 3);
/* Keeps what resume() must know. On disk when it returns 0. */
int action_note(struct action *a, const char *note, struct err *e) MUST_CHECK;
/* Ends it: `a` is gone afterwards. `output` (what the thing itself said last; NULL) moves in. */
void action_end(struct action *a, enum outcome_state state, char *output, const char *fmt, ...)
    PRINTF(4, 5);

/* Runs fn(arg) on a thread that orders alone have: what waits long there holds up no question.
 * -EAGAIN: too much waits for one already. The node ends only after fn has returned. */
int action_on_thread(struct action *a, worker_fn *fn, void *arg) MUST_CHECK;

/* Does the policy forbid this of a part of what it acts on? */
bool action_is_denied(const struct action *a, enum command_verb verb, const char *target);

enum { ACTION_TOOK_SIZE = 24 };
/* "1.2 s": since its begin. Returns `ret_text`. */
const char *action_took(const struct action *a, char ret_text[ACTION_TOOK_SIZE]);
