#include "access/access-private.h"

#include "base/json.h"
#include "base/rand.h"

#define TOKEN_PREFIX "hyd_"

enum { PREFIX_SHOWN = 12 }; /* "hyd_" and 8 of 43 characters: enough to tell, 208 bits stay */

static int check_name(const char *name, struct err *e)
{
    size_t n = strlen(name);
    if (!n || n >= sizeof((struct token *)0)->name)
        return err_set(e, -EINVAL, "A token needs a name of at most %zu bytes.",
                       sizeof((struct token *)0)->name - 1);
    return display_name_check(name, e);
}

static int check_scopes(const struct user *u, uint64_t scopes, struct err *e)
{
    struct str names = {0};
    uint64_t beyond = scopes & ~role_permissions(u->role);
    if (!scopes)
        return err_set(e, -EINVAL, "A token needs at least one scope.");
    if (scopes == PERMISSIONS_ALL || !beyond)
        return 0;
    permissions_print(beyond, &names);
    int r = err_set(e, -EPERM, "%s is %s %s and may not give a token: %s.", u->name,
                    u->role == ROLE_VIEWER ? "a" : "an", role_name(u->role), str_text(&names));
    str_done(&names);
    return r;
}

static int check_room(struct db *db, const struct user *u, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT count(*) FROM api_tokens WHERE user_id = $1", &rows, "s",
                         u->id);
    if (r < 0)
        return r;
    if (rows_int(rows, 0) >= LIMIT_TOKENS_PER_USER)
        return err_set(e, -EINVAL, "%s has %d tokens already. Remove one that is not used first.",
                       u->name, LIMIT_TOKENS_PER_USER);
    return 0;
}

static void make_token(struct token *t, const char *name, uint64_t scopes, int64_t now,
                       int64_t expires_ms, char ret_secret[64])
{
    char id[RAND_ID_SIZE], random[RAND_SECRET_SIZE];
    *t = (struct token){.scopes = scopes, .created_ms = now, .expires_ms = expires_ms};
    str_copy(t->id, sizeof t->id, rand_id(id));
    str_copy(t->name, sizeof t->name, name);
    str_copy(ret_secret, 64, TOKEN_PREFIX);
    str_copy(ret_secret + strlen(TOKEN_PREFIX), 64 - strlen(TOKEN_PREFIX), rand_secret(random));
    str_copy(t->prefix, PREFIX_SHOWN + 1, ret_secret);
}

static void print_scopes(uint64_t scopes, struct str *out)
{
    if (scopes == PERMISSIONS_ALL)
        str_add(out, "*");
    else
        permissions_print(scopes, out);
}

static int insert(struct db *db, const struct token *t, const char *secret, const char *scopes,
                  struct err *e)
{
    char hash[SECRET_HASH_SIZE];
    secret_digest(secret, hash);
    return db_exec(db, e,
                   "INSERT INTO api_tokens (id, user_id, name, secret_hash, prefix, scopes, "
                   "created_ms, used_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
                   "ssssssii", t->id, t->user_id, t->name, hash, t->prefix, scopes, t->created_ms,
                   t->expires_ms);
}

static int record(struct db *db, const struct actor *by, const char *action, const struct token *t,
                  const char *scopes, struct err *e)
{
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "name", t->name);
    jw_key_str(&w, "user", t->user_name);
    if (scopes)
        jw_key_str(&w, "scopes", scopes);
    if (t->expires_ms)
        jw_key_time(&w, "expires", t->expires_ms);
    jw_end_object(&w);
    int r = change_record(db, by, action, t->id, str_text(&detail), e);
    str_done(&detail);
    return r;
}

static int add_inside(struct db *db, const struct actor *by, const char *user_id, struct token *t,
                      const char *secret, struct err *e)
{
    struct user u;
    struct str scopes = {0};
    char hash[PASSWORD_HASH_SIZE];
    int r = user_read(db, "id", user_id, e, &u, hash);
    if (r == -ENOENT)
        return err_set(e, r, "There is no such user.");
    if (r >= 0)
        r = check_scopes(&u, t->scopes, e);
    if (r >= 0)
        r = check_room(db, &u, e);
    if (r < 0)
        return r;
    str_copy(t->user_id, sizeof t->user_id, u.id);
    str_copy(t->user_name, sizeof t->user_name, u.name);
    print_scopes(t->scopes, &scopes);
    r = insert(db, t, secret, str_text(&scopes), e);
    if (r >= 0)
        r = record(db, by, "token.add", t, str_text(&scopes), e);
    str_done(&scopes);
    return r;
}

int access_token_add(struct access *a, struct db *db, const struct actor *by, const char *user_id,
                     const char *name, uint64_t scopes, int64_t expires_ms, struct err *e,
                     char ret_secret[64], struct token *ret_token)
{
    struct token t;
    char secret[64];
    int r = err_field(e, check_name(name, e), "name");
    if (r >= 0 && expires_ms && expires_ms <= by->now_ms)
        r = err_set(e, -EINVAL, "A token can't have expired already.");
    if (r < 0)
        return r;
    make_token(&t, name, scopes & PERMISSIONS_ALL, by->now_ms, expires_ms, secret);
    r = change_begin(db, by, e);
    if (r >= 0)
        r = change_end(a, db, add_inside(db, by, user_id, &t, secret, e), e);
    if (r < 0)
        return r;
    str_copy(ret_secret, sizeof secret, secret);
    *ret_token = t;
    return 0;
}

static int read_token(struct db *db, const char *id, struct err *e, struct token *ret_token)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e,
                         "SELECT api_tokens.name, users.name FROM api_tokens JOIN users ON "
                         "users.id = api_tokens.user_id WHERE api_tokens.id = $1",
                         &rows, "s", id);
    if (r == -ENOENT)
        return err_set(e, r, "There is no such token; it may have been removed already.");
    if (r < 0)
        return r;
    str_copy(ret_token->id, sizeof ret_token->id, id);
    str_copy(ret_token->name, sizeof ret_token->name, rows_text(rows, 0));
    str_copy(ret_token->user_name, sizeof ret_token->user_name, rows_text(rows, 1));
    return 0;
}

static int remove_inside(struct db *db, const struct actor *by, const char *id, struct err *e)
{
    struct token t = {0};
    int r = read_token(db, id, e, &t);
    if (r >= 0)
        r = db_exec(db, e, "DELETE FROM api_tokens WHERE id = $1", "s", id);
    return r < 0 ? r : record(db, by, "token.remove", &t, NULL, e);
}

int access_token_remove(struct access *a, struct db *db, const struct actor *by, const char *id,
                        struct err *e)
{
    int r = change_begin(db, by, e);
    return r < 0 ? r : change_end(a, db, remove_inside(db, by, id, e), e);
}
