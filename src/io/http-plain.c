/* Calls over http, on TCP or a Unix socket, with nothing but libuv: the engines' APIs and most
 * health checks. A connection per call. */
#include "io/http-client-private.h"

#include "io/resolve.h"

#include <stdio.h>

enum { UNIX_PATH_MAX = 108 };

/* One address that is tried; ends in its close callback. */
struct connection {
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } h;
    uv_connect_t connect;
    uv_write_t write;
    struct str request; /* what `write` sends */
    struct plain *p;    /* NULL = dropped */
};

struct plain {
    struct http_call *call;
    struct loop *loop;
    struct resolving *resolving;
    struct connection *connection;
    struct loop_timer *deadline;
    union resolve_address v[RESOLVE_ADDRESSES_MAX];
    size_t n, next;
    int error; /* of the last address that refused */
    struct str request;
    struct answer_parser parser;
    bool heard; /* anything at all */
};

static void try_next(struct plain *p);

/* --- connections --- */

static void on_closed(uv_handle_t *h)
{
    struct connection *c = CONTAINER_OF(h, struct connection, h.any);
    str_done(&c->request);
    mem_free(c);
}

static void drop_connection(struct plain *p)
{
    struct connection *c = TAKE(p->connection);
    if (!c)
        return;
    c->p = NULL;
    uv_close(&c->h.any, on_closed);
}

static void end(struct plain *p, int error, const char *text)
{
    http_call_end(p->call, error, text);
}

static void broke_off(struct plain *p)
{
    end(p, -ECONNRESET,
        p->heard ? "the connection broke off" : "closed the connection without an answer");
}

/* --- the answer --- */

static bool on_head(void *arg)
{
    struct plain *p = arg;
    p->call->status = p->parser.status;
    mem_set_str(&p->call->location, p->parser.location);
    return http_call_head(p->call);
}

static bool on_body(void *arg, const char *bytes, size_t n)
{
    return http_call_body(((struct plain *)arg)->call, bytes, n);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct connection *c = CONTAINER_OF(s, struct connection, h.stream);
    struct plain *p = c->p;
    if (!p || n == 0)
        return;
    struct http_client *client = p->call->client;
    http_client_enter(client);
    int r = n > 0 ? answer_feed(&p->parser, buf->base, (size_t)n) : answer_close(&p->parser);
    p->heard = p->heard || n > 0;
    bool cancelled = p->call->cancelled;
    http_client_leave(client); /* frees a cancelled call */
    if (cancelled || r == 0)
        return;
    if (r == -ECONNRESET)
        broke_off(p);
    else if (r == -EBADMSG)
        end(p, -EPROTO, "the answer is not HTTP");
    else
        end(p, r == 1 ? 0 : r, NULL);
}

/* --- connecting --- */

/* A peer that hangs up while we write may have answered before: reading tells. */
static void on_written(uv_write_t *w, int status)
{
    (void)w, (void)status;
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct connection *c = CONTAINER_OF(connect, struct connection, connect);
    struct plain *p = c->p;
    if (!p)
        return;
    if (status < 0) {
        p->error = status;
        drop_connection(p);
        try_next(p);
        return;
    }
    c->request = p->request;
    p->request = (struct str){0};
    uv_buf_t buf = uv_buf_init(c->request.p, (unsigned)c->request.len);
    uv_read_start(&c->h.stream, loop_read_buffer, on_read);
    int r = uv_write(&c->write, &c->h.stream, &buf, 1, on_written);
    if (r < 0)
        broke_off(p);
}

static struct connection *connection_new(struct plain *p)
{
    struct connection *c = p->connection = mem_alloc(sizeof *c);
    c->p = p;
    return c;
}

static void try_next(struct plain *p)
{
    while (p->next < p->n) {
        const union resolve_address *a = &p->v[p->next++];
        if (!http_call_allows(p->call, &a->any)) {
            p->error = -EACCES;
            continue;
        }
        struct connection *c = connection_new(p);
        uv_tcp_init(loop_uv(p->loop), &c->h.tcp);
        int r = uv_tcp_connect(&c->connect, &c->h.tcp, &a->any, on_connect);
        if (r == 0)
            return;
        p->error = r;
        drop_connection(p);
    }
    end(p, p->error ? p->error : -ENOENT, NULL);
}

static void on_resolved(void *arg, int error, const union resolve_address *v, size_t n)
{
    struct plain *p = arg;
    p->resolving = NULL;
    if (error) {
        end(p, -ENOENT, "the host name is not known");
        return;
    }
    memcpy(p->v, v, n * sizeof *v);
    p->n = n;
    try_next(p);
}

