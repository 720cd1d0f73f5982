/* ServiceInput and ServiceRecord of the contract, to and from `struct service_record`. */
#pragma once

#include "cluster/cluster.h"
#include "http/http.h"

#include <jansson.h>

enum {
    SERVICE_CHECK_INTERVAL_MS = 30000,
    SERVICE_CHECK_TIMEOUT_MS = 5000,
    SERVICE_CHECK_RETRIES = 2
};

/* Lays the members that the body gives over `r`; what is absent stays. 0, or -EINVAL after a
 * problem was sent. */
int record_read(struct http_exchange *x, const json_t *body, struct service_record *r) MUST_CHECK;
void record_print(const struct service_record *r, struct str *out);
