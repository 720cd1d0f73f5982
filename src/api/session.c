/* Signing in and being signed in: welcome, first setup, login, logout, profile, password. */
#include "api/routes.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/pieces.h"
#include "api/problem.h"
#include "base/clock.h"

static bool is_insecure(const struct http_exchange *x)
{
    /* Plain HTTP from elsewhere crosses the network. */
    return !http_is_https(x) && !http_peer_is_loopback(x);
}

static void get_welcome(struct http_exchange *x)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_bool(&w, "setup_needed", access_needs_setup(api_of(x)->access));
    jw_key_str(&w, "version", HYDRA_VERSION);
    jw_key_bool(&w, "insecure", is_insecure(x));
    jw_end_object(&w);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", &body);
}

static void print_preferences(struct jw *w, const char *stored)
{
    json_error_t ignored;
    AUTO(json_decrefp) json_t *p = json_loads(str_is_empty(stored) ? "{}" : stored, 0, &ignored);
    jw_key(w, "preferences");
    jw_object(w);
    jw_key_str(w, "theme", json_get_str(p, "theme", "dark"));
    jw_key_str(w, "temperature", json_get_str(p, "temperature", "celsius"));
    jw_key_str(w, "time_zone", json_get_str(p, "time_zone", NULL));
    jw_end_object(w);
}

static void print_permissions(struct jw *w, uint64_t bits)
{
    jw_key(w, "permissions");
    jw_array(w);
    for (enum permission p = 0; p < PERM_COUNT; p++)
        if (bits & permission_bit(p))
            jw_str(w, permission_name(p));
    jw_end_array(w);
}

void session_print(const struct http_exchange *x, const struct subject *s, struct str *out)
{
    struct user u = {0};
    if (access_user_get(api_of(x)->access, s->user_id, &u) < 0)
        str_copy(u.name, sizeof u.name, s->user_name);
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key(&w, "user");
    jw_object(&w);
    jw_key_str(&w, "id", s->user_id);
    jw_key_str(&w, "name", u.name);
    jw_key_str(&w, "display_name", *u.display_name ? u.display_name : u.name);
    jw_key_str(&w, "role", role_name(s->role));
    jw_end_object(&w);
    print_permissions(&w, s->permissions);
    jw_key_str(&w, "limits", s->limits);
    jw_key_str(&w, "session_id", s->id);
    jw_key_time(&w, "expires", s->expires_wall_ms);
    print_preferences(&w, u.preferences);
    jw_key_bool(&w, "insecure", is_insecure(x));
    jw_key_bool(&w, "demo", api_of(x)->demo);
    jw_key_str(&w, "version", HYDRA_VERSION);
    jw_end_object(&w);
}

static void reply_session(struct http_exchange *x, const struct subject *s)
{
    struct str body = {0};
    session_print(x, s, &body);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", &body);
}

static void get_session(struct http_exchange *x)
{
    reply_session(x, subject_of(x));
}

static void set_cookie(struct http_exchange *x, const char *secret, int64_t expires_ms)
{
    char cookie[256];
    int64_t seconds = secret ? (expires_ms - clock_wall_ms()) / 1000 : 0;
    snprintf(cookie, sizeof cookie,
             SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
             secret ? secret : "", (long long)(seconds > 0 ? seconds : 0),
             http_is_https(x) ? "; Secure" : "");
    http_add_header(x, "Set-Cookie", cookie);
}

static void refuse_login(struct http_exchange *x, int r, const struct err *e, unsigned wait_s)
{
    if (r == -EACCES)
        problem_reply(x, &(struct problem){.status = 401,
                                           .type = "wrong-password",
                                           .detail = "Name or password is wrong."});
    else if (r == -EAGAIN)
        problem_reply(x, &(struct problem){.status = 429,
                                           .type = PROBLEM_TOO_MANY,
                                           .detail = err_text(e, r),
                                           .retry_after_s = wait_s ? wait_s : 1});
    else
        problem_reply_err(x, r, e);
}

static struct login login_of(struct http_exchange *x, const char *name, const char *password)
{
    return (struct login){.name = name,
                          .password = password,
                          .address = http_peer(x),
                          .agent = http_header(x, "User-Agent"),
                          .via = gate_way(x)};
}

