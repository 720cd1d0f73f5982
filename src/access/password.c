#include "access/password.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>

enum { ARGON2_OPS = 2, ARGON2_MEMORY = 19 * 1024 * 1024 };

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_argon2id_STRBYTES, "room for the hash");

/* Of a random password nobody knows, with the parameters above: what is computed for users that
 * don't exist. */
static const char nobody[PASSWORD_HASH_SIZE] =
    "$argon2id$v=19$m=19456,t=2,p=1$VeDuyXjsbEm23OWvN6Zd0g$"
    "rBtCi0dl8ybK5rx9oc7krXC0ynhRAyj+eStc4xNrKrg";

struct password_gate {
    pthread_mutex_t lock;
    pthread_cond_t free;
    unsigned max_running, max_waiting;
    struct password_gate_stats stats;
};

struct password_gate *password_gate_new(unsigned running, unsigned waiting)
{
    struct password_gate *g = mem_alloc(sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->free, NULL);
    g->max_running = running;
    g->max_waiting = waiting;
    return g;
}

void password_gate_free(struct password_gate *g)
{
    if (!g)
        return;
    assert(!g->stats.running && !g->stats.waiting);
    pthread_cond_destroy(&g->free);
    pthread_mutex_destroy(&g->lock);
    mem_free(g);
}

static void start_running(struct password_gate *g)
{
    g->stats.computed++;
    if (++g->stats.running > g->stats.most_running)
        g->stats.most_running = g->stats.running;
}

int password_gate_enter(struct password_gate *g)
{
    int r = 0;
    pthread_mutex_lock(&g->lock);
    if (g->stats.running >= g->max_running && g->stats.waiting >= g->max_waiting) {
        g->stats.refused++;
        r = -EAGAIN;
    } else {
        g->stats.waiting++;
        while (g->stats.running >= g->max_running)
            pthread_cond_wait(&g->free, &g->lock);
        g->stats.waiting--;
        start_running(g);
    }
    pthread_mutex_unlock(&g->lock);
    return r;
}

void password_gate_leave(struct password_gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->stats.running--;
    pthread_cond_signal(&g->free);
    pthread_mutex_unlock(&g->lock);
}

struct password_gate_stats password_gate_stats(struct password_gate *g)
{
    pthread_mutex_lock(&g->lock);
    struct password_gate_stats stats = g->stats;
    pthread_mutex_unlock(&g->lock);
    return stats;
}

int password_hash(struct password_gate *g, const char *password, struct err *e,
                  char ret_hash[PASSWORD_HASH_SIZE])
{
    char text[crypto_pwhash_argon2id_STRBYTES];
    if (password_gate_enter(g) < 0)
        return err_set(e, -EAGAIN, "Too many passwords are being checked. Try again in a moment.");
    int r = crypto_pwhash_argon2id_str(text, password, strlen(password), ARGON2_OPS, ARGON2_MEMORY);
    password_gate_leave(g);
    if (r != 0)
        return err_set(e, -ENOMEM, "There is not enough memory to hash a password (19 MiB).");
    str_copy(ret_hash, PASSWORD_HASH_SIZE, text);
    return 0;
}

const char *password_of_nobody(void)
{
    return nobody;
}

int password_verify(struct password_gate *g, const char *hash, const char *password)
{
    bool known = !str_is_empty(hash);
    if (password_gate_enter(g) < 0)
        return -EAGAIN;
    errno = 0;
    int r = crypto_pwhash_argon2id_str_verify(known ? hash : nobody, password, strlen(password));
    bool no_memory = r != 0 && errno == ENOMEM;
    password_gate_leave(g);
    if (no_memory)
        return -ENOMEM;
    return r == 0 && known ? 0 : -EACCES;
}
