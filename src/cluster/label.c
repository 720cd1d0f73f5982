#include "cluster/label.h"

#include <ctype.h>

const char *label_get(const struct label *v, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(v[i].key, key))
            return str_is_empty(v[i].value) ? NULL : v[i].value;
    return NULL;
}

static bool link_char(unsigned char c)
{
    return c > 0x20 && c < 0x7f && !strchr("\"'`<>\\^{}|", c);
}

/* Length of the host in s[0 … n): a name, an IPv4 address or [IPv6]; 0 when it is none. */
static size_t host_length(const char *s, size_t n)
{
    const char *end = memchr(s, *s == '[' ? ']' : ':', n);
    size_t host = end ? (size_t)(end - s) + (*s == '[') : n;
    if (*s == '[' && (!end || host < 4))
        return 0;
    for (size_t i = 0; i < host; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr(*s == '[' ? "[]:.%" : "-._", s[i]))
            return 0;
    return host;
}

static bool port_is_safe(const char *s, size_t n)
{
    char digits[6] = "";
    uint64_t port;
    if (n == 0 || n >= sizeof digits)
        return false;
    memcpy(digits, s, n);
    return str_to_u64(digits, &port) >= 0 && port > 0 && port < 65536;
}

/* host[:port] in s[0 … n). */
static bool authority_is_safe(const char *s, size_t n)
{
    size_t host = n ? host_length(s, n) : 0;
    if (!host)
        return false;
    return host == n || (s[host] == ':' && port_is_safe(s + host + 1, n - host - 1));
}

bool link_is_safe(const char *url)
{
    if (!url)
        return false;
    size_t skip = !strncasecmp(url, "http://", 7) ? 7 : !strncasecmp(url, "https://", 8) ? 8 : 0;
    if (!skip || strlen(url) > LIMIT_LINK)
        return false;
    for (const char *p = url; *p; p++)
        if (!link_char((unsigned char)*p))
            return false;
    const char *rest = url + skip;
    return authority_is_safe(rest, strcspn(rest, "/?#"));
}

/* Cuts back to where a UTF-8 character begins. */
static size_t utf8_cut(const char *s, size_t n)
{
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    return n;
}

char *label_text(const char *s, size_t max)
{
    if (!s)
        return NULL;
    size_t n = strlen(s);
    char *text = mem_strndup(s, n > max * 4 ? utf8_cut(s, max * 4) : n);
    if (!str_is_utf8(text, strlen(text)))
        text[0] = '\0';
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    char *trimmed = str_trim(text);
    if (strlen(trimmed) > max)
        trimmed[utf8_cut(trimmed, max)] = '\0';
    char *ret = *trimmed ? mem_strdup(trimmed) : NULL;
    mem_free(text);
    return ret;
}

bool label_icon(const char *s, char ret[ICON_SIZE])
{
    if (!s || str_starts(s, "mdi-") || str_starts(s, "si-"))
        return false;
    if (str_starts(s, "sh-"))
        s += 3;
    size_t n = strlen(s);
    for (const char *const *end = (const char *const[]){".png", ".svg", ".webp", NULL}; *end; end++)
        if (str_ends(s, *end)) {
            n -= strlen(*end);
            break;
        }
    if (n == 0 || n >= ICON_SIZE)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '_')
            return false;
        ret[i] = (char)tolower((unsigned char)s[i]);
    }
    ret[n] = '\0';
    return true;
}

/* The published port of a container port, or the port itself. */
static unsigned outer_port(const struct observed *o, unsigned inner)
{
    for (size_t i = 0; i < o->ports.n; i++) {
        const struct observed_port *p = &o->ports.v[i];
        if (!p->udp && p->inner == inner)
            return p->port;
    }
    return inner;
}

static bool joined_network(const struct observed *o)
{
    for (size_t i = 0; i < o->networks.n; i++)
        if (str_starts(o->networks.v[i], "container:"))
            return true;
    return false;
}

/* Takes "[PORT:n]" at *p. */
static bool take_port(const char **p, const struct observed *o, struct str *out)
{
    static const char head[] = "[PORT:";
    if (!str_starts(*p, head))
        return false;
    const char *digits = *p + strlen(head);
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 5 || digits[n] != ']')
        return false;
    unsigned port = 0;
    for (size_t i = 0; i < n; i++)
        port = port * 10 + (unsigned)(digits[i] - '0');
    str_addf(out, "%u", outer_port(o, port));
    *p = digits + n + 1;
    return true;
}

char *unraid_link(const char *webui, const struct observed *o, const char *address)
{
    if (!webui || strlen(webui) > LIMIT_LINK || joined_network(o))
        return NULL;
    struct str out = {0};
    for (const char *p = webui; *p;) {
        if (str_starts(p, "[IP]") && address) {
            str_add(&out, address);
            p += strlen("[IP]");
        } else if (!take_port(&p, o, &out)) {
            str_add_char(&out, *p++);
        }
    }
    char *link = str_take(&out);
    if (link_is_safe(link))
        return link;
    mem_free(link);
    return NULL;
}
