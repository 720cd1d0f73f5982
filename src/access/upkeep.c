/* What access_refresh() does beside reading: expiry told, use written, what is over deleted. */
#include "access/access-private.h"

#include "access/idempotency.h"

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

static bool is_due(struct credential *c)
{
    int64_t written = atomic_load(&c->written_ms), used = atomic_load(&c->used_ms);
    return used > written && (used - written >= WRITE_USED_EVERY_MS || !written);
}

static int write_used(struct db *db, struct credential *c, struct err *e)
{
    int64_t used = atomic_load(&c->used_ms);
    int r =
        c->kind == SUBJECT_SESSION
            ? db_exec(db, e,
                      "UPDATE sessions SET seen_ms = $1, expires_ms = $2 WHERE id = $3 AND "
                      "seen_ms < $4",
                      "iisi", used, credential_expires(c), c->id, used)
            : db_exec(db, e, "UPDATE api_tokens SET used_ms = $1 WHERE id = $2 AND used_ms < $3",
                      "isi", used, c->id, used);
    if (r >= 0)
        atomic_store(&c->written_ms, used);
    return r;
}

static int write_all_used(struct access *a, struct db *db, struct err *e)
{
    int r = 0;
    for (size_t n = 0; n < a->image->n_credentials && r >= 0; n++)
        if (is_due(&a->image->credentials[n]))
            r = write_used(db, &a->image->credentials[n], e);
    return r;
}

/* One transaction for all of them; the version stays: nobody's rights change. */
int access_write_used(struct access *a, struct db *db, struct err *e)
{
    bool any = false;
    for (size_t n = 0; n < a->image->n_credentials && !any; n++)
        any = is_due(&a->image->credentials[n]);
    if (!any)
        return 0;
    int r = db_begin(db, e);
    if (r < 0)
        return r;
    r = write_all_used(a, db, e);
    if (r >= 0)
        r = db_commit(db, e);
    if (r < 0)
        db_rollback(db);
    return r;
}

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
    return sessions + tokens ? version_bump(db, now, e) : 0;
}

int access_tidy(struct access *a, struct db *db, int64_t now_wall_ms, struct err *e)
{
    (void)a;
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
