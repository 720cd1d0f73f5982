#include "node/ping.h"
#include "node/reach.h"

#include <math.h>

/* One connection that is tried; ends in its close callback. */
struct attempt {
    uv_tcp_t socket;
    uv_connect_t connect;
    struct reach *r; /* NULL = dropped */
};

struct reach {
    struct loop *loop;
    struct reach_order order;
    struct reach_answer answer;
    struct resolving *resolving;
    union resolve_address v[RESOLVE_ADDRESSES_MAX];
    size_t at; /* of `v` that is asked */
    struct ping *ping;
    struct attempt *attempt;
    struct loop_timer *timer; /* of the resolving, of the try, or between two */
    uint64_t started_ns;
    bool waiting; /* for the answer to a try */
    reach_fn *on_done;
    void *arg;
};

static void try_once(void *arg);

static void set_timer(struct reach *r, uint64_t ms, loop_fn *fn)
{
    loop_timer_free(r->timer);
    r->timer = loop_timer_new(r->loop, ms, 0, fn, r);
}

/* --- the end --- */

static void on_closed(uv_handle_t *h)
{
    mem_free(CONTAINER_OF((uv_tcp_t *)h, struct attempt, socket));
}

static void drop_attempt(struct reach *r)
{
    struct attempt *a = TAKE(r->attempt);
    if (!a)
        return;
    a->r = NULL;
    uv_close((uv_handle_t *)&a->socket, on_closed);
}

void reach_free(struct reach *r)
{
    if (!r)
        return;
    resolve_cancel(r->resolving);
    loop_timer_free(r->timer);
    drop_attempt(r);
    ping_close(r->ping);
    mem_free(r);
}

static void finish(void *arg)
{
    struct reach *r = arg;
    r->on_done(r->arg, 0, "", &r->answer);
}

/* --- a try --- */

static void end_try(struct reach *r, int error)
{
    double ms = (double)(uv_hrtime() - r->started_ns) / 1e6;
    enum reach_result result = reach_result_of(error);
    bool answered = result == REACH_REACHED || result == REACH_REFUSED;
    bool may_go_on = result != REACH_REACHED && result != REACH_TIMED_OUT;
    r->waiting = false;
    drop_attempt(r);
    if (may_go_on && r->answer.n == 0 && r->at > 0) {
        r->at--; /* another address of the same name */
        ping_close(TAKE(r->ping));
        set_timer(r, 0, try_once);
        return;
    }
    r->answer.tries[r->answer.n++] =
        (struct reach_try){.result = result, .ms = answered ? ms : (double)NAN, .error = error};
    if (r->answer.n == r->order.tries)
        set_timer(r, 0, finish);
    else
        set_timer(r, REACH_APART_MS, try_once);
}

static void on_late(void *arg)
{
    end_try(arg, ETIMEDOUT);
}

static void on_echo(void *arg, int error, uint16_t sequence)
{
    struct reach *r = arg;
    if (r->waiting && (error || sequence == r->answer.n + 1))
        end_try(r, -error);
}

static void on_connect(uv_connect_t *c, int status)
{
    struct attempt *a = CONTAINER_OF(c, struct attempt, connect);
    if (a->r)
        end_try(a->r, -status);
}

static void set_port(union resolve_address *a, uint16_t port)
{
    if (a->any.sa_family == AF_INET6)
        a->v6.sin6_port = htons(port);
    else
        a->v4.sin_port = htons(port);
}

static int connect_to(struct reach *r, union resolve_address *to)
{
    struct attempt *a = r->attempt = mem_alloc(sizeof *a);
    a->r = r;
    set_port(to, r->answer.port);
    uv_tcp_init(loop_uv(r->loop), &a->socket);
    return uv_tcp_connect(&a->connect, &a->socket, &to->any, on_connect);
}

static int ping(struct reach *r, const union resolve_address *to)
{
    int e = r->ping ? 0 : ping_open(r->loop, to, on_echo, r, &r->ping);
    if (e == -EACCES) {
        r->answer.instead = true;
        r->answer.port = REACH_INSTEAD_PORT;
    }
    return e < 0 ? e : ping_send(r->ping, (uint16_t)(r->answer.n + 1));
}

static void try_once(void *arg)
{
    struct reach *r = arg;
    union resolve_address *to = &r->v[r->at];
    int e = 0;
    uv_ip_name(&to->any, r->answer.address, sizeof r->answer.address);
    r->waiting = true;
    set_timer(r, REACH_TRY_MS, on_late);
    r->started_ns = uv_hrtime();
    if (!r->answer.port)
        e = ping(r, to);
    if (r->answer.port)
        e = connect_to(r, to);
    if (e < 0)
        end_try(r, -e);
}

/* --- the name --- */

static void on_resolved(void *arg, int error, const union resolve_address *v, size_t n)
{
    struct reach *r = arg;
    struct err e = {0};
    r->resolving = NULL;
    if (error || !n) {
        finish(r);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (reach_check_address(&v[i], &e) < 0) {
            r->on_done(r->arg, -EINVAL, e.text, NULL);
            return;
        }
    memcpy(r->v, v, n * sizeof *v);
    r->at = n - 1; /* IPv4 where there is one */
    try_once(r);
}

struct reach *reach_start(struct loop *loop, const struct reach_order *o, reach_fn *on_done,
                          void *arg)
{
    struct reach *r = mem_alloc(sizeof *r);
    *r = (struct reach){.loop = loop, .order = *o, .on_done = on_done, .arg = arg};
    r->answer.port = o->port;
    set_timer(r, REACH_RESOLVE_MS, finish);
    r->resolving = resolve_start(loop, o->host, o->port, on_resolved, r);
    return r;
}
