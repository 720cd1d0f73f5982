/* Columns and rows for the command line: small, in the order people read them. */
#include "api/routes.h"

#include "api/audit-filter.h"
#include "api/body.h"
#include "api/gate.h"
#include "api/job-page.h"
#include "api/pack.h"
#include "api/page.h"
#include "api/problem.h"
#include "base/clock.h"
#include "cluster/journal.h"

struct column {
    const char *name, *title, *kind; /* kind: text number bytes percent time age state */
};

static bool is_right(const char *kind)
{
    return str_eq(kind, "number") || str_eq(kind, "bytes") || str_eq(kind, "percent");
}

static struct jw table_begin(struct str *body, const struct column *columns, size_t n)
{
    struct jw w = jw_begin(body);
    jw_object(&w);
    jw_key(&w, "columns");
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        jw_object(&w);
        jw_key_str(&w, "name", columns[i].name);
        jw_key_str(&w, "title", columns[i].title);
        jw_key_str(&w, "align", is_right(columns[i].kind) ? "right" : "left");
        jw_key_str(&w, "kind", columns[i].kind);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_key(&w, "rows");
    jw_array(&w);
    return w;
}

static void table_send(struct http_exchange *x, struct jw *w, struct str *body)
{
    jw_end_array(w);
    jw_key_str(w, "next", NULL);
    jw_end_object(w);
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply(x, 200, "application/json", body);
}

static void time_cell(struct jw *w, int64_t wall_ms)
{
    if (wall_ms)
        jw_time(w, wall_ms);
    else
        jw_null(w);
}

/* --- from the live model: cells are members of the ready JSON --- */

/* Copies object[path] ("vitals.cpu") as a cell; absent is null. */
static void member_cell(struct jw *w, const json_t *object, const char *path)
{
    const char *dot = strchr(path, '.');
    char first[32];
    str_copy(first, dot ? (size_t)(dot - path) + 1 : sizeof first, path);
    const json_t *v = json_object_get(object, first);
    if (dot) {
        member_cell(w, v, dot + 1);
        return;
    }
    jw_json(w, v);
}

/* One row per element of `list` in the buffer `b` (taken). */
static void reply_members(struct http_exchange *x, struct buf *b, const char *list,
                          const struct column *columns, const char *const *paths, size_t n)
{
    json_error_t ignored;
    AUTO(json_decrefp) json_t *all = json_loadb(b->bytes, b->len, 0, &ignored);
    buf_unref(b);
    struct str body = {0};
    struct jw w = table_begin(&body, columns, n);
    size_t i;
    const json_t *item;
    json_array_foreach (json_object_get(all, list), i, item) {
        if (json_get_bool(item, "hidden", false))
            continue;
        jw_array(&w);
        for (size_t k = 0; k < n; k++)
            member_cell(&w, item, paths[k]);
        jw_end_array(&w);
    }
    table_send(x, &w, &body);
}

static void get_nodes(struct http_exchange *x)
{
    static const struct column columns[] = {
        {"node", "NODE", "text"},
        {"state", "STATE", "state"},
        {"os", "OS", "text"},
        {"cpu", "CPU", "percent"},
        {"memory", "MEMORY", "bytes"},
        {"memory_total", "OF", "bytes"},
        {"load", "LOAD", "number"},
        {"disk", "DISK", "bytes"},
        {"disk_total", "OF", "bytes"},
        {"temperature", "TEMP", "number"},
        {"services", "SERVICES", "number"},
        {"bad", "BAD", "number"},
        {"up_since", "UP", "age"},
        {"seen", "SEEN", "age"},
        {"agent", "AGENT", "text"},
        {"upgrade", "UPGRADE", "text"},
    };
    static const char *const paths[] = {"id",
                                        "state",
                                        "os",
                                        "vitals.cpu",
                                        "vitals.mem_used",
                                        "vitals.mem_total",
                                        "vitals.load1",
                                        "vitals.disk_used",
                                        "vitals.disk_total",
                                        "vitals.temp",
                                        "services.total",
                                        "services.bad",
                                        "boot_time",
                                        "seen",
                                        "agent.version",
                                        "agent.upgrade"};
    reply_members(x, cluster_nodes(api_of(x)->cluster), "nodes", columns, paths, COUNT_OF(columns));
}

static void get_services(struct http_exchange *x)
{
    static const struct column columns[] = {
        {"service", "SERVICE", "text"}, {"state", "STATE", "state"},
        {"since", "SINCE", "age"},      {"group", "GROUP", "text"},
        {"latency", "MS", "number"},    {"cpu", "CPU", "percent"},
        {"memory", "MEMORY", "bytes"},  {"restarts", "RESTARTS", "number"},
        {"reason", "WHY", "text"},
    };
    static const char *const paths[] = {"id",  "state",  "since",    "group", "latency_ms",
                                        "cpu", "memory", "restarts", "reason"};
    reply_members(x, cluster_services(api_of(x)->cluster), "services", columns, paths,
                  COUNT_OF(columns));
}

