/* The audit log: pages, download, verification. */
#include "api/routes.h"

#include "api/audit-filter.h"
#include "api/body.h"
#include "api/gate.h"
#include "api/page.h"
#include "api/problem.h"
#include "base/clock.h"
#include "base/log.h"

static int read_time(struct http_exchange *x, const char *name, int64_t *ret_ms)
{
    const char *text = http_query(x, name);
    if (text && clock_parse_rfc3339(text, ret_ms) < 0)
        return body_refuse(x, name, "\"%s\" is a time such as 2026-11-24T14:53:11Z.", name);
    return 0;
}

int audit_filter_read(struct http_exchange *x, struct audit_filter *f)
{
    f->actor = http_query(x, "actor");
    f->action = http_query(x, "action");
    f->outcome = http_query(x, "outcome");
    f->text = http_query(x, "text");
    if (read_time(x, "since", &f->since_ms) < 0 || read_time(x, "until", &f->until_ms) < 0)
        return -EINVAL;
    return page_read(x, &f->before, &f->limit);
}

static void print_entry(struct jw *w, const struct audit_entry *a)
{
    jw_object(w);
    jw_key_int(w, "sequence", a->sequence);
    jw_key_time(w, "time", a->time_ms);
    jw_key_str(w, "actor", a->actor);
    jw_key_str(w, "via", a->via);
    jw_key_str(w, "address", a->address);
    jw_key_str(w, "action", a->action);
    jw_key_str(w, "target", a->target);
    jw_key_str(w, "outcome", a->outcome);
    jw_key(w, "detail");
    if (str_is_empty(a->detail))
        jw_null(w);
    else
        jw_raw(w, a->detail, strlen(a->detail));
    jw_end_object(w);
}

struct audit_page {
    struct jw w;
    int64_t last;
};

static bool add_to_page(void *arg, const struct audit_entry *a)
{
    struct audit_page *p = arg;
    print_entry(&p->w, a);
    p->last = a->sequence;
    return true;
}

static void get_audit(struct http_exchange *x)
{
    struct audit_filter f = {0};
    if (audit_filter_read(x, &f) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct str body = {0};
    struct audit_page p = {.w = jw_begin(&body)};
    jw_object(&p.w);
    jw_key(&p.w, "entries");
    jw_array(&p.w);
    int n = audit_read(db, &f, add_to_page, &p, &e);
    jw_end_array(&p.w);
    page_print_next(&p.w, n, f.limit, p.last);
    jw_end_object(&p.w);
    page_reply(x, n, &e, &body);
}

/* --- download: page by page, so that the whole log never stands in memory --- */

/* RFC 4180, and a leading apostrophe where a spreadsheet would take the cell for a formula. */
static void csv_cell(struct str *out, const char *s, bool last)
{
    str_add_char(out, '"');
    if (*s && strchr("=+-@\t\r", *s))
        str_add_char(out, '\'');
    for (; *s; s++) {
        if (*s == '"')
            str_add_char(out, '"');
        str_add_char(out, *s);
    }
    str_add(out, last ? "\"\r\n" : "\",");
}

static void csv_row(struct str *out, const struct audit_entry *a)
{
    char time[CLOCK_RFC3339_SIZE];
    str_addf(out, "%lld,%s,", (long long)a->sequence, clock_rfc3339(a->time_ms, time));
    const char *const cells[] = {a->actor,  a->via,     a->address, a->action,
                                 a->target, a->outcome, a->detail};
    for (size_t i = 0; i < COUNT_OF(cells); i++)
        csv_cell(out, cells[i], i + 1 == COUNT_OF(cells));
}

struct download {
    struct str piece;
    bool csv, first;
    int64_t last;
};

static bool add_to_download(void *arg, const struct audit_entry *a)
{
    struct download *d = arg;
    d->last = a->sequence;
    if (d->csv) {
        csv_row(&d->piece, a);
        return true;
    }
    str_add(&d->piece, d->first ? "\n" : ",\n");
    d->first = false;
    struct jw w = jw_begin(&d->piece);
    print_entry(&w, a);
    return true;
}

/* Reads page after page into pieces of the answer. */
static void send_pages(struct http_exchange *x, struct db *db, struct audit_filter *f,
                       struct download *d)
{
    struct err e = {0};
    int n;
    do {
        n = audit_read(db, f, add_to_download, d, &e);
        if (n > 0 && http_reply_piece(x, d->piece.p, d->piece.len) < 0)
            return;
        str_clear(&d->piece);
        f->before = d->last;
    } while (n > 0 && (unsigned)n == f->limit);
}

static void get_download(struct http_exchange *x)
{
    const char *format = http_query(x, "format");
    struct download d = {.csv = str_eq(format, "csv"), .first = true};
    struct audit_filter f = {0};
    if (format && !d.csv && !str_eq(format, "json")) {
        body_refuse(x, "format", "\"format\" is csv or json.");
        return;
    }
    if (audit_filter_read(x, &f) < 0)
        return;
    f.limit = LIMIT_PAGE;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    http_add_header(x, "Content-Disposition",
                    d.csv ? "attachment; filename=\"hydra-audit.csv\""
                          : "attachment; filename=\"hydra-audit.json\"");
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_begin(x, 200, d.csv ? "text/csv; charset=utf-8" : "application/json");
    str_add(&d.piece,
            d.csv ? "sequence,time,actor,via,address,action,target,outcome,detail\r\n" : "[");
    if (http_reply_piece(x, d.piece.p, d.piece.len) == 0) {
        str_clear(&d.piece);
        send_pages(x, db, &f, &d);
        if (!d.csv && http_reply_piece(x, "\n]\n", 3) < 0)
            log_debug("api", "download broken off", "path=%s", http_path(x));
    }
    http_reply_end(x);
    str_done(&d.piece);
}

static void get_verify(struct http_exchange *x)
{
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    int64_t entries = 0, bad = 0;
    int r = audit_verify(db, &entries, &bad, &e);
    if (r < 0 && r != -EBADMSG) {
        problem_reply_err(x, r, &e);
        return;
    }
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_int(&w, "entries", entries);
    jw_key_bool(&w, "ok", r == 0);
    jw_key(&w, "first_bad");
    if (r == 0)
        jw_null(&w);
    else
        jw_int(&w, bad);
    jw_end_object(&w);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", &body);
}

const struct http_route audit_routes[] = {
    {"GET", "/api/web/audit", ROUTE_ON_WORKER, 0, "audit:read", get_audit, 0},
    {"GET", "/api/web/audit/download", ROUTE_ON_WORKER, 0, "audit:read", get_download, 0},
    {"GET", "/api/web/audit/verify", ROUTE_ON_WORKER, 0, "audit:read", get_verify, 0},
    {0},
};
