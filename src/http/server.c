#include "http/http-private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .head_bytes = (size_t)16 * 1024,
        .header_fields = 100,
        .body_bytes = (size_t)1024 * 1024,
        .head_deadline_ms = 10000,
        .body_deadline_ms = 30000,
        .idle_ms = 75000,
        .write_stall_ms = 30000,
        .connections = 12000,
        .per_address = 256,
        .pipelined = 64,
        .bodies_bytes = (size_t)128 * 1024 * 1024,
        .write_buffer_bytes = (size_t)4 * 1024 * 1024,
    };
}

static int check_settings(const struct http_settings *st, const struct workers *workers,
                          struct err *e)
{
    for (const struct http_route *r = st->routes; r && r->method; r++) {
        if (r->permission && !st->hooks.gate)
            return err_set(e, -EINVAL, "route %s %s: needs a permission, but nobody checks it",
                           r->method, r->path);
        if (r->where == ROUTE_ON_WORKER && !workers)
            return err_set(e, -EINVAL, "route %s %s: runs on a worker, but there are none",
                           r->method, r->path);
    }
    if (st->limits.head_bytes > LIMIT_READ - 1 || !st->limits.pipelined)
        return err_set(e, -EINVAL, "a limit of the HTTP server is out of range");
    return 0;
}

static void set_deadlines(struct http_server *s)
{
    deadlines_init(&s->deadlines, s->loop, connection_expired);
    s->deadlines.ms[DEADLINE_IDLE] = s->limits.idle_ms;
    s->deadlines.ms[DEADLINE_HEAD] = s->limits.head_deadline_ms;
    s->deadlines.ms[DEADLINE_BODY] = s->limits.body_deadline_ms;
    s->deadlines.ms[DEADLINE_STALL] = s->limits.write_stall_ms;
    s->deadlines.ms[DEADLINE_LINGER] = LINGER_MS;
}

static void find_not_found_page(struct http_server *s)
{
    for (const struct http_asset *a = s->settings.assets; a && a->path; a++)
        if (strcmp(a->path, "/404") == 0)
            s->not_found_page = a;
}

/* libuv writes without MSG_NOSIGNAL: a peer that left must not end the process. */
static void ignore_sigpipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

int http_server_new(struct loop *loop, struct workers *workers,
                    const struct http_settings *settings, struct err *e,
                    struct http_server **ret_server)
{
    struct router *router = NULL;
    int r = check_settings(settings, workers, e);
    if (r == 0)
        r = router_new(settings->routes, settings->assets, e, &router);
    if (r < 0)
        return r;
    ignore_sigpipe();
    struct http_server *s = mem_alloc(sizeof *s);
    s->loop = loop;
    s->workers = workers;
    s->settings = *settings;
    s->limits = settings->limits;
    s->router = router;
    s->connections.next = s->connections.prev = &s->connections;
    s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    s->read_buffer = mem_alloc(LIMIT_READ);
    s->heads = head_memo_new();
    s->outbox = mem_alloc(LIMIT_OUTBOX);
    set_deadlines(s);
    security_init(s);
    find_not_found_page(s);
    *ret_server = s;
    return 0;
}

struct http_stats http_server_stats(const struct http_server *s)
{
    return s->stats;
}

static void free_timer(uv_handle_t *timer)
{
    mem_free(timer);
}

static void finish(void *arg)
{
    struct http_server *s = arg;
    if (s->grace)
        uv_close((uv_handle_t *)TAKE(s->grace), free_timer);
    if (s->done)
        s->done(s->done_arg);
}

void server_note_gone(struct http_server *s)
{
    if (--s->n_connections == 0 && s->ending)
        loop_post(s->loop, finish, s);
}

/* Those that wait for a request have nothing to finish. */
static void close_connections(struct http_server *s, bool all)
{
    for (struct connection *c = s->connections.next, *next; c != &s->connections; c = next) {
        next = c->next;
        if (all) {
            connection_close(c);
        } else if (c->state == CONN_IDLE && !c->input.n) {
            connection_set_state(c, CONN_ENDING);
            connection_process(c);
        }
    }
}

static void on_grace_over(uv_timer_t *timer)
{
    close_connections(timer->data, true);
}

void http_server_shutdown(struct http_server *s, unsigned grace_ms, loop_fn *done, void *arg)
{
    assert(!s->ending);
    s->ending = true;
    s->done = done;
    s->done_arg = arg;
    listeners_close(s);
    close_connections(s, false);
    if (!s->n_connections) {
        loop_post(s->loop, finish, s);
        return;
    }
    s->grace = mem_alloc(sizeof *s->grace);
    uv_timer_init(loop_uv(s->loop), s->grace);
    s->grace->data = s;
    uv_timer_start(s->grace, on_grace_over, grace_ms, 0);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    assert(!s->n_connections);
    listeners_close(s);
    deadlines_done(&s->deadlines);
    for (struct http_exchange *x; (x = s->spare);) {
        s->spare = x->next_spare;
        exchange_free(x);
    }
    if (s->reserve_fd >= 0)
        close(s->reserve_fd);
    map_done(&s->per_address, mem_free);
    router_free(s->router);
    mem_free(s->read_buffer);
    head_memo_free(s->heads);
    mem_free(s->outbox);
    mem_free(s->security);
    mem_free(s->security_pages);
    mem_free(s);
}
