/* What can be done to a service or a node now: from its kind, its state and who asks. Pure, but for
 * looking at the cluster. On the loop. */
#pragma once

#include "cluster/cluster.h"
#include "jobs/jobs.h"

/* The verb that "restart" means for a service ("unit.restart"), or the whole verb checked against
 * its kind. -EINVAL with a sentence. */
int action_verb(const struct service_look *look, const char *word, struct err *e,
                enum command_verb *ret_verb) MUST_CHECK;

/* Writes {"actions":[…]} for a service or node id: what the asker's role may, and whether its node
 * would do it. -ENOENT with a sentence. */
int actions_print(struct cluster *c, const struct jobs *j, const char *id, uint64_t permissions,
                  int64_t mono_ms, struct jw *w, struct err *e) MUST_CHECK;
