#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void str_done(struct str *s)
{
    mem_free(s->p);
    *s = (struct str){0};
}

void str_clear(struct str *s)
{
    s->len = 0;
    if (s->p)
        s->p[0] = 0;
}

void str_reserve(struct str *s, size_t more)
{
    size_t need = s->len + more + 1;
    if (need <= s->cap)
        return;
    size_t cap = s->cap ? s->cap : 64;
    while (cap < need)
        cap += cap / 2 + 64;
    s->p = mem_realloc(s->p, cap);
    s->cap = cap;
}

void str_add(struct str *s, const char *text)
{
    str_add_n(s, text, strlen(text));
}

void str_addv(struct str *s, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    str_reserve(s, 32);
    int n = vsnprintf(s->p + s->len, s->cap - s->len, fmt, ap);
    if (n >= 0 && (size_t)n >= s->cap - s->len) {
        str_reserve(s, (size_t)n);
        n = vsnprintf(s->p + s->len, s->cap - s->len, fmt, again);
    }
    va_end(again);
    if (n > 0)
        s->len += (size_t)n;
}

void str_addf(struct str *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    str_addv(s, fmt, ap);
    va_end(ap);
}

void str_add_u64(struct str *s, uint64_t v)
{
    char digits[20];
    size_t n = sizeof digits;
    do
        digits[--n] = (char)('0' + v % 10);
    while (v /= 10);
    str_add_n(s, digits + n, sizeof digits - n);
}

void str_add_i64(struct str *s, int64_t v)
{
    if (v < 0)
        str_add_char(s, '-');
    str_add_u64(s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void str_add_bytes(struct str *s, uint64_t n)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    double v = (double)n;
    size_t u = 0;
    for (; v >= 1000 && u + 1 < COUNT_OF(units); u++)
        v /= 1000;
    str_addf(s, u && v < 10 ? "%.1f %s" : "%.0f %s", v, units[u]);
}

char *str_take(struct str *s)
{
    str_reserve(s, 0);
    s->p[s->len] = 0;
    char *p = s->p;
    *s = (struct str){0};
    return p;
}

bool str_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_eq_nocase(const char *a, const char *b)
{
    return a == b || (a && b && strcasecmp(a, b) == 0);
}

uint32_t str_hash(uint32_t h, const char *text)
{
    for (; text && *text; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

bool str_starts(const char *s, const char *prefix)
{
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = s ? strlen(s) : 0, m = strlen(suffix);
    return s && n >= m && strcmp(s + n - m, suffix) == 0;
}

bool str_is_empty(const char *s)
{
    return !s || !*s;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629: no surrogates, no overlong forms), 0 if
 * none. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool bad = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
               (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : n;
}

/* How many of the first bytes are ASCII, in steps of eight. */
static size_t ascii_length(const char *s, size_t n)
{
    size_t i = 0;
    for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        if (word & 0x8080808080808080ull)
            break;
    }
    return i;
}

bool str_is_utf8(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    for (size_t i = ascii_length(s, n), step; i < n; i += step)
        if (!(step = utf8_length(p + i, n - i)))
            return false;
    return true;
}

/* Would further bytes make a character of these? */
static bool is_cut_utf8(const unsigned char *p, size_t left)
{
    unsigned char low[4] = {0x80, 0x80, 0x80, 0x80}, high[4] = {0xbf, 0xbf, 0xbf, 0xbf};
    if (left >= sizeof low)
        return false;
    memcpy(low, p, left);
    memcpy(high, p, left);
    return utf8_length(low, sizeof low) > left || utf8_length(high, sizeof high) > left;
}

char *str_mend_utf8(char *s)
{
    unsigned char *p = (unsigned char *)s;
    for (size_t i = 0, n = s ? strlen(s) : 0, step; i < n; i += step) {
        step = utf8_length(p + i, n - i);
        if (!step && is_cut_utf8(p + i, n - i)) {
            s[i] = 0;
            break;
        }
        if (!step) {
            s[i] = '?';
            step = 1;
        }
    }
    return s;
}

char *str_trim(char *s)
{
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1]))
        s[--n] = 0;
    size_t skip = 0;
    while (isspace((unsigned char)s[skip]))
        skip++;
    memmove(s, s + skip, n - skip + 1);
    return s;
}

