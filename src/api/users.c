/* Users: who may sign in, and as what. */
#include "api/people.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/problem.h"

static void print_user(struct jw *w, const struct user *u)
{
    jw_object(w);
    jw_key_str(w, "id", u->id);
    jw_key_str(w, "name", u->name);
    jw_key_str(w, "display_name", *u->display_name ? u->display_name : u->name);
    jw_key_str(w, "role", role_name(u->role));
    jw_key_bool(w, "disabled", u->disabled);
    jw_key_str(w, "limits", u->limits);
    jw_key_time(w, "created", u->created_ms);
    jw_key_time(w, "last_login", u->last_login_ms);
    jw_end_object(w);
}

static void reply_user(struct http_exchange *x, int status, const struct user *u)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    print_user(&w, u);
    people_reply(x, status, &body);
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
    people_reply(x, 200, &body);
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
    static const char *const members[] = {"name",         "password", "role",
                                          "display_name", "limits",   NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *name, *password, *display_name, *limits;
    enum role role = ROLE_VIEWER;
    bool given;
    if (!body || body_text(x, body, "name", true, &name) < 0 ||
        body_text(x, body, "password", true, &password) < 0 ||
        body_text(x, body, "display_name", false, &display_name) < 0 ||
        body_text(x, body, "limits", false, &limits) < 0 ||
        read_role(x, body, true, &role, &given) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct access *a = api_of(x)->access;
    struct actor by = gate_actor(x);
    struct err e = {0};
    struct user u;
    int r = access_user_add(a, db, &by, name, password, role, limits, &e, &u);
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
    static const char *const members[] = {"role",         "disabled", "password",
                                          "display_name", "limits",   NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    struct user_change change = {0};
    enum role role = ROLE_VIEWER;
    bool disabled = false, role_given, disabled_given;
    if (!body || body_text(x, body, "password", false, &change.password) < 0 ||
        body_text(x, body, "display_name", false, &change.display_name) < 0 ||
        body_text(x, body, "limits", false, &change.limits) < 0 ||
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
    people_done(x, r, &e);
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
    people_reply(x, 200, &body);
}

const struct http_route user_routes[] = {
    {"GET", "/api/web/permissions", ROUTE_ON_LOOP, 0, "self:write", get_permissions, 0},
    {"GET", "/api/web/users", ROUTE_ON_WORKER, 0, "users:read", get_users, 0},
    PEOPLE_BOTH("POST", "users", "users:write", add_user),
    PEOPLE_BOTH("PATCH", "users/{id}", "users:write", change_user),
    PEOPLE_BOTH("DELETE", "users/{id}", "users:write", remove_user),
    {0},
};
