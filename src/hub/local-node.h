/* The built-in agent: the node code on a thread of its own, its reports handed to the hub's loop.
 */
#pragma once

#include "io/loop.h"
#include "node/inspect.h"
#include "node/logs.h"
#include "node/node.h"

struct local_node;

struct local_node_settings {
    const char *docker;    /* NULL = the usual places */
    const char *policy;    /* what commands it allows: a YAML file; NULL = the default policy */
    const char *state_dir; /* where outcomes of commands outlive a restart; NULL = in memory */
    const char *journal;   /* its folder; NULL = the system's own */
    struct node_loki loki; /* copied */
    /* On the hub's loop; ownership of the report's content moves. */
    void (*report)(void *arg, struct node_report *r);
    /* On the hub's loop; the answer is valid during the call. */
    void (*inspected)(void *arg, uint64_t id, const struct inspect_answer *a);
    void *arg;
};

struct local_node *local_node_start(struct loop *hub, const struct local_node_settings *s);

/* Orders the checks. Any thread; specs are copied. */
void local_node_checks(struct local_node *n, const struct check_spec *specs, size_t n_specs);

/* Checks one service now. Any thread; waits for the node's thread. -ENOENT. */
int local_node_check_now(struct local_node *n, const char *service);

/* Gives a command, or asks what became of one; outcomes come as reports. Any thread; `c` and `id`
 * are copied. */
void local_node_command(struct local_node *n, const struct command *c);
void local_node_command_query(struct local_node *n, const char *id);
/* Starts a reader of its logs. Any thread. */
void local_node_logs(struct local_node *n, struct log_reader *r);

/* Asks it; the answer comes to `inspected`. Any thread; `q` is copied. */
void local_node_inspect(struct local_node *n, uint64_t id, const struct inspection *q);
void local_node_inspect_cancel(struct local_node *n, uint64_t id);

/* Ends the thread. On the hub's thread, before the hub's loop is freed; reports still under way are
 * dropped. */
void local_node_stop(struct local_node *n);
