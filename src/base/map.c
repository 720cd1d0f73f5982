#include "base/map.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
    randombytes_buf(hash_key, sizeof hash_key);
}

static uint64_t hash(const char *key)
{
    uint64_t h;
    pthread_once(&hash_once, make_key);
    crypto_shorthash((unsigned char *)&h, (const unsigned char *)key, strlen(key), hash_key);
    return h;
}

/* The slot that holds `key`, or the empty one where it would go. */
static size_t find_slot(const struct map *m, const char *key)
{
    size_t mask = m->n_slots - 1, i = hash(key) & mask;
    for (; m->slots[i]; i = (i + 1) & mask) {
        const char *k = m->entries[m->slots[i] - 1].key;
        if (k && strcmp(k, key) == 0)
            break;
    }
    return i;
}

/* Drops removed entries and rebuilds the slots, at most half full. */
static void rebuild(struct map *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->entries[i].key)
            m->entries[n++] = m->entries[i];
    m->n = n;
    if (n * 2 >= m->cap) {
        m->cap = m->cap ? m->cap * 2 : 8;
        m->entries = mem_realloc(m->entries, m->cap * sizeof *m->entries);
    }
    m->n_slots = m->cap * 2;
    mem_free(m->slots);
    m->slots = mem_array(m->n_slots, sizeof *m->slots);
    for (size_t i = 0; i < n; i++)
        m->slots[find_slot(m, m->entries[i].key)] = (uint32_t)(i + 1);
}

void *map_get(const struct map *m, const char *key)
{
    if (!m->n_slots || !key)
        return NULL;
    uint32_t at = m->slots[find_slot(m, key)];
    return at ? m->entries[at - 1].value : NULL;
}

void *map_set(struct map *m, const char *key, void *value)
{
    assert(key && value);
    if (m->n == m->cap)
        rebuild(m);
    size_t slot = find_slot(m, key);
    if (m->slots[slot]) {
        struct map_entry *e = &m->entries[m->slots[slot] - 1];
        void *before = e->value;
        e->value = value;
        return before;
    }
    m->entries[m->n++] = (struct map_entry){mem_strdup(key), value};
    m->slots[slot] = (uint32_t)m->n;
    m->live++;
    return NULL;
}

/* The slot stays taken by an entry without a key, so that probing goes on past it; rebuild() drops
 * both. */
void *map_remove(struct map *m, const char *key)
{
    if (!m->n_slots || !key)
        return NULL;
    uint32_t at = m->slots[find_slot(m, key)];
    if (!at)
        return NULL;
    struct map_entry *e = &m->entries[at - 1];
    void *value = e->value;
    mem_free(e->key);
    *e = (struct map_entry){0};
    m->live--;
    return value;
}

size_t map_count(const struct map *m)
{
    return m->live;
}

void map_done(struct map *m, void (*free_value)(void *))
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->entries[i].key && free_value)
            free_value(m->entries[i].value);
        mem_free(m->entries[i].key);
    }
    mem_free(m->entries);
    mem_free(m->slots);
    *m = (struct map){0};
}
