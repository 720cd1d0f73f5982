/* Jobs: ordering them, following them, cancelling; and what can be done to something now. The same
 * handlers serve web, command line and automation. */
#include "api/routes.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/idempotent.h"
#include "api/job-page.h"
#include "api/pack.h"
#include "api/problem.h"
#include "api/process-service.h"
#include "base/clock.h"
#include "base/log.h"
#include "jobs/actions.h"

static struct cluster_now now_of(void)
{
    return (struct cluster_now){.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

/* What is done to a service is told of the service. */
static const char *resource_of(const struct job *j)
{
    return *j->service ? j->service : j->node;
}

/* --- an order --- */

struct ordering {
    struct api *api;
    struct job_order order;
    struct str_list services;
    char *process_of;
    bool has_rules; /* guard rails */
    struct job_list jobs;
    struct err e;
    int result;
};

static void plan_on_loop(void *arg)
{
    struct ordering *o = arg;
    o->result = jobs_plan(o->api->jobs, &o->order, now_of(), &o->e, &o->jobs);
}

static void look_at_rules(void *arg)
{
    struct ordering *o = arg;
    o->has_rules = jobs_guard(o->api->jobs)->n > 0;
}

/* What protects a service stands against signals to its processes, too. */
static void find_process(struct http_exchange *x, struct ordering *o)
{
    const struct job_order *order = &o->order;
    if (!str_eq(order->verb, "process.signal") || str_is_empty(order->node) ||
        str_is_empty(order->target) || (order->force && order->may_force) ||
        !gate_may_on(x, PERM_PROCESS_SIGNAL, order->node))
        return;
    loop_call(o->api->loop, look_at_rules, o);
    if (o->has_rules)
        o->order.process_of = o->process_of = process_service(o->api, order->node, order->target);
}

static void begin_on_loop(void *arg)
{
    struct ordering *o = arg;
    jobs_begin(o->api->jobs, &o->jobs, now_of());
}

static void abandon_on_loop(void *arg)
{
    struct ordering *o = arg;
    jobs_abandon(o->api->jobs, &o->jobs);
}

/* "restart" stands for a unit's and a container's: the right is the same. */
static int permission_of(const char *word, enum permission *ret_p)
{
    static const char *const prefixes[] = {"", "unit.", "container."};
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        AUTO(mem_freep) char *name = mem_printf("%s%s", prefixes[i], word);
        enum command_verb v;
        if (command_verb_parse(name, &v) < 0)
            continue;
        *ret_p = verb_permission(v);
        return 0;
    }
    return -ENOENT;
}

static int read_target(struct http_exchange *x, const json_t *body, struct ordering *o)
{
    const char *service;
    if (body_text(x, body, "service", false, &service) < 0 ||
        body_texts(x, body, "services", false, &o->services) < 0 ||
        body_text(x, body, "node", false, &o->order.node) < 0 ||
        body_text(x, body, "target", false, &o->order.target) < 0 ||
        body_text(x, body, "argument", false, &o->order.argument) < 0)
        return -EINVAL;
    if (service && o->services.n)
        return body_refuse(x, "services", "Say either \"service\" or \"services\".");
    if (service)
        str_list_add(&o->services, service);
    return 0;
}

/* What is asked for, and whether the asker may. Negative after an answer was sent. */
static int read_order(struct http_exchange *x, const json_t *body, struct ordering *o)
{
    enum permission p;
    bool given;
    if (body_text(x, body, "verb", true, &o->order.verb) < 0 || read_target(x, body, o) < 0 ||
        body_flag(x, body, "force", &given, &o->order.force) < 0)
        return -EINVAL;
    if (permission_of(o->order.verb, &p) < 0)
        return body_refuse(x, "verb", "There is no verb \"%.60s\".", o->order.verb);
    if (!gate_also(x, p) || (o->order.force && !gate_also(x, PERM_SETTINGS_WRITE)))
        return -EPERM;
    o->order.may_force = policy_allows(subject_of(x), PERM_SETTINGS_WRITE, NULL);
    o->order.services = &o->services;
    o->order.by = subject_of(x);
    o->order.actor = subject_of(x)->user_name;
    o->order.via = gate_way(x);
    o->order.by_end = str_eq(o->order.via, "cli");
    return 0;
}

static void record_refusal(struct http_exchange *x, struct db *db, const struct ordering *o)
{
    struct err e = {0};
    struct str detail = {0};
    struct jw w = jw_begin(&detail);
    jw_object(&w);
    jw_key_str(&w, "verb", o->order.verb);
    jw_key_str(&w, "text", o->e.text);
    jw_end_object(&w);
    struct audit_entry entry = gate_audit(
        x, "job.begin", o->services.n ? o->services.v[0] : o->order.node, str_text(&detail));
    entry.outcome = "refused";
    if (audit_refused(db, &entry, &e) < 0)
        log_warn("api", "refusal not written to the audit log", "error=%s", LOG_Q(e.text));
    str_done(&detail);
}

static int write_order(struct http_exchange *x, struct db *db, struct ordering *o,
                       const char *answer)
{
    struct audit_entry entry = gate_audit(x, "job.begin", NULL, NULL);
    int r = db_begin(db, &o->e);
    if (r >= 0)
        r = idempotent_keep(x, db, 202, answer, &o->e);
    if (r >= 0)
        r = jobs_write(db, &o->jobs, &entry, &o->e);
    if (r >= 0)
        return db_commit(db, &o->e);
    db_rollback(db);
    return r;
}

/* The same request may have been faster: then its answer is this one's, too. */
static void reply_refused(struct http_exchange *x, struct db *db, const struct ordering *o, int r)
{
    if (r != -EEXIST || idempotent_begin(x, db))
        problem_reply_err(x, r, &o->e);
}

/* Planned, written, begun, answered: in this order. What is planned is begun or abandoned. */
static void carry_out(struct http_exchange *x, struct db *db, struct ordering *o)
{
    loop_call(o->api->loop, plan_on_loop, o);
    if (o->result < 0) {
        if (o->result == -ENOTCONN || o->result == -EKEYREJECTED || o->result == -EPERM)
            record_refusal(x, db, o);
        reply_refused(x, db, o, o->result);
        return;
    }
    struct str answer = {0};
    struct jw w = jw_begin(&answer);
    job_print(&w, &o->jobs.v[0], true);
    int r = write_order(x, db, o, str_text(&answer));
    if (r < 0) {
        str_done(&answer);
        loop_call(o->api->loop, abandon_on_loop, o);
        reply_refused(x, db, o, r);
        return;
    }
    loop_call(o->api->loop, begin_on_loop, o);
    http_reply_str(x, 202, "application/json", &answer);
}

static void order_job(struct http_exchange *x)
{
    static const char *const members[] = {"verb",   "service",  "services", "node",
                                          "target", "argument", "force",    NULL};
    struct ordering o = {.api = api_of(x)};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    if (body && read_order(x, body, &o) >= 0) {
        find_process(x, &o); /* it may take a while: without a connection */
        AUTO(store_givep) struct db *db = gate_db(x);
        if (db && idempotent_begin(x, db))
            carry_out(x, db, &o);
    }
    mem_free(o.process_of);
    str_list_done(&o.services);
    job_list_done(&o.jobs);
}

/* --- reading --- */

static void get_jobs(struct http_exchange *x)
{
    struct job_list jobs = {0};
    struct job_filter f;
    if (jobs_page(x, &f, &jobs) < 0)
        return;
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "jobs");
    jw_array(&w);
    for (size_t i = 0; i < jobs.n; i++)
        job_print(&w, &jobs.v[i], false);
    jw_end_array(&w);
    jobs_page_next(&w, &f, &jobs);
    jw_end_object(&w);
    job_list_done(&jobs);
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply(x, 200, "application/json", &body);
}

