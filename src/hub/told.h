/* What nodes last told, kept in the database (table node_told): a node that is away is shown as it
 * was though hydrad was restarted meanwhile. One row for each node with an agent, which goes with
 * the node: the bytes of the cluster, packed (gzip) and written as base64url.
 *
 * Written rarely: see TOLD_GAP_MS and TOLD_EVERY_MS. All that is due at once is one transaction,
 * and the next begins when it has ended. On the hub's loop, but for told_recall(). */
#pragma once

#include "cluster/cluster.h"
#include "io/loop.h"
#include "io/worker.h"

struct told;

struct told *told_new(struct loop *loop, struct workers *workers, struct store *store,
                      struct cluster *c);
void told_tick(struct told *t); /* each second */
/* Writes what is left, here and now, in one transaction, and frees. After the workers have ended,
 * before the loop and the cluster are freed. */
void told_free(struct told *t);

/* Tells the cluster what is kept of the nodes that it knows. `watched_ms`: until when the Hydra
 * before this one is known to have watched; 0 = not known. What makes no sense, or has the form of
 * another version, is passed over. At the start. */
int told_recall(struct db *db, struct cluster *c, int64_t watched_ms, struct cluster_now now,
                struct err *e) MUST_CHECK;
