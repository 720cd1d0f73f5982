/* What a module has told of its services: tells only what changed.
 *
 * For the files of this folder. One per module or engine; on the node's loop. */
#pragma once

#include "base/map.h"
#include "node/node-private.h"

struct outbox {
    struct node *node;
    struct map told; /* observed id → fingerprint of what was told last */
    struct str scratch;
};

void outbox_init(struct outbox *b, struct node *n);
void outbox_done(struct outbox *b); /* tells nothing */

/* Tells `o` (whose ownership moves in) unless the same was told before. Returns true when it was
 * told. */
bool outbox_put(struct outbox *b, struct observed *o);
/* Tells that the service is gone, if it was ever told. */
void outbox_gone(struct outbox *b, const char *id);
bool outbox_has(const struct outbox *b, const char *id);
