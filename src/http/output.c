#include "http/http-private.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

/* What the socket did not take at once, and whose it is. */
struct leftover {
    uv_write_t uv;
    struct connection *c;
    struct owner owner;
    char copy[];
};

void owner_release(struct owner *o)
{
    buf_unref(o->buf);
    mem_free(o->memory);
    *o = (struct owner){0};
}

static bool is_owned(const struct owner *o)
{
    return o->buf || o->memory || o->is_static;
}

size_t output_unsent(const struct connection *c)
{
    const struct http_server *s = c->server;
    size_t collected = s->outbox_of == c ? s->outbox_len : 0;
    return uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp) + collected;
}

static void on_written(uv_write_t *uv, int status)
{
    struct leftover *l = uv->data;
    struct connection *c = l->c;
    owner_release(&l->owner);
    mem_free(l);
    if (status < 0)
        connection_close(c);
    else
        connection_process(c);
}

/* Leaves the rest to libuv. An unowned body is copied, an owned one stays where it is. */
static void queue(struct connection *c, const uv_buf_t rest[2], struct owner *owner)
{
    size_t head = rest[0].len, body = rest[1].len;
    size_t copied = head + (is_owned(owner) ? 0 : body);
    struct leftover *l = mem_try_alloc(sizeof *l + copied);
    if (!l) {
        owner_release(owner);
        connection_close(c);
        return;
    }
    memcpy(l->copy, rest[0].base, head);
    if (!is_owned(owner) && body)
        memcpy(l->copy + head, rest[1].base, body);
    l->c = c;
    l->owner = *owner;
    l->uv.data = l;
    uv_buf_t bufs[2] = {uv_buf_init(l->copy, (unsigned)copied), rest[1]};
    *owner = (struct owner){0};
    c->queued_total += head + body;
    unsigned first = copied ? 0 : 1, n = is_owned(&l->owner) && body ? 2 : 1;
    if (uv_write(&l->uv, (uv_stream_t *)&c->tcp, bufs + first, n - first, on_written) < 0) {
        owner_release(&l->owner);
        mem_free(l);
        connection_close(c);
    }
}

static uv_buf_t skip(uv_buf_t b, size_t n)
{
    return uv_buf_init(b.base + n, (unsigned)(b.len - n));
}

/* As uv_try_write(), with sendmsg(): on a socket it costs less than write(). */
static ssize_t try_send(struct connection *c, const uv_buf_t bufs[2], size_t n)
{
    struct iovec v[2] = {{bufs[0].base, bufs[0].len}, {bufs[1].base, bufs[1].len}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
    uv_os_fd_t fd;
    if (uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp))
        return 0; /* after what waits */
    int r = uv_fileno((const uv_handle_t *)&c->tcp, &fd);
    if (r < 0)
        return r;
    ssize_t sent = n == 1 ? send(fd, v[0].iov_base, v[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                          : sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 ? sent : errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* The outbox and then a body, in one system call when the socket takes them. */
static void send_with(struct connection *c, const char *bytes, size_t len, struct owner owner)
{
    struct http_server *s = c->server;
    uv_buf_t bufs[2] = {uv_buf_init(s->outbox, (unsigned)s->outbox_len),
                        uv_buf_init((char *)bytes, (unsigned)len)};
    size_t total = s->outbox_len + len;
    s->outbox_len = 0;
    ssize_t sent = try_send(c, bufs, len ? 2 : 1);
    if (sent < 0) {
        owner_release(&owner);
        connection_close(c);
        return;
    }
    s->stats.bytes_out += total;
    size_t done = (size_t)sent;
    if (done < total) {
        size_t of_head = done < bufs[0].len ? done : bufs[0].len;
        uv_buf_t rest[2] = {skip(bufs[0], of_head), skip(bufs[1], done - of_head)};
        queue(c, rest, &owner);
    }
    owner_release(&owner);
}

void output_flush(struct connection *c)
{
    if (c->server->outbox_len && c->server->outbox_of == c && c->state != CONN_CLOSED)
        send_with(c, NULL, 0, (struct owner){0});
}

char *output_reserve(struct connection *c, size_t len)
{
    struct http_server *s = c->server;
    assert(!s->outbox_len || s->outbox_of == c);
    assert(len <= LIMIT_OUTBOX);
    if (len > LIMIT_OUTBOX - s->outbox_len)
        output_flush(c);
    if (c->state == CONN_CLOSED)
        return NULL;
    s->outbox_of = c;
    return s->outbox + s->outbox_len;
}

void output_used(struct connection *c, const char *end)
{
    c->server->outbox_len = (size_t)(end - c->server->outbox);
    assert(c->server->outbox_len <= LIMIT_OUTBOX);
}

void output_add(struct connection *c, const void *bytes, size_t len)
{
    char *at = output_reserve(c, len);
    if (!at)
        return;
    memcpy(at, bytes, len);
    output_used(c, at + len);
}

void output_add_text(struct connection *c, const char *text)
{
    output_add(c, text, strlen(text));
}

void output_body(struct connection *c, const char *bytes, size_t len, struct owner owner)
{
    if (len <= LIMIT_COPIED) {
        if (len)
            output_add(c, bytes, len);
        owner_release(&owner);
    } else if (c->state == CONN_CLOSED) {
        owner_release(&owner);
    } else {
        c->server->outbox_of = c;
        send_with(c, bytes, len, owner);
    }
}
