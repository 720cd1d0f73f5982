#include "api/gate.h"

#include "api/problem.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#include <stdio.h>

/* The text that proves who asks: a bearer token before a cookie. */
static const char *secret_of(const struct http_exchange *x)
{
    const char *authorization = http_header(x, "Authorization");
    if (authorization)
        return strncasecmp(authorization, "Bearer ", 7) == 0 ? authorization + 7 : "";
    return http_cookie(x, SESSION_COOKIE);
}

const char *gate_way(const struct http_exchange *x)
{
    const char *path = http_path(x);
    return str_starts(path, "/api/web/") ? "web" : str_starts(path, "/api/cli/") ? "cli" : "api";
}

struct actor gate_actor(const struct http_exchange *x)
{
    const struct subject *s = subject_of(x);
    return (struct actor){.name = s ? s->user_name : "",
                          .via = gate_way(x),
                          .address = http_peer(x),
                          .now_ms = clock_wall_ms()};
}

struct audit_entry gate_audit(const struct http_exchange *x, const char *action, const char *target,
                              const char *detail)
{
    const struct subject *s = subject_of(x);
    return (struct audit_entry){
        .time_ms = clock_wall_ms(),
        .actor = s ? s->user_name : "",
        .via = gate_way(x),
        .address = http_peer(x),
        .action = action,
        .target = target ? target : "",
        .outcome = "done",
        .detail = detail ? detail : "",
    };
}

struct db *gate_db(struct http_exchange *x)
{
    struct err e = {0};
    struct db *db = NULL;
    int r = store_take(api_of(x)->store, &e, &db);
    if (r < 0)
        problem_reply_err(x, r, &e);
    return db;
}

static void record_refusal(struct http_exchange *x, const char *permission)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "method", http_method(x));
    jw_key_str(&w, "permission", permission);
    jw_end_object(&w);
    struct audit_entry entry = gate_audit(x, "access.refused", http_path(x), str_text(&detail));
    entry.outcome = "refused";
    int r = store_take(api_of(x)->store, &e, &db);
    if (r == 0)
        r = audit_refused(db, &entry, &e);
    if (r < 0)
        log_warn("api", "refusal not written to the audit log", "error=%s", LOG_Q(e.text));
    str_done(&detail);
}

static void refuse(struct http_exchange *x, const char *permission)
{
    char detail[256];
    const struct subject *s = subject_of(x);
    record_refusal(x, permission);
    if (s->kind == SUBJECT_TOKEN)
        snprintf(detail, sizeof detail,
                 "This token lacks the permission %s. Create one with that scope under Tokens, as "
                 "a user whose role has it.",
                 permission);
    else
        snprintf(detail, sizeof detail,
                 "The role %s lacks the permission %s. An admin can give you a role that has it.",
                 role_name(s->role), permission);
    problem_reply(x, &(struct problem){.status = 403,
                                       .type = PROBLEM_FORBIDDEN,
                                       .detail = detail,
                                       .permission = permission});
}

bool gate_also(struct http_exchange *x, enum permission p)
{
    if (policy_allows(subject_of(x), p, NULL))
        return true;
    refuse(x, permission_name(p));
    return false;
}

enum { TOUCH_MS = 1000 }; /* a session in use is marked so often */

static int ask_to_sign_in(struct http_exchange *x, bool expired)
{
    http_add_header(x, "WWW-Authenticate", "Bearer");
    problem_reply(
        x,
        &(struct problem){
            .status = 401,
            .type = PROBLEM_SIGNED_OUT,
            .detail = expired ? "This session or token has expired. Sign in again."
                              : "Sign in first, or send an API token as Authorization: Bearer."});
    return 1;
}

/* 0 found, -ENOENT unknown, -EACCES expired, -EAGAIN only the database knows. */
static int identify(struct api *a, const char *secret, bool on_worker, int64_t now,
                    struct subject *ret_subject, struct err *e)
{
    int r = access_peek(a->access, secret, now, ret_subject);
    if (r != -ENOENT)
        return r;
    if (!on_worker)
        return -EAGAIN;
    AUTO(store_givep) struct db *db = NULL;
    r = store_take(a->store, e, &db);
    return r < 0 ? r : access_find(a->access, db, secret, now, ret_subject);
}

/* Told to the admins: a proxy of their own that the settings don't name. Only those who are signed
 * in count, so that strangers can't have anything suggested. */
static void note_vain_proxy(struct api *a, const struct http_exchange *x)
{
    if (!a->vain_proxy[0] && http_forwards_in_vain(x))
        str_copy(a->vain_proxy, sizeof a->vain_proxy, http_peer(x));
}

int gate_check(void *arg, struct http_exchange *x, const struct http_route *route, bool on_worker)
{
    struct api *a = arg;
    if (route->flags & ROUTE_PUBLIC)
        return 0;
    const char *secret = secret_of(x);
    if (str_is_empty(secret))
        return ask_to_sign_in(x, false);
    struct err e = {0};
    struct subject s;
    int64_t now = clock_wall_ms();
    int r = identify(a, secret, on_worker, now, &s, &e);
    if (r == -EAGAIN)
        return 2;
    if (r == -ENOENT || r == -EACCES)
        return ask_to_sign_in(x, r == -EACCES);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return 1;
    }
    enum permission p;
    if (permission_parse(route->permission, &p) < 0)
        return 1; /* can't be: api_routes() names only permissions that exist, and a test walks them
                   */
    bool allowed = policy_allows(&s, p, http_param(x, "id"));
    if (!allowed && !on_worker)
        return 2;
    if (!on_worker)
        note_vain_proxy(a, x);
    if (now >= s.used_wall_ms + TOUCH_MS)
        access_touch(a->access, s.id, now);
    http_set_subject(x, mem_dup(&s, sizeof s));
    if (allowed)
        return 0;
    refuse(x, route->permission);
    return 1;
}

void gate_free_subject(void *subject)
{
    mem_free(subject);
}
