#include "http/http-private.h"

#include <arpa/inet.h>
#include <strings.h>

/* What is zero at the beginning of a request. */
static void wipe(struct http_exchange *x)
{
    size_t from = offsetof(struct http_exchange, holder);
    memset((char *)x + from, 0, offsetof(struct http_exchange, pairs) - from);
    x->head.fields = x->fields;
    x->head.max_fields = x->server->limits.header_fields;
    x->target.pairs = x->pairs;
}

static struct http_exchange *make(struct http_server *s)
{
    struct http_exchange *x = mem_alloc(sizeof *x);
    x->server = s;
    x->fields = mem_array(s->limits.header_fields, sizeof *x->fields);
    arena_init(&x->arena, x->memory, sizeof x->memory);
    stream_init(&x->stream);
    return x;
}

struct http_exchange *exchange_new(struct connection *c)
{
    struct http_server *s = c->server;
    struct http_exchange *x = s->spare;
    if (x) {
        s->spare = x->next_spare;
        s->n_spare--;
    } else {
        x = make(s);
    }
    wipe(x);
    x->c = c;
    c->x = x;
    return x;
}

void exchange_free(struct http_exchange *x)
{
    arena_reset(&x->arena);
    stream_done(&x->stream);
    str_done(&x->headers);
    mem_free(x->fields);
    mem_free(x);
}

static void count(struct http_exchange *x)
{
    struct http_server *s = x->server;
    int status = x->taken ? 200 : x->answer.status;
    if (status >= 100 && status <= 599)
        s->stats.status_class[status / 100]++;
}

void exchange_end(struct http_exchange *x)
{
    struct http_server *s = x->server;
    count(x);
    body_done(x);
    owner_release(&x->answer.owner);
    arena_reset(&x->arena);
    str_clear(&x->headers);
    if (x->was_on_worker)
        stream_clear(&x->stream);
    x->c->x = NULL;
    if (s->n_spare >= LIMIT_SPARE_EXCHANGES) {
        exchange_free(x);
        return;
    }
    x->next_spare = s->spare;
    s->spare = x;
    s->n_spare++;
}

void *http_context(const struct http_exchange *x)
{
    return x->server->settings.hooks.arg;
}

const char *http_method(const struct http_exchange *x)
{
    return x->head.method ? x->head.method : "";
}

const char *http_path(const struct http_exchange *x)
{
    return x->target.path ? x->target.path : "";
}

const struct http_route *http_route(const struct http_exchange *x)
{
    return x->match.route;
}

const char *http_param(const struct http_exchange *x, const char *name)
{
    size_t len = strlen(name);
    for (unsigned i = 0; i < x->match.n_params; i++)
        if (x->match.params[i].name_len == len && memcmp(x->match.params[i].name, name, len) == 0)
            return x->match.params[i].value;
    return NULL;
}

const char *http_query(const struct http_exchange *x, const char *name)
{
    return target_query(&x->target, name);
}

const char *http_query_nth(const struct http_exchange *x, const char *name, unsigned n)
{
    return target_query_nth(&x->target, name, n);
}

const char *http_header(const struct http_exchange *x, const char *name)
{
    const struct http_field *f = head_field(&x->head, name, strlen(name));
    return f ? f->value : NULL;
}

const char *http_body(const struct http_exchange *x, size_t *ret_len)
{
    if (ret_len)
        *ret_len = x->body.len;
    return x->body.bytes ? x->body.bytes : "";
}

/* "a=1; b=2" (RFC 6265): the value of `name` in the arena, without quotes around. */
static const char *find_cookie(struct http_exchange *x, const char *p, const char *name)
{
    size_t len = strlen(name);
    while (*p) {
        p += strspn(p, " \t;");
        size_t n = strcspn(p, ";");
        if (n > len && p[len] == '=' && memcmp(p, name, len) == 0) {
            const char *value = p + len + 1;
            n -= len + 1;
            while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
                n--;
            bool quoted = n >= 2 && value[0] == '"' && value[n - 1] == '"';
            return arena_dup(&x->arena, value + quoted, n - 2 * (size_t)quoted);
        }
        p += n;
    }
    return NULL;
}

const char *http_cookie(const struct http_exchange *x, const char *name)
{
    const struct http_field *first = x->head.known[HEAD_COOKIE];
    for (const struct http_field *f = first; f && f < x->head.fields + x->head.n_fields; f++) {
        if (f->name_len != first->name_len || strcasecmp(f->name, "cookie") != 0)
            continue;
        const char *value = find_cookie((struct http_exchange *)x, f->value, name);
        if (value)
            return value;
    }
    return NULL;
}

static void print_address(const struct in6_addr *a, char ret_text[INET6_ADDRSTRLEN])
{
    bool v4 = IN6_IS_ADDR_V4MAPPED(a);
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? &a->s6_addr[12] : a->s6_addr, ret_text,
              INET6_ADDRSTRLEN);
}

int http_peer_user(const struct http_exchange *x, uint32_t *ret_uid)
{
    struct ucred who;
    socklen_t size = sizeof who;
    int fd;
    if (x->c->family != AF_UNIX || uv_fileno((const uv_handle_t *)&x->c->tcp, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
        return -ENOTCONN;
    *ret_uid = who.uid;
    return 0;
}

const char *http_peer(const struct http_exchange *x)
{
    struct http_exchange *own = (struct http_exchange *)x;
    const struct connection *c = x->c;
    if (x->peer[0])
        return x->peer;
    if (x->forwarded.has_client)
        print_address(&x->forwarded.client, own->peer);
    else if (c->family == AF_INET || c->family == AF_INET6)
        inet_ntop(c->family, &c->address, own->peer, sizeof own->peer);
    else
        return "local";
    return x->peer;
}

bool http_peer_is_loopback(const struct http_exchange *x)
{
    const struct in6_addr *a = &x->forwarded.client;
    if (!x->forwarded.has_client)
        return x->c->is_loopback;
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

bool http_is_https(const struct http_exchange *x)
{
    return x->forwarded.https;
}

bool http_forwards_in_vain(const struct http_exchange *x)
{
    return !x->c->is_proxy && forwarded_is_said(&x->head);
}

const char *http_request_id(struct http_exchange *x)
{
    if (!x->id[0])
        rand_id(x->id);
    return x->id;
}

void *http_alloc(struct http_exchange *x, size_t size)
{
    return arena_alloc(&x->arena, size);
}

void http_set_subject(struct http_exchange *x, void *subject)
{
    x->subject = subject;
}

void *http_subject(const struct http_exchange *x)
{
    return x->subject;
}
