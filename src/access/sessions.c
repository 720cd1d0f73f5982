#include "access/access-private.h"

#include "base/json.h"
#include "base/vec.h"

static void fill(const struct credential *c, struct session *s)
{
    *s = (struct session){0};
    str_copy(s->id, sizeof s->id, c->id);
    str_copy(s->user_id, sizeof s->user_id, c->user->id);
    str_copy(s->user_name, sizeof s->user_name, c->user->name);
    str_copy(s->address, sizeof s->address, c->address);
    str_copy(s->agent, sizeof s->agent, c->agent);
    s->created_ms = c->created_ms;
    s->seen_ms = atomic_load(&c->used_ms);
    s->expires_ms = credential_expires(c);
}

size_t access_sessions(struct access *a, const char *user_id, struct session **ret_sessions)
{
    VEC(struct session) list = {0};
    pthread_rwlock_rdlock(&a->lock);
    for (size_t n = 0; n < a->image->n_credentials; n++) {
        const struct credential *c = &a->image->credentials[n];
        if (c->kind == SUBJECT_SESSION && !atomic_load(&c->ended) &&
            (!user_id || str_eq(c->user->id, user_id)))
            fill(c, vec_add(&list));
    }
    pthread_rwlock_unlock(&a->lock);
    *ret_sessions = list.v;
    return list.n;
}

int access_session_get(struct access *a, const char *id, struct session *ret_session)
{
    pthread_rwlock_rdlock(&a->lock);
    const struct credential *c = map_get(&a->image->by_id, id);
    bool found = c && c->kind == SUBJECT_SESSION;
    if (found)
        fill(c, ret_session);
    pthread_rwlock_unlock(&a->lock);
    return found ? 0 : -ENOENT;
}

/* Whose it was; -ENOENT. */
static int read_owner(struct db *db, const char *id, struct err *e, struct str *ret_name)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e,
                         "SELECT users.name FROM sessions JOIN users ON users.id = "
                         "sessions.user_id WHERE sessions.id = $1",
                         &rows, "s", id);
    if (r == -ENOENT)
        return err_set(e, r, "There is no such session; it may have ended already.");
    if (r >= 0)
        str_add(ret_name, rows_text(rows, 0));
    return r;
}

static int record(struct db *db, const struct actor *by, const char *action, const char *id,
                  const char *owner, struct err *e)
{
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "user", owner);
    jw_end_object(&w);
    int r = change_record(db, by, action, id, str_text(&detail), e);
    str_done(&detail);
    return r;
}

static int end_inside(struct db *db, const struct actor *by, const char *action, const char *id,
                      struct err *e)
{
    struct str owner = {0};
    int r = read_owner(db, id, e, &owner);
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM sessions WHERE id = $1", "s", id);
    if (r >= 0)
        r = record(db, by, action, id, str_text(&owner), e);
    str_done(&owner);
    return r;
}

int access_session_end(struct access *a, struct db *db, const struct actor *by, const char *id,
                       struct err *e)
{
    int r = change_begin(db, by, e);
    return r < 0 ? r : change_end(a, db, end_inside(db, by, "session.end", id, e), e);
}

int access_logout(struct access *a, struct db *db, const struct actor *by, const char *session_id,
                  struct err *e)
{
    int r = change_begin(db, by, e);
    if (r >= 0)
        r = change_end(a, db, end_inside(db, by, "logout", session_id, e), e);
    return r == -ENOENT ? 0 : r;
}