static int sign_in(struct http_exchange *x, struct db *db, const char *name, const char *password,
                   char secret[48], struct subject *s)
{
    struct err e = {0};
    unsigned wait_s = 0;
    struct login l = login_of(x, name, password);
    int r = access_login(api_of(x)->access, db, &l, clock_wall_ms(), &e, secret, s, &wait_s);
    if (r < 0)
        refuse_login(x, r, &e, wait_s);
    return r;
}

static void post_login(struct http_exchange *x)
{
    static const char *const members[] = {"name", "password", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *name, *password;
    if (!body || body_text(x, body, "name", true, &name) < 0 ||
        body_text(x, body, "password", true, &password) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    char secret[48];
    struct subject s;
    if (!db || sign_in(x, db, name, password, secret, &s) < 0)
        return;
    set_cookie(x, secret, s.expires_wall_ms);
    reply_session(x, &s);
}

static void post_logout(struct http_exchange *x)
{
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct actor by = gate_actor(x);
    const struct subject *s = subject_of(x);
    int r = s->kind == SUBJECT_SESSION ? access_logout(api_of(x)->access, db, &by, s->id, &e)
                                       : access_token_remove(api_of(x)->access, db, &by, s->id, &e);
    if (r < 0 && r != -ENOENT) {
        problem_reply_err(x, r, &e);
        return;
    }
    set_cookie(x, NULL, 0);
    http_reply_empty(x, 204);
}

/* --- first setup --- */

static bool setup_secret_fits(struct http_exchange *x, const char *secret)
{
    struct access *a = api_of(x)->access;
    if (!access_needs_setup(a))
        problem_reply(x, &(struct problem){.status = 409,
                                           .type = PROBLEM_CONFLICT,
                                           .detail = "Hydra is set up already. Sign in."});
    else if (!access_setup_matches(a, secret))
        problem_reply(
            x,
            &(struct problem){
                .status = 403,
                .type = PROBLEM_FORBIDDEN,
                .detail =
                    "This setup link is not valid any more. Use the one that hydrad printed when "
                    "it started last, or restart it for a new one."});
    else
        return true;
    return false;
}

static void post_setup_check(struct http_exchange *x)
{
    static const char *const members[] = {"secret", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *secret;
    if (body && body_text(x, body, "secret", true, &secret) == 0 && setup_secret_fits(x, secret))
        http_reply_empty(x, 204);
}

static void post_setup(struct http_exchange *x)
{
    static const char *const members[] = {"secret", "name", "password", "display_name", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *secret, *name, *password, *display_name;
    if (!body || body_text(x, body, "secret", true, &secret) < 0 ||
        body_text(x, body, "name", true, &name) < 0 ||
        body_text(x, body, "password", true, &password) < 0 ||
        body_text(x, body, "display_name", false, &display_name) < 0 ||
        !setup_secret_fits(x, secret))
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct user u;
    struct setup setup = {.secret = secret,
                          .name = name,
                          .password = password,
                          .display_name = display_name,
                          .via = gate_way(x),
                          .address = http_peer(x)};
    int r = access_setup(api_of(x)->access, db, &setup, clock_wall_ms(), &e, &u);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    char session[48];
    struct subject s;
    if (sign_in(x, db, name, password, session, &s) < 0)
        return;
    set_cookie(x, session, s.expires_wall_ms);
    reply_session(x, &s);
}

/* --- the own account --- */

static const char *one_of(const char *s, const char *const *values)
{
    for (; *values; values++)
        if (str_eq(s, *values))
            return *values;
    return NULL;
}

/* Writes known preferences only; returns false after a problem was sent. */
static bool read_preferences(struct http_exchange *x, const json_t *p, struct str *out)
{
    static const char *const themes[] = {"dark", "light", "system", NULL};
    static const char *const temperatures[] = {"celsius", "fahrenheit", NULL};
    const char *theme = one_of(json_get_str(p, "theme", "dark"), themes);
    const char *temperature = one_of(json_get_str(p, "temperature", "celsius"), temperatures);
    const char *zone = json_get_str(p, "time_zone", NULL);
    if (!theme || !temperature || (zone && strlen(zone) > 64)) {
        body_refuse(x, "preferences",
                    "\"theme\" is dark, light or system; \"temperature\" celsius or fahrenheit; "
                    "\"time_zone\" "
                    "a name such as Europe/Vienna or null.");
        return false;
    }
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key_str(&w, "theme", theme);
    jw_key_str(&w, "temperature", temperature);
    jw_key_str(&w, "time_zone", zone);
    jw_end_object(&w);
    return true;
}

static void put_profile(struct http_exchange *x)
{
    static const char *const members[] = {"display_name", "preferences", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    struct user_change change = {0};
    struct str preferences = {0};
    if (!body || body_text(x, body, "display_name", false, &change.display_name) < 0)
        return;
    const json_t *p = json_object_get(body, "preferences");
    if (p && !read_preferences(x, p, &preferences))
        return;
    if (p)
        change.preferences = str_text(&preferences);
    AUTO(store_givep) struct db *db = gate_db(x);
    if (db) {
        struct err e = {0};
        const struct subject *s = subject_of(x);
        struct actor by = gate_actor(x);
        int r = access_user_change(api_of(x)->access, db, &by, s->user_id, &change, s->id, &e);
        if (r < 0)
            problem_reply_err(x, r, &e);
        else
            reply_session(x, s);
    }
    str_done(&preferences);
}

static void put_password(struct http_exchange *x)
{
    static const char *const members[] = {"current", "new", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *current, *new_password;
    if (!body || body_text(x, body, "current", true, &current) < 0 ||
        body_text(x, body, "new", true, &new_password) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct api *a = api_of(x);
    const struct subject *s = subject_of(x);
    struct err e = {0};
    struct actor by = gate_actor(x);
    unsigned wait_s = 0;
    int r = access_password_check(a->access, db, &by, s->user_id, current, &e, &wait_s);
    if (r == -EACCES) {
        body_refuse(x, "current", "The current password is wrong.");
        return;
    }
    if (r >= 0)
        r = access_user_change(a->access, db, &by, s->user_id,
                               &(struct user_change){.password = new_password}, s->id, &e);
    if (r == -EAGAIN)
        refuse_login(x, r, &e, wait_s);
    else if (r == -EINVAL)
        body_refuse(x, "new", "%s", err_text(&e, r));
    else if (r < 0)
        problem_reply_err(x, r, &e);
    else
        http_reply_empty(x, 204);
}

static void post_cli_login(struct http_exchange *x)
{
    enum { CLI_TOKEN_DAYS = 30 };
    static const char *const members[] = {"name", "password", "client", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *name, *password, *client;
    if (!body || body_text(x, body, "name", true, &name) < 0 ||
        body_text(x, body, "password", true, &password) < 0 ||
        body_text(x, body, "client", false, &client) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct access *access = api_of(x)->access;
    struct err e = {0};
    struct user u;
    struct token t;
    unsigned wait_s = 0;
    char secret[64], label[LIMIT_NAME_MAX + 1];
    int64_t now = clock_wall_ms(), expires = now + (int64_t)CLI_TOKEN_DAYS * 86400000;
    struct login l = login_of(x, name, password);
    int r = access_verify(access, db, &l, now, &e, &u, &wait_s);
    if (r < 0) {
        refuse_login(x, r, &e, wait_s);
        return;
    }
    struct actor by = gate_actor(x);
    by.name = u.name;
    snprintf(label, sizeof label, "hydra on %.48s",
             str_is_empty(client) ? "a command line" : client);
    r = access_token_add(access, db, &by, u.id, label, PERMISSIONS_ALL, expires, &e, secret, &t);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_str(&w, "token", secret);
    jw_key_time(&w, "expires", expires);
    jw_key_str(&w, "user", u.name);
    jw_end_object(&w);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", &out);
}

const struct http_route session_routes[] = {
    {"GET", "/api/web/welcome", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_welcome, 0},
    {"POST", "/api/web/setup/check", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, post_setup_check, 0},
    {"POST", "/api/web/setup", ROUTE_ON_WORKER, ROUTE_PUBLIC, NULL, post_setup, 0},
    {"POST", "/api/web/login", ROUTE_ON_WORKER, ROUTE_PUBLIC, NULL, post_login, 0},
    {"POST", "/api/web/logout", ROUTE_ON_WORKER, 0, "self:write", post_logout, 0},
    {"GET", "/api/web/session", ROUTE_ON_LOOP, 0, "self:write", get_session, 0},
    {"PUT", "/api/web/profile", ROUTE_ON_WORKER, 0, "self:write", put_profile, 0},
    {"PUT", "/api/web/password", ROUTE_ON_WORKER, 0, "self:write", put_password, 0},
    {"POST", "/api/cli/login", ROUTE_ON_WORKER, ROUTE_PUBLIC | ROUTE_ANY_ORIGIN, NULL,
     post_cli_login, 0},
    {0},
};
