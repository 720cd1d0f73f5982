/* Writes what the cluster tells (feed, states) to the database, in the background.
 *
 * Entries gather on the loop and go in one transaction per LIMIT_RECORDER_GAP_MS. While the
 * database is away they wait (at most LIMIT_RECORDER_ENTRIES; then the oldest feed entries go, and
 * their number is logged). */
#pragma once

#include "cluster/journal.h"
#include "io/loop.h"
#include "io/worker.h"

enum { RECORDER_GAP_MS = 200, LIMIT_RECORDER_ENTRIES = 20000 };

struct recorder;
struct recorder *recorder_new(struct loop *loop, struct workers *workers, struct store *store);

/* On the loop. */
void recorder_feed(struct recorder *r, const struct feed_entry *entry);
void recorder_state(struct recorder *r, const char *service, enum service_state state,
                    int64_t since_ms);

/* Writes what is left, here and now, and frees. After the workers have ended. */
void recorder_free(struct recorder *r);
