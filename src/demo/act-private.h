/* Between the files of commands on a player. */
#pragma once

#include "demo/player-private.h"

#define MARK " (demonstration)"

enum {
    ACT_FIRST_MS = 400,
    ACT_STEP_MS = 900,
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
typedef unsigned act_step_fn(struct act *a);

/* All return what a step returns. */
unsigned act_go_on(struct act *a, unsigned ms, const char *fmt, ...) PRINTF(3, 4);
unsigned act_end(struct act *a, enum outcome_state state, const char *output, const char *fmt, ...)
    PRINTF(4, 5);
unsigned act_end_done(struct act *a, const char *what);
double act_took_s(const struct act *a);

/* --- act-services.c: units, containers, projects, processes --- */
act_step_fn act_step_service, act_step_update, act_step_project, act_step_signal;

/* --- act-machine.c: the machine, its mounts, its engine's store, its logs --- */
act_step_fn act_step_machine, act_step_wake, act_step_power, act_step_remount, act_step_prune;
act_step_fn act_step_vacuum, act_step_empty_log;

/* --- act-systems.c: what a NixOS machine runs --- */
act_step_fn act_step_switch, act_step_confirm, act_step_rebuild, act_step_collect;
