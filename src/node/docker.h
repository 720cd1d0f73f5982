/* Docker and Podman: finds their sockets, keeps a connection to each, tells their containers.
 *
 * docker.c looks for sockets; docker-engine.c is one connection: version, events, list, inspect. An
 * engine that goes away is FAILED and tried again with growing, jittered pauses; its containers
 * stay as last told. For the files of this folder; on the node's loop. */
#pragma once

#include "node/node-private.h"

extern const struct node_module docker_module;

/* A container by name, id (or its beginning) or observed id; NULL when there is none. Valid until
 * the loop turns. */
const struct observed *docker_find(struct node *n, const char *name);

/* Is "docker" the engine that root's helper asks (engine-ask.h)? */
bool docker_is_own(struct node *n);

/* Is an engine connected, so that a container not found does not exist? */
bool docker_is_complete(struct node *n);

/* Is every engine that answers known, so that none of its processes is taken for nobody's? */
bool docker_is_settled(struct node *n);

/* The container that publishes this port of the machine (docker-proxy holds it for it); NULL. Valid
 * until the loop turns. */
const struct observed *docker_publisher(struct node *n, uint16_t port, bool udp);

/* The listening sockets changed: containers on the host's network have other ports. */
void docker_refresh(struct node *n);

/* Where the log of a container is: its engine's socket and its name there. Fills `ret` and returns
 * true, or false when there is no such container. */
struct log_place;
bool docker_log_place(struct node *n, const char *name, struct log_place *ret);
