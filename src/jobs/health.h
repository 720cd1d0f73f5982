/* Is a node as well after a switch of its system as it was before? Pure but for looking at the
 * cluster. On the loop. */
#pragma once

#include "cluster/cluster.h"

/* What runs there and what has failed, for later: a line each. mem_free(). */
char *health_now(struct cluster *c, const char *node, int64_t mono_ms);

/* What is not: a unit that ran then and does not now, a service that has failed and had not, or a
 * node that is away. What its system has no more is no loss. NULL = all is well. mem_free(). */
char *health_trouble(struct cluster *c, const char *node, const char *then, struct cluster_now now);
