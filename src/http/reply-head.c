#include "http/http-private.h"

enum { FIXED_PART = 512 }; /* everything of a head but what head_bound() counts */

/* All put_…() write at `p` and return the end. */
static char *put(char *p, const void *bytes, size_t len)
{
    memcpy(p, bytes, len);
    return p + len;
}

#define PUT_LITERAL(p, text) put(p, text, sizeof(text) - 1)

static char *put_text(char *p, const char *text)
{
    return put(p, text, strlen(text));
}

static char *put_end_of_line(char *p)
{
    return PUT_LITERAL(p, "\r\n");
}

static const char *page_policy(const struct http_exchange *x)
{
    return x->answer.asset ? x->answer.asset->policy : NULL;
}

static char *put_security(char *p, const struct http_exchange *x)
{
    const struct http_server *s = x->server;
    const char *policy = page_policy(x);
    if (!policy && !x->answer.has_csp)
        return put(p, s->security, s->security_len);
    p = put(p, s->security_pages, s->security_pages_len);
    if (policy)
        p = put_end_of_line(put_text(PUT_LITERAL(p, "Content-Security-Policy: "), policy));
    return p;
}

/* Answers are private and of the moment unless somebody says more. */
static char *put_caching(char *p, const struct http_exchange *x)
{
    if (!x->answer.has_cache_control && x->answer.etag)
        p = PUT_LITERAL(p, "Cache-Control: private, no-cache\r\n");
    else if (!x->answer.has_cache_control)
        p = PUT_LITERAL(p, "Cache-Control: no-store\r\n");
    if (x->answer.etag)
        p = put_end_of_line(put_text(PUT_LITERAL(p, "ETag: "), x->answer.etag));
    return p;
}

static char *put_number(char *p, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    do
        digits[--i] = (char)('0' + n % 10);
    while (n /= 10);
    return put(p, digits + i, sizeof digits - i);
}

static bool has_no_content(int status)
{
    return status == 204 || status == 304 || status < 200;
}

static char *put_framing(char *p, struct http_exchange *x, int64_t len)
{
    if (len >= 0 && !has_no_content(x->answer.status))
        p = put_end_of_line(put_number(PUT_LITERAL(p, "Content-Length: "), (uint64_t)len));
    else if (len < 0 && x->head.minor_1)
        p = PUT_LITERAL(p, "Transfer-Encoding: chunked\r\n");
    else if (len < 0)
        x->keep = false; /* the end of the connection is the end of the answer */
    if (!x->keep)
        p = PUT_LITERAL(p, "Connection: close\r\n");
    else if (!x->head.minor_1)
        p = PUT_LITERAL(p, "Connection: keep-alive\r\n");
    return p;
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) : 0;
}

static size_t head_bound(const struct http_exchange *x)
{
    return FIXED_PART + x->server->security_len + length_of(page_policy(x)) +
           length_of(x->answer.type) + length_of(x->answer.etag) + x->headers.len;
}

void reply_head(struct http_exchange *x, int64_t len)
{
    size_t n;
    struct connection *c = x->c;
    char *p = output_reserve(c, head_bound(x));
    if (!p)
        return;
    x->keep = x->keep && !x->server->ending && !c->close_after;
    const char *line = status_line(x->answer.status, &n);
    p = put(p, line, n);
    line = server_date(x->server, &n);
    p = put(p, line, n);
    p = put_security(p, x);
    if (x->strict)
        p = PUT_LITERAL(p, "Strict-Transport-Security: max-age=31536000\r\n");
    if (length_of(x->answer.type))
        p = put_end_of_line(put_text(PUT_LITERAL(p, "Content-Type: "), x->answer.type));
    p = put_caching(p, x);
    if (x->answer.varies)
        p = PUT_LITERAL(p, "Vary: Accept-Encoding\r\n");
    if (x->headers.len)
        p = put(p, x->headers.p, x->headers.len);
    if (x->id[0])
        p = put_end_of_line(put_text(PUT_LITERAL(p, "X-Request-Id: "), x->id));
    p = put_end_of_line(put_framing(p, x, len));
    output_used(c, p);
}
