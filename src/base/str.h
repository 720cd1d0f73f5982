/* Strings: a growing buffer, and the few predicates and parsers that everyone needs. */
#pragma once

#include "base/mem.h"

#include <stdarg.h>

/* A growing byte string, always NUL-terminated once something was appended. Zero-initialise;
 * str_done() frees. */
struct str {
    char *p;
    size_t len, cap;
};

void str_done(struct str *s);
void str_clear(struct str *s); /* keeps the memory */
void str_reserve(struct str *s, size_t more);
void str_add(struct str *s, const char *text);
void str_addf(struct str *s, const char *fmt, ...) PRINTF(2, 3);
void str_addv(struct str *s, const char *fmt, va_list ap);
void str_add_u64(struct str *s, uint64_t v);
void str_add_i64(struct str *s, int64_t v);
void str_add_bytes(struct str *s, uint64_t n); /* as people say it: "640 bytes", "1.2 GB" */
char *str_take(struct str *s); /* the text (never NULL); the caller frees with mem_free() */

static inline void str_add_n(struct str *s, const void *bytes, size_t n)
{
    if (s->cap - s->len <= n)
        str_reserve(s, n);
    if (n)
        memcpy(s->p + s->len, bytes, n);
    s->len += n;
    s->p[s->len] = 0;
}

static inline void str_add_char(struct str *s, char c)
{
    if (s->cap - s->len <= 1)
        str_reserve(s, 1);
    s->p[s->len++] = c;
    s->p[s->len] = 0;
}

static inline const char *str_text(const struct str *s)
{
    return s->p ? s->p : "";
}

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_eq_nocase(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_is_empty(const char *s); /* NULL or "" */
bool str_is_utf8(const char *s, size_t n);

/* FNV-1a over `text`, onto STR_HASH or an earlier hash. To spread things, not to protect: who
 * chooses the text chooses the hash. */
#define STR_HASH 2166136261u
uint32_t str_hash(uint32_t h, const char *text); /* NULL = nothing */

/* In place, for what others' programs say: a byte that is no UTF-8 becomes '?', a character that is
 * cut off at the end is dropped. Returns `s`, which may be NULL. */
char *str_mend_utf8(char *s);
char *str_trim(char *s); /* in place: ASCII white space off both ends */

/* Glob with `*` and `?`, whole string, case-sensitive, linear time. */
bool str_glob(const char *pattern, const char *s);

/* Whole-string numbers, no sign games, no white space. -EINVAL, -ERANGE. */
int str_to_u64(const char *s, uint64_t *ret_v) MUST_CHECK;
int str_to_i64(const char *s, int64_t *ret_v) MUST_CHECK;
int str_to_double(const char *s, double *ret_v) MUST_CHECK;
int str_to_bool(const char *s, bool *ret_v) MUST_CHECK; /* true/false, yes/no, on/off, 1/0 */

/* Copies with truncation, always terminated. Returns true when all of it fit. */
bool str_copy(char *dst, size_t size, const char *src);

/* The nearest of `names` (NULL-terminated) by edit distance, for "did you mean"; NULL when none is
 * near. */
const char *str_nearest(const char *s, const char *const *names);

/* Hex and unpadded base64url; encoders need 2n + 1 and 4*ceil(n/3) + 1 bytes. Decoders return the
 * length or -EINVAL, -ENOSPC. */
void str_hex(const void *bytes, size_t n, char *ret_text);
int str_unhex(const char *text, void *ret_bytes, size_t size) MUST_CHECK;
void str_base64url(const void *bytes, size_t n, char *ret_text);
int str_unbase64url(const char *text, void *ret_bytes, size_t size) MUST_CHECK;

/* An array of strings that owns its strings. Zero-initialise. */
struct str_list {
    char **v;
    size_t n, cap;
};
void str_list_add(struct str_list *l, const char *s);
void str_list_take(struct str_list *l, char *s); /* ownership of `s` moves in */
void str_list_done(struct str_list *l);
bool str_list_has(const struct str_list *l, const char *s);
void str_list_split(struct str_list *l, const char *s,
                    char separator);                                  /* trims, drops empty parts */
void str_list_copy(struct str_list *to, const struct str_list *from); /* appends copies */
