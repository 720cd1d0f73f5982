/* Classes of bytes, after RFC 9110 section 5.6.2 and RFC 3986. */
#pragma once

#include "base/mem.h"

enum char_class {
    CHAR_TOKEN = 1,  /* of a method or a field name */
    CHAR_VALUE = 2,  /* of a field value: visible, space, tab, obs-text */
    CHAR_TARGET = 4, /* of a request target */
    CHAR_HOST = 8,   /* of a registered name or an IPv4 address */
};

extern const unsigned char char_classes[256];

static inline bool char_is(char c, enum char_class class)
{
    return char_classes[(unsigned char)c] & class;
}

/* How many bytes from `p` on are of that class. */
static inline size_t char_span(const char *p, size_t n, enum char_class class)
{
    const unsigned char *u = (const unsigned char *)p, *c = char_classes;
    size_t i = 0;
    while (n - i >= 4 && (c[u[i]] & c[u[i + 1]] & c[u[i + 2]] & c[u[i + 3]] & class))
        i += 4;
    while (i < n && (c[u[i]] & class))
        i++;
    return i;
}

int char_hex(char c); /* 0 … 15; -1 */

static inline char char_lower(char c) /* ASCII */
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool char_same_nocase(const char *a, const char *b, size_t n) /* ASCII */
{
    for (size_t i = 0; i < n; i++)
        if (char_lower(a[i]) != char_lower(b[i]))
            return false;
    return true;
}
