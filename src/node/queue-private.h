/* Between commands.c (what comes in, what a former run left) and command-queue.c (what runs). */
#pragma once

#include "node/command-log.h"
#include "node/commands-private.h"

#include <sys/stat.h>

struct commands {
    struct node *node;
    struct command_log *log; /* NULL: it can't be read, so nothing is done */
    struct err trouble;      /* why */
    char boot[COMMAND_BOOT_SIZE];
    struct policy *policy;
    struct stat policy_file;      /* as it was when it was read; zero = there was none */
    int policy_errno;             /* why it could not be looked at; 0 */
    int64_t policy_at_ms;         /* mono: when it was looked at */
    int64_t log_at_ms;            /* mono: when it was tried to be opened, while there is none */
    VEC(struct action *) actions; /* those that run and those that wait, in the order of coming */
    bool starting, again;         /* start_waiting() is at work; and is to look once more */
    struct workers *workers;      /* of action_on_thread(); made when it is needed */
};

struct command_outcome command_outcome_of(const char *id, enum outcome_state state,
                                          const char *text);
void command_outcome_log(const struct command *c, const struct command_outcome *o);
/* `c` NULL = nobody knows of such a command. */
void commands_tell(struct node *n, const struct command *c, const struct command_outcome *o);
/* To whoever asks: it was told before. */
void commands_tell_again(struct node *n, const struct command *c, const struct command_outcome *o);
/* Once told, it stays so: with `keep` it is written down (the hub's alone), else it would be
 * refused again anyway. */
void commands_refuse(struct commands *s, const struct command *c, const char *why, bool keep);
void commands_refuse_stale(struct commands *s, const struct command *c);
bool command_is_stale(const struct command *c);

struct action *action_new(struct commands *s, const struct command *c,
                          const struct action_ops *ops); /* it waits for its turn */
void action_free(struct action *a);
void action_run(struct action *a); /* marks it as begun; start() or resume() comes next */
void action_tell_step(const struct action *a);
bool action_is_its_turn(const struct commands *s, const struct action *a);
void commands_look_at_policy(struct commands *s); /* and reads it when it has changed */
int commands_check_policy(const struct commands *s, const struct command *c,
                          struct err *e) MUST_CHECK; /* -EACCES */
void commands_start_waiting(struct commands *s);     /* those whose turn it is */
