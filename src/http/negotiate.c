#include "http/negotiate.h"

#include "http/chars.h"

/* Is the element's weight zero? `p` stands behind the coding: ";q=0", "; q=0.000". */
static bool is_weight_zero(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == ';'))
        i++;
    if (n - i < 3 || char_lower(p[i]) != 'q' || p[i + 1] != '=' || p[i + 2] != '0')
        return false;
    for (i += 3; i < n; i++)
        if (p[i] != '.' && p[i] != '0' && p[i] != ' ' && p[i] != '\t')
            return false;
    return true;
}

static unsigned coding_bit(const char *name, size_t len)
{
    if (len == 2 && char_same_nocase(name, "br", 2))
        return CODING_BROTLI;
    if ((len == 4 && char_same_nocase(name, "gzip", 4)) ||
        (len == 6 && char_same_nocase(name, "x-gzip", 6)))
        return CODING_GZIP;
    return 0;
}

enum coding negotiate_coding(const char *accept_encoding, unsigned offered)
{
    unsigned accepted = 0;
    for (const char *p = accept_encoding; p && *p;) {
        p += strspn(p, " \t,");
        size_t len = strcspn(p, ","), name = char_span(p, len, CHAR_TOKEN);
        if (name && !is_weight_zero(p + name, len - name))
            accepted |= coding_bit(p, name);
        p += len;
    }
    accepted &= offered;
    return accepted & CODING_BROTLI ? CODING_BROTLI
           : accepted & CODING_GZIP ? CODING_GZIP
                                    : CODING_IDENTITY;
}

static const char *opaque(const char *tag)
{
    return tag[0] == 'W' && tag[1] == '/' ? tag + 2 : tag;
}

bool negotiate_has_tag(const char *if_none_match, const char *etag)
{
    if (!if_none_match || !etag)
        return false;
    if (strcmp(if_none_match, "*") == 0)
        return true;
    const char *want = opaque(etag);
    size_t want_len = strlen(want);
    for (const char *p = if_none_match; *p;) {
        p = opaque(p + strspn(p, " \t,"));
        const char *end = p[0] == '"' ? strchr(p + 1, '"') : NULL;
        if (!end)
            return false;
        size_t len = (size_t)(end - p) + 1;
        if (len == want_len && memcmp(p, want, len) == 0)
            return true;
        p += len;
    }
    return false;
}
