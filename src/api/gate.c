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

/* On its way to a worker. */
struct refusal {
    struct http_exchange *x;
    enum permission permission;
};

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

/* Has somebody the right, but not here? */
static bool is_outside(const struct subject *s, const char *permission)
{
    enum permission p;
    return *s->limits && permission_parse(permission, &p) == 0 && policy_allows_some(s, p);
}

/* Then another scope would not help. */
static bool role_lacks(const struct subject *s, const char *permission)
{
    enum permission p;
    return permission_parse(permission, &p) == 0 &&
           !(role_permissions(s->role) & permission_bit(p));
}

static void refuse(struct http_exchange *x, const char *permission)
{
    char detail[256 + LIMITS_SIZE];
    const struct subject *s = subject_of(x);
    record_refusal(x, permission);
    if (is_outside(s, permission))
        snprintf(detail, sizeof detail,
                 "You have the permission %s only where your limits fit: %s. An admin can widen "
                 "them.",
                 permission, s->limits);
    else if (s->kind == SUBJECT_TOKEN && !role_lacks(s, permission))
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

static void refuse_work(void *arg)
{
    struct refusal *r = arg;
    refuse(r->x, permission_name(r->permission));
    mem_free(r);
}

void gate_refuse(struct http_exchange *x, enum permission p)
{
    struct refusal *r = mem_alloc(sizeof *r);
    *r = (struct refusal){x, p};
    http_defer(x);
    if (workers_submit(api_of(x)->workers, refuse_work, r) == 0)
        return;
    mem_free(r);
    problem_reply(x, &(struct problem){.status = 503,
                                       .type = PROBLEM_UNAVAILABLE,
                                       .detail = "Hydra has too much to do. Try again later.",
                                       .retry_after_s = 2});
}

bool gate_also(struct http_exchange *x, enum permission p)
{
    if (policy_allows_some(subject_of(x), p))
        return true;
    refuse(x, permission_name(p));
    return false;
}

struct question {
    struct cluster *cluster;
    const struct subject *subject;
    enum permission permission;
    const char *id;
    bool allowed;
};

static void ask_on_loop(void *arg)
{
    struct question *q = arg;
    struct resource r = cluster_resource(q->cluster, q->id);
    q->allowed = policy_allows(q->subject, q->permission, &r);
}

/* What the limits name is known on the loop. */
static bool allows_on(struct api *a, const struct subject *s, enum permission p, const char *id)
{
    struct question q = {a->cluster, s, p, id, policy_allows_some(s, p)};
    if (q.allowed && *s->limits && policy_is_limitable(p))
        loop_call(a->loop, ask_on_loop, &q);
    return q.allowed;
}

bool gate_on_resource(struct http_exchange *x, enum permission p, const struct resource *r)
{
    bool allowed = policy_allows(subject_of(x), p, r);
    if (!allowed)
        refuse(x, permission_name(p));
    return allowed;
}

bool gate_may_on(struct http_exchange *x, enum permission p, const char *id)
{
    return allows_on(api_of(x), subject_of(x), p, id);
}

bool gate_on(struct http_exchange *x, enum permission p, const char *id)
{
    bool allowed = gate_may_on(x, p, id);
    if (!allowed)
        refuse(x, permission_name(p));
    return allowed;
}

enum { TOUCH_MS = 1000 }; /* a session in use is marked so often */

static int ask_to_sign_in(struct http_exchange *x, bool expired)
{
    const char *detail = "Sign in first, or send an API token as Authorization: Bearer.";
    if (expired)
        detail = "This session or token has expired. Sign in again.";
    else if (!str_is_empty(secret_of(x)) && http_header(x, "Authorization"))
        detail = "This token is not valid, or no longer: it may have been revoked. Sign in again, "
                 "or create one under Tokens.";
    http_add_header(x, "WWW-Authenticate", "Bearer");
    problem_reply(x,
                  &(struct problem){.status = 401, .type = PROBLEM_SIGNED_OUT, .detail = detail});
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

static bool allows_route(struct api *a, const struct http_exchange *x,
                         const struct http_route *route, const struct subject *s, enum permission p)
{
    const char *id = http_param(x, "id");
    if (!(route->flags & ROUTE_OF_RESOURCE))
        return policy_allows(s, p, NULL);
    return id ? allows_on(a, s, p, id) : policy_allows_some(s, p);
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
    struct subject *s = http_alloc(x, sizeof *s);
    int64_t now = clock_wall_ms();
    int r = identify(a, secret, on_worker, now, s, &e);
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
    bool allowed = allows_route(a, x, route, s, p);
    if (!allowed && !on_worker)
        return 2;
    if (!on_worker)
        note_vain_proxy(a, x);
    if (now >= s->used_wall_ms + TOUCH_MS)
        access_touch(a->access, s->id, now);
    http_set_subject(x, s);
    if (allowed)
        return 0;
    refuse(x, route->permission);
    return 1;
}
