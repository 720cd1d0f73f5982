/* Logs: pages, live tails, downloads. Nothing here waits on the loop: nodes answer on their own
 * threads, a download blocks its worker. */
#include "api/routes.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/problem.h"
#include "base/clock.h"
#include "base/log.h"
#include "logs/query.h"

enum { DOWNLOADS_MAX = 2, PIECE_BYTES = 64 << 10, LOOK_UP_MS = 100 };

static atomic_uint downloads;

/* --- the query --- */

/* "tower/docker/plex" → node and the node's own id. */
static void add_service(struct logs_request *q, const char *id)
{
    const char *slash = strchr(id, '/');
    AUTO(mem_freep) char *node = slash ? mem_strndup(id, (size_t)(slash - id)) : NULL;
    if (node)
        logs_request_add(q, node, slash + 1);
}

/* Who is meant, looked up on the loop. */
struct lookup {
    struct http_exchange *x;
    struct logs_request *q;
    char missing[160]; /* what there is not */
    const char *what;
    bool outside; /* of the limits of the one who asks */
};

static bool may_read(const struct lookup *l, const char *id)
{
    struct resource r = cluster_resource(api_of(l->x)->cluster, id);
    return policy_allows(subject_of(l->x), PERM_LOGS_READ, &r);
}

static void look_up(void *arg)
{
    struct lookup *l = arg;
    struct cluster *c = api_of(l->x)->cluster;
    const char *id;
    for (unsigned i = 0; !*l->missing && (id = http_query_nth(l->x, "service", i)); i++) {
        l->what = "service";
        if (!cluster_has_log(c, id))
            str_copy(l->missing, sizeof l->missing, id);
        else if (!may_read(l, id))
            l->outside = true;
        else
            add_service(l->q, id);
    }
    for (unsigned i = 0; !*l->missing && (id = http_query_nth(l->x, "node", i)); i++) {
        l->what = "node";
        if (!cluster_has_node(c, id))
            str_copy(l->missing, sizeof l->missing, id);
        else if (!may_read(l, id))
            l->outside = true;
        else
            logs_request_add(l->q, id, NULL);
    }
}

static int read_sources(struct http_exchange *x, struct logs_request *q)
{
    struct lookup l = {.x = x, .q = q};
    char detail[256];
    loop_call(api_of(x)->loop, look_up, &l);
    if (!*l.missing && !l.outside)
        return 0;
    if (l.outside) {
        gate_refuse(x, PERM_LOGS_READ);
        return -EPERM;
    }
    snprintf(detail, sizeof detail,
             "There is no %s with the id %s that has a log: only containers and units have one.",
             l.what, l.missing);
    if (str_eq(l.what, "node"))
        snprintf(detail, sizeof detail, "There is no node with the id %s.", l.missing);
    problem_reply(x,
                  &(struct problem){
                      .status = 404, .type = PROBLEM_NOT_FOUND, .detail = detail, .field = l.what});
    return -ENOENT;
}

/* 0, or negative after a problem was sent. */
static int read_request(struct http_exchange *x, struct logs_request *q)
{
    struct err e = {0};
    int r = read_sources(x, q);
    if (r == 0 && (r = logs_query_read(x, q, &e)) < 0)
        body_refuse(x, e.field, "%s", e.text);
    return r;
}

/* --- pages --- */

static void on_page(void *arg, struct str *json)
{
    struct http_exchange *x = arg;
    if (!json) {
        problem_reply(x, &(struct problem){.status = 503,
                                           .type = PROBLEM_UNAVAILABLE,
                                           .detail = logs_given_up,
                                           .retry_after_s = 5});
        return;
    }
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", json);
}

static void on_left(void *arg)
{
    struct http_exchange *x = arg;
    logs_leave(api_of(x)->logs, x);
}

static void get_logs(struct http_exchange *x)
{
    struct logs_request q = {0};
    if (read_request(x, &q) == 0) {
        http_defer(x);
        http_on_left(x, on_left, x);
        logs_page(api_of(x)->logs, &q, on_page, x);
    }
    logs_request_done(&q);
}

static void get_sources(struct http_exchange *x)
{
    AUTO(buf_unrefp) struct buf *b = cluster_log_sources(api_of(x)->cluster, subject_of(x)->limits);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply(x, 200, "application/json", b->bytes, b->len);
}

/* --- live --- */

static void start_tail(struct http_exchange *x, struct logs_request *q)
{
    struct api *a = api_of(x);
    const struct subject *s = subject_of(x);
    AUTO(mem_freep)
    char *head = mem_printf("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: "
                            "no-store\r\nX-Accel-Buffering: no\r\nConnection: close\r\n%s\r\n",
                            http_security_headers(a->server));
    struct logs_tail_draft d = {
        .head = head, .subject = s->id, .expires_wall_ms = s->expires_wall_ms};
    d.fd = http_take_socket(x);
    if (d.fd < 0) {
        problem_reply(x, &(struct problem){.status = 400,
                                           .type = PROBLEM_INVALID,
                                           .detail = "Ask for an event stream on a connection "
                                                     "without further requests in flight."});
        return;
    }
    if (logs_tail(a->logs, q, &d) < 0)
        log_debug("api", "live tail not begun", "subject=%s", d.subject);
}

