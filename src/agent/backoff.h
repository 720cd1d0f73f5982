/* How long to wait before the next try of reaching the hub.
 *
 * Each try without success doubles the span, and the wait is anywhere in it, so that the nodes of a
 * cluster do not all knock at once when their hub comes back. A hub that said no is asked seldom.
 * Pure: chance is the caller's. */
#pragma once

#include "base/mem.h"

enum {
    BACKOFF_MIN_MS = 500,
    BACKOFF_SPAN_MS = 1000, /* of the first wait */
    BACKOFF_MAX_MS = 30000,
    BACKOFF_REFUSED_MIN_MS = 5 * 60 * 1000,
    BACKOFF_REFUSED_MAX_MS = 60 * 60 * 1000,
    BACKOFF_STOOD_MS = 10000, /* a link that stood so long was a success */
};

struct backoff {
    unsigned failures, refusals; /* since the last success; zero-initialise */
};

/* The next wait; `chance` is any number, all bits random. */
uint32_t backoff_failed(struct backoff *b, uint32_t chance);
uint32_t backoff_refused(struct backoff *b, uint32_t chance);
void backoff_stood(struct backoff *b, int64_t stood_ms); /* a link that was up has ended */
