/* Memory that is given back all at once: one per exchange. Not thread-safe.
 *
 * Starts in a piece of memory of its owner; what does not fit goes into blocks of its own. Callers
 * hold the ceilings (LIMIT_… and struct http_limits): sizes are never a peer's free choice. */
#pragma once

#include "base/mem.h"

struct arena_block;

struct arena {
    char *next, *end;
    char *home;
    size_t home_size;
    struct arena_block *blocks;
};

void arena_init(struct arena *a, void *home, size_t home_size);
void arena_reset(struct arena *a);                               /* everything from it is gone */
void *arena_alloc(struct arena *a, size_t size);                 /* 8-byte aligned, not zeroed */
char *arena_dup(struct arena *a, const void *bytes, size_t len); /* a NUL is added */
