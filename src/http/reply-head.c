#include "http/http-private.h"

static void add_line(struct connection *c, const char *name, const char *value)
{
    output_add_text(c, name);
    output_add_text(c, value);
    output_add(c, "\r\n", 2);
}

static void add_security(struct http_exchange *x)
{
    const struct http_server *s = x->server;
    const char *policy = x->answer.asset ? x->answer.asset->policy : NULL;
    if (!policy && !x->answer.has_csp) {
        output_add(x->c, s->security, s->security_len);
        return;
    }
    output_add(x->c, s->security_pages, s->security_pages_len);
    if (policy)
        add_line(x->c, "Content-Security-Policy: ", policy);
}

/* Answers are private and of the moment unless somebody says more. */
static void add_caching(struct http_exchange *x)
{
    if (!x->answer.has_cache_control)
        output_add_text(x->c, x->answer.etag ? "Cache-Control: private, no-cache\r\n"
                                             : "Cache-Control: no-store\r\n");
    if (x->answer.etag)
        add_line(x->c, "ETag: ", x->answer.etag);
}

static void add_length(struct connection *c, uint64_t len)
{
    static const char name[] = "Content-Length: ";
    char line[sizeof name + 24];
    char *p = line + sizeof line - 2;
    memcpy(p, "\r\n", 2);
    do
        *--p = (char)('0' + len % 10);
    while (len /= 10);
    p -= sizeof name - 1;
    memcpy(p, name, sizeof name - 1);
    output_add(c, p, (size_t)(line + sizeof line - p));
}

static bool has_no_content(int status)
{
    return status == 204 || status == 304 || status < 200;
}

static void add_framing(struct http_exchange *x, int64_t len)
{
    if (len >= 0 && !has_no_content(x->answer.status))
        add_length(x->c, (uint64_t)len);
    else if (len < 0 && x->head.minor_1)
        output_add_text(x->c, "Transfer-Encoding: chunked\r\n");
    else if (len < 0)
        x->keep = false; /* the end of the connection is the end of the answer */
    if (!x->keep)
        output_add_text(x->c, "Connection: close\r\n");
    else if (!x->head.minor_1)
        output_add_text(x->c, "Connection: keep-alive\r\n");
}

void reply_head(struct http_exchange *x, int64_t len)
{
    size_t n;
    struct connection *c = x->c;
    x->keep = x->keep && !x->server->ending && !c->close_after;
    const char *line = status_line(x->answer.status, &n);
    output_add(c, line, n);
    line = server_date(x->server, &n);
    output_add(c, line, n);
    add_security(x);
    if (x->answer.type && x->answer.type[0])
        add_line(c, "Content-Type: ", x->answer.type);
    add_caching(x);
    if (x->headers.len)
        output_add(c, x->headers.p, x->headers.len);
    if (x->id[0])
        add_line(c, "X-Request-Id: ", x->id);
    add_framing(x, len);
    output_add(c, "\r\n", 2);
}
