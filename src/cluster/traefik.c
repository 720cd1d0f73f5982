/* Traefik's routing rules: a small recursive-descent parser that looks for a link, not for a match.
 *
 * Grammar: or := and { "||" and }, and := unary { "&&" unary }, unary := "!" unary | "(" or ")" |
 * name "(" [ string { "," string } ] ")"; strings in backticks or double quotes. */
#include "cluster/label.h"

#include <ctype.h>

enum { LIMIT_RULE = 4096, LIMIT_RULE_DEPTH = 16, HOST_SIZE = 254, PATH_SIZE = 512 };

/* What one branch of a rule says. */
struct branch {
    char host[HOST_SIZE], path[PATH_SIZE];
};

struct parser {
    const char *p;
    unsigned depth;
    bool failed;
};

static struct branch parse_or(struct parser *s);

static void skip_space(struct parser *s)
{
    while (isspace((unsigned char)*s->p))
        s->p++;
}

static bool take(struct parser *s, const char *token)
{
    skip_space(s);
    if (!str_starts(s->p, token))
        return false;
    s->p += strlen(token);
    return true;
}

/* A string at the position; *ret_text is cut to `size`, an over-long one comes out empty. */
static void parse_string(struct parser *s, char *ret_text, size_t size)
{
    skip_space(s);
    char quote = *s->p;
    if (quote != '`' && quote != '"') {
        s->failed = true;
        return;
    }
    s->p++;
    size_t n = 0;
    while (*s->p && *s->p != quote) {
        if (quote == '"' && *s->p == '\\' && s->p[1])
            s->p++;
        if (n + 1 < size)
            ret_text[n] = *s->p;
        n++;
        s->p++;
    }
    ret_text[n < size ? n : 0] = '\0';
    s->failed = *s->p != quote;
    if (!s->failed)
        s->p++;
}

static void keep_argument(struct branch *b, const char *matcher, const char *text)
{
    bool host = str_eq_nocase(matcher, "Host") || str_eq_nocase(matcher, "HostHeader");
    bool path = str_eq_nocase(matcher, "PathPrefix") || str_eq_nocase(matcher, "Path");
    if (host && !b->host[0] && !strchr(text, '*') && !strchr(text, '{'))
        str_copy(b->host, sizeof b->host, text);
    if (path && !b->path[0] && text[0] == '/' && !strchr(text, '{'))
        str_copy(b->path, sizeof b->path, text);
}

static struct branch parse_call(struct parser *s)
{
    struct branch b = {0};
    char name[32], text[PATH_SIZE];
    size_t n = 0;
    skip_space(s);
    while (isalpha((unsigned char)*s->p) && n + 1 < sizeof name)
        name[n++] = *s->p++;
    name[n] = '\0';
    if (n == 0 || !take(s, "(")) {
        s->failed = true;
        return b;
    }
    do {
        if (take(s, ")"))
            return b;
        text[0] = '\0';
        parse_string(s, text, sizeof text);
        if (s->failed)
            return b;
        keep_argument(&b, name, text);
    } while (take(s, ","));
    s->failed = !take(s, ")");
    return b;
}

static struct branch parse_unary(struct parser *s)
{
    struct branch b = {0};
    if (s->depth >= LIMIT_RULE_DEPTH) {
        s->failed = true;
        return b;
    }
    s->depth++;
    if (take(s, "!")) {
        parse_unary(s);
    } else if (take(s, "(")) {
        b = parse_or(s);
        if (!s->failed)
            s->failed = !take(s, ")");
    } else {
        b = parse_call(s);
    }
    s->depth--;
    return b;
}

static struct branch parse_and(struct parser *s)
{
    struct branch all = parse_unary(s);
    while (!s->failed && take(s, "&&")) {
        struct branch b = parse_unary(s);
        if (!all.host[0])
            str_copy(all.host, sizeof all.host, b.host);
        if (!all.path[0])
            str_copy(all.path, sizeof all.path, b.path);
    }
    return all;
}

static struct branch parse_or(struct parser *s)
{
    struct branch best = parse_and(s);
    while (!s->failed && take(s, "||")) {
        struct branch b = parse_and(s);
        if (!best.host[0] && b.host[0])
            best = b;
    }
    return best;
}

char *traefik_rule_link(const char *rule, bool https)
{
    if (strlen(rule) > LIMIT_RULE)
        return NULL;
    struct parser s = {.p = rule};
    struct branch b = parse_or(&s);
    skip_space(&s);
    if (s.failed || *s.p || !b.host[0])
        return NULL;
    char *link = mem_printf("%s://%s%s", https ? "https" : "http", b.host, b.path);
    if (link_is_safe(link))
        return link;
    mem_free(link);
    return NULL;
}

/* The value of traefik.http.routers.NAME.WHAT, any case. */
static const char *router_label(const struct label *v, size_t n, const char *name, size_t name_len,
                                const char *what)
{
    static const char head[] = "traefik.http.routers.";
    for (size_t i = 0; i < n; i++) {
        const char *key = v[i].key;
        if (!strncasecmp(key, head, strlen(head)) &&
            !strncasecmp(key + strlen(head), name, name_len) &&
            str_eq_nocase(key + strlen(head) + name_len, what))
            return v[i].value;
    }
    return NULL;
}

static bool router_is_secure(const struct label *v, size_t n, const char *name, size_t name_len)
{
    const char *tls = router_label(v, n, name, name_len, ".tls");
    const char *entry = router_label(v, n, name, name_len, ".entrypoints");
    return (tls && !str_eq_nocase(tls, "false")) ||
           router_label(v, n, name, name_len, ".tls.certresolver") ||
           (entry &&
            (strcasestr(entry, "secure") || strcasestr(entry, "https") || strstr(entry, "443")));
}

static bool is_ignored(const struct label *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(v[i].key, "traefik.enable") && str_eq_nocase(v[i].value, "false"))
            return true;
    return false;
}

char *traefik_link(const struct label *v, size_t n)
{
    static const char head[] = "traefik.http.routers.";
    if (is_ignored(v, n))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (strncasecmp(v[i].key, head, strlen(head)) != 0 || !v[i].value)
            continue;
        const char *name = v[i].key + strlen(head);
        size_t name_len = strcspn(name, ".");
        if (!str_eq_nocase(name + name_len, ".rule"))
            continue;
        char *link = traefik_rule_link(v[i].value, router_is_secure(v, n, name, name_len));
        if (link)
            return link;
    }
    return NULL;
}
