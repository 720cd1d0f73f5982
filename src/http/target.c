#include "http/target.h"

#include "base/str.h"
#include "http/chars.h"

#include <errno.h>
#include <strings.h>

enum { DECODE_PLUS = 1, DECODE_SLASH = 2, DECODE_CONTROL = 4 };

/* What %XX may not stand for. */
static bool is_refused(char c, unsigned flags)
{
    bool control = (unsigned char)c < 0x20 || c == 0x7f;
    return c == 0 || (control && !(flags & DECODE_CONTROL)) ||
           ((c == '/' || c == '\\') && !(flags & DECODE_SLASH));
}

/* Decodes %XX in place. Returns the new length, -1 for what is malformed or refused. */
static int64_t decode(char *p, size_t len, unsigned flags)
{
    const char *first = memchr(p, '%', len);
    size_t to = flags & DECODE_PLUS ? 0 : first ? (size_t)(first - p) : len;
    for (size_t i = to; i < len; i++, to++) {
        p[to] = (flags & DECODE_PLUS) && p[i] == '+' ? ' ' : p[i];
        if (p[i] != '%')
            continue;
        if (len - i < 3 || char_hex(p[i + 1]) < 0 || char_hex(p[i + 2]) < 0)
            return -1;
        p[to] = (char)(char_hex(p[i + 1]) << 4 | char_hex(p[i + 2]));
        if (is_refused(p[to], flags))
            return -1;
        i += 2;
    }
    p[to] = 0;
    return str_is_utf8(p, to) ? (int64_t)to : -1;
}

/* No segment may be empty (but the last: a final slash), "." or "..". */
static bool has_clean_segments(const char *path)
{
    for (const char *p = path; *p;) {
        const char *segment = p + 1;
        p = strchrnul(segment, '/');
        size_t len = (size_t)(p - segment);
        if (len == 0)
            return *segment == 0;
        if (segment[0] == '.' && (len == 1 || (len == 2 && segment[1] == '.')))
            return false;
    }
    return true;
}

static bool parse_pair(struct target *t, char *p, size_t len)
{
    char *equals = memchr(p, '=', len);
    size_t name_len = equals ? (size_t)(equals - p) : len;
    char *value = equals ? equals + 1 : p + len;
    size_t value_len = equals ? len - name_len - 1 : 0;
    const unsigned flags = DECODE_PLUS | DECODE_SLASH | DECODE_CONTROL;
    if (t->n_pairs == LIMIT_QUERY_PAIRS || decode(value, value_len, flags) < 0 ||
        decode(p, name_len, flags) < 0)
        return false;
    t->pairs[t->n_pairs++] = (struct query_pair){p, value};
    return true;
}

/* Every pair ends at its '&', which its terminator overwrites. */
static bool parse_query(struct target *t, char *query)
{
    for (char *p = query, *next; p; p = next) {
        char *and = strchr(p, '&');
        next = and? and+1 : NULL;
        size_t len = and? (size_t)(and-p) : strlen(p);
        if (len && !parse_pair(t, p, len))
            return false;
    }
    return true;
}

/* "http://authority/path": leaves `raw` at the path. */
static char *cut_authority(struct target *t, char *raw)
{
    size_t scheme = strncasecmp(raw, "http://", 7) == 0    ? 7
                    : strncasecmp(raw, "https://", 8) == 0 ? 8
                                                           : 0;
    if (!scheme)
        return NULL;
    t->form = TARGET_ABSOLUTE;
    t->authority = raw + scheme;
    t->authority_len = strcspn(t->authority, "/?");
    char *path = raw + scheme + t->authority_len;
    return *path == '/' ? path : NULL;
}

int target_parse(struct target *t, char *raw, size_t len, const char **ret_why)
{
    *t = (struct target){.pairs = t->pairs};
    *ret_why = "The request target is malformed.";
    if (len == 1 && raw[0] == '*') {
        t->form = TARGET_STAR;
        t->path = raw;
        t->path_len = 1;
        return 0;
    }
    char *path = raw[0] == '/' ? raw : cut_authority(t, raw);
    if (!path)
        return -EINVAL;
    char *query = strchr(path, '?');
    size_t path_len = query ? (size_t)(query - path) : strlen(path);
    if (query && (*ret_why = "The query is malformed.", !parse_query(t, query + 1)))
        return -EINVAL;
    *ret_why = "The path must be plain: no dot or empty segments, no encoded slashes, no control "
               "characters, valid UTF-8.";
    int64_t decoded = decode(path, path_len, 0);
    if (decoded < 0 || !has_clean_segments(path))
        return -EINVAL;
    t->path = path;
    t->path_len = (size_t)decoded;
    return 0;
}

const char *target_query_nth(const struct target *t, const char *name, unsigned n)
{
    for (unsigned i = 0; i < t->n_pairs; i++)
        if (strcmp(t->pairs[i].name, name) == 0 && n-- == 0)
            return t->pairs[i].value;
    return NULL;
}

const char *target_query(const struct target *t, const char *name)
{
    return target_query_nth(t, name, 0);
}
