#include "api/recent-keys.h"

#include "base/clock.h"
#include "base/map.h"

#include <sodium.h>
#include <stdio.h>

enum { HASH_SIZE = 16, NAME_SIZE = 32 + 1 + LIMIT_IDEMPOTENCY_KEY + 1 };

struct entry {
    char name[NAME_SIZE];
    unsigned char hash[HASH_SIZE];
    char id[EVENT_ID_SIZE];
    int64_t at_ms;
};

/* A ring of entries, allocated as they come, and a map into it. */
struct recent_keys {
    struct map by_name;
    struct entry *ring[LIMIT_RECENT_KEYS];
    size_t next;
};

struct recent_keys *recent_keys_new(void)
{
    return mem_alloc(sizeof(struct recent_keys));
}

void recent_keys_free(struct recent_keys *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < LIMIT_RECENT_KEYS; i++)
        mem_free(k->ring[i]);
    map_done(&k->by_name, NULL);
    mem_free(k);
}

static void fill(struct entry *n, const char *actor, const char *key, const char *body, size_t len)
{
    snprintf(n->name, sizeof n->name, "%.32s %.*s", actor, LIMIT_IDEMPOTENCY_KEY, key);
    crypto_generichash(n->hash, HASH_SIZE, (const unsigned char *)body, len, NULL, 0);
}

int recent_keys_find(struct recent_keys *k, const char *actor, const char *key, const char *body,
                     size_t len, char ret_id[EVENT_ID_SIZE])
{
    struct entry wanted;
    fill(&wanted, actor, key, body, len);
    const struct entry *n = map_get(&k->by_name, wanted.name);
    if (!n || clock_mono_ms() - n->at_ms > LIMIT_RECENT_KEY_MS)
        return -ENOENT;
    if (memcmp(n->hash, wanted.hash, HASH_SIZE) != 0)
        return -EEXIST;
    str_copy(ret_id, EVENT_ID_SIZE, n->id);
    return 0;
}

void recent_keys_add(struct recent_keys *k, const char *actor, const char *key, const char *body,
                     size_t len, const char *id)
{
    struct entry *n = k->ring[k->next];
    if (!n)
        n = k->ring[k->next] = mem_alloc(sizeof *n);
    else if (map_get(&k->by_name, n->name) == n)
        map_remove(&k->by_name, n->name);
    fill(n, actor, key, body, len);
    str_copy(n->id, sizeof n->id, id);
    n->at_ms = clock_mono_ms();
    map_set(&k->by_name, n->name, n);
    k->next = (k->next + 1) % LIMIT_RECENT_KEYS;
}