static void get_job(struct http_exchange *x)
{
    struct err e = {0};
    struct job_list list = {0};
    struct job j;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    int r = job_db_get(db, http_param(x, "id"), &e, &j);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    *(struct job *)vec_add(&list) = j;
    jobs_freshen(api_of(x), &list);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    job_print(&w, &list.v[0], gate_may_on(x, PERM_LOGS_READ, resource_of(&list.v[0])));
    job_list_done(&list);
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply(x, 200, "application/json", &body);
}

struct actions_answer {
    struct http_exchange *x;
    char *process_of;
    struct str body;
    struct err e;
    int result;
};

static void print_actions(void *arg)
{
    struct actions_answer *n = arg;
    const struct api *a = api_of(n->x);
    struct jw w = jw_begin(&n->body);
    struct resource of = cluster_resource(a->cluster, http_param(n->x, "id"));
    struct action_query q = {.id = http_param(n->x, "id"),
                             .project = http_query(n->x, "project"),
                             .process = http_query(n->x, "process"),
                             .process_of = n->process_of,
                             .mount = http_query(n->x, "mount"),
                             .permissions = policy_permissions(subject_of(n->x), &of),
                             .now = now_of()};
    n->result = actions_print(a->cluster, a->jobs, &q, &w, &n->e);
}

static void reply_actions(struct actions_answer *n)
{
    if (n->result < 0) {
        str_done(&n->body);
        problem_reply_err(n->x, n->result, &n->e);
    } else {
        http_add_header(n->x, "Cache-Control", "no-store");
        http_reply_str(n->x, 200, "application/json", &n->body);
    }
    mem_free(n->process_of);
    mem_free(n);
}

