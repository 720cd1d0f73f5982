/* Services that people add, edit, hide and remove: written to the database, then shown by the live
 * model. The same handlers serve web, command line and automation. */
#include "api/routes.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/idempotent.h"
#include "api/problem.h"
#include "api/record-input.h"
#include "base/clock.h"

#include <ctype.h>

static const char *const service_members[] = {
    "name", "url", "icon", "group", "description", "hidden", "check", "depends_on", NULL};

#define MANUAL "manual/"

/* "My Router (old)" to "my-router-old": what an id is made of. */
static void slug_of(const char *name, char *ret_slug, size_t size)
{
    size_t n = 0;
    for (; *name && n + 1 < size; name++) {
        unsigned char c = (unsigned char)*name;
        if (isalnum(c) || c == '.' || c == '_')
            ret_slug[n++] = (char)tolower(c);
        else if (n && ret_slug[n - 1] != '-')
            ret_slug[n++] = '-';
    }
    while (n && ret_slug[n - 1] == '-')
        n--;
    ret_slug[n] = 0;
}

struct live_change {
    struct api *api;
    const struct service_record *record; /* NULL = drop */
    const char *id;
    bool known;
};

static struct cluster_now now_of(void)
{
    return (struct cluster_now){.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

static void apply_on_loop(void *arg)
{
    struct live_change *c = arg;
    if (c->record)
        cluster_set_record(c->api->cluster, c->record, now_of());
    else
        cluster_drop_record(c->api->cluster, c->id, now_of());
}

static void look_on_loop(void *arg)
{
    struct live_change *c = arg;
    c->known = cluster_has_service(c->api->cluster, c->id);
}

struct saving {
    const struct service_record *record;
    const char *action;
    bool is_new;
    int status; /* of the answer */
    struct str answer;
};

/* Record, audit entry and kept answer become one. */
static int write_record(struct http_exchange *x, struct db *db, struct saving *s, struct err *e)
{
    struct audit_entry entry = gate_audit(x, s->action, s->record->id, str_text(&s->answer));
    int r = db_begin(db, e);
    if (r >= 0)
        r = service_record_put(db, s->record, s->is_new, e);
    if (r >= 0)
        r = audit_append(db, &entry, e);
    if (r >= 0)
        r = idempotent_keep(x, db, s->status, str_text(&s->answer), e);
    if (r >= 0)
        return db_commit(db, e);
    db_rollback(db);
    return r;
}

/* Writes, then shows, then answers: who reads after the answer sees the change. */
static void save(struct http_exchange *x, struct db *db, struct saving *s)
{
    struct err e = {0};
    struct jw w = jw_begin(&s->answer);
    service_record_print(&w, s->record);
    int r = write_record(x, db, s, &e);
    if (r == -EEXIST && !idempotent_begin(x, db)) {
        str_done(&s->answer); /* the same request was faster and has been answered again */
        return;
    }
    if (r == -EEXIST && s->is_new)
        err_field(&e,
                  err_set(&e, r, "There is a service called %s already. Choose another name.",
                          s->record->name),
                  "name");
    if (r < 0) {
        str_done(&s->answer);
        problem_reply_err(x, r, &e);
        return;
    }
    struct live_change c = {.api = api_of(x), .record = s->record, .id = s->record->id};
    loop_call(c.api->loop, apply_on_loop, &c);
    http_reply_str(x, s->status, "application/json", &s->answer);
}

/* Every id in `depends_on` must be a service's, but those that were there before: what a service
 * needs may be away for a while. 0, or negative after a problem was sent. */
static int check_needs(struct http_exchange *x, const struct service_record *r,
                       const struct str_list *before)
{
    for (size_t i = 0; i < r->depends_on.n; i++) {
        struct live_change c = {.api = api_of(x), .id = r->depends_on.v[i]};
        if (str_list_has(before, c.id))
            continue;
        loop_call(c.api->loop, look_on_loop, &c);
        if (!c.known)
            return body_refuse(x, "depends_on",
                               "There is no service with the id %.200s to depend on.", c.id);
    }
    return 0;
}

/* Makes a record of the body of a new service. 0, or negative after a problem was sent. */
static int read_new(struct http_exchange *x, const json_t *body, struct service_record *r)
{
    char slug[128];
    struct err e = {0};
    if (record_read(x, body, r) < 0 || check_needs(x, r, &(struct str_list){0}) < 0)
        return -EINVAL;
    if (str_is_empty(r->name))
        return body_refuse(x, "name", "\"name\" is missing: what is the service called?");
    slug_of(r->name, slug, sizeof slug);
    if (!*slug)
        return body_refuse(x, "name", "The name needs at least one letter or digit.");
    snprintf(r->id, sizeof r->id, MANUAL "%s", slug);
    int status = service_record_check(r, &e);
    if (status < 0)
        problem_reply_err(x, status, &e);
    else if (!gate_on_resource(x, PERM_SERVICES_WRITE, &(struct resource){.group = r->group}))
        status = -EPERM;
    return status;
}

static void add_service(struct http_exchange *x)
{
    AUTO(json_decrefp) json_t *body = body_json(x, service_members);
    if (!body)
        return;
    int64_t now = clock_wall_ms();
    struct service_record r = {.manual = true, .created_ms = now, .changed_ms = now};
    if (read_new(x, body, &r) >= 0) {
        AUTO(store_givep) struct db *db = gate_db(x);
        if (db && idempotent_begin(x, db))
            save(x, db,
                 &(struct saving){
                     .record = &r, .action = "service.add", .is_new = true, .status = 201});
    }
    service_record_done(&r);
}

/* "manual/router": an id that a service added by hand has or may get. */
static bool is_manual_id(const char *id)
{
    char slug[128];
    if (strncmp(id, MANUAL, strlen(MANUAL)) != 0)
        return false;
    slug_of(id + strlen(MANUAL), slug, sizeof slug);
    return *slug && str_eq(slug, id + strlen(MANUAL));
}

/* The record to edit: what is kept, fresh overrides for a service that was discovered, or a new
 * one under an id of those that are added by hand: so a removed one comes back as it was. */
static int find_record(struct http_exchange *x, struct db *db, const char *id,
                       struct service_record *r, struct err *e)
{
    int status = service_record_get(db, id, r, e);
    if (status != -ENOENT)
        return status;
    struct live_change c = {.api = api_of(x), .id = id};
    loop_call(c.api->loop, look_on_loop, &c);
    if (!c.known && !is_manual_id(id))
        return err_set(e, -ENOENT, "There is no service with the id %s.", id);
    r->manual = !c.known;
    if (!str_copy(r->id, sizeof r->id, id))
        return err_set(e, -EINVAL, "That id is too long.");
    r->created_ms = clock_wall_ms();
    return 0;
}

static void edit_service(struct http_exchange *x)
{
    AUTO(json_decrefp) json_t *body = body_json(x, service_members);
    AUTO(store_givep) struct db *db = body ? gate_db(x) : NULL;
    if (!db || !idempotent_begin(x, db))
        return;
    struct service_record r = {0};
    struct err e = {0};
    int status = find_record(x, db, http_param(x, "id"), &r, &e);
    struct str_list before = {0};
    str_list_copy(&before, &r.depends_on);
    bool refused = status >= 0 && (record_read(x, body, &r) < 0 || check_needs(x, &r, &before) < 0);
    str_list_done(&before);
    if (refused) {
        service_record_done(&r);
        return;
    }
    bool is_new = r.manual && !r.changed_ms;
    r.changed_ms = clock_wall_ms();
    if (status >= 0 && is_new && str_is_empty(r.name))
        status =
            err_field(&e,
                      err_set(&e, -ENOENT,
                              "There is no service with the id %s. To add it, say its name.", r.id),
                      "name");
    if (status >= 0)
        status = service_record_check(&r, &e);
    if (status < 0)
        problem_reply_err(x, status, &e);
    else
        save(x, db,
             &(struct saving){.record = &r,
                              .action = is_new     ? "service.add"
                                        : r.hidden ? "service.hide"
                                                   : "service.edit",
                              .is_new = is_new,
                              .status = is_new ? 201 : 200});
    service_record_done(&r);
}

static int drop(struct http_exchange *x, struct db *db, const char *id, struct err *e)
{
    struct audit_entry entry = gate_audit(x, "service.remove", id, NULL);
    int status = db_begin(db, e);
    if (status >= 0)
        status = service_record_delete(db, id, e);
    if (status >= 0)
        status = audit_append(db, &entry, e);
    if (status >= 0)
        return db_commit(db, e);
    db_rollback(db);
    return status;
}

static void remove_service(struct http_exchange *x)
{
    const char *id = http_param(x, "id");
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    int status = drop(x, db, id, &e);
    if (status == -ENOENT)
        err_set(&e, status,
                "Nothing was added or changed by hand for %s. A discovered service can be hidden "
                "instead.",
                id);
    if (status < 0) {
        problem_reply_err(x, status, &e);
        return;
    }
    struct live_change c = {.api = api_of(x), .id = id};
    loop_call(c.api->loop, apply_on_loop, &c);
    http_reply_empty(x, 204);
}

static void check_service(struct http_exchange *x)
{
    struct api *a = api_of(x);
    const char *id = http_param(x, "id");
    int r = cluster_has_service(a->cluster, id) ? a->check_now(a->arg, id) : -ENOENT;
    if (r == -ENOENT)
        problem_reply(x, &(struct problem){.status = 404,
                                           .type = PROBLEM_NOT_FOUND,
                                           .detail = "There is no such service, or nothing is set "
                                                     "up to check it. Edit it to add a check."});
    else
        http_reply_empty(x, 202);
}

#define EACH_FRONTEND(method, tail, where, permission, handler)                                    \
    {method, "/api/web/services" tail, where, ROUTE_OF_RESOURCE, permission, handler, 0},          \
        {method, "/api/cli/services" tail, where, ROUTE_OF_RESOURCE, permission, handler, 0},      \
    {                                                                                              \
        method, "/api/automation/services" tail, where, ROUTE_OF_RESOURCE, permission, handler, 0  \
    }

const struct http_route service_routes[] = {
    EACH_FRONTEND("POST", "", ROUTE_ON_WORKER, "services:write", add_service),
    EACH_FRONTEND("PUT", "/{id...}", ROUTE_ON_WORKER, "services:write", edit_service),
    EACH_FRONTEND("DELETE", "/{id...}", ROUTE_ON_WORKER, "services:write", remove_service),
    {"POST", "/api/web/services-check/{id...}", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "services:write",
     check_service, 0},
    {0},
};
