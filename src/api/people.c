/* Users, sessions and tokens. The same handlers serve web and command line. */
#include "api/routes.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/pack.h"
#include "api/problem.h"
#include "base/clock.h"

static void reply_json(struct http_exchange *x, int status, struct str *body)
{
    http_add_header(x, "Cache-Control", "no-store");
    if (status == 200)
        pack_reply(x, status, "application/json", body);
    else
        http_reply_str(x, status, "application/json", body); /* new: may hold a secret */
}

static void done_or_problem(struct http_exchange *x, int r, const struct err *e)
{
    if (r < 0)
        problem_reply_err(x, r, e);
    else
        http_reply_empty(x, 204);
}

/* --- users --- */

static void print_user(struct jw *w, const struct user *u)
{
    jw_object(w);
    jw_key_str(w, "id", u->id);
    jw_key_str(w, "name", u->name);
    jw_key_str(w, "display_name", *u->display_name ? u->display_name : u->name);
    jw_key_str(w, "role", role_name(u->role));
    jw_key_bool(w, "disabled", u->disabled);
    jw_key_time(w, "created", u->created_ms);
    jw_key_time(w, "last_login", u->last_login_ms);
    jw_end_object(w);
}

static void reply_user(struct http_exchange *x, int status, const struct user *u)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    print_user(&w, u);
    reply_json(x, status, &body);
}

static void get_users(struct http_exchange *x)
{
    AUTO(mem_freep) struct user *users = NULL;
    size_t n = access_users(api_of(x)->access, &users);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "users");
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        print_user(&w, &users[i]);
    jw_end_array(&w);
    jw_end_object(&w);
    reply_json(x, 200, &body);
}

static int read_role(struct http_exchange *x, const json_t *body, bool needed, enum role *ret_role,
                     bool *ret_given)
{
    const char *name;
    if (body_text(x, body, "role", needed, &name) < 0)
        return -EINVAL;
    *ret_given = name != NULL;
    if (name && role_parse(name, ret_role) < 0)
        return body_refuse(x, "role", "The role is admin, operator or viewer, not \"%.32s\".",
                           name);
    return 0;
}

