/* API tokens. */
#include "api/people.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/problem.h"
#include "base/clock.h"

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
    if (!people_whose(x, PERM_TOKENS_ADMIN, &user_id))
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
    people_reply(x, 200, &body);
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
    people_reply(x, 201, &out);
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
    people_done(x, r, &e);
}

const struct http_route token_routes[] = {
    {"GET", "/api/web/tokens", ROUTE_ON_WORKER, 0, "self:write", get_tokens, 0},
    PEOPLE_BOTH("POST", "tokens", "tokens:write", add_token),
    PEOPLE_BOTH("DELETE", "tokens/{id}", "tokens:write", remove_token),
    {0},
};
