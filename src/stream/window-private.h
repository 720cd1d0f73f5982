/* A stream thread's own view of the log: the frames of its ring, each held by reference, so that
 * walking it takes no lock and nothing it sees is ever freed under it.
 *
 * The log's lock is taken once per waking, for as long as it takes to reference the new frames.
 * Belongs to one thread. */
#pragma once

#include "stream/frame-private.h"

struct event_window {
    struct event_log *log;
    uint64_t first, next;       /* holds the sequences [first, next) */
    struct event_frame **slots; /* by sequence % n */
    size_t n;
};

void event_window_init(struct event_window *w, struct event_log *log);
void event_window_done(struct event_window *w);

/* Catches up with the log. True when there are new entries. */
bool event_window_sync(struct event_window *w);

/* Only for sequences in [first, next). */
static inline struct event_frame *event_window_at(const struct event_window *w, uint64_t sequence)
{
    return w->slots[sequence % w->n];
}
