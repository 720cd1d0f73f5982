/* tcp: one of the addresses takes the connection; what is said first begins as expected. */
#include "node/check-private.h"

#include "node/line.h"

enum { BANNER_SIZE = 512 };

/* One address that is tried; ends in its close callback. */
struct attempt {
    uv_tcp_t socket;
    uv_connect_t connect;
    struct tcp *t; /* NULL = dropped */
};

struct tcp {
    struct check_run *run;
    struct resolving *resolving;
    struct attempt *attempt;
    union resolve_address v[RESOLVE_ADDRESSES_MAX];
    size_t n, next;
    int error; /* of the last address that refused */
    char host[CHECK_HOST_SIZE];
    uint16_t port;
    char banner[BANNER_SIZE];
    size_t banner_len;
};

static void try_next(struct tcp *t);

static void on_closed(uv_handle_t *h)
{
    mem_free(CONTAINER_OF((uv_tcp_t *)h, struct attempt, socket));
}

static void drop_attempt(struct tcp *t)
{
    struct attempt *a = TAKE(t->attempt);
    if (!a)
        return;
    a->t = NULL;
    uv_close((uv_handle_t *)&a->socket, on_closed);
}

static void up(struct tcp *t)
{
    char found[128], took[CHECK_TOOK_SIZE];
    struct check_run *run = t->run;
    const char *expected = run->spec->expect_process;
    if (check_owner_fits(run->node, expected, t->host, t->port, found, sizeof found))
        check_finish(run, CHECK_UP, NULL, "connected in %s", check_took(run, took));
    else
        check_finish(run, CHECK_DOWN, NULL, "port %u is held by %s, not %s", t->port, found,
                     expected);
}

static void judge_banner(struct tcp *t, bool ended)
{
    const char *expected = t->run->spec->expect_body;
    size_t n = strlen(expected), have = t->banner_len < n ? t->banner_len : n;
    bool fits = memcmp(t->banner, expected, have) == 0;
    if (fits && have == n) {
        up(t);
    } else if (!fits || ended || t->banner_len == BANNER_SIZE) {
        char *said = one_line(t->banner, t->banner_len);
        check_finish(t->run, CHECK_DOWN, NULL, "says “%.80s”, not “%.80s”", said ? said : "",
                     expected);
        mem_free(said);
    }
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct attempt *a = CONTAINER_OF((uv_tcp_t *)h, struct attempt, socket);
    *buf = a->t ? uv_buf_init(a->t->banner + a->t->banner_len,
                              (unsigned)(BANNER_SIZE - a->t->banner_len))
                : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct attempt *a = CONTAINER_OF((uv_tcp_t *)s, struct attempt, socket);
    if (n == 0 || !a->t)
        return;
    if (n > 0)
        a->t->banner_len += (size_t)n;
    bool full = a->t->banner_len == BANNER_SIZE;
    if (n < 0 || full)
        uv_read_stop(s);
    judge_banner(a->t, n < 0);
}

static void on_connect(uv_connect_t *c, int status)
{
    struct attempt *a = CONTAINER_OF(c, struct attempt, connect);
    struct tcp *t = a->t;
    if (!t)
        return;
    if (status < 0) {
        t->error = status;
        drop_attempt(t);
        try_next(t);
    } else if (str_is_empty(t->run->spec->expect_body)) {
        up(t);
    } else {
        uv_read_start((uv_stream_t *)&a->socket, on_alloc, on_read);
    }
}

static void give_up(struct tcp *t)
{
    const char *text = t->error == UV_ECONNREFUSED   ? "connection refused"
                       : t->error == UV_EHOSTUNREACH ? "no route to the host"
                                                     : uv_strerror(t->error);
    check_finish(t->run, CHECK_DOWN, NULL, "%s", text);
}

static void try_next(struct tcp *t)
{
    while (t->next < t->n) {
        const union resolve_address *address = &t->v[t->next++];
        struct attempt *a = t->attempt = mem_alloc(sizeof *a);
        a->t = t;
        uv_tcp_init(loop_uv(t->run->node->loop), &a->socket);
        int r = uv_tcp_connect(&a->connect, &a->socket, &address->any, on_connect);
        if (r == 0)
            return;
        t->error = r;
        drop_attempt(t);
    }
    give_up(t);
}

static void on_resolved(void *arg, int error, const union resolve_address *v, size_t n)
{
    struct tcp *t = arg;
    t->resolving = NULL;
    if (error) {
        check_finish(t->run, CHECK_DOWN, NULL, "the host name %s is not known", t->host);
        return;
    }
    memcpy(t->v, v, n * sizeof *v);
    t->n = n;
    try_next(t);
}

static void start(struct check_run *run)
{
    struct tcp *t = run->state = mem_alloc(sizeof *t);
    t->run = run;
    if (check_split_host(run->spec->target, 0, t->host, &t->port) < 0)
        check_finish(run, CHECK_UNKNOWN, NULL, "“%.100s” is not host:port", run->spec->target);
    else
        t->resolving = resolve_start(run->node->loop, t->host, t->port, on_resolved, t);
}

static void clean(struct check_run *run)
{
    struct tcp *t = run->state;
    resolve_cancel(t->resolving);
    drop_attempt(t);
    mem_free(t);
}

const struct check_kind_ops check_tcp = {.start = start, .clean = clean};
