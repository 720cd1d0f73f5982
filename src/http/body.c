#include "http/http-private.h"

static uint64_t max_body(const struct http_exchange *x)
{
    const struct http_route *r = x->match.route;
    return r && r->body_max ? r->body_max : x->server->limits.body_bytes;
}

/* Room for `size` bytes and a NUL, within what all bodies together may take. */
static bool reserve(struct http_exchange *x, size_t size)
{
    struct request_body *b = &x->body;
    struct http_server *s = x->server;
    if (size <= b->size)
        return true;
    if (s->bodies_bytes - b->size + size > s->limits.bodies_bytes)
        return false;
    char *p = mem_try_realloc(b->bytes, size + 1);
    if (!p)
        return false;
    s->bodies_bytes += size - b->size;
    b->bytes = p;
    b->size = size;
    return true;
}

int body_begin(struct http_exchange *x)
{
    struct request_body *b = &x->body;
    const struct head *h = &x->head;
    b->max = max_body(x);
    if (b->sink == SINK_DISCARD)
        return 0;
    if (h->has_length && h->length > b->max)
        return 413;
    if (b->sink == SINK_BUFFER && h->has_length && !reserve(x, (size_t)h->length))
        return 503;
    return 0;
}

/* 0 or a status. */
static int keep_piece(struct http_exchange *x, const char *bytes, size_t len)
{
    struct request_body *b = &x->body;
    b->received += len;
    if (b->received > (b->sink == SINK_DISCARD ? LIMIT_DISCARD : b->max))
        return 413;
    if (b->sink == SINK_STREAM) {
        x->c->state_is_new = true; /* the deadline is for no progress */
        stream_feed(x, bytes, len);
    } else if (b->sink == SINK_BUFFER && len) {
        size_t need = b->len + len;
        if (need > b->size && !reserve(x, need + need / 2 < b->max ? need + need / 2 : b->max))
            return 503;
        memcpy(b->bytes + b->len, bytes, len);
        b->len = need;
        b->bytes[need] = 0;
    }
    return 0;
}

static int read_plain(struct http_exchange *x)
{
    struct span *in = &x->c->input;
    uint64_t left = x->head.length - x->body.received;
    size_t n = left < in->n ? (size_t)left : in->n;
    int status = keep_piece(x, in->p, n);
    in->p += n;
    in->n -= n;
    return status ? status : n == left;
}

static int read_chunked(struct http_exchange *x)
{
    struct span *in = &x->c->input;
    while (in->n) {
        size_t used, len;
        const char *piece;
        int r = chunked_read(&x->body.chunked, in->p, in->n, &used, &piece, &len);
        if (r < 0)
            return 400;
        int status = len ? keep_piece(x, piece, len) : 0;
        in->p += used;
        in->n -= used;
        if (r || status)
            return status ? status : 1;
    }
    return 0;
}

int body_read(struct http_exchange *x)
{
    if (!x->c->input.n || (x->body.sink == SINK_STREAM && stream_is_full(x)))
        return 0;
    int r = x->head.chunked ? read_chunked(x) : read_plain(x);
    x->body.done = r == 1;
    return r;
}

const char *body_refusal_type(int status)
{
    return status == 413 ? "body-too-large" : status == 503 ? "overloaded" : "bad-request";
}

const char *body_refusal_text(int status)
{
    return status == 413   ? "The body is longer than this route takes."
           : status == 503 ? "The server holds as many request bodies as it may: try again soon."
                           : "The body's transfer coding is malformed.";
}

bool body_wants_more(struct http_exchange *x)
{
    return x->body.sink != SINK_STREAM || !stream_is_full(x);
}

void body_done(struct http_exchange *x)
{
    x->server->bodies_bytes -= x->body.size;
    mem_free(x->body.bytes);
    x->body.bytes = NULL;
    x->body.size = 0;
}
