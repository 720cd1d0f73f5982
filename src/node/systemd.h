/* systemd over D-Bus: the units that matter, by signals.
 *
 * Told are services that run, have failed or start at boot, and timers, mounts and sockets that
 * have failed or hold a port; the system's own plumbing only when it has failed. For the files of
 * this folder; on the node's loop. */
#pragma once

#include "node/node-private.h"

extern const struct node_module systemd_module;

/* A unit by name, with or without ".service", or by observed id; told or not. NULL when there is
 * none. Valid until the loop turns. */
const struct observed *systemd_find(struct node *n, const char *name);

/* The list of units stands. */
bool systemd_is_complete(struct node *n);
/* It stands, or it is known that there is none to wait for. */
bool systemd_is_settled(struct node *n);

/* Does this cgroup belong to a unit that is folded away? (Then its sockets are nobody's service.)
 */
bool systemd_folds(struct node *n, const char *cgroup);

/* The observed id of the socket unit that listens on this port for a service to be started; NULL.
 * Valid until the loop turns. */
const char *systemd_socket(struct node *n, uint16_t port, bool udp);

/* The listening sockets changed. */
void systemd_refresh(struct node *n);
