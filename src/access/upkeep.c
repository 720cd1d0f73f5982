/* What access_refresh() does beside reading: expiry told, use written, what is over deleted. */
#include "access/access-private.h"

#include "access/idempotency.h"
#include "base/vec.h"

enum {
    WRITE_USED_EVERY_MS = 60 * 1000,
    /* Another replica may know of a use that the database does not: it writes within a minute. */
    SESSION_GRACE_MS = 3600 * 1000,
    DAY_MS = 24 * 3600 * 1000,
};

/* `refreshing` keeps the image in its place: only its holder replaces it. */
void access_tell_expired(struct access *a, int64_t now_wall_ms)
{
    for (size_t n = 0; n < a->image->n_credentials; n++) {
        struct credential *c = &a->image->credentials[n];
        int64_t expires = credential_expires(c);
        bool over = expires && expires <= now_wall_ms;
        if (over && !atomic_load(&c->ended) && a->hooks.revoked)
            a->hooks.revoked(a->hooks.arg, c->id);
        atomic_store(&c->ended, over);
    }
}

/* --- when it was last used --- */

struct use {
    enum subject_kind kind;
    char id[40];
    int64_t used_ms, expires_ms;
};
struct uses {
    struct use *v;
    size_t n, cap;
};

static bool is_due(const struct credential *c)
{
    int64_t written = atomic_load(&c->written_ms), used = atomic_load(&c->used_ms);
    return used > written && (used - written >= WRITE_USED_EVERY_MS || !written);
}

static void collect_due(struct access *a, struct uses *uses)
{
    pthread_rwlock_rdlock(&a->lock);
    for (size_t n = 0; n < a->image->n_credentials; n++) {
        const struct credential *c = &a->image->credentials[n];
        if (!is_due(c))
            continue;
        struct use *u = vec_add(uses);
        u->kind = c->kind;
        u->used_ms = atomic_load(&c->used_ms);
        u->expires_ms = credential_expires(c);
        str_copy(u->id, sizeof u->id, c->id);
    }
    pthread_rwlock_unlock(&a->lock);
}

static void mark_written(struct access *a, const struct uses *uses)
{
    pthread_rwlock_rdlock(&a->lock);
    for (size_t n = 0; n < uses->n; n++) {
        struct credential *c = map_get(&a->image->by_id, uses->v[n].id);
        if (c)
            atomic_store(&c->written_ms, uses->v[n].used_ms);
    }
    pthread_rwlock_unlock(&a->lock);
}

static int write_use(struct db *db, const struct use *u, struct err *e)
{
    if (u->kind == SUBJECT_SESSION)
        return db_exec(db, e,
                       "UPDATE sessions SET seen_ms = $1, expires_ms = $2 WHERE id = $3 AND "
                       "seen_ms < $4",
                       "iisi", u->used_ms, u->expires_ms, u->id, u->used_ms);
    return db_exec(db, e, "UPDATE api_tokens SET used_ms = $1 WHERE id = $2 AND used_ms < $3",
                   "isi", u->used_ms, u->id, u->used_ms);
}

/* One transaction for all of them; the version stays: nobody's rights change. */
static int write_uses(struct db *db, const struct uses *uses, struct err *e)
{
    int r = db_begin(db, e);
    for (size_t n = 0; n < uses->n && r >= 0; n++)
        r = write_use(db, &uses->v[n], e);
    if (r >= 0)
        r = db_commit(db, e);
    if (r < 0)
        db_rollback(db);
    return r;
}

int access_write_used(struct access *a, struct db *db, struct err *e)
{
    struct uses uses = {0};
    collect_due(a, &uses);
    int r = uses.n ? write_uses(db, &uses, e) : 0;
    if (r >= 0)
        mark_written(a, &uses);
    vec_done(&uses);
    return r;
}

/* --- what is over --- */

static int delete_over(struct db *db, int64_t now, struct err *e)
{
    int sessions =
        db_exec(db, e, "DELETE FROM sessions WHERE expires_ms < $1", "i", now - SESSION_GRACE_MS);
    if (sessions < 0)
        return sessions;
    int tokens = db_exec(db, e, "DELETE FROM api_tokens WHERE expires_ms > 0 AND expires_ms < $1",
                         "i", now - (int64_t)LIMIT_TOKEN_KEPT_DAYS * DAY_MS);
    if (tokens < 0)
        return tokens;
    return sessions + tokens ? version_bump(db, ACCESS_VERSION, now, e) : 0;
}

int access_tidy(struct db *db, int64_t now_wall_ms, struct err *e)
{
    int r = db_begin(db, e);
    if (r < 0)
        return r;
    r = delete_over(db, now_wall_ms, e);
    if (r >= 0)
        r = idempotency_tidy(db, now_wall_ms, e);
    if (r >= 0)
        r = db_commit(db, e);
    if (r < 0)
        db_rollback(db);
    return r;
}