bool str_glob(const char *pattern, const char *s)
{
    const char *star = NULL, *retry = NULL;
    while (*s) {
        if (*pattern == '*') {
            star = pattern++;
            retry = s;
        } else if (*pattern == '?' || *pattern == *s) {
            pattern++;
            s++;
        } else if (star) {
            pattern = star + 1;
            s = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

int str_to_u64(const char *s, uint64_t *ret_v)
{
    if (str_is_empty(s))
        return -EINVAL;
    uint64_t v = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return -EINVAL;
        uint64_t digit = (uint64_t)(*s - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return -ERANGE;
        v = v * 10 + digit;
    }
    *ret_v = v;
    return 0;
}

int str_to_i64(const char *s, int64_t *ret_v)
{
    bool negative = s && *s == '-';
    uint64_t v = 0;
    int r = str_to_u64(negative ? s + 1 : s, &v);
    if (r < 0)
        return r;
    if (v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return -ERANGE;
    *ret_v = negative ? (int64_t)(0 - v) : (int64_t)v;
    return 0;
}

int str_to_double(const char *s, double *ret_v)
{
    if (str_is_empty(s) || isspace((unsigned char)*s))
        return -EINVAL;
    char *end;
    errno = 0;
    double v = strtod(s, &end);
    if (*end || !isfinite(v))
        return -EINVAL;
    *ret_v = v;
    return 0;
}

int str_to_bool(const char *s, bool *ret_v)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no",
                                                                                "off", "0"};
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        bool is_yes = str_eq_nocase(s, yes[i]);
        if (is_yes || str_eq_nocase(s, no[i])) {
            *ret_v = is_yes;
            return 0;
        }
    }
    return -EINVAL;
}

bool str_copy(char *dst, size_t size, const char *src)
{
    size_t n = strnlen(src, size);
    bool fits = n < size;
    if (!fits)
        n = size - 1;
    memcpy(dst, src, n);
    dst[n] = 0;
    return fits;
}

/* Levenshtein distance, bounded: names are short. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t n = strlen(a), m = strlen(b), row[LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < least ? change : least;
        }
    }
    return row[m];
}

const char *str_nearest(const char *s, const char *const *names)
{
    const char *best = NULL;
    size_t limit = strlen(s) / 2 + 1, least = limit + 1;
    for (; *names; names++) {
        size_t d = distance(s, *names);
        if (d < least) {
            least = d;
            best = *names;
        }
    }
    return best;
}

void str_hex(const void *bytes, size_t n, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        *ret_text++ = digits[p[i] >> 4];
        *ret_text++ = digits[p[i] & 15];
    }
    *ret_text = 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int str_unhex(const char *text, void *ret_bytes, size_t size)
{
    size_t n = strlen(text);
    if (n % 2)
        return -EINVAL;
    if (n / 2 > size)
        return -ENOSPC;
    unsigned char *out = ret_bytes;
    for (size_t i = 0; i < n / 2; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return (int)(n / 2);
}

void str_base64url(const void *bytes, size_t n, char *ret_text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)p[i] << 16 | (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (have > 2 ? (uint32_t)p[i + 2] : 0);
        for (size_t k = 0; k <= have; k++)
            *ret_text++ = digits[v >> (18 - 6 * k) & 63];
    }
    *ret_text = 0;
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int str_unbase64url(const char *text, void *ret_bytes, size_t size)
{
    size_t n = strlen(text), out_len = n / 4 * 3 + (n % 4 ? n % 4 - 1 : 0);
    if (n % 4 == 1)
        return -EINVAL;
    if (out_len > size)
        return -ENOSPC;
    unsigned char *out = ret_bytes;
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < n; i++) {
        int v = base64url_value(text[i]);
        if (v < 0)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *out++ = (unsigned char)(bits >> have);
        }
    }
    return (int)out_len;
}

void str_list_take(struct str_list *l, char *s)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 8;
        l->v = mem_realloc(l->v, l->cap * sizeof *l->v);
    }
    l->v[l->n++] = s;
}

void str_list_add(struct str_list *l, const char *s)
{
    str_list_take(l, mem_strdup(s));
}

void str_list_done(struct str_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->v[i]);
    mem_free(l->v);
    *l = (struct str_list){0};
}

bool str_list_has(const struct str_list *l, const char *s)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

void str_list_split(struct str_list *l, const char *s, char separator)
{
    while (s && *s) {
        const char *end = strchr(s, separator);
        size_t n = end ? (size_t)(end - s) : strlen(s);
        char *part = str_trim(mem_strndup(s, n));
        if (*part)
            str_list_take(l, part);
        else
            mem_free(part);
        s = end ? end + 1 : NULL;
    }
}

void str_list_copy(struct str_list *to, const struct str_list *from)
{
    for (size_t i = 0; i < from->n; i++)
        str_list_add(to, from->v[i]);
}
