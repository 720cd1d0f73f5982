#include "access/access-private.h"

#include "base/rand.h"

#include <sodium.h>

enum { TIDY_EVERY_MS = 10 * 60 * 1000 };

static void make_setup_secret(struct access *a)
{
    char secret[RAND_SECRET_SIZE];
    if (a->image->n_users == 0)
        str_copy(a->setup_secret, sizeof a->setup_secret, rand_secret(secret));
}

static int load_first(struct access *a, struct store *store, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    int r = store_take(store, e, &db);
    return r < 0 ? r : image_load(db, e, &a->image);
}

int access_new(struct store *store, const struct access_hooks *hooks, struct err *e,
               struct access **ret_access)
{
    if (sodium_init() < 0)
        return err_set(e, -EIO, "The cryptography library cannot start.");
    AUTO(access_freep) struct access *a = mem_alloc(sizeof *a);
    pthread_mutex_init(&a->refreshing, NULL);
    pthread_rwlock_init(&a->lock, NULL);
    randombytes_buf(a->digest_key, sizeof a->digest_key);
    a->hooks = hooks ? *hooks : (struct access_hooks){0};
    a->gate = password_gate_new(LIMIT_PASSWORD_RUNNING, LIMIT_PASSWORD_WAITING);
    a->limit = login_limit_new();
    int r = load_first(a, store, e);
    if (r < 0)
        return r;
    make_setup_secret(a);
    *ret_access = TAKE(a);
    return 0;
}

void access_free(struct access *a)
{
    if (!a)
        return;
    image_free(a->image);
    login_limit_free(a->limit);
    password_gate_free(a->gate);
    sodium_memzero(a->setup_secret, sizeof a->setup_secret);
    pthread_rwlock_destroy(&a->lock);
    pthread_mutex_destroy(&a->refreshing);
    mem_free(a);
}

/* --- the image kept fresh --- */

static void replace_image(struct access *a, struct image *fresh)
{
    pthread_rwlock_wrlock(&a->lock);
    struct image *before = a->image;
    image_carry(fresh, before);
    a->image = fresh;
    pthread_rwlock_unlock(&a->lock);
    image_tell(fresh, before, &a->hooks);
    image_free(before);
}

static int sync_locked(struct access *a, struct db *db, struct err *e)
{
    int64_t version;
    struct image *fresh = NULL;
    int r = version_read(db, ACCESS_VERSION, e, &version);
    if (r < 0 || version == a->image->version)
        return r;
    r = image_load(db, e, &fresh);
    if (r >= 0)
        replace_image(a, fresh);
    return r;
}

int access_sync(struct access *a, struct db *db, struct err *e)
{
    pthread_mutex_lock(&a->refreshing);
    int r = sync_locked(a, db, e);
    pthread_mutex_unlock(&a->refreshing);
    return r;
}

static bool is_time_to_tidy(struct access *a, int64_t now_wall_ms)
{
    int64_t since = now_wall_ms - atomic_load(&a->tidied_ms);
    if (since >= 0 && since < TIDY_EVERY_MS)
        return false;
    atomic_store(&a->tidied_ms, now_wall_ms);
    return true;
}

/* What only reads comes first and does not depend on the database taking writes. Before anything
 * is called over, it is read anew whatever its version: use elsewhere bumps none. */
int access_refresh(struct access *a, struct db *db, int64_t now_wall_ms, struct err *e)
{
    bool tidy = is_time_to_tidy(a, now_wall_ms);
    pthread_mutex_lock(&a->refreshing);
    if (tidy)
        a->image->version = -1;
    int r = sync_locked(a, db, e);
    access_tell_expired(a, now_wall_ms);
    pthread_mutex_unlock(&a->refreshing);
    if (r >= 0)
        r = access_write_used(a, db, e);
    if (r >= 0 && tidy)
        r = access_tidy(db, now_wall_ms, e);
    if (r >= 0)
        r = audit_flush(db, now_wall_ms, e);
    return r < 0 ? r : 0;
}

/* --- first start --- */

bool access_needs_setup(struct access *a)
{
    pthread_rwlock_rdlock(&a->lock);
    bool needed = a->image->n_users == 0;
    pthread_rwlock_unlock(&a->lock);
    return needed;
}

