/* Listening sockets: who holds which port, and the processes that no engine and no unit knows.
 *
 * Ports are attached to the container or unit that owns the socket; what belongs to neither becomes
 * a service "process/NAME:PORT". For the files of this folder; on the node's loop. */
#pragma once

#include "node/node-private.h"

extern const struct node_module listeners_module;

/* Appends to o->ports the sockets that o->id owns; a port that is there already gets its process.
 */
void listeners_add_ports(struct node *n, struct observed *o);

/* Does a program of this name hold ports for containers? */
bool listeners_is_proxy(const char *program);

/* The process behind a TCP port of this machine: NULL when nobody listens there or it is not known.
 * Valid until the loop turns. */
const char *listeners_process(struct node *n, uint16_t port, int *ret_pid);

/* The observed id of the container or unit that holds a TCP port; NULL. Valid until the loop turns.
 */
const char *listeners_owner(struct node *n, uint16_t port);
