#include "http/http-private.h"

#include <assert.h>

static void default_problem(struct http_exchange *x, int status, const char *type,
                            const char *detail)
{
    struct str body = {0};
    str_addf(&body,
             "{\"type\":\"https://hydra.local/problems/%s\",\"title\":\"%s\",\"status\":%d,"
             "\"detail\":\"%s\",\"request_id\":\"%s\"}",
             type, status_reason(status), status, detail, http_request_id(x));
    http_reply_str(x, status, "application/problem+json", &body);
}

void dispatch_problem(struct http_exchange *x, int status, const char *type, const char *detail)
{
    const struct http_hooks *hooks = &x->server->settings.hooks;
    bool was_in_call = x->in_call;
    x->in_call = true;
    if (status == 503)
        http_add_header(x, "Retry-After", "2");
    if (hooks->problem)
        hooks->problem(hooks->arg, x, status, type, detail);
    if (!x->answer.status)
        default_problem(x, status, type, detail);
    x->in_call = was_in_call;
}

static void run_on_loop(struct http_exchange *x)
{
    x->in_call = true;
    x->match.route->handle(x);
    x->in_call = false;
    if (x->holder == HELD_BY_OTHERS && !x->answer.on_loop && !x->taken) {
        if (x->c->state != CONN_CLOSED)
            connection_set_state(x->c, CONN_HANDLING);
        return;
    }
    x->holder = HELD_BY_LOOP;
    dispatch_settle(x);
}

static void worked(void *arg)
{
    struct http_exchange *x = arg;
    struct connection *c = x->c;
    x->holder = HELD_BY_LOOP;
    if (x->gate_passed && x->match.route->where == ROUTE_ON_LOOP && c->state != CONN_CLOSED)
        run_on_loop(x);
    else
        dispatch_settle(x);
    connection_process(c);
    connection_reap(c);
}

/* On a worker. */
static void work(void *arg)
{
    struct http_exchange *x = arg;
    const struct http_hooks *hooks = &x->server->settings.hooks;
    x->gate_passed = !x->gate_on_worker || hooks->gate(hooks->arg, x, x->match.route, true) == 0;
    if (x->gate_passed && x->match.route->where == ROUTE_ON_WORKER)
        x->match.route->handle(x);
    loop_post(x->server->loop, worked, x);
}

static bool is_body_missing(const struct http_exchange *x)
{
    return x->body.expected && !x->body.done;
}

static void submit(struct http_exchange *x)
{
    x->was_on_worker = true;
    x->holder = HELD_BY_WORKER;
    if (!is_body_missing(x))
        connection_set_state(x->c, CONN_HANDLING);
    if (workers_submit(x->server->workers, work, x) == 0)
        return;
    x->holder = HELD_BY_LOOP;
    x->server->stats.refused_total++;
    dispatch_problem(x, 503, "overloaded", "All workers are busy: try again soon.");
    dispatch_settle(x);
}

static void run(struct http_exchange *x)
{
    if (x->gate_on_worker || x->match.route->where == ROUTE_ON_WORKER)
        submit(x);
    else
        run_on_loop(x);
}

/* --- the way through --- */

/* A short body is read and dropped, so that the connection can stay. */
static bool can_skip_body(const struct http_exchange *x)
{
    bool is_short = x->head.chunked || x->head.length <= LIMIT_DISCARD;
    return is_body_missing(x) && x->keep && is_short && !x->head.known[HEAD_EXPECT] &&
           x->c->state != CONN_CLOSED;
}

/* Answered before its body is read: the peer hears it at once. */
static void answer_early(struct http_exchange *x)
{
    if (!can_skip_body(x)) {
        dispatch_settle(x);
        return;
    }
    x->body.sink = SINK_DISCARD;
    x->is_answered = true;
    x->in_call = true;
    reply_send(x);
    x->in_call = false;
    if (x->c->state == CONN_CLOSED)
        exchange_end(x);
    else
        connection_set_state(x->c, CONN_BODY);
}

static void await_body(struct http_exchange *x)
{
    struct connection *c = x->c;
    x->in_call = true;
    if (x->head.known[HEAD_EXPECT] && x->head.minor_1 && c->input.n == 0)
        output_add_text(c, "HTTP/1.1 100 Continue\r\n\r\n");
    x->in_call = false;
    if (c->state == CONN_CLOSED) {
        exchange_end(x);
        return;
    }
    connection_set_state(c, CONN_BODY);
    if (x->body.sink == SINK_STREAM)
        submit(x);
}

void dispatch_head(struct http_exchange *x)
{
    x->method = route_method(x->head.method);
    x->head_only = x->method == METHOD_HEAD;
    x->keep = x->head.keep_alive;
    x->body.expected = x->head.chunked || x->head.length > 0;
    if (!phases_pass(x))
        answer_early(x);
    else if (x->body.expected)
        await_body(x);
    else
        dispatch_body(x);
}

void dispatch_body(struct http_exchange *x)
{
    if (x->body.sink == SINK_STREAM)
        stream_feed_end(x, 0);
    if (x->holder == HELD_BY_WORKER)
        connection_set_state(x->c, CONN_HANDLING);
    else if (x->is_answered)
        connection_answered(x->c);
    else
        run(x);
}

void dispatch_settle(struct http_exchange *x)
{
    struct connection *c = x->c;
    if (c->state == CONN_CLOSED || x->taken) {
        exchange_end(x);
        connection_close(c);
        return;
    }
    if (!x->answer.status)
        dispatch_problem(x, 500, "internal", "The server has no answer to this request.");
    if (is_body_missing(x)) {
        x->keep = false;
        c->linger = true;
    }
    if (x->answer.streamed) {
        stream_send(x);
        return;
    }
    x->in_call = true;
    reply_send(x);
    if (c->state == CONN_CLOSED)
        exchange_end(x);
    else
        connection_answered(c);
}

static void deliver(void *arg)
{
    struct http_exchange *x = arg;
    struct connection *c = x->c;
    x->holder = HELD_BY_LOOP;
    dispatch_settle(x);
    connection_process(c);
    connection_reap(c);
}

void dispatch_deliver(struct http_exchange *x)
{
    loop_post(x->server->loop, deliver, x);
}

void http_defer(struct http_exchange *x)
{
    assert(loop_is_mine(x->server->loop) && x->in_call && x->holder == HELD_BY_LOOP);
    x->holder = HELD_BY_OTHERS;
}

void http_on_left(struct http_exchange *x, void (*left)(void *arg), void *arg)
{
    x->left = left;
    x->left_arg = arg;
}

void exchange_tell_left(struct http_exchange *x)
{
    void (*left)(void *arg) = TAKE(x->left);
    /* Without one it may be answered on any thread, and its answer is not looked at here. */
    if (left && x->holder == HELD_BY_OTHERS && !x->answer.status)
        left(x->left_arg);
    if (x->holder == HELD_BY_WORKER)
        stream_peer_left(x);
}
