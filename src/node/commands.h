/* Carries out commands: what is stale, repeated or not allowed is refused, the others are written
 * down, done, and told of. The module that stands behind node_command(). For the files of this
 * folder; on the node's loop. */
#pragma once

#include "node/node-private.h"
#include "node/policy.h"

enum {
    COMMANDS_AT_ONCE = 4,        /* one at a time for each target */
    LIMIT_COMMANDS_WAITING = 64, /* further ones are refused */
    POLICY_LOOK_MS = 3000,       /* its file is looked at so often, and before each command */
    LOG_LOOK_MS = 60000,         /* a command log that could not be opened is tried again */
};

extern const struct node_module commands_module;

/* Does the policy, as it is on disk now, allow this? `verb`: a command's name, or "logs". -EACCES.
 */
int commands_allow(struct node *n, const char *verb, const char *target, struct err *e) MUST_CHECK;

/* As it is on disk now. Valid until the loop turns. */
const struct policy *commands_policy(struct node *n);

/* The connection to systemd is being lost: what waits on it ends. */
void commands_bus_lost(struct node *n);
