/* A pool of worker threads for what may block: database, password hashing, calls out.
 *
 * Jobs run in the order of submission, on the first free worker. The queue is bounded: when it is
 * full the caller says 503 rather than letting latency grow. Any thread may submit. */
#pragma once

#include "base/mem.h"

struct workers;

typedef void worker_fn(void *arg);

/* `stack_kib`: 0 = 256. Threads start on first need, up to `threads`. */
struct workers *workers_new(unsigned threads, unsigned queue_max, unsigned stack_kib);

/* Lets queued jobs finish, then ends the threads. */
void workers_free(struct workers *w);

/* -EAGAIN when the queue is full, -ESHUTDOWN while the pool ends; then fn is not run. */
int workers_submit(struct workers *w, worker_fn *fn, void *arg) MUST_CHECK;

struct workers_stats {
    unsigned threads, busy, queued;
    uint64_t done, refused;
};
struct workers_stats workers_stats(struct workers *w);
