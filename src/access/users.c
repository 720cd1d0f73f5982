#include "access/access-private.h"

#include "base/json.h"
#include "base/rand.h"

/* --- rows --- */

int user_read(struct db *db, const char *where_column, const char *value, struct err *e,
              struct user *ret_user, char ret_hash[PASSWORD_HASH_SIZE])
{
    static const char by_id[] = "SELECT " USER_COLUMNS ", password_hash FROM users WHERE id = $1";
    static const char by_name[] =
        "SELECT " USER_COLUMNS ", password_hash FROM users WHERE lower(name) = $1";
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, str_eq(where_column, "id") ? by_id : by_name, &rows, "s", value);
    if (r < 0)
        return r;
    user_from_row(rows, ret_user);
    str_copy(ret_hash, PASSWORD_HASH_SIZE, rows_text(rows, USER_N_COLUMNS));
    return 0;
}

int user_insert(struct db *db, const struct user *u, const char *hash, struct err *e)
{
    int r = db_exec(db, e,
                    "INSERT INTO users (id, name, display_name, role, password_hash, disabled, "
                    "created_ms, last_login_ms, preferences, limits) "
                    "VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7, $8)",
                    "sssssiss", u->id, u->name, u->display_name, role_name(u->role), hash,
                    u->created_ms, u->preferences, u->limits);
    if (r == -EEXIST)
        return err_field(e, err_set(e, r, "There is a user named \"%s\" already.", u->name),
                         "name");
    return r < 0 ? r : 0;
}

/* --- what is acceptable --- */

int display_name_check(const char *text, struct err *e)
{
    size_t n = strlen(text);
    if (n >= sizeof((struct user *)0)->display_name)
        return err_set(e, -EINVAL, "A display name has at most %zu bytes.",
                       sizeof((struct user *)0)->display_name - 1);
    if (!str_is_utf8(text, n))
        return err_set(e, -EINVAL, "The display name is not valid text (UTF-8).");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return err_set(e, -EINVAL, "A display name has no control characters.");
    return 0;
}

int preferences_check(const char *text, struct err *e)
{
    json_t *value;
    size_t max = sizeof((struct user *)0)->preferences - 1;
    int r = json_parse(text, strlen(text), max, e, &value);
    if (r < 0)
        return r == -E2BIG ? err_set(e, -EINVAL, "Preferences have at most %zu bytes.", max) : r;
    bool object = json_is_object(value);
    json_decref(value);
    return object ? 0 : err_set(e, -EINVAL, "Preferences are a JSON object.");
}

int user_prepare(struct access *a, const char *name, const char *password, enum role role,
                 int64_t now_wall_ms, struct err *e, struct user *ret_user,
                 char ret_hash[PASSWORD_HASH_SIZE])
{
    struct user u = {.role = role, .created_ms = now_wall_ms, .preferences = "{}"};
    int r = err_field(e, user_name_normal(name, e, u.name), "name");
    if (r >= 0)
        r = err_field(e, password_acceptable(password, u.name, e), "password");
    if (r >= 0)
        r = password_hash(a->gate, password, e, ret_hash);
    if (r < 0)
        return r;
    rand_id(u.id);
    str_copy(u.display_name, sizeof u.display_name, name); /* as it was written, capitals kept */
    *ret_user = u;
    return 0;
}

/* --- add --- */

static int record_added(struct db *db, const struct actor *by, const char *action,
                        const struct user *u, struct err *e)
{
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "id", u->id);
    jw_key_str(&w, "role", role_name(u->role));
    if (*u->limits)
        jw_key_str(&w, "limits", u->limits);
    jw_end_object(&w);
    int r = change_record(db, by, action, u->name, str_text(&detail), e);
    str_done(&detail);
    return r;
}

int access_user_add(struct access *a, struct db *db, const struct actor *by, const char *name,
                    const char *password, enum role role, const char *limits, struct err *e,
                    struct user *ret_user)
{
    struct user u;
    char hash[PASSWORD_HASH_SIZE];
    int r = user_prepare(a, name, password, role, by->now_ms, e, &u, hash);
    if (r >= 0)
        r = err_field(e, limits_normal(limits ? limits : "", u.limits, e), "limits");
    if (r >= 0)
        r = change_begin(db, by, e);
    if (r < 0)
        return r;
    r = user_insert(db, &u, hash, e);
    if (r >= 0)
        r = record_added(db, by, "user.add", &u, e);
    r = change_end(a, db, r, e);
    if (r >= 0)
        *ret_user = u;
    return r;
}

/* --- the first one --- */

static int check_still_empty(struct db *db, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT id FROM users LIMIT 1", &rows, "");
    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : err_set(e, -EEXIST, "Hydra is set up already. Sign in instead.");
}

static int insert_first(struct db *db, const struct actor *by, const struct user *u,
                        const char *hash, struct err *e)
{
    int r = check_still_empty(db, e);
    if (r >= 0)
        r = user_insert(db, u, hash, e);
    if (r >= 0)
        r = record_added(db, by, "setup", u, e);
    return r;
}

int access_setup(struct access *a, struct db *db, const struct setup *s, int64_t now_wall_ms,
                 struct err *e, struct user *ret_user)
{
    struct user u;
    char hash[PASSWORD_HASH_SIZE];
    if (!access_needs_setup(a))
        return err_set(e, -EEXIST, "Hydra is set up already. Sign in instead.");
    if (!access_setup_matches(a, s->secret))
        return err_set(e, -EACCES,
                       "This setup link is not the one hydrad printed when it started. Look for "
                       "the newest one in its log.");
    int r = s->display_name ? display_name_check(s->display_name, e) : 0;
    if (r >= 0)
        r = user_prepare(a, s->name, s->password, ROLE_ADMIN, now_wall_ms, e, &u, hash);
    if (r < 0)
        return r;
    if (!str_is_empty(s->display_name))
        str_copy(u.display_name, sizeof u.display_name, s->display_name);
    const struct actor by = {u.name, s->via ? s->via : "web", s->address, now_wall_ms};
    r = change_begin(db, &by, e);
    if (r < 0)
        return r;
    r = change_end(a, db, insert_first(db, &by, &u, hash, e), e);
    if (r >= 0)
        *ret_user = u;
    return r;
}
