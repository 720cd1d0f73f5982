/* Prepared statements of one connection, found by their SQL, the least recently used one leaves.
 * Not thread-safe. */
#pragma once

#include "store/store.h"

struct cached {
    char *sql, *types; /* `types`: the parameter formats; part of the key */
    uint64_t hash, used;
    void *handle; /* the backend's */
    bool busy;    /* an open result stands on it */
};

struct statement_cache {
    struct cached v[LIMIT_STORE_STATEMENTS];
    uint64_t clock;
};

/* The free statement for `sql`, or NULL. */
struct cached *cache_find(struct statement_cache *c, const char *sql, const char *types);
/* Keeps `handle`; the one that left for it is in *ret_old (NULL = none). NULL when all are busy:
 * the caller keeps the handle and drops it after use. */
struct cached *cache_add(struct statement_cache *c, const char *sql, const char *types,
                         void *handle, void **ret_old);
void cache_forget(struct cached *entry); /* the handle is the caller's again */
void cache_clear(struct statement_cache *c, void (*drop)(void *handle)); /* drop may be NULL */
