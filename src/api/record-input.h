/* ServiceInput of the contract, laid over a `struct service_record`. */
#pragma once

#include "cluster/cluster.h"
#include "http/http.h"

#include <jansson.h>

/* Lays the members that the body gives over `r`; what is absent stays. 0, or -EINVAL after a
 * problem was sent. */
int record_read(struct http_exchange *x, const json_t *body, struct service_record *r) MUST_CHECK;
