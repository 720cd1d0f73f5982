#include "store/statement-cache.h"

static uint64_t hash_of(const char *sql, const char *types)
{
    uint64_t h = 0xcbf29ce484222325; /* FNV-1a */
    for (const char *p = sql; *p; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3;
    for (const char *p = types; *p; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3;
    return h;
}

struct cached *cache_find(struct statement_cache *c, const char *sql, const char *types)
{
    uint64_t hash = hash_of(sql, types);
    for (size_t i = 0; i < COUNT_OF(c->v); i++) {
        struct cached *s = &c->v[i];
        if (!s->sql || s->busy || s->hash != hash || !str_eq(s->sql, sql) ||
            !str_eq(s->types, types))
            continue;
        s->used = ++c->clock;
        return s;
    }
    return NULL;
}

static struct cached *place(struct statement_cache *c)
{
    struct cached *oldest = NULL;
    for (size_t i = 0; i < COUNT_OF(c->v); i++) {
        struct cached *s = &c->v[i];
        if (!s->sql)
            return s;
        if (!s->busy && (!oldest || s->used < oldest->used))
            oldest = s;
    }
    return oldest;
}

struct cached *cache_add(struct statement_cache *c, const char *sql, const char *types,
                         void *handle, void **ret_old)
{
    struct cached *s = place(c);
    *ret_old = NULL;
    if (!s)
        return NULL;
    if (s->sql) {
        *ret_old = s->handle;
        cache_forget(s);
    }
    *s = (struct cached){
        mem_strdup(sql), mem_strdup(types), hash_of(sql, types), ++c->clock, handle, false};
    return s;
}

void cache_forget(struct cached *entry)
{
    mem_free(entry->sql);
    mem_free(entry->types);
    *entry = (struct cached){0};
}

void cache_clear(struct statement_cache *c, void (*drop)(void *handle))
{
    for (size_t i = 0; i < COUNT_OF(c->v); i++) {
        if (c->v[i].sql && drop)
            drop(c->v[i].handle);
        if (c->v[i].sql)
            cache_forget(&c->v[i]);
    }
}
