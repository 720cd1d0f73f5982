/* The network cards and addresses of nodes, kept in the database: a node that is away can be woken
 * though hydrad was restarted meanwhile. On the hub's loop. */
#pragma once

#include "cluster/cluster.h"
#include "io/worker.h"
#include "store/store.h"

struct networks;

struct networks *networks_new(struct store *store, struct workers *workers);
void networks_free(struct networks *n); /* after the workers have ended */

/* Tells the cluster what is kept of the nodes that it knows. At the start. */
int networks_recall(struct networks *n, struct cluster *c, struct err *e) MUST_CHECK;
/* A node tells its own: kept when it is new. What can't be written now is with its next facts. */
void networks_keep(struct networks *n, const char *node, const struct node_facts *f);
