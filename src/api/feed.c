/* What happened, from the database: pages, newest first. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/page.h"
#include "api/problem.h"
#include "cluster/journal.h"

struct feed_page {
    struct jw w;
    int64_t last_row;
};

static void key_or_null(struct jw *w, const char *key, const char *s)
{
    jw_key_str(w, key, str_is_empty(s) ? NULL : s);
}

static bool print_entry(void *arg, const struct feed_entry *f, int64_t row)
{
    struct feed_page *p = arg;
    struct jw *w = &p->w;
    jw_object(w);
    jw_key_str(w, "id", f->id);
    jw_key_time(w, "time", f->time_ms);
    jw_key_str(w, "severity", f->severity);
    jw_key_str(w, "kind", f->kind);
    key_or_null(w, "node", f->node);
    key_or_null(w, "service", f->service);
    jw_key_str(w, "text", f->text);
    jw_end_object(w);
    p->last_row = row;
    return true;
}

static void get_events(struct http_exchange *x)
{
    struct feed_filter f = {.severity = http_query(x, "severity"),
                            .node = http_query(x, "node"),
                            .service = http_query(x, "service"),
                            .text = http_query(x, "text")};
    if (page_read(x, &f.before, &f.limit) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct str body = {0};
    struct feed_page p = {.w = jw_begin(&body)};
    jw_object(&p.w);
    jw_key(&p.w, "entries");
    jw_array(&p.w);
    int n = journal_read(db, &f, print_entry, &p, &e);
    jw_end_array(&p.w);
    page_print_next(&p.w, n, f.limit, p.last_row);
    jw_end_object(&p.w);
    page_reply(x, n, &e, &body);
}

const struct http_route feed_routes[] = {
    {"GET", "/api/web/events", ROUTE_ON_WORKER, 0, "events:read", get_events, 0},
    {0},
};
