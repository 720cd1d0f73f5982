/* What this machine's own people can ask: a Unix socket that speaks the part of the API that is
 * about one node, also while the hub is away.
 *
 *   GET  /api/cli/status, /api/cli/services, /api/cli/logs, /api/web/logs/sources
 *   GET  /api/events/logs                  what is written from now on
 *   POST /api/cli/jobs {verb, service}     Idempotency-Key: the job's id is "local-KEY"
 *   GET  /api/cli/jobs/ID
 *
 * Who may connect, the socket's group says; who asks, the kernel (SO_PEERCRED). Orders are commands
 * like the hub's: under the same policy, done once, and told to the hub for its audit log. An HTTP
 * server exists only while somebody is connected. Belongs to the loop. */
#pragma once

#include "agent/identity.h"
#include "agent/outgoing.h"
#include "agent/uplink.h"
#include "node/node.h"

#define LOCAL_ID "local-" /* what the ids of orders given here begin with */

enum {
    LIMIT_LOCAL_CONNECTIONS = 16,
    LIMIT_LOCAL_TAILS = 8,    /* logs that are followed: the node has readers for others, too */
    LIMIT_LOCAL_REFUSED = 64, /* orders that were refused, and may be asked for */
    LOCAL_LINGER_MS = 5000,
};

struct local;

struct local_settings {
    struct loop *loop;
    struct node *node;
    const char *path;  /* of the socket */
    const char *group; /* whose members may connect; "" = the agent's own */
    const struct identity *identity;
    const struct outgoing *outgoing;
    const struct spool *spool;
    const struct uplink *uplink;
};

/* Listens. A socket that another agent left is replaced. -EADDRINUSE: one that runs has it. */
int local_new(const struct local_settings *s, struct err *e, struct local **ret_l) MUST_CHECK;
/* After the loop has stopped, before the node is freed: turns the loop until all is closed. NULL is
 * fine. */
void local_free(struct local *l);

/* A report of the node: what became of an order of ours. NULL is fine. */
void local_outcome(struct local *l, const struct local_action *a);
