/* Logs of this node's services, by the same code that serves them in the hub. */
#include "agent/local-private.h"

#include "base/log.h"
#include "logs/query.h"

struct reading {
    struct local *local;
    struct log_reader *reader;
};

static void read_on_loop(void *arg)
{
    struct reading *g = arg;
    if (g->local->ending)
        log_reader_refuse(g->reader, "The agent is being stopped.");
    else
        node_logs(g->local->settings.node, g->reader);
    log_reader_unref(g->reader);
    mem_free(g);
}

/* On any thread. */
static void on_read(void *arg, const char *node, struct log_reader *r)
{
    struct local *l = arg;
    struct reading *g = mem_alloc(sizeof *g);
    (void)node;
    *g = (struct reading){l, log_reader_ref(r)};
    loop_post(l->settings.loop, read_on_loop, g);
}

static struct logs *logs_of(struct local *l)
{
    if (!l->logs)
        l->logs = logs_new(&(struct logs_hooks){
            .read = on_read, .arg = l, .loop = l->settings.loop, .tails_max = LIMIT_LOCAL_TAILS});
    return l->logs;
}

static int read_sources(const struct http_exchange *x, struct logs_request *q, struct err *e)
{
    const struct local *l = local_of(x);
    const char *node = l->settings.identity->node, *word;
    for (unsigned i = 0; (word = http_query_nth(x, "service", i)); i++) {
        AUTO(mem_freep) char *id = NULL;
        int r = local_find(l, word, e, &id);
        if (r < 0)
            return r;
        logs_request_add(q, node, id);
    }
    for (unsigned i = 0; (word = http_query_nth(x, "node", i)); i++) {
        if (!str_eq(word, node))
            return err_field(
                e, err_set(e, -ENOENT, "This is %s: of %s only the hub can tell.", node, word),
                "node");
        logs_request_add(q, node, NULL);
    }
    return 0;
}

/* 0, or negative after a problem was sent. */
static int read_request(struct http_exchange *x, struct logs_request *q)
{
    struct err e = {0};
    int r = read_sources(x, q, &e);
    if (r == 0)
        r = logs_query_read(x, q, &e);
    if (r < 0)
        local_refuse(x, r == -ENOENT ? 404 : 400, r == -ENOENT ? "not-found" : "invalid", &e);
    return r;
}

static void on_page(void *arg, struct str *json)
{
    struct err e = {0};
    if (json) {
        local_reply_json(arg, 200, json);
        return;
    }
    err_set(&e, -ECANCELED, "%s", logs_given_up);
    local_refuse(arg, 503, "unavailable", &e);
}

static void on_left(void *arg)
{
    struct http_exchange *x = arg;
    logs_leave(logs_of(local_of(x)), x);
}

void local_get_logs(struct http_exchange *x)
{
    struct logs_request q = {0};
    if (read_request(x, &q) == 0) {
        http_defer(x);
        http_on_left(x, on_left, x);
        logs_page(logs_of(local_of(x)), &q, on_page, x);
    }
    logs_request_done(&q);
}

static void start_tail(struct http_exchange *x, struct logs_request *q)
{
    struct err e = {0};
    if (!logs_has_room(logs_of(local_of(x)))) {
        err_set(&e, -EMFILE, "%d logs are being followed on this machine. Close one first.",
                LIMIT_LOCAL_TAILS);
        local_refuse(x, 503, "unavailable", &e);
        return;
    }
    struct logs_tail_draft d = {.head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                        "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                                .subject = "local",
                                .fd = http_take_socket(x)};
    if (d.fd < 0) {
        err_set(&e, d.fd, "Ask for an event stream on a connection without further requests.");
        local_refuse(x, 400, "invalid", &e);
    } else if (logs_tail(logs_of(local_of(x)), q, &d) < 0) {
        log_debug("local", "live tail not begun", "fd=%d", d.fd);
    }
}

void local_get_tail(struct http_exchange *x)
{
    struct logs_request q = {0};
    if (read_request(x, &q) == 0)
        start_tail(x, &q);
    logs_request_done(&q);
}
