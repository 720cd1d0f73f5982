/* Services that are nothing but a process with listening sockets: "process/redis-server:6379".
 *
 * One whose process ends is told at once (pidfd) and kept as ended as long as it ran (2 min … 24
 * h), or until somebody takes its port: the cluster judges. For listeners.c; on the node's loop. */
#pragma once

#include "node/outbox.h"

struct process_services;

/* `on_end` runs when a watched process ends, before anything is told: the owner reads the sockets
 * again and calls process_services_update(). */
struct process_services *process_services_new(struct node *n, loop_fn *on_end, void *arg);
void process_services_free(struct process_services *s);

/* A port that a process without owner holds. */
struct process_port {
    int pid;
    struct observed_port port; /* strings borrowed */
};

/* What is there now, whole. `in_question(arg, pid)`: the holder of this process's sockets is being
 * searched, so its end is not told yet. */
void process_services_update(struct process_services *s, const struct process_port *ports, size_t n,
                             int64_t wall_ms, bool (*in_question)(void *arg, int pid));

/* Ports that containers and units hold now: an ended service that had one of them is forgotten. */
void process_services_taken(struct process_services *s, const struct process_port *ports, size_t n);

/* Once a tick: how those ended whose parents were slow to collect them; who is forgotten. */
void process_services_tick(struct process_services *s, int64_t wall_ms);