static void add_user(struct http_exchange *x)
{
    static const char *const members[] = {"name", "password", "role", "display_name", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *name, *password, *display_name;
    enum role role = ROLE_VIEWER;
    bool given;
    if (!body || body_text(x, body, "name", true, &name) < 0 ||
        body_text(x, body, "password", true, &password) < 0 ||
        body_text(x, body, "display_name", false, &display_name) < 0 ||
        read_role(x, body, true, &role, &given) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct access *a = api_of(x)->access;
    struct actor by = gate_actor(x);
    struct err e = {0};
    struct user u;
    int r = access_user_add(a, db, &by, name, password, role, &e, &u);
    if (r >= 0 && !str_is_empty(display_name))
        r = access_user_change(a, db, &by, u.id,
                               &(struct user_change){.display_name = display_name}, NULL, &e);
    if (r >= 0)
        r = access_user_get(a, u.id, &u);
    if (r < 0)
        problem_reply_err(x, r, &e);
    else
        reply_user(x, 201, &u);
}

/* The user that {id} names, by id or name. */
static int find_user(struct http_exchange *x, struct user *ret_user)
{
    if (access_user_get(api_of(x)->access, http_param(x, "id"), ret_user) == 0)
        return 0;
    problem_reply(x, &(struct problem){.status = 404,
                                       .type = PROBLEM_NOT_FOUND,
                                       .detail = "There is no such user."});
    return -ENOENT;
}

static void change_user(struct http_exchange *x)
{
    static const char *const members[] = {"role", "disabled", "password", "display_name", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    struct user_change change = {0};
    enum role role = ROLE_VIEWER;
    bool disabled = false, role_given, disabled_given;
    if (!body || body_text(x, body, "password", false, &change.password) < 0 ||
        body_text(x, body, "display_name", false, &change.display_name) < 0 ||
        body_flag(x, body, "disabled", &disabled_given, &disabled) < 0 ||
        read_role(x, body, false, &role, &role_given) < 0)
        return;
    change.role = role_given ? &role : NULL;
    change.disabled = disabled_given ? &disabled : NULL;
    struct user u;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db || find_user(x, &u) < 0)
        return;
    struct access *a = api_of(x)->access;
    struct actor by = gate_actor(x);
    struct err e = {0};
    int r = access_user_change(a, db, &by, u.id, &change, subject_of(x)->id, &e);
    if (r >= 0)
        r = access_user_get(a, u.id, &u);
    if (r < 0)
        problem_reply_err(x, r, &e);
    else
        reply_user(x, 200, &u);
}

static void remove_user(struct http_exchange *x)
{
    struct user u;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db || find_user(x, &u) < 0)
        return;
    struct err e = {0};
    struct actor by = gate_actor(x);
    int r = access_user_remove(api_of(x)->access, db, &by, u.id, &e);
    done_or_problem(x, r, &e);
}

static void get_permissions(struct http_exchange *x)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "permissions");
    jw_array(&w);
    for (enum permission p = 0; p < PERM_COUNT; p++) {
        jw_object(&w);
        jw_key_str(&w, "name", permission_name(p));
        jw_key_str(&w, "description", permission_description(p));
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_key(&w, "roles");
    jw_array(&w);
    for (enum role r = ROLE_ADMIN; r <= ROLE_VIEWER; r++) {
        jw_object(&w);
        jw_key_str(&w, "name", role_name(r));
        jw_key(&w, "permissions");
        jw_array(&w);
        for (enum permission p = 0; p < PERM_COUNT; p++)
            if (role_permissions(r) & permission_bit(p))
                jw_str(&w, permission_name(p));
        jw_end_array(&w);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    reply_json(x, 200, &body);
}

/* --- sessions --- */

/* Does the caller ask for everybody's? Sets *ret_user to whose to show (NULL = all); false after a
 * refusal. */
static bool whose(struct http_exchange *x, enum permission for_all, const char **ret_user)
{
    bool all = false;
    const char *text = http_query(x, "all");
    if (text && str_to_bool(text, &all) < 0) {
        body_refuse(x, "all", "\"all\" is true or false.");
        return false;
    }
    *ret_user = all ? NULL : subject_of(x)->user_id;
    return !all || gate_also(x, for_all);
}

static void get_sessions(struct http_exchange *x)
{
    const char *user_id;
    if (!whose(x, PERM_SESSIONS_ADMIN, &user_id))
        return;
    AUTO(mem_freep) struct session *sessions = NULL;
    size_t n = access_sessions(api_of(x)->access, user_id, &sessions);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "sessions");
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        const struct session *s = &sessions[i];
        jw_object(&w);
        jw_key_str(&w, "id", s->id);
        jw_key_str(&w, "user", s->user_name);
        jw_key_str(&w, "user_id", s->user_id);
        jw_key_str(&w, "address", s->address);
        jw_key_str(&w, "agent", s->agent);
        jw_key_time(&w, "created", s->created_ms);
        jw_key_time(&w, "seen", s->seen_ms);
        jw_key_time(&w, "expires", s->expires_ms);
        jw_key_bool(&w, "current", str_eq(s->id, subject_of(x)->id));
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    reply_json(x, 200, &body);
}

static void end_session(struct http_exchange *x)
{
    struct access *a = api_of(x)->access;
    struct session s;
    if (access_session_get(a, http_param(x, "id"), &s) < 0) {
        problem_reply(x, &(struct problem){.status = 404,
                                           .type = PROBLEM_NOT_FOUND,
                                           .detail = "That session has ended already."});
        return;
    }
    if (!str_eq(s.user_id, subject_of(x)->user_id) && !gate_also(x, PERM_SESSIONS_ADMIN))
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct actor by = gate_actor(x);
    int r = access_session_end(a, db, &by, s.id, &e);
    done_or_problem(x, r, &e);
}

/* --- tokens --- */

static void print_token(struct jw *w, const struct token *t)
{
    jw_object(w);
    jw_key_str(w, "id", t->id);
    jw_key_str(w, "user", t->user_name);
    jw_key_str(w, "name", t->name);
    jw_key_str(w, "prefix", t->prefix);
    jw_key(w, "scopes");
    jw_array(w);
    for (enum permission p = 0; p < PERM_COUNT; p++)
        if (t->scopes & permission_bit(p))
            jw_str(w, permission_name(p));
    jw_end_array(w);
    jw_key_time(w, "created", t->created_ms);
    jw_key_time(w, "used", t->used_ms);
    jw_key_time(w, "expires", t->expires_ms);
    jw_end_object(w);
}

static void get_tokens(struct http_exchange *x)
{
    const char *user_id;
    if (!whose(x, PERM_TOKENS_ADMIN, &user_id))
        return;
    AUTO(mem_freep) struct token *tokens = NULL;
    size_t n = access_tokens(api_of(x)->access, user_id, &tokens);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "tokens");
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        print_token(&w, &tokens[i]);
    jw_end_array(&w);
    jw_end_object(&w);
    reply_json(x, 200, &body);
}

