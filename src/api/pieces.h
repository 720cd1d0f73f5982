/* Pieces of JSON that more than one answer holds. */
#pragma once

#include "api/api.h"
#include "base/json.h"

void stream_stats_print(struct api *a, struct jw *w); /* the StreamStats of the contract */
void session_print(const struct http_exchange *x, const struct subject *s,
                   struct str *out); /* the Session */
