/* What a node may be told to do: typed, never a shell.
 *
 * A command has an id, a target on this node and a time after which it is stale. It is refused when
 * it is stale, when its sequence is not above the last one's, or when the node's own policy does
 * not allow it. Its outcome is remembered by id, so one whose answer was lost is asked for, not
 * given again. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum command_verb {
    COMMAND_UNIT_START,
    COMMAND_UNIT_STOP,
    COMMAND_UNIT_RESTART,
    COMMAND_UNIT_RELOAD,
    COMMAND_UNIT_RESET_FAILED,
    COMMAND_UNIT_MASK, /* until the next boot */
    COMMAND_UNIT_UNMASK,
    COMMAND_CONTAINER_START,
    COMMAND_CONTAINER_STOP,
    COMMAND_CONTAINER_RESTART,
    COMMAND_CONTAINER_PAUSE,
    COMMAND_CONTAINER_UNPAUSE,
    COMMAND_CONTAINER_KILL,   /* argument: signal, "" = KILL */
    COMMAND_CONTAINER_RENAME, /* argument: the new name */
    COMMAND_CONTAINER_REMOVE,
    COMMAND_CONTAINER_UPDATE,  /* pull, make anew with the same settings, wait until healthy, or put
                                  the old one back */
    COMMAND_CONTAINER_CONNECT, /* argument: a network of its engine */
    COMMAND_CONTAINER_DISCONNECT,   /* the same */
    COMMAND_CONTAINER_TRUNCATE_LOG, /* what Docker kept of what it printed */
    COMMAND_PROJECT_UP,
    COMMAND_PROJECT_DOWN,
    COMMAND_PROJECT_RESTART,
    COMMAND_PROJECT_PULL,
    COMMAND_PROCESS_SIGNAL, /* target: PID:START_TICKS; argument: signal */
    COMMAND_MACHINE_REBOOT,
    COMMAND_MACHINE_POWER_OFF,
    COMMAND_GENERATION_SWITCH,   /* target: its number; argument: "reboot", "within:SECONDS" */
    COMMAND_GENERATION_ROLLBACK, /* to the one before the current; argument as above */
    COMMAND_GENERATION_REBUILD,  /* argument: a flake that the node's policy names */
    COMMAND_GENERATION_COLLECT,  /* argument: days, of what is older; "" = 30 */
    COMMAND_GENERATION_CONFIRM,  /* the hub's own; target: id of the command that switched */
    COMMAND_DOCKER_PRUNE,   /* target: an engine, "" = the first; argument: what, with commas, "" =
                               what can be fetched or made again */
    COMMAND_AGENT_UPGRADE,  /* argument: the version */
    COMMAND_MACHINE_WAKE,   /* another one; target: MAC[,MAC][@ADDRESS:PORT]; argument: its name */
    COMMAND_MOUNT_REMOUNT,  /* target: a mount point that the node's policy names */
    COMMAND_MACHINE_POWER,  /* another one, by its controller; target: bmc/ADDRESS; argument: a word
                               of power.h and its name; secret: user and password, a line each */
    COMMAND_JOURNAL_VACUUM, /* argument: what stays; struct vacuum */
    COMMAND_COUNT,
};
/* The machine goes down, and all that runs on it. */
static inline bool command_goes_down(enum command_verb v)
{
    return v == COMMAND_MACHINE_REBOOT || v == COMMAND_MACHINE_POWER_OFF;
}
/* Is it about what a NixOS machine runs? One at a time for a node; confirming is apart. */
static inline bool command_is_generation(enum command_verb v)
{
    return v >= COMMAND_GENERATION_SWITCH && v <= COMMAND_GENERATION_COLLECT;
}
/* What docker.prune takes: "containers" …, in the order in which it goes; commas between. */
enum { COMMAND_PRUNE_WORDS = 6 };
extern const char *const command_prune_words[COMMAND_PRUNE_WORDS];
/* -EINVAL names the word that is none of them; "" is good. */
int command_check_prune(const char *argument, struct err *e) MUST_CHECK;
/* What stays of the machine's journal. */
struct vacuum {
    uint64_t bytes;   /* so many; 0 = as many as there are */
    uint64_t seconds; /* what is not older; 0 = however old */
};
enum { VACUUM_MIN_BYTES = 1 << 20, VACUUM_MIN_S = 3600 };
#define VACUUM_MAX_BYTES (1ull << 50)
#define VACUUM_MAX_S (100ull * 366 * 24 * 3600)
bool vacuum_is_valid(const struct vacuum *v);
/* "size:BYTES", "age:SECONDS" or both, a blank between. -EINVAL. */
int command_read_vacuum(const char *argument, struct err *e, struct vacuum *ret_v) MUST_CHECK;
/* -EINVAL unless it is the number of a generation. */
int command_read_generation(const char *text, unsigned *ret_generation, struct err *e) MUST_CHECK;
const char *command_verb_name(enum command_verb v);                            /* "unit.restart" */
int command_verb_parse(const char *name, enum command_verb *ret_v) MUST_CHECK; /* -ENOENT */

/* The step of a switch that waits for the hub's confirm. */
#define COMMAND_STEP_HEALTH "waiting for health"

enum {
    COMMAND_ID_SIZE = 40,
    LIMIT_COMMAND_TEXT = 512, /* bytes of target and argument */
    LIMIT_COMMAND_OUTPUT = 16 << 10,
};

struct command {
    char id[COMMAND_ID_SIZE];
    char *user; /* for the node's own record */
    enum command_verb verb;
    char *target; /* an observed id ("docker/plex", "systemd/nginx.service"), "docker/PROJECT" of a
                     project, or "" of the machine */
    char *argument;     /* "" = none */
    char *secret;       /* NULL = none; never written down, never told */
    int64_t expires_ms; /* wall clock; 0 = never (this machine's own commands) */
    uint64_t sequence;  /* above that of every command before it; 0 = not counted */
    bool is_local;      /* a person on this machine asks, not the hub */
    uint32_t uid;       /* that person's, as the kernel says */
};
void command_done(struct command *c);
void command_copy(struct command *to, const struct command *from);

enum outcome_state {
    OUTCOME_RUNNING, /* `step` says what it does now, or why that can't be told; more follow */
    OUTCOME_DONE,
    OUTCOME_FAILED,
    OUTCOME_REFUSED, /* stale, repeated, not allowed here: nothing was done */
    OUTCOME_UNKNOWN, /* asked for, but this node never heard of it */
};
const char *outcome_state_name(enum outcome_state s); /* "running" … */

struct command_outcome {
    char id[COMMAND_ID_SIZE];
    enum outcome_state state;
    int64_t time_ms;
    char *step;   /* "stopping", "pulling 40 %"; "" */
    char *text;   /* the result for people: "restarted in 1.2 s", "systemd refused: …"; "" */
    char *output; /* the last lines the thing itself said; "" */
};
void command_outcome_free(struct command_outcome *o);
