#include "access/access-private.h"

#include "base/json.h"

#include <stdio.h>

/* What a change comes to, once compared with what is. */
struct plan {
    struct user before, after;
    char hash[PASSWORD_HASH_SIZE]; /* "" = the password stays */
    char limits[LIMITS_SIZE];      /* tidied, when they change */
    bool ends_sessions;
};

static int check_change(struct plan *p, const struct user_change *c, struct err *e)
{
    int r = c->display_name ? display_name_check(c->display_name, e) : 0;
    if (r >= 0 && c->preferences)
        r = preferences_check(c->preferences, e);
    if (r >= 0 && c->limits)
        r = err_field(e, limits_normal(c->limits, p->limits, e), "limits");
    return r;
}

static void make_plan(struct plan *p, const struct user_change *c)
{
    p->after = p->before;
    if (c->display_name)
        str_copy(p->after.display_name, sizeof p->after.display_name,
                 *c->display_name ? c->display_name : p->before.name);
    if (c->preferences)
        str_copy(p->after.preferences, sizeof p->after.preferences, c->preferences);
    if (c->limits)
        str_copy(p->after.limits, sizeof p->after.limits, p->limits);
    if (c->role)
        p->after.role = *c->role;
    if (c->disabled)
        p->after.disabled = *c->disabled;
    p->ends_sessions = p->hash[0] || p->after.role != p->before.role ||
                       !str_eq(p->after.limits, p->before.limits) ||
                       (p->after.disabled && !p->before.disabled);
}

/* Who may change everything. */
static bool is_whole_admin(const struct user *u)
{
    return u->role == ROLE_ADMIN && !u->disabled && !*u->limits;
}

/* Inside a change, so that two admins can't remove each other at once. */
static int keep_an_admin(struct db *db, const struct user *u, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    if (!is_whole_admin(u))
        return 0;
    int r =
        db_query_one(db, e,
                     "SELECT id FROM users WHERE role = 'admin' AND disabled = 0 AND limits = '' "
                     "AND id <> $1 LIMIT 1",
                     &rows, "s", u->id);
    if (r == -ENOENT)
        return err_set(e, -EBUSY,
                       "%s is the only admin there is. Make somebody else an admin first.",
                       u->name);
    return r;
}

static int update(struct db *db, const struct plan *p, const char *keep_session, struct err *e)
{
    const struct user *u = &p->after;
    int r = db_exec(db, e,
                    "UPDATE users SET display_name = $1, role = $2, disabled = $3, "
                    "preferences = $4, limits = $5 WHERE id = $6",
                    "ssisss", u->display_name, role_name(u->role), (int64_t)u->disabled,
                    u->preferences, u->limits, u->id);
    if (r >= 0 && p->hash[0])
        r = db_exec(db, e, "UPDATE users SET password_hash = $1 WHERE id = $2", "ss", p->hash,
                    u->id);
    if (r >= 0 && p->ends_sessions)
        r = db_exec(db, e, "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", "ss", u->id,
                    keep_session ? keep_session : "");
    return r;
}

/* What changed, without the password itself. */
static int record(struct db *db, const struct actor *by, const struct plan *p, struct err *e)
{
    const struct user *was = &p->before, *is = &p->after;
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "id", is->id);
    if (is->role != was->role) {
        jw_key_str(&w, "role", role_name(is->role));
        jw_key_str(&w, "role_before", role_name(was->role));
    }
    if (is->disabled != was->disabled)
        jw_key_bool(&w, "disabled", is->disabled);
    if (!str_eq(is->limits, was->limits)) {
        jw_key_str(&w, "limits", is->limits);
        jw_key_str(&w, "limits_before", was->limits);
    }
    if (!str_eq(is->display_name, was->display_name))
        jw_key_str(&w, "display_name", is->display_name);
    if (!str_eq(is->preferences, was->preferences))
        jw_key_bool(&w, "preferences", true);
    if (p->hash[0])
        jw_key_bool(&w, "password", true);
    jw_end_object(&w);
    int r = change_record(db, by, "user.change", is->name, str_text(&detail), e);
    str_done(&detail);
    return r;
}

static int read_user(struct db *db, const char *user_id, struct err *e, struct user *ret_user)
{
    char hash[PASSWORD_HASH_SIZE];
    int r = user_read(db, "id", user_id, e, ret_user, hash);
    return r == -ENOENT ? err_set(e, r, "There is no such user.") : r;
}

static int change_inside(struct db *db, const struct actor *by, const char *user_id,
                         const struct user_change *c, const char *keep_session, struct plan *p,
                         struct err *e)
{
    int r = read_user(db, user_id, e, &p->before);
    if (r < 0)
        return r;
    make_plan(p, c);
    if (!is_whole_admin(&p->after))
        r = keep_an_admin(db, &p->before, e);
    if (r >= 0)
        r = update(db, p, keep_session, e);
    if (r >= 0)
        r = record(db, by, p, e);
    return r;
}

/* Before the transaction: hashing takes its time. */
static int hash_new_password(struct access *a, const char *user_id, const char *password,
                             struct plan *p, struct err *e)
{
    struct user u;
    if (access_user_get(a, user_id, &u) < 0)
        u.name[0] = 0; /* not read yet, or not there: found out inside */
    int r = err_field(e, password_acceptable(password, u.name, e), "password");
    return r < 0 ? r : password_hash(a->gate, password, e, p->hash);
}

int access_user_change(struct access *a, struct db *db, const struct actor *by, const char *user_id,
                       const struct user_change *c, const char *keep_session, struct err *e)
{
    struct plan p = {0};
    int r = check_change(&p, c, e);
    if (r >= 0 && c->password)
        r = hash_new_password(a, user_id, c->password, &p, e);
    if (r >= 0)
        r = change_begin(db, by, e);
    if (r < 0)
        return r;
    return change_end(a, db, change_inside(db, by, user_id, c, keep_session, &p, e), e);
}

static int remove_inside(struct db *db, const struct actor *by, const char *user_id, struct err *e)
{
    struct user u;
    char detail[64];
    int r = read_user(db, user_id, e, &u);
    if (r >= 0)
        r = keep_an_admin(db, &u, e);
    /* Sessions and tokens go with their user (ON DELETE CASCADE). */
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM users WHERE id = $1", "s", user_id);
    if (r < 0)
        return r;
    snprintf(detail, sizeof detail, "{\"id\":\"%s\"}", u.id);
    return change_record(db, by, "user.remove", u.name, detail, e);
}

int access_user_remove(struct access *a, struct db *db, const struct actor *by, const char *user_id,
                       struct err *e)
{
    int r = change_begin(db, by, e);
    return r < 0 ? r : change_end(a, db, remove_inside(db, by, user_id, e), e);
}
