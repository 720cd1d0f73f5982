#include "http/host.h"

#include "http/chars.h"

#include <arpa/inet.h>
#include <strings.h>

enum { HOST_MAX = 255 };

struct host_parts {
    const char *name;
    size_t name_len; /* without the port; [v6] with its brackets */
    const char *port;
    size_t port_len;
};

static bool is_v6(const char *name, size_t len)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (len < 4 || len - 2 >= sizeof text || name[0] != '[' || name[len - 1] != ']')
        return false;
    memcpy(text, name + 1, len - 2);
    text[len - 2] = 0;
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_port(const char *port, size_t len)
{
    unsigned value = 0;
    for (size_t i = 0; i < len; i++) {
        if (port[i] < '0' || port[i] > '9')
            return false;
        value = value * 10 + (unsigned)(port[i] - '0');
        if (value > 65535)
            return false;
    }
    return len > 0 && value > 0;
}

static bool split(const char *host, size_t len, struct host_parts *ret_parts)
{
    const char *bracket = len && host[0] == '[' ? memchr(host, ']', len) : NULL;
    size_t name_len = bracket ? (size_t)(bracket - host) + 1 : char_span(host, len, CHAR_HOST);
    if (!name_len || len > HOST_MAX || (bracket && !is_v6(host, name_len)))
        return false;
    *ret_parts = (struct host_parts){.name = host, .name_len = name_len};
    if (name_len == len)
        return true;
    ret_parts->port = host + name_len + 1;
    ret_parts->port_len = len - name_len - 1;
    return host[name_len] == ':' && is_port(ret_parts->port, ret_parts->port_len);
}

static bool is_name(const struct host_parts *h, const char *name)
{
    return strlen(name) == h->name_len && char_same_nocase(h->name, name, h->name_len);
}

static bool ends_with(const struct host_parts *h, const char *tail)
{
    size_t n = strlen(tail);
    return h->name_len > n && char_same_nocase(h->name + h->name_len - n, tail, n);
}

static bool is_loopback_v4(const struct host_parts *h)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (h->name_len >= sizeof text || h->name[0] != '1')
        return false;
    memcpy(text, h->name, h->name_len);
    text[h->name_len] = 0;
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool is_loopback(const struct host_parts *h)
{
    return is_name(h, "localhost") || ends_with(h, ".localhost") || is_name(h, "[::1]") ||
           is_loopback_v4(h);
}

static bool matches(const struct host_parts *h, size_t len, const char *pattern)
{
    if (pattern[0] == '*' && pattern[1] == '.')
        return ends_with(h, pattern + 1);
    return is_name(h, pattern) ||
           (strlen(pattern) == len && char_same_nocase(h->name, pattern, len));
}

enum host_verdict host_check(const char *host, size_t len, const char *const *allowed)
{
    struct host_parts h;
    if (!split(host, len, &h))
        return HOST_MALFORMED;
    if (!allowed || is_loopback(&h))
        return HOST_ALLOWED;
    for (; *allowed; allowed++)
        if (matches(&h, len, *allowed))
            return HOST_ALLOWED;
    return HOST_UNKNOWN;
}

bool host_is_one_of(const char *host, const char *const *names)
{
    struct host_parts h;
    if (!split(host, strlen(host), &h))
        return false;
    for (; *names; names++)
        if (is_name(&h, *names))
            return true;
    return false;
}

/* "host" and "host:80" are one thing for http, as is 443 for https. */
static bool is_same_port(const struct host_parts *a, const struct host_parts *b,
                         const char *implied)
{
    const char *pa = a->port ? a->port : implied, *pb = b->port ? b->port : implied;
    size_t na = a->port ? a->port_len : strlen(implied);
    size_t nb = b->port ? b->port_len : strlen(implied);
    return na == nb && memcmp(pa, pb, na) == 0;
}

bool host_is_origin(const char *host, const char *origin)
{
    bool secure = strncasecmp(origin, "https://", 8) == 0;
    if (!secure && strncasecmp(origin, "http://", 7) != 0)
        return false;
    const char *rest = origin + (secure ? 8 : 7);
    struct host_parts h, o;
    return split(host, strlen(host), &h) && split(rest, strlen(rest), &o) &&
           h.name_len == o.name_len && char_same_nocase(h.name, o.name, h.name_len) &&
           is_same_port(&h, &o, secure ? "443" : "80");
}
