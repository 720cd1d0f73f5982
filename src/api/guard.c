/* Guard rails: read and set as a whole. */
#include "api/routes.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/pack.h"
#include "api/problem.h"
#include "base/clock.h"

static void reply_guard(struct http_exchange *x, const struct guard *g)
{
    AUTO(mem_freep) char *zone = guard_zone();
    struct str body = {0};
    struct jw w = jw_begin(&body);
    guard_print_full(&w, g, zone);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", &body);
}

static void get_guard(struct http_exchange *x)
{
    reply_guard(x, jobs_guard(api_of(x)->jobs));
}

struct setting {
    struct api *api;
    const struct guard *guard;
};

static void set_on_loop(void *arg)
{
    const struct setting *s = arg;
    jobs_set_guard(s->api->jobs, s->guard);
}

static int save(struct http_exchange *x, struct db *db, struct guard *g, int64_t replaces,
                struct err *e)
{
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    guard_print(&w, g);
    g->changed_by = mem_strdup(subject_of(x)->user_name);
    struct audit_entry entry = gate_audit(x, "guard.change", "guard", str_text(&detail));
    int r = db_begin(db, e);
    if (r >= 0)
        r = guard_save(db, g, replaces, clock_wall_ms(), e);
    if (r >= 0)
        r = audit_append(db, &entry, e);
    if (r >= 0)
        r = db_commit(db, e);
    else
        db_rollback(db);
    str_done(&detail);
    return r;
}

static void put_guard(struct http_exchange *x)
{
    static const char *const members[] = {"rules",   "version",    "time_zone",
                                          "changed", "changed_by", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    struct guard g = {0};
    struct err e = {0};
    if (!body)
        return;
    int64_t replaces = -1;
    if (body_number(x, body, "version", 0, INT64_MAX, &replaces) < 0)
        return;
    int r = guard_read(body, &e, &g);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    AUTO(store_givep) struct db *db = gate_db(x);
    r = db ? save(x, db, &g, replaces, &e) : 0;
    if (r < 0) {
        problem_reply_err(x, r, &e);
    } else if (db) {
        struct setting s = {api_of(x), &g};
        loop_call(s.api->loop, set_on_loop, &s);
        reply_guard(x, &g);
    }
    guard_done(&g);
}

const struct http_route guard_routes[] = {
    {"GET", "/api/web/guard", ROUTE_ON_LOOP, 0, "services:read", get_guard, 0},
    {"PUT", "/api/web/guard", ROUTE_ON_WORKER, 0, "settings:write", put_guard, 0},
    {0},
};
