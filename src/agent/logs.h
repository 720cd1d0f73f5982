/* Logs for the hub: each LogOpen is answered by a call of its own on the connection that stands. A
 * reader waits until the hub gives credit; nothing else waits. Belongs to the loop. */
#pragma once

#include "agent/uplink.h"
#include "node/logs.h"

struct agent_logs;

/* Who starts a reader on the lines: node_logs(). */
struct agent_logs_source {
    void (*start)(void *arg, struct log_reader *r);
    void *arg;
};

struct agent_logs *agent_logs_new(struct loop *loop, struct agent_logs_source from);
void agent_logs_open(struct agent_logs *l, struct uplink *u, const Hydra__Agent__V1__LogOpen *m);
void agent_logs_close(struct agent_logs *l, uint64_t id);
void agent_logs_down(struct agent_logs *l); /* the connection is gone, and its calls */
void agent_logs_free(struct agent_logs *l); /* after the node and the loop's last messages */
