/* Networks of an engine, from its own answers. Pure. */
#pragma once

#include "base/json.h"

enum { LIMIT_NETWORKS = 1000 };

/* The same of what was read: the engine's list, and the networks that the container is in (NULL =
 * of no container). */
void docker_networks_tell(const json_t *list, const json_t *joined, struct jw *w);

/* From GET /networks, and GET /containers/ID/json (NULL = of no container): appends the member
 * "networks" to an object, by their names. `joinable`: a container can be connected to it; host and
 * none are for nothing but its first moment. -EINVAL; nothing was appended then. */
int docker_networks_print(const char *networks, size_t networks_len, const char *container,
                          size_t container_len, struct err *e, struct jw *w) MUST_CHECK;
