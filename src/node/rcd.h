/* Services of systems without systemd that /etc/rc.d/rc.NAME starts and stops: Slackware, and so
 * Unraid. Known ones are shown as units of the engine "rc.d"; whether one runs is told by its
 * program, for asking a script would run it. For the files of this folder; on the node's loop. */
#pragma once

#include "node/node-private.h"

extern const struct node_module rcd_module;

/* The pid of the program behind an observed id ("rc.d/docker"), looked up now: 0 = it does not run,
 * -ENOENT = there is no such service here. */
int rcd_pid(struct node *n, const char *id);
/* Somebody asks it to end, or not any more: what follows is on purpose. */
void rcd_set_meant(struct node *n, const char *id, bool meant);
