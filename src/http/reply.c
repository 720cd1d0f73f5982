#include "http/http-private.h"

#include "base/log.h"
#include "http/negotiate.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>

/* A peer's bytes in a value must not become lines of their own. */
static void add_clean(struct str *out, const char *text)
{
    size_t from = out->len;
    str_add(out, text);
    for (size_t i = from; i < out->len; i++)
        if ((unsigned char)out->p[i] < 0x20 || out->p[i] == 0x7f)
            out->p[i] = ' ';
}

void http_add_header(struct http_exchange *x, const char *name, const char *value)
{
    size_t need = strlen(name) + strlen(value) + 4;
    assert(need < LIMIT_ANSWER_HEADERS - x->headers.len);
    add_clean(&x->headers, name);
    str_add(&x->headers, ": ");
    add_clean(&x->headers, value);
    str_add(&x->headers, "\r\n");
    if (strcasecmp(name, "Cache-Control") == 0)
        x->answer.has_cache_control = true;
    if (strcasecmp(name, "Content-Security-Policy") == 0)
        x->answer.has_csp = true;
}

static void begin(struct http_exchange *x, int status, const char *type)
{
    assert(!x->answer.status && status >= 200 && status <= 599);
    x->answer.status = status;
    x->answer.type = type ? arena_dup(&x->arena, type, strlen(type)) : NULL;
}

void http_vary_by_coding(struct http_exchange *x)
{
    x->answer.varies = true;
}

/* The answer is complete: whoever has the exchange lets the loop know. The holder of a deferred one
 * may be any thread. */
static void complete(struct http_exchange *x)
{
    bool mine = loop_is_mine(x->server->loop);
    if (x->holder == HELD_BY_OTHERS && !(mine && x->in_call))
        dispatch_deliver(x);
    else if (mine)
        x->answer.on_loop = true;
}

static void set_owned(struct http_exchange *x, const char *bytes, size_t len, struct owner owner)
{
    x->answer.bytes = bytes;
    x->answer.len = len;
    x->answer.owner = owner;
}

void http_reply(struct http_exchange *x, int status, const char *type, const void *body, size_t len)
{
    begin(x, status, type);
    if (len <= LIMIT_COPIED) {
        x->answer.bytes = arena_dup(&x->arena, body, len);
        x->answer.len = len;
    } else {
        char *copy = mem_dup(body, len);
        set_owned(x, copy, len, (struct owner){.memory = copy});
    }
    complete(x);
}

void http_reply_str(struct http_exchange *x, int status, const char *type, struct str *body)
{
    size_t len = body->len;
    char *text = str_take(body);
    begin(x, status, type);
    set_owned(x, text, len, (struct owner){.memory = text});
    complete(x);
}

void http_reply_buf(struct http_exchange *x, int status, const char *type, struct buf *body,
                    const char *etag)
{
    begin(x, status, type);
    set_owned(x, body->bytes, body->len, (struct owner){.buf = body});
    x->answer.etag = etag ? arena_dup(&x->arena, etag, strlen(etag)) : NULL;
    complete(x);
}

void reply_static(struct http_exchange *x, int status, const char *type, const void *bytes,
                  size_t len)
{
    begin(x, status, NULL);
    x->answer.type = type;
    set_owned(x, bytes, len, (struct owner){.is_static = true});
    complete(x);
}

void http_reply_empty(struct http_exchange *x, int status)
{
    begin(x, status, NULL);
    complete(x);
}

/* The peer has it already. */
static bool is_unchanged(const struct http_exchange *x)
{
    const struct http_field *f = x->head.known[HEAD_IF_NONE_MATCH];
    return f && x->answer.etag && x->answer.status == 200 &&
           (x->method == METHOD_GET || x->method == METHOD_HEAD) &&
           negotiate_has_tag(f->value, x->answer.etag);
}

void reply_send(struct http_exchange *x)
{
    struct answer *a = &x->answer;
    if (is_unchanged(x)) {
        a->status = 304;
        a->type = NULL;
    }
    log_debug("http", "answered", "status=%d bytes=%zu path=%s peer=%s", a->status, a->len,
              LOG_Q(http_path(x)), http_peer(x));
    reply_head(x, (int64_t)a->len);
    if (!x->head_only && a->status != 304 && a->status != 204) {
        output_body(x->c, a->bytes, a->len, a->owner);
        a->owner = (struct owner){0};
    }
}

static int duplicate(struct connection *c)
{
    int fd;
    output_flush(c);
    if (c->state == CONN_CLOSED)
        return -EPIPE;
    if (output_unsent(c) || c->input.n)
        return -EBUSY;
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0)
        return -EPIPE;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? -errno : copy;
}

int http_take_socket(struct http_exchange *x)
{
    assert(loop_is_mine(x->server->loop) && !x->answer.status && !x->taken);
    if (x->c->state == CONN_CLOSED || x->c->at_eof)
        return -EPIPE;
    int fd = duplicate(x->c);
    if (fd < 0)
        return fd;
    x->taken = true;
    if (!x->in_call)
        dispatch_deliver(x);
    return fd;
}