static int read_scopes(struct http_exchange *x, const json_t *body, uint64_t *ret_bits)
{
    struct str_list scopes = {0};
    struct str text = {0};
    struct err e = {0};
    int r = body_texts(x, body, "scopes", true, &scopes);
    for (size_t i = 0; r == 0 && i < scopes.n; i++)
        str_addf(&text, "%s%s", i ? "," : "", scopes.v[i]);
    if (r == 0 && (scopes.n == 0 || permissions_parse(str_text(&text), ret_bits, &e) < 0))
        r = body_refuse(x, "scopes", "%s",
                        scopes.n ? e.text : "Choose at least one permission for the token.");
    str_done(&text);
    str_list_done(&scopes);
    return r;
}

static int read_expiry(struct http_exchange *x, const json_t *body, int64_t *ret_expires)
{
    const char *text;
    int64_t ms = 0;
    if (body_text(x, body, "expires_in", false, &text) < 0)
        return -EINVAL;
    if (text && (clock_parse_duration(text, &ms) < 0 || ms <= 0))
        return body_refuse(x, "expires_in",
                           "\"expires_in\" is a duration such as 90d or 12h, or null for a token "
                           "that never expires.");
    *ret_expires = text ? clock_wall_ms() + ms : 0;
    return 0;
}

/* A token hands on no more than it holds itself. "*" stands for what the role holds. */
static bool may_hand_on(struct http_exchange *x, uint64_t scopes)
{
    const struct subject *s = subject_of(x);
    uint64_t wanted = scopes == PERMISSIONS_ALL ? role_permissions(s->role) : scopes;
    if (s->kind != SUBJECT_TOKEN)
        return true; /* what the role lacks is refused further in */
    for (enum permission p = 0; p < PERM_COUNT; p++)
        if ((wanted & permission_bit(p)) && !gate_also(x, p))
            return false;
    return true;
}

static void add_token(struct http_exchange *x)
{
    static const char *const members[] = {"name", "scopes", "expires_in", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *name;
    uint64_t scopes = 0;
    int64_t expires = 0;
    if (!body || body_text(x, body, "name", true, &name) < 0 || read_scopes(x, body, &scopes) < 0 ||
        read_expiry(x, body, &expires) < 0 || !may_hand_on(x, scopes))
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct actor by = gate_actor(x);
    struct token t;
    char secret[64];
    int r = access_token_add(api_of(x)->access, db, &by, subject_of(x)->user_id, name, scopes,
                             expires, &e, secret, &t);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key(&w, "token");
    print_token(&w, &t);
    jw_key_str(&w, "secret", secret);
    jw_end_object(&w);
    reply_json(x, 201, &out);
}

static void remove_token(struct http_exchange *x)
{
    struct access *a = api_of(x)->access;
    struct token t;
    if (access_token_get(a, http_param(x, "id"), &t) < 0) {
        problem_reply(x, &(struct problem){.status = 404,
                                           .type = PROBLEM_NOT_FOUND,
                                           .detail = "There is no such token."});
        return;
    }
    if (!str_eq(t.user_id, subject_of(x)->user_id) && !gate_also(x, PERM_TOKENS_ADMIN))
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct actor by = gate_actor(x);
    int r = access_token_remove(a, db, &by, t.id, &e);
    done_or_problem(x, r, &e);
}

#define BOTH(method, tail, permission, handler)                                                    \
    {method, "/api/web/" tail, ROUTE_ON_WORKER, 0, permission, handler, 0},                        \
    {                                                                                              \
        method, "/api/cli/" tail, ROUTE_ON_WORKER, 0, permission, handler, 0                       \
    }

const struct http_route people_routes[] = {
    {"GET", "/api/web/permissions", ROUTE_ON_LOOP, 0, "self:write", get_permissions, 0},
    {"GET", "/api/web/users", ROUTE_ON_WORKER, 0, "users:read", get_users, 0},
    BOTH("POST", "users", "users:write", add_user),
    BOTH("PATCH", "users/{id}", "users:write", change_user),
    BOTH("DELETE", "users/{id}", "users:write", remove_user),
    {"GET", "/api/web/sessions", ROUTE_ON_WORKER, 0, "self:write", get_sessions, 0},
    BOTH("DELETE", "sessions/{id}", "self:write", end_session),
    {"GET", "/api/web/tokens", ROUTE_ON_WORKER, 0, "self:write", get_tokens, 0},
    BOTH("POST", "tokens", "tokens:write", add_token),
    BOTH("DELETE", "tokens/{id}", "tokens:write", remove_token),
    {0},
};
