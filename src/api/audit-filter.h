/* The filter of the audit log from a request's query. */
#pragma once

#include "access/audit.h"
#include "http/http.h"

/* 0, or -EINVAL after a problem was sent. Strings live as long as the exchange. */
int audit_filter_read(struct http_exchange *x, struct audit_filter *f) MUST_CHECK;
