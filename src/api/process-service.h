/* Which service a process belongs to: its node is asked, by a worker that waits for the answer. */
#pragma once

#include "api/api.h"

/* The service's whole id; "" = it belongs to none, or has ended. NULL: nobody can tell (the node is
 * away, too old, or does not answer). mem_free(). On a worker. */
char *process_service(struct api *a, const char *node, const char *target);
/* The same of an answer of the kind `processes`. */
char *process_service_of(const char *node, const char *target, const char *json, size_t len);