/* The text is written once, before other threads know of `a`. */
const char *access_setup_secret(struct access *a)
{
    return a->setup_secret[0] && access_needs_setup(a) ? a->setup_secret : NULL;
}

bool access_setup_matches(struct access *a, const char *secret)
{
    const char *right = access_setup_secret(a);
    char given[SECRET_HASH_SIZE], wanted[SECRET_HASH_SIZE];
    secret_digest(secret ? secret : "", given);
    secret_digest(right ? right : "", wanted);
    return right && sodium_memcmp(given, wanted, sizeof given) == 0;
}

/* --- who is it? --- */

void secret_digest(const char *secret, char ret_hash[SECRET_HASH_SIZE])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, (const unsigned char *)secret, strlen(secret));
    str_hex(digest, sizeof digest, ret_hash);
}

/* Whose secret this is, with the lock held. What this thread found last is at hand as long as the
 * image is the same: requests come in rows, and SHA-256 costs more than the rest of the look. A
 * secret is known again by a keyed 128-bit hash, so that none is kept. */
static const struct credential *find_credential(const struct access *a, const char *secret)
{
    static _Thread_local struct {
        unsigned char key[crypto_shorthash_siphashx24_BYTES];
        uint64_t image; /* its number; 0 = nothing yet */
        const struct credential *credential;
    } last;
    unsigned char key[sizeof last.key];
    char hash[SECRET_HASH_SIZE];
    crypto_shorthash_siphashx24(key, (const unsigned char *)secret, strlen(secret), a->digest_key);
    if (last.image == a->image->number && memcmp(key, last.key, sizeof key) == 0)
        return last.credential;
    secret_digest(secret, hash);
    last.image = a->image->number;
    last.credential = map_get(&a->image->by_secret, hash);
    memcpy(last.key, key, sizeof key);
    return last.credential;
}

static int subject_of(const struct credential *c, int64_t now_wall_ms, struct subject *ret_subject)
{
    int64_t expires = credential_expires(c);
    if (c->user->disabled || (expires && expires <= now_wall_ms))
        return -EACCES;
    credential_subject(c, ret_subject);
    return 0;
}

int access_peek(struct access *a, const char *secret, int64_t now_wall_ms,
                struct subject *ret_subject)
{
    if (str_is_empty(secret))
        return -ENOENT;
    pthread_rwlock_rdlock(&a->lock);
    const struct credential *c = find_credential(a, secret);
    int r = c ? subject_of(c, now_wall_ms, ret_subject) : -ENOENT;
    pthread_rwlock_unlock(&a->lock);
    return r;
}

int access_find(struct access *a, struct db *db, const char *secret, int64_t now_wall_ms,
                struct subject *ret_subject)
{
    int r = access_sync(a, db, NULL);
    return r < 0 ? r : access_peek(a, secret, now_wall_ms, ret_subject);
}

/* Whoever signed in now would be this. */
static int subject_of_user(const struct user *u, struct subject *ret_subject)
{
    struct credential c = {.kind = SUBJECT_SESSION, .user = u, .scopes = PERMISSIONS_ALL};
    if (u->disabled)
        return -EACCES;
    credential_prepare(&c);
    *ret_subject = c.subject;
    return 0;
}

int access_subject(struct access *a, const char *user_id, const char *token_id, int64_t now_wall_ms,
                   struct subject *ret_subject)
{
    int r = -ENOENT;
    pthread_rwlock_rdlock(&a->lock);
    const struct user *u = map_get(&a->image->users_by_id, user_id);
    const struct credential *c = map_get(&a->image->by_id, token_id);
    bool is_theirs = u && c && c->kind == SUBJECT_TOKEN && c->user == u;
    if (is_theirs)
        r = subject_of(c, now_wall_ms, ret_subject);
    else if (u && !*token_id)
        r = subject_of_user(u, ret_subject);
    pthread_rwlock_unlock(&a->lock);
    return r;
}

void access_touch(struct access *a, const char *subject_id, int64_t now_wall_ms)
{
    pthread_rwlock_rdlock(&a->lock);
    struct credential *c = map_get(&a->image->by_id, subject_id);
    if (c && atomic_load(&c->used_ms) < now_wall_ms)
        atomic_store(&c->used_ms, now_wall_ms);
    pthread_rwlock_unlock(&a->lock);
}
