/* The nodes as the rest of hydrad sees them: the one that it watches itself, and those whose agents
 * dial in. What they report goes to the cluster, outcomes to the jobs; orders go to the node that
 * they are for. On the hub's loop, but for what says otherwise. */
#pragma once

#include "access/fleet.h"
#include "cluster/cluster.h"
#include "io/loop.h"
#include "io/worker.h"
#include "jobs/jobs.h"
#include "node/inspect.h"
#include "node/logs.h"
#include "node/node.h"

struct nodes;

struct nodes_settings {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    struct fleet *fleet;
    struct cluster *cluster;
    struct jobs *jobs;    /* hears the outcomes of commands */
    const char *local;    /* id of the node that hydrad watches itself; NULL = none */
    const char *docker;   /* its engine; NULL = the usual places */
    const char *data;     /* folder where outcomes of its commands are kept */
    const char *programs; /* folder of agents to hand out */
    const char *agents;   /* "HOST:PORT" where agents dial in; "none" */
    const char *journal;  /* folder of its journal; NULL or "" = the system's */
    struct node_loki loki;
};

struct nodes *nodes_start(const struct nodes_settings *s);
/* After the workers have ended, before the loop is freed. */
void nodes_stop(struct nodes *n);

void nodes_tick(struct nodes *n);          /* each second */
void nodes_fleet_changed(struct nodes *n); /* any thread */

/* The checks of a node from now on. */
void nodes_checks(struct nodes *n, const char *node, const struct check_spec *specs,
                  size_t n_specs);
/* Starts a reader of a node's logs. Any thread. */
void nodes_logs(struct nodes *n, const char *node, struct log_reader *r);

/* Asks a node. `done` comes exactly once, at once or later, before nodes_stop() returns: also when
 * the node is away (-ENOTCONN), does not answer in time, or its agent is too old (-ENOSYS). On the
 * hub's loop; `q` is copied. */
void nodes_inspect(struct nodes *n, const char *node, const struct inspection *q, inspect_fn *done,
                   void *arg);
/* Who asked with these waits no more: `done` comes at once, and the node is told. */
void nodes_inspect_cancel(struct nodes *n, inspect_fn *done, const void *arg);
/* All that is asked ends now, and what is asked from now on at once. */
void nodes_end_inspections(struct nodes *n);

/* Checks one service now. -ENOENT; -ENOTCONN: its node is not connected. */
int nodes_check_now(struct nodes *n, const char *service) MUST_CHECK;

/* Gives a command to a node, or asks what became of one. -ENOTCONN: the node is away, and nothing
 * was sent. */
int nodes_command(struct nodes *n, const char *node, const struct command *c,
                  struct err *e) MUST_CHECK;
int nodes_query(struct nodes *n, const char *node, const char *command, struct err *e) MUST_CHECK;