/* --- from the database --- */

struct page {
    struct jw w;
    int64_t last;
};

static void page_send(struct http_exchange *x, struct page *p, int n, unsigned limit,
                      const struct err *e, struct str *body)
{
    jw_end_array(&p->w);
    page_print_next(&p->w, n, limit, p->last);
    jw_end_object(&p->w);
    page_reply(x, n, e, body);
}

static bool add_event(void *arg, const struct feed_entry *f, int64_t row)
{
    struct page *p = arg;
    jw_array(&p->w);
    jw_str(&p->w, f->id);
    time_cell(&p->w, f->time_ms);
    jw_str(&p->w, f->severity);
    jw_str(&p->w, f->kind);
    jw_str(&p->w, f->text);
    jw_end_array(&p->w);
    p->last = row;
    return true;
}

static void get_events(struct http_exchange *x)
{
    static const struct column columns[] = {{"id", "ID", "text"},
                                            {"time", "TIME", "time"},
                                            {"severity", "", "state"},
                                            {"kind", "KIND", "text"},
                                            {"text", "WHAT HAPPENED", "text"}};
    struct feed_filter f = {.severity = http_query(x, "severity"),
                            .service = http_query(x, "service")};
    if (page_read(x, &f.before, &f.limit) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct str body = {0};
    struct page p = {.w = table_begin(&body, columns, COUNT_OF(columns))};
    int n = journal_read(db, &f, add_event, &p, &e);
    page_send(x, &p, n, f.limit, &e, &body);
}

static bool add_audit(void *arg, const struct audit_entry *a)
{
    struct page *p = arg;
    jw_array(&p->w);
    jw_int(&p->w, a->sequence);
    time_cell(&p->w, a->time_ms);
    const char *const cells[] = {a->actor, a->via, a->address, a->action, a->target, a->outcome};
    for (size_t i = 0; i < COUNT_OF(cells); i++)
        jw_str(&p->w, cells[i]);
    jw_end_array(&p->w);
    p->last = a->sequence;
    return true;
}

static void get_audit(struct http_exchange *x)
{
    static const struct column columns[] = {
        {"sequence", "#", "number"}, {"time", "TIME", "time"},       {"actor", "WHO", "text"},
        {"via", "VIA", "text"},      {"address", "FROM", "text"},    {"action", "ACTION", "text"},
        {"target", "ON", "text"},    {"outcome", "OUTCOME", "state"}};
    struct audit_filter f = {0};
    if (audit_filter_read(x, &f) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct str body = {0};
    struct page p = {.w = table_begin(&body, columns, COUNT_OF(columns))};
    int n = audit_read(db, &f, add_audit, &p, &e);
    page_send(x, &p, n, f.limit, &e, &body);
}

static void job_cells(struct jw *w, const struct job *j)
{
    AUTO(mem_freep) char *title = job_title(j);
    jw_array(w);
    jw_str(w, j->id);
    jw_str(w, job_state_name(j->state));
    jw_str(w, title);
    jw_str(w, j->actor);
    time_cell(w, j->created_ms);
    jw_str(w, job_is_over(j->state) ? j->text : j->step);
    jw_end_array(w);
}

static void get_jobs(struct http_exchange *x)
{
    static const struct column columns[] = {
        {"id", "ID", "text"},     {"state", "STATE", "state"}, {"title", "WHAT", "text"},
        {"actor", "WHO", "text"}, {"created", "SINCE", "age"}, {"text", "HOW IT GOES", "text"}};
    struct job_list jobs = {0};
    struct job_filter f;
    if (jobs_page(x, &f, &jobs) < 0)
        return;
    struct str body = {0};
    struct jw w = table_begin(&body, columns, COUNT_OF(columns));
    for (size_t i = 0; i < jobs.n; i++)
        job_cells(&w, &jobs.v[i]);
    jw_end_array(&w);
    jobs_page_next(&w, &f, &jobs);
    jw_end_object(&w);
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply(x, 200, "application/json", &body);
    job_list_done(&jobs);
}

/* --- people, from memory --- */

static void get_users(struct http_exchange *x)
{
    static const struct column columns[] = {{"id", "ID", "text"},
                                            {"name", "NAME", "text"},
                                            {"role", "ROLE", "text"},
                                            {"limits", "LIMITS", "text"},
                                            {"state", "STATE", "state"},
                                            {"created", "CREATED", "time"},
                                            {"last_login", "LAST SIGN-IN", "age"}};
    AUTO(mem_freep) struct user *users = NULL;
    size_t n = access_users(api_of(x)->access, &users);
    struct str body = {0};
    struct jw w = table_begin(&body, columns, COUNT_OF(columns));
    for (size_t i = 0; i < n; i++) {
        jw_array(&w);
        jw_str(&w, users[i].id);
        jw_str(&w, users[i].name);
        jw_str(&w, role_name(users[i].role));
        jw_str(&w, users[i].limits);
        jw_str(&w, users[i].disabled ? "disabled" : "enabled");
        time_cell(&w, users[i].created_ms);
        time_cell(&w, users[i].last_login_ms);
        jw_end_array(&w);
    }
    table_send(x, &w, &body);
}

static void get_sessions(struct http_exchange *x)
{
    static const struct column columns[] = {
        {"id", "ID", "text"},       {"user", "USER", "text"},     {"address", "FROM", "text"},
        {"agent", "WITH", "text"},  {"created", "BEGUN", "time"}, {"seen", "LAST USED", "age"},
        {"expires", "ENDS", "time"}};
    bool all = policy_allows(subject_of(x), PERM_SESSIONS_ADMIN, NULL);
    AUTO(mem_freep) struct session *sessions = NULL;
    size_t n = access_sessions(api_of(x)->access, all ? NULL : subject_of(x)->user_id, &sessions);
    struct str body = {0};
    struct jw w = table_begin(&body, columns, COUNT_OF(columns));
    for (size_t i = 0; i < n; i++) {
        jw_array(&w);
        jw_str(&w, sessions[i].id);
        jw_str(&w, sessions[i].user_name);
        jw_str(&w, sessions[i].address);
        jw_str(&w, sessions[i].agent);
        time_cell(&w, sessions[i].created_ms);
        time_cell(&w, sessions[i].seen_ms);
        time_cell(&w, sessions[i].expires_ms);
        jw_end_array(&w);
    }
    table_send(x, &w, &body);
}

static void get_tokens(struct http_exchange *x)
{
    static const struct column columns[] = {
        {"id", "ID", "text"},         {"user", "USER", "text"},      {"name", "NAME", "text"},
        {"prefix", "BEGINS", "text"}, {"scopes", "SCOPES", "text"},  {"created", "CREATED", "time"},
        {"used", "LAST USED", "age"}, {"expires", "EXPIRES", "time"}};
    bool all = policy_allows(subject_of(x), PERM_TOKENS_ADMIN, NULL);
    AUTO(mem_freep) struct token *tokens = NULL;
    size_t n = access_tokens(api_of(x)->access, all ? NULL : subject_of(x)->user_id, &tokens);
    struct str body = {0}, scopes = {0};
    struct jw w = table_begin(&body, columns, COUNT_OF(columns));
    for (size_t i = 0; i < n; i++) {
        str_clear(&scopes);
        if (tokens[i].scopes == PERMISSIONS_ALL)
            str_add_char(&scopes, '*');
        else
            permissions_print(tokens[i].scopes, &scopes);
        jw_array(&w);
        jw_str(&w, tokens[i].id);
        jw_str(&w, tokens[i].user_name);
        jw_str(&w, tokens[i].name);
        jw_str(&w, tokens[i].prefix);
        jw_str(&w, str_text(&scopes));
        time_cell(&w, tokens[i].created_ms);
        time_cell(&w, tokens[i].used_ms);
        time_cell(&w, tokens[i].expires_ms);
        jw_end_array(&w);
    }
    str_done(&scopes);
    table_send(x, &w, &body);
}

const struct http_route table_routes[] = {
    {"GET", "/api/cli/nodes", ROUTE_ON_LOOP, 0, "nodes:read", get_nodes, 0},
    {"GET", "/api/cli/services", ROUTE_ON_LOOP, 0, "services:read", get_services, 0},
    {"GET", "/api/cli/events", ROUTE_ON_WORKER, 0, "events:read", get_events, 0},
    {"GET", "/api/cli/jobs", ROUTE_ON_WORKER, 0, "services:read", get_jobs, 0},
    {"GET", "/api/cli/users", ROUTE_ON_WORKER, 0, "users:read", get_users, 0},
    {"GET", "/api/cli/sessions", ROUTE_ON_WORKER, 0, "self:write", get_sessions, 0},
    {"GET", "/api/cli/tokens", ROUTE_ON_WORKER, 0, "self:write", get_tokens, 0},
    {"GET", "/api/cli/audit", ROUTE_ON_WORKER, 0, "audit:read", get_audit, 0},
    {0},
};
