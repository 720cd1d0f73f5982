/* Which host names and addresses are this machine's, for the Host allow-list and for what listening
 * means. */
#pragma once

#include "base/str.h"

/* Names under which browsers may come: what the setting `hosts` says, the machine's own host name
 * (and NAME.local), and its addresses. An address in a URL can't be rebound, a name of our own
 * neither. */
void hosts_allowed(const char *setting, struct str_list *ret_hosts);

/* Names among `setting` for which browsers may be told to use TLS alone. That holds for every port
 * of a name: so neither patterns nor names of this machine, whose other services may speak plain
 * HTTP. */
void hosts_strict(const char *setting, struct str_list *ret_hosts);

/* Is "HOST:PORT" reachable from other machines? */
bool hosts_is_exposed(const char *address);

/* "HOST:PORT" (or the path) that a listening socket is bound to; empty when it can't be told. */
void hosts_of_socket(int fd, char *ret_address, size_t size);

/* "HOST:PORT" that agents of other nodes are told to dial: what the setting `agents-address` says,
 * where `agents` listens, or this machine's first address. */
void hosts_agents_address(const char *agents, const char *setting, char *ret_address, size_t size);

/* This machine's name as a node id: lower case, [a-z0-9.-]. */
void hosts_node_id(const char *setting, char *ret_id, size_t size);
