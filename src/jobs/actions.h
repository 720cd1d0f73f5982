/* What can be done to a service or a node now: from its kind, its state and who asks. Pure, but for
 * looking at the cluster. On the loop. */
#pragma once

#include "cluster/cluster.h"
#include "jobs/jobs.h"

/* The verb that "restart" means for a service ("unit.restart"), or the whole verb checked against
 * its kind. -EINVAL with a sentence. */
int action_verb(const struct service_look *look, const char *word, struct err *e,
                enum command_verb *ret_verb) MUST_CHECK;

/* What is asked about, and by whom. */
struct action_query {
    const char *id;         /* a service or a node */
    const char *project;    /* of that node, "docker/media": its actions, instead of the node's */
    const char *process;    /* of that node, "PID:START": the same */
    const char *process_of; /* as in struct job_order */
    const char *mount;      /* of that node, "/mnt/models": the same */
    uint64_t permissions;
    struct cluster_now now;
};

/* Writes {"actions":[…]}: what the asker's role may, whether its node would do it, and whether the
 * guard rails stand against it. -ENOENT with a sentence. `j` may be NULL. */
int actions_print(struct cluster *c, const struct jobs *j, const struct action_query *q,
                  struct jw *w, struct err *e) MUST_CHECK;
