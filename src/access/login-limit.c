#include "access/login-limit.h"

#include <pthread.h>
#include <sodium.h>

struct entry {
    uint64_t key;      /* keyed hash of the name; 0 = free */
    int64_t used_ms;   /* the last try */
    int64_t change_ms; /* from when on charges are forgiven */
    int64_t until_ms;  /* no try before */
    unsigned charges;
};

struct table {
    unsigned free;
    int64_t max_wait_ms;
    size_t size;
    struct entry *entries;
};

struct login_limit {
    pthread_mutex_t lock;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct table accounts, networks;
};

static void table_init(struct table *t, unsigned free, int64_t max_wait_ms, size_t size)
{
    *t = (struct table){.free = free, .max_wait_ms = max_wait_ms, .size = size};
    t->entries = mem_array(size, sizeof *t->entries);
}

struct login_limit *login_limit_new(void)
{
    struct login_limit *l = mem_alloc(sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    randombytes_buf(l->hash_key, sizeof l->hash_key);
    table_init(&l->accounts, LIMIT_LOGIN_ACCOUNT_FREE, LIMIT_LOGIN_ACCOUNT_WAIT_MS,
               LIMIT_LOGIN_ACCOUNTS);
    table_init(&l->networks, LIMIT_LOGIN_NETWORK_FREE, LIMIT_LOGIN_NETWORK_WAIT_MS,
               LIMIT_LOGIN_NETWORKS);
    return l;
}

void login_limit_free(struct login_limit *l)
{
    if (!l)
        return;
    mem_free(l->accounts.entries);
    mem_free(l->networks.entries);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

static uint64_t key_of(const struct login_limit *l, const char *name)
{
    uint64_t h;
    crypto_shorthash((unsigned char *)&h, (const unsigned char *)name, strlen(name), l->hash_key);
    return h ? h : 1;
}

/* The entry of `key`, made in the place of the one used longest ago when there is none. A password
 * costs ten thousand times what this walk does. */
static struct entry *entry_of(struct table *t, uint64_t key, int64_t now)
{
    struct entry *oldest = &t->entries[0];
    for (size_t i = 0; i < t->size; i++) {
        struct entry *e = &t->entries[i];
        if (e->key == key)
            return e;
        if (oldest->key && (!e->key || e->used_ms < oldest->used_ms))
            oldest = e;
    }
    *oldest = (struct entry){.key = key, .used_ms = now, .change_ms = now};
    return oldest;
}

/* Takes off what time forgives. A clock that was set back neither forgives nor prolongs. */
static void forgive(const struct table *t, struct entry *e, int64_t now)
{
    if (now < e->change_ms)
        e->change_ms = now;
    if (e->until_ms > now + t->max_wait_ms)
        e->until_ms = now + t->max_wait_ms;
    int64_t n = (now - e->change_ms) / LIMIT_LOGIN_FORGIVE_MS;
    e->change_ms += n * LIMIT_LOGIN_FORGIVE_MS;
    e->charges = n >= e->charges ? 0 : e->charges - (unsigned)n;
    if (!e->charges)
        e->change_ms = now;
}

static int64_t wait_of(const struct table *t, struct entry *e, int64_t now)
{
    forgive(t, e, now);
    return e->until_ms > now ? e->until_ms - now : 0;
}

/* 1 s after the first charge beyond the free ones, doubling up to the table's maximum. */
static void charge(const struct table *t, struct entry *e, int64_t now)
{
    e->used_ms = now;
    e->charges++;
    if (e->charges <= t->free)
        return;
    unsigned beyond = e->charges - t->free - 1;
    int64_t wait = beyond < 20 ? 1000ll << beyond : t->max_wait_ms;
    e->until_ms = now + (wait < t->max_wait_ms ? wait : t->max_wait_ms);
}

/* Waits earned by wrong tries stand: a right password of one's own buys no guess at another's. */
static void refund(const struct table *t, struct entry *e, int64_t now)
{
    forgive(t, e, now);
    if (e->charges)
        e->charges--;
    if (e->charges <= t->free)
        e->until_ms = 0;
}

int64_t login_limit_try(struct login_limit *l, const char *account, const char *network, bool known,
                        int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    struct entry *of_account = entry_of(&l->accounts, key_of(l, account), now_ms);
    struct entry *of_network = entry_of(&l->networks, key_of(l, network), now_ms);
    int64_t wait = wait_of(&l->networks, of_network, now_ms);
    int64_t account_wait = known ? 0 : wait_of(&l->accounts, of_account, now_ms);
    if (account_wait > wait)
        wait = account_wait;
    if (!wait) {
        charge(&l->networks, of_network, now_ms);
        if (!known)
            charge(&l->accounts, of_account, now_ms);
    }
    pthread_mutex_unlock(&l->lock);
    return wait;
}

void login_limit_refund(struct login_limit *l, const char *account, const char *network, bool known,
                        int64_t now_ms)
{
    pthread_mutex_lock(&l->lock);
    if (!known)
        refund(&l->accounts, entry_of(&l->accounts, key_of(l, account), now_ms), now_ms);
    refund(&l->networks, entry_of(&l->networks, key_of(l, network), now_ms), now_ms);
    pthread_mutex_unlock(&l->lock);
}