static void on_deadline(void *arg)
{
    end(arg, -ETIMEDOUT, NULL);
}

static void connect_unix(struct plain *p, const char *path)
{
    struct connection *c = connection_new(p);
    uv_pipe_init(loop_uv(p->loop), &c->h.pipe, 0);
    uv_pipe_connect(&c->connect, &c->h.pipe, path, on_connect); /* errors come to on_connect */
}

/* --- the request --- */

struct target {
    char host[RESOLVE_HOST_SIZE];
    uint16_t port;
    const char *authority, *path;
    size_t authority_len;
};

/* "http://[::1]:8080/path?query#fragment" */
static int parse_url(const char *url, struct target *t)
{
    t->authority = url + strlen("http://");
    t->authority_len = strcspn(t->authority, "/?#");
    t->path = t->authority + t->authority_len;
    bool literal = *t->authority == '[';
    const char *host = t->authority + literal, *end = t->path;
    const char *host_end =
        literal ? memchr(host, ']', (size_t)(end - host)) : memchr(host, ':', (size_t)(end - host));
    if (!host_end && literal)
        return -EINVAL;
    host_end = host_end ? host_end : end;
    const char *colon = host_end + literal;
    size_t n = (size_t)(host_end - host), digits = (size_t)(end - colon);
    char port[8] = "80";
    uint64_t v;
    if (digits > 1 && digits <= 6)
        str_copy(port, digits, colon + 1);
    if (n == 0 || n >= sizeof t->host || digits > 6 || (digits && *colon != ':') ||
        str_to_u64(port, &v) < 0 || v == 0 || v > UINT16_MAX)
        return -EINVAL;
    memcpy(t->host, host, n);
    t->host[n] = 0;
    t->port = (uint16_t)v;
    return 0;
}

/* Nothing that would end a line, or the request line, too early. */
static bool is_clean(const char *text, bool blanks)
{
    for (; *text; text++)
        if ((unsigned char)*text < (blanks ? ' ' : '!') || *text == 0x7f)
            return false;
    return true;
}

static void write_head(struct str *s, const struct http_request *r, const struct target *t)
{
    const char *method = r->method ? r->method : r->body ? "POST" : "GET";
    str_addf(s, "%s ", method);
    if (*t->path != '/')
        str_add_char(s, '/');
    str_add_n(s, t->path, strcspn(t->path, "#"));
    str_add(s, " HTTP/1.1\r\nHost: ");
    str_add_n(s, t->authority, t->authority_len);
    str_add(s, "\r\nConnection: close\r\n");
    for (const char *const *h = r->headers; h && *h; h++)
        str_addf(s, "%s\r\n", *h);
    if (r->body)
        str_addf(s, "Content-Length: %zu\r\n", r->body_len);
    str_add(s, "\r\n");
}

static int write_request(struct str *s, const struct http_request *r, struct target *t,
                         struct err *e)
{
    bool clean = is_clean(r->url, false) && (!r->method || is_clean(r->method, false));
    for (const char *const *h = r->headers; h && *h; h++)
        clean = clean && is_clean(*h, true);
    if (!clean || parse_url(r->url, t) < 0)
        return err_set(e, -EINVAL, "“%.200s” is not a URL that can be asked.", r->url);
    write_head(s, r, t);
    if (r->body)
        str_add_n(s, r->body, r->body_len);
    return 0;
}

int plain_start(struct http_call *call, const struct http_request *r, struct err *e)
{
    struct target t = {0};
    struct str request = {0};
    if (r->unix_socket && strlen(r->unix_socket) >= UNIX_PATH_MAX)
        return err_set(e, -EINVAL, "The path of the socket is too long: %.200s", r->unix_socket);
    int code = write_request(&request, r, &t, e);
    if (code < 0) {
        str_done(&request);
        return code;
    }
    struct plain *p = call->plain = mem_alloc(sizeof *p);
    p->call = call;
    p->loop = call->client->loop;
    p->request = request;
    p->parser = (struct answer_parser){
        .on_head = on_head, .on_body = on_body, .arg = p, .head_only = str_eq(r->method, "HEAD")};
    if (r->timeout_ms)
        p->deadline = loop_timer_new(p->loop, r->timeout_ms, 0, on_deadline, p);
    if (r->unix_socket)
        connect_unix(p, r->unix_socket);
    else
        p->resolving = resolve_start(p->loop, t.host, t.port, on_resolved, p);
    return 0;
}

void plain_free(struct plain *p)
{
    if (!p)
        return;
    resolve_cancel(p->resolving);
    drop_connection(p);
    loop_timer_free(p->deadline);
    answer_parser_done(&p->parser);
    str_done(&p->request);
    mem_free(p);
}