static void get_tail(struct http_exchange *x)
{
    struct logs_request q = {0};
    if (read_request(x, &q) < 0) {
        logs_request_done(&q);
        return;
    }
    /* A client that comes back goes on behind the last line it saw. */
    const char *last = http_header(x, "Last-Event-ID");
    if (!str_is_empty(last)) {
        mem_free(q.cursor);
        q.cursor = mem_strdup(last);
        q.newer = true;
    }
    struct err e = {0};
    if (logs_request_check(&q, &e) < 0)
        body_refuse(x, e.field, "%s", e.text);
    else if (!logs_has_room(api_of(x)->logs))
        problem_reply(x,
                      &(struct problem){.status = 503,
                                        .type = PROBLEM_UNAVAILABLE,
                                        .detail = "Too many logs are being followed. Close some, "
                                                  "or try again later.",
                                        .retry_after_s = 10});
    else if (str_eq(http_method(x), "HEAD"))
        http_reply(x, 200, "text/event-stream", NULL, 0);
    else
        start_tail(x, &q);
    logs_request_done(&q);
}

/* --- download --- */

static int audit_download(struct http_exchange *x, const struct logs_request *q)
{
    AUTO(store_givep) struct db *db = gate_db(x);
    AUTO(str_done) struct str target = {0};
    struct err e = {0};
    if (!db)
        return -EIO;
    for (size_t i = 0; i < q->sources.n; i++)
        str_addf(&target, "%s%s", i ? " " : "", q->sources.v[i].id);
    struct audit_entry entry = gate_audit(x, "logs.download", str_text(&target), NULL);
    int r = db_begin(db, &e);
    if (r >= 0)
        r = audit_append(db, &entry, &e);
    if (r >= 0)
        r = db_commit(db, &e);
    else
        db_rollback(db);
    if (r < 0)
        problem_reply_err(x, r, &e);
    return r;
}

/* Colours are for screens. */
static void add_plain(struct str *out, const char *s)
{
    for (; *s; s++) {
        if (*s != 033) {
            str_add_char(out, *s);
            continue;
        }
        if (s[1] == '[')
            for (s++; s[1] && (unsigned char)s[1] < 0x40;)
                s++;
        if (s[1])
            s++;
    }
}

static void add_line(struct str *out, const struct log_line *l, const struct logs_source *s)
{
    char time[CLOCK_RFC3339_SIZE];
    const char *level = line_level_name(l->level);
    const char *id = !s->observed && l->service ? l->service : s->id;
    str_addf(out, "%s %s %s ", clock_rfc3339(l->time_us / 1000, time), id, level ? level : "-");
    add_plain(out, l->text);
    str_add(out, "\n");
}

/* False: the peer has left. A rare word is looked for without a line to send, so who waits is
 * looked after in between. */
static bool send_lines(struct http_exchange *x, struct logs_stream *s)
{
    AUTO(str_done) struct str piece = {0};
    const struct log_line *l;
    const struct logs_source *source;
    bool good = true;
    int r;
    while (good && (r = logs_stream_next(s, LOOK_UP_MS, &l, &source)) != 0) {
        if (r == 1)
            add_line(&piece, l, source);
        if (piece.len >= PIECE_BYTES) {
            good = http_reply_piece(x, piece.p, piece.len) == 0;
            str_clear(&piece);
        }
        good = good && !http_has_left(x);
    }
    if (good && piece.len)
        good = http_reply_piece(x, piece.p, piece.len) == 0;
    if (!good)
        log_debug("api", "download broken off", "path=%s", http_path(x));
    return good;
}

static void download(struct http_exchange *x, const struct logs_request *q)
{
    http_add_header(x, "Content-Disposition", "attachment; filename=\"hydra-logs.txt\"");
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_begin(x, 200, "text/plain; charset=utf-8");
    struct logs_stream *s = logs_stream_open(api_of(x)->logs, q);
    bool whole = send_lines(x, s);
    logs_stream_close(s);
    if (whole)
        http_reply_end(x);
}

static void get_download(struct http_exchange *x)
{
    struct logs_request q = {0};
    bool room = atomic_fetch_add(&downloads, 1) < DOWNLOADS_MAX;
    if (!room)
        problem_reply(x, &(struct problem){.status = 503,
                                           .type = PROBLEM_UNAVAILABLE,
                                           .detail = "Logs are being downloaded already. Try again "
                                                     "when that is done.",
                                           .retry_after_s = 10});
    else if (read_request(x, &q) == 0 && audit_download(x, &q) >= 0)
        download(x, &q);
    atomic_fetch_sub(&downloads, 1);
    logs_request_done(&q);
}

const struct http_route log_routes[] = {
    {"GET", "/api/web/logs", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "logs:read", get_logs, 0},
    {"GET", "/api/web/logs/sources", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "logs:read", get_sources, 0},
    {"GET", "/api/web/logs/download", ROUTE_ON_WORKER, ROUTE_OF_RESOURCE, "logs:read", get_download,
     0},
    {"GET", "/api/cli/logs", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "logs:read", get_logs, 0},
    {"GET", "/api/events/logs", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "logs:read", get_tail, 0},
    {0},
};
