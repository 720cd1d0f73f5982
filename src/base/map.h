/* A hash map from strings to pointers, in insertion order. Keys are copied; values are the
 * caller's. SipHash with a random key per process: a peer can't choose keys that collide. Not
 * thread-safe. */
#pragma once

#include "base/mem.h"

struct map_entry {
    char *key;
    void *value;
};

/* Zero-initialise. Iterate `entries[0 … n)`, skipping those whose key is NULL (removed). */
struct map {
    struct map_entry *entries;
    size_t n, cap, live;
    uint32_t *slots; /* index + 1 into entries; 0 = empty */
    size_t n_slots;
};

void *map_get(const struct map *m, const char *key); /* NULL when absent */
void *map_set(struct map *m, const char *key,
              void *value);                       /* returns the value that was there, or NULL */
void *map_remove(struct map *m, const char *key); /* returns the value that was there, or NULL */
size_t map_count(const struct map *m);
void map_done(struct map *m, void (*free_value)(void *)); /* free_value may be NULL */

#define MAP_FOREACH(m, e)                                                                          \
    for (struct map_entry *e = (m)->entries, *e##_end = e ? e + (m)->n : e; e != e##_end; e++)     \
        if (e->key)
