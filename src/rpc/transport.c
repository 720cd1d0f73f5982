#include "rpc/transport.h"

struct transport {
    struct transport_settings settings;
    uv_tcp_t *tcp; /* frees itself when closed */
    uv_connect_t connecting;
    struct tls *tls;
    char *address;
    size_t backlog;
    bool dials, is_ready, closing;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to;
};

struct write {
    uv_write_t request;
    struct transport *transport;
    struct str bytes;
};

static void on_tcp_closed(uv_handle_t *handle)
{
    struct transport *t = handle->data;
    mem_free(handle);
    if (!t) /* accepted and never used */
        return;
    tls_free(t->tls);
    mem_free(t->address);
    mem_free(t);
}

static void close_tcp(struct transport *t)
{
    t->closing = true;
    uv_close((uv_handle_t *)t->tcp, on_tcp_closed);
}

/* It ends by itself: the owner is told once. */
static void end(struct transport *t, const struct err *e)
{
    if (t->closing)
        return;
    close_tcp(t);
    t->settings.events->ended(t->settings.arg, e);
}

static void end_errno(struct transport *t, int r, const char *what)
{
    struct err e = {0};
    err_set(&e, r, "%s: %s.", what, uv_strerror(r));
    end(t, &e);
}

/* --- writing --- */

static void on_written(uv_write_t *request, int status)
{
    struct write *w = CONTAINER_OF(request, struct write, request);
    struct transport *t = w->transport;
    t->backlog -= w->bytes.len;
    str_done(&w->bytes);
    mem_free(w);
    if (t->closing)
        return;
    if (status < 0)
        end_errno(t, status, "Sending failed");
    else if (t->backlog == 0 && t->is_ready)
        t->settings.events->drained(t->settings.arg);
}

/* Takes `bytes`. */
static void write_socket(struct transport *t, struct str *bytes)
{
    struct write *w = mem_alloc(sizeof *w);
    *w = (struct write){.transport = t, .bytes = *bytes};
    t->backlog += bytes->len;
    uv_buf_t b = uv_buf_init(w->bytes.p, (unsigned)w->bytes.len);
    int r = uv_write(&w->request, (uv_stream_t *)t->tcp, &b, 1, on_written);
    if (r < 0) {
        t->backlog -= bytes->len;
        str_done(&w->bytes);
        mem_free(w);
    }
}

static void flush(struct transport *t)
{
    struct str out = {0};
    if (!t->closing && tls_pending(t->tls, &out))
        write_socket(t, &out);
    else
        str_done(&out);
}

void transport_write(struct transport *t, const void *bytes, size_t len)
{
    struct err e = {0};
    if (t->closing || len == 0)
        return;
    if (!t->tls) {
        struct str copy = {0};
        str_add_n(&copy, bytes, len);
        write_socket(t, &copy);
        return;
    }
    int r = tls_write(t->tls, bytes, len, &e);
    flush(t);
    if (r < 0)
        end(t, &e);
}

/* --- reading --- */

static int on_plain(void *arg, const void *bytes, size_t len)
{
    struct transport *t = arg;
    int r = t->settings.events->bytes(t->settings.arg, bytes, len);
    return t->closing ? -ECANCELED : r;
}

static void check_ready(struct transport *t)
{
    if (t->is_ready || t->closing || (t->tls && !tls_is_ready(t->tls)))
        return;
    t->is_ready = true;
    t->settings.events->ready(t->settings.arg);
}

static int take(struct transport *t, const char *bytes, size_t len, struct err *e)
{
    if (!t->tls)
        return on_plain(t, bytes, len);
    int r = tls_feed(t->tls, bytes, len, on_plain, t, e);
    if (t->closing)
        return r;
    flush(t);
    if (r == 0)
        check_ready(t);
    return r;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct transport *t = stream->data;
    struct err e = {0};
    if (t->closing || n == 0)
        return;
    if (n < 0) {
        end_errno(t, (int)n,
                  n == UV_EOF ? "The other side ended the connection" : "Reading failed");
        return;
    }
    int r = take(t, b->base, (size_t)n, &e);
    if (r < 0 && !t->closing) {
        if (!e.code)
            err_set(&e, r,
                    r == -ECONNRESET ? "The other side ended the connection."
                                     : "The other side broke the protocol.");
        end(t, &e);
    }
}

/* --- beginning and end --- */

static struct transport *transport_new(const struct transport_settings *s, uv_tcp_t *tcp)
{
    struct transport *t = mem_alloc(sizeof *t);
    t->settings = *s;
    t->address = mem_strdup(s->address);
    t->tcp = tcp;
    tcp->data = t;
    if (s->tls)
        t->tls = tls_new(s->tls);
    uv_tcp_nodelay(tcp, 1);
    uv_tcp_keepalive(tcp, 1, 30);
    return t;
}

static void start(struct transport *t)
{
    struct err e = {0};
    int r = uv_read_start((uv_stream_t *)t->tcp, loop_read_buffer, on_read);
    if (r < 0) {
        end_errno(t, r, "Reading failed");
        return;
    }
    if (t->tls) {
        r = tls_start(t->tls, &e);
        flush(t);
    }
    if (r < 0)
        end(t, &e);
    else
        check_ready(t);
}

struct transport *transport_accepted(const struct transport_settings *s, uv_tcp_t *tcp)
{
    return transport_new(s, tcp);
}

struct transport *transport_to(const struct transport_settings *s, const struct sockaddr *to)
{
    uv_tcp_t *tcp = mem_alloc(sizeof *tcp);
    uv_tcp_init(loop_uv(s->loop), tcp);
    struct transport *t = transport_new(s, tcp);
    size_t len = to->sa_family == AF_INET6 ? sizeof t->to.v6 : sizeof t->to.v4;
    memcpy(&t->to, to, len);
    t->dials = true;
    return t;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct transport *t = CONTAINER_OF(request, struct transport, connecting);
    if (t->closing)
        return;
    if (status < 0)
        end_errno(t, status, "Connecting failed");
    else
        start(t);
}

void transport_begin(struct transport *t)
{
    int r = t->dials ? uv_tcp_connect(&t->connecting, t->tcp, &t->to.any, on_connected) : 0;
    if (r < 0)
        end_errno(t, r, "Connecting failed");
    else if (!t->dials)
        start(t);
}

size_t transport_backlog(const struct transport *t)
{
    return t->backlog;
}

bool transport_peer_certificate(const struct transport *t, struct str *ret_der)
{
    return t->tls && tls_peer_certificate(t->tls, ret_der);
}

const char *transport_address(const struct transport *t)
{
    return t->address;
}

void transport_close(struct transport *t)
{
    if (!t || t->closing)
        return;
    if (t->tls) {
        tls_goodbye(t->tls);
        flush(t);
    }
    close_tcp(t);
}
