/* Reading text of /proc and /sys in one pass, without copying.
 *
 * The text ends with a NUL at `end`, which no digit and no word contains: loops need no other
 * bound. Every function leaves `p` at or before `end`, whatever the text. */
#pragma once

#include "base/mem.h"

struct scan {
    const char *p, *end;
};

static inline void scan_blanks(struct scan *s)
{
    while (*s->p == ' ' || *s->p == '\t')
        s->p++;
}

/* The next number of this line, after blanks; false (and nothing but blanks consumed) when there is
 * none. More than 64 bits wrap. */
static inline bool scan_u64(struct scan *s, uint64_t *ret_v)
{
    scan_blanks(s);
    unsigned d = (unsigned char)*s->p - (unsigned)'0';
    if (d > 9)
        return false;
    uint64_t v = d;
    while ((d = (unsigned char)*++s->p - (unsigned)'0') <= 9)
        v = v * 10 + d;
    *ret_v = v;
    return true;
}

static inline bool scan_i64(struct scan *s, int64_t *ret_v)
{
    scan_blanks(s);
    bool negative = *s->p == '-';
    s->p += negative;
    uint64_t v;
    if (!scan_u64(s, &v))
        return false;
    *ret_v = (int64_t)(negative ? 0 - v : v);
    return true;
}

/* A number with an optional fraction: "0.52". */
static inline bool scan_decimal(struct scan *s, double *ret_v)
{
    uint64_t whole;
    if (!scan_u64(s, &whole))
        return false;
    double v = (double)whole;
    if (*s->p == '.') {
        double unit = 1;
        uint64_t part = 0;
        for (unsigned d; (d = (unsigned char)*++s->p - (unsigned)'0') <= 9 && unit < 1e15;) {
            part = part * 10 + d;
            unit *= 10;
        }
        v += (double)part / unit;
    }
    *ret_v = v;
    return true;
}

/* Up to `n` numbers of this line; returns how many there were. */
static inline unsigned scan_numbers(struct scan *s, uint64_t *ret_v, unsigned n)
{
    unsigned got = 0;
    while (got < n && scan_u64(s, &ret_v[got]))
        got++;
    return got;
}

/* The next word of this line (up to a blank, the line's end or `stop`), after blanks; its length, 0
 * when there is none. Consumes the word, not what ended it. */
static inline size_t scan_word(struct scan *s, char stop, const char **ret_word)
{
    scan_blanks(s);
    const char *p = s->p;
    while (*p && *p != ' ' && *p != '\t' && *p != '\n' && *p != stop)
        p++;
    *ret_word = s->p;
    size_t n = (size_t)(p - s->p);
    s->p = p;
    return n;
}

/* Consumes `text` when it stands here. */
static inline bool scan_text(struct scan *s, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, text, n) != 0)
        return false;
    s->p += n;
    return true;
}

/* To the beginning of the next line; false at the end of the text. */
static inline bool scan_next_line(struct scan *s)
{
    const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));
    s->p = nl ? nl + 1 : s->end;
    return s->p < s->end;
}
