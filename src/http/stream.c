#include "http/http-private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

void stream_init(struct stream *st)
{
    pthread_mutex_init(&st->lock, NULL);
    pthread_cond_init(&st->changed, NULL);
}

void stream_clear(struct stream *st)
{
    str_done(&st->out);
    str_done(&st->in);
    str_done(&st->in_use);
    st->out_posted = st->out_ended = st->gone = st->left = st->in_ended = st->in_full = false;
    st->in_error = 0;
}

void stream_done(struct stream *st)
{
    stream_clear(st);
    pthread_cond_destroy(&st->changed);
    pthread_mutex_destroy(&st->lock);
}

void stream_peer_gone(struct http_exchange *x)
{
    pthread_mutex_lock(&x->stream.lock);
    x->stream.gone = true;
    pthread_cond_broadcast(&x->stream.changed);
    pthread_mutex_unlock(&x->stream.lock);
}

void stream_peer_left(struct http_exchange *x)
{
    pthread_mutex_lock(&x->stream.lock);
    x->stream.left = true;
    pthread_mutex_unlock(&x->stream.lock);
}

bool http_has_left(struct http_exchange *x)
{
    pthread_mutex_lock(&x->stream.lock);
    bool left = x->stream.left || x->stream.gone;
    pthread_mutex_unlock(&x->stream.lock);
    return left;
}

/* --- the request's body, from the loop to the worker --- */

void stream_feed(struct http_exchange *x, const char *bytes, size_t len)
{
    pthread_mutex_lock(&x->stream.lock);
    str_add_n(&x->stream.in, bytes, len);
    pthread_cond_broadcast(&x->stream.changed);
    pthread_mutex_unlock(&x->stream.lock);
}

void stream_feed_end(struct http_exchange *x, int error)
{
    pthread_mutex_lock(&x->stream.lock);
    x->stream.in_ended = true;
    x->stream.in_error = error;
    pthread_cond_broadcast(&x->stream.changed);
    pthread_mutex_unlock(&x->stream.lock);
}

bool stream_is_full(struct http_exchange *x)
{
    pthread_mutex_lock(&x->stream.lock);
    bool full = x->stream.in.len >= LIMIT_STREAM;
    x->stream.in_full = full;
    pthread_mutex_unlock(&x->stream.lock);
    return full;
}

static void go_on(void *arg)
{
    struct http_exchange *x = arg;
    connection_process(x->c);
}

/* Under the lock: 1 = a piece is in use, else what http_body_next() returns. */
static int take_piece(struct http_exchange *x)
{
    struct stream *st = &x->stream;
    if (!st->in.len)
        return st->in_ended ? st->in_error : -EPIPE;
    struct str read = st->in_use;
    st->in_use = st->in;
    str_clear(&read);
    st->in = read;
    if (st->in_full)
        loop_post(x->server->loop, go_on, x);
    st->in_full = false;
    return 1;
}

int http_body_next(struct http_exchange *x, const char **ret_piece)
{
    struct stream *st = &x->stream;
    assert(x->body.sink == SINK_STREAM);
    pthread_mutex_lock(&st->lock);
    while (!st->in.len && !st->in_ended && !st->gone)
        pthread_cond_wait(&st->changed, &st->lock);
    int r = take_piece(x);
    pthread_mutex_unlock(&st->lock);
    if (r != 1)
        return r;
    *ret_piece = st->in_use.p;
    return (int)st->in_use.len;
}

/* --- the answer, from the worker to the loop --- */

/* On the loop. What a slow peer has not taken stays with the worker, which waits. */
static void send_pieces(struct http_exchange *x)
{
    struct stream *st = &x->stream;
    if (output_unsent(x->c) >= LIMIT_STREAM)
        return;
    pthread_mutex_lock(&st->lock);
    size_t len = st->out.len;
    char *bytes = len ? str_take(&st->out) : NULL;
    pthread_cond_broadcast(&st->changed);
    pthread_mutex_unlock(&st->lock);
    if (len)
        output_body(x->c, bytes, len, (struct owner){.memory = bytes});
}

static void end_if_done(struct http_exchange *x)
{
    if (x->holder != HELD_BY_LOOP)
        return;
    if (x->c->state == CONN_CLOSED)
        exchange_end(x);
    else if (!x->stream.out_ended)
        connection_close(x->c); /* cut off: the peer must not take it for whole */
    else if (!x->stream.out.len)
        connection_answered(x->c);
}

void stream_send(struct http_exchange *x)
{
    x->in_call = true;
    x->streaming = true;
    if (!x->head_is_out && x->c->state != CONN_CLOSED)
        reply_head(x, -1);
    x->head_is_out = true;
    if (x->c->state != CONN_CLOSED)
        send_pieces(x);
    x->in_call = false;
    end_if_done(x);
}

static void on_pieces(void *arg)
{
    struct http_exchange *x = arg;
    pthread_mutex_lock(&x->stream.lock);
    x->stream.out_posted = false;
    pthread_mutex_unlock(&x->stream.lock);
    if (x->c->state == CONN_CLOSED)
        return;
    x->streaming = true;
    connection_process(x->c);
}

/* Under the lock. */
static void post_pieces(struct http_exchange *x)
{
    if (!x->stream.out_posted)
        loop_post(x->server->loop, on_pieces, x);
    x->stream.out_posted = true;
}

static bool is_chunked(const struct http_exchange *x)
{
    return x->head.minor_1 && !x->head_only;
}

void http_reply_begin(struct http_exchange *x, int status, const char *type)
{
    assert(x->holder == HELD_BY_WORKER && !x->answer.status);
    x->answer.status = status;
    x->answer.type = arena_dup(&x->arena, type, strlen(type));
    x->answer.streamed = true;
}

static void add_piece(struct http_exchange *x, const void *bytes, size_t len)
{
    struct str *out = &x->stream.out;
    if (is_chunked(x))
        str_addf(out, "%zx\r\n", len);
    str_add_n(out, bytes, len);
    if (is_chunked(x))
        str_add(out, "\r\n");
    post_pieces(x);
}

int http_reply_piece(struct http_exchange *x, const void *bytes, size_t len)
{
    struct stream *st = &x->stream;
    assert(x->holder == HELD_BY_WORKER && x->answer.streamed && !st->out_ended);
    pthread_mutex_lock(&st->lock);
    while (st->out.len >= LIMIT_STREAM && !st->gone)
        pthread_cond_wait(&st->changed, &st->lock);
    bool gone = st->gone;
    if (!gone && len && !x->head_only)
        add_piece(x, bytes, len);
    pthread_mutex_unlock(&st->lock);
    return gone ? -EPIPE : 0;
}

void http_reply_end(struct http_exchange *x)
{
    struct stream *st = &x->stream;
    assert(x->holder == HELD_BY_WORKER && x->answer.streamed);
    pthread_mutex_lock(&st->lock);
    if (!st->out_ended && is_chunked(x))
        str_add(&st->out, "0\r\n\r\n");
    st->out_ended = true;
    pthread_mutex_unlock(&st->lock);
}
