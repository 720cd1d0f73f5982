/* Nodes with agents of their own: tokens that let them in, and their removal. The same handlers
 * serve web and command line. */
#include "api/people.h"

#include "api/body.h"
#include "api/enrolment.h"
#include "api/gate.h"
#include "api/problem.h"
#include "base/clock.h"

static void print_enrolment(struct jw *w, const struct enrolment *n, int64_t now)
{
    jw_object(w);
    jw_key_str(w, "id", n->id);
    jw_key_str(w, "node", n->node);
    jw_key_bool(w, "replaces", n->replaces);
    jw_key_str(w, "state", enrolment_state_name(enrolment_state_at(n, now)));
    jw_key_str(w, "created_by", n->created_by);
    jw_key_time(w, "created", n->created_ms);
    jw_key_time(w, "expires", n->expires_ms);
    jw_key_time(w, "used", n->used_ms);
    jw_key_str(w, "trouble", *n->trouble ? n->trouble : NULL);
    jw_key_time(w, "trouble_at", n->trouble_ms);
    jw_end_object(w);
}

static void get_enrolments(struct http_exchange *x)
{
    AUTO(mem_freep) struct enrolment *list = NULL;
    size_t n = fleet_enrolments(api_of(x)->fleet, &list);
    int64_t now = clock_wall_ms();
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "enrolments");
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        print_enrolment(&w, &list[i], now);
    jw_end_array(&w);
    jw_end_object(&w);
    people_reply(x, 200, &body);
}

static void refuse_enrolment(struct http_exchange *x, int r, const struct err *e)
{
    if (r == -EEXIST)
        problem_reply(x, &(struct problem){.status = 409,
                                           .type = PROBLEM_NODE_EXISTS,
                                           .detail = err_text(e, r),
                                           .field = "node"});
    else
        problem_reply_err(x, r, e);
}

static void reply_enrolment(struct http_exchange *x, const struct enrolment *n, const char *secret)
{
    struct api *a = api_of(x);
    struct str body = {0}, token = {0};
    enrolment_token(a->fleet, secret, a->agents_address, &token);
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "enrolment");
    print_enrolment(&w, n, n->created_ms);
    jw_key_str(&w, "token", str_text(&token));
    jw_key(&w, "commands");
    enrolment_print_commands(&w, str_text(&token));
    jw_end_object(&w);
    str_done(&token);
    people_reply(x, 201, &body);
}

static void add_enrolment(struct http_exchange *x)
{
    static const char *const members[] = {"node", "ttl_s", "replace", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    struct api *a = api_of(x);
    struct enrolment_request q = {.reserved = a->local_node};
    bool given;
    int64_t ttl_s = FLEET_ENROLMENT_MS / 1000;
    if (!body || body_text(x, body, "node", true, &q.node) < 0 ||
        body_number(x, body, "ttl_s", FLEET_ENROLMENT_MIN_MS / 1000, LIMIT_ENROLMENT_MS / 1000,
                    &ttl_s) < 0 ||
        body_flag(x, body, "replace", &given, &q.replaces) < 0)
        return;
    q.ttl_ms = ttl_s * 1000;
    struct err e = {0};
    if (!*a->agents_address) {
        problem_reply_err(x, enrolment_kept_out(&e), &e);
        return;
    }
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct actor by = gate_actor(x);
    struct enrolment n;
    char secret[33];
    int r = fleet_enrolment_add(a->fleet, db, &by, &q, &e, secret, &n);
    if (r < 0)
        refuse_enrolment(x, r, &e);
    else
        reply_enrolment(x, &n, secret);
}

static void remove_enrolment(struct http_exchange *x)
{
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct actor by = gate_actor(x);
    int r = fleet_enrolment_remove(api_of(x)->fleet, db, &by, http_param(x, "id"), &e);
    people_done(x, r, &e);
}

static void remove_node(struct http_exchange *x)
{
    struct api *a = api_of(x);
    const char *id = http_param(x, "id");
    struct err e = {0};
    if (str_eq(id, a->local_node)) {
        problem_reply_err(x,
                          err_set(&e, -EBUSY,
                                  "%s is the machine that Hydra itself runs on: it stays as long "
                                  "as Hydra does.",
                                  id),
                          &e);
        return;
    }
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct actor by = gate_actor(x);
    int r = fleet_node_remove(a->fleet, db, &by, id, &e);
    people_done(x, r, &e);
}

const struct http_route fleet_routes[] = {
    {"GET", "/api/web/enrolments", ROUTE_ON_WORKER, 0, "nodes:write", get_enrolments, 0},
    PEOPLE_BOTH("POST", "enrolments", "nodes:write", add_enrolment),
    {"DELETE", "/api/web/enrolments/{id}", ROUTE_ON_WORKER, 0, "nodes:write", remove_enrolment, 0},
    PEOPLE_BOTH_WITH(ROUTE_OF_RESOURCE, "DELETE", "nodes/{id}", "nodes:write", remove_node),
    {0},
};