/* Its node is asked which service it belongs to, by a worker that waits. */
static void actions_of_process(void *arg)
{
    struct actions_answer *n = arg;
    struct api *a = api_of(n->x);
    n->process_of = process_service(a, http_param(n->x, "id"), http_query(n->x, "process"));
    loop_call(a->loop, print_actions, n);
    reply_actions(n);
}

/* Of a process, where a guard rail may stand against a signal to it. On the loop. */
static bool must_ask_node(struct http_exchange *x)
{
    const struct api *a = api_of(x);
    const char *id = http_param(x, "id");
    return !str_is_empty(http_query(x, "process")) && jobs_guard(a->jobs)->n &&
           cluster_has_node(a->cluster, id) && gate_may_on(x, PERM_PROCESS_SIGNAL, id);
}

static void get_actions(struct http_exchange *x)
{
    struct actions_answer *n = mem_alloc(sizeof *n);
    *n = (struct actions_answer){.x = x};
    if (must_ask_node(x)) {
        http_defer(x);
        if (workers_submit(api_of(x)->workers, actions_of_process, n) == 0)
            return;
    }
    print_actions(n);
    reply_actions(n);
}

/* --- cancelling --- */

struct cancelling {
    struct api *api;
    const char *id, *actor;
    struct job_list changed;
    struct err e;
    int result;
    bool written;
};

static void cancel_on_loop(void *arg)
{
    struct cancelling *c = arg;
    c->result = jobs_cancel(c->api->jobs, c->id, c->actor, now_of(), &c->e, &c->changed);
}

static int write_cancelled(struct http_exchange *x, struct db *db, struct cancelling *c)
{
    struct audit_entry entry = gate_audit(x, "job.cancel", c->id, NULL);
    int r = db_begin(db, &c->e);
    for (size_t i = 0; r >= 0 && i < c->changed.n; i++)
        r = job_db_update(db, &c->changed.v[i], &c->e);
    if (r >= 0)
        r = audit_append(db, &entry, &c->e);
    if (r >= 0)
        return db_commit(db, &c->e);
    db_rollback(db);
    return r;
}

static void cancelled_on_loop(void *arg)
{
    const struct cancelling *c = arg;
    jobs_cancelled(c->api->jobs, &c->changed, c->written);
}

/* Decided on the loop, written, and the loop is told whether it was. */
static int cancel(struct http_exchange *x, struct db *db, struct cancelling *c)
{
    loop_call(c->api->loop, cancel_on_loop, c);
    if (c->result < 0)
        return c->result;
    int r = write_cancelled(x, db, c);
    c->written = r >= 0;
    loop_call(c->api->loop, cancelled_on_loop, c);
    job_list_done(&c->changed);
    return r;
}

/* Waiting jobs begin at any moment: who wins is decided on the loop. */
static void cancel_job(struct http_exchange *x)
{
    struct cancelling c = {
        .api = api_of(x), .id = http_param(x, "id"), .actor = subject_of(x)->user_name};
    struct err e = {0};
    struct job j;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    int r = job_db_get(db, c.id, &e, &j);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    bool own = str_eq(j.actor, c.actor);
    bool allowed = own ? gate_also(x, verb_permission(j.verb))
                       : gate_on(x, verb_permission(j.verb), resource_of(&j));
    job_done(&j);
    if (!allowed)
        return;
    r = cancel(x, db, &c);
    if (r < 0)
        problem_reply_err(x, r, &c.e);
    else
        http_reply_empty(x, 204);
}

#define EACH_FRONTEND(method, tail, handler)                                                       \
    {method, "/api/web/jobs" tail, ROUTE_ON_WORKER, 0, "services:read", handler, 0},               \
        {method, "/api/cli/jobs" tail, ROUTE_ON_WORKER, 0, "services:read", handler, 0},           \
    {                                                                                              \
        method, "/api/automation/jobs" tail, ROUTE_ON_WORKER, 0, "services:read", handler, 0       \
    }

/* The right to read is the route's; the right to do depends on the verb and is asked for then. */
const struct http_route job_routes[] = {
    EACH_FRONTEND("POST", "", order_job),
    EACH_FRONTEND("GET", "/{id}", get_job),
    EACH_FRONTEND("DELETE", "/{id}", cancel_job),
    {"GET", "/api/web/jobs", ROUTE_ON_WORKER, 0, "services:read", get_jobs, 0},
    {"GET", "/api/automation/jobs", ROUTE_ON_WORKER, 0, "services:read", get_jobs, 0},
    {"GET", "/api/web/actions/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_actions, 0},
    {"GET", "/api/cli/actions/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_actions, 0},
    {0},
};
