/* Writes what the cluster tells (feed, states) to the database, in the background.
 *
 * Entries gather on the loop and go in one transaction per RECORDER_GAP_MS; each says that Hydra
 * watched until then, and without entries one per RECORDER_WATCHED_MS does. While the
 * database is away they wait (at most LIMIT_RECORDER_ENTRIES; then the oldest feed entries go, and
 * their number is logged). */
#pragma once

#include "cluster/journal.h"
#include "io/loop.h"
#include "io/worker.h"

enum { RECORDER_GAP_MS = 200, RECORDER_WATCHED_MS = 10000, LIMIT_RECORDER_ENTRIES = 20000 };

struct recorder;
struct recorder *recorder_new(struct loop *loop, struct workers *workers, struct store *store);

/* On the loop. */
void recorder_feed(struct recorder *r, const struct feed_entry *entry);
void recorder_state(struct recorder *r, const struct state_note *note);
/* Every history ends at `wall_ms`: the Hydra before this one is known to have watched until then.
 * Before the first state. */
void recorder_close(struct recorder *r, int64_t wall_ms);

/* Writes what is left, here and now, and frees. After the workers have ended. */
void recorder_free(struct recorder *r);
