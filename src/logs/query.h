/* What an HTTP request asks for by its query: text, level, times, how many, how long, where to go
 * on. For all who serve logs. */
#pragma once

#include "http/http.h"
#include "logs/logs.h"

enum { LOGS_LINES_USUAL = 200, LOGS_SEARCH_MS_LEAST = 100, LOGS_SEARCH_MS_MOST = 10000 };

/* Everything but whose logs. -EINVAL with the field and a sentence. */
int logs_query_read(struct http_exchange *x, struct logs_request *q, struct err *e) MUST_CHECK;
