/* JSON: jansson for values that are read, a writer into `struct str` for what is sent.
 *
 * Reading is strict: limits on size and depth, duplicate keys refused, errors with position. The
 * writer builds text directly (no tree); it never fails and emits only valid JSON as long as begin
 * and end calls match. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

enum { LIMIT_JSON_DEPTH = 64 };

/* Parses one JSON text of at most `max` bytes. -EINVAL with a sentence, -E2BIG. */
int json_parse(const char *text, size_t len, size_t max, struct err *e,
               json_t **ret_value) MUST_CHECK;

/* Members, with a default when absent or of another type. */
const char *json_get_str(const json_t *object, const char *key, const char *otherwise);
int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise);
double json_get_num(const json_t *object, const char *key, double otherwise);
bool json_get_bool(const json_t *object, const char *key, bool otherwise);

/* A writer. One level of nesting is one bit: at most LIMIT_JSON_DEPTH. */
struct jw {
    struct str *out;
    uint64_t started; /* bit d: a value was written at depth d, so a comma is due */
    unsigned depth;
};

struct jw jw_begin(struct str *out);
void jw_object(struct jw *w);
void jw_end_object(struct jw *w);
void jw_array(struct jw *w);
void jw_end_array(struct jw *w);
void jw_key(struct jw *w, const char *key);
void jw_str(struct jw *w, const char *s); /* NULL is null; bytes that are no UTF-8 become U+FFFD */
void jw_str_n(struct jw *w, const char *s, size_t n);
void jw_int(struct jw *w, int64_t v);
void jw_uint(struct jw *w, uint64_t v);
void jw_num(struct jw *w, double v); /* NaN and infinities are null; shortest that reads back */
void jw_fixed(struct jw *w, double v, int decimals); /* rounded; trailing zeros cut */
void jw_bool(struct jw *w, bool v);
void jw_null(struct jw *w);
void jw_raw(struct jw *w, const char *json, size_t n); /* a JSON text as it is */
void jw_json(struct jw *w, const json_t *v);           /* NULL is null */
void jw_time(struct jw *w, int64_t wall_ms);           /* RFC 3339 */

void jw_key_str(struct jw *w, const char *key, const char *s);
void jw_key_int(struct jw *w, const char *key, int64_t v);
void jw_key_uint(struct jw *w, const char *key, uint64_t v);
void jw_key_num(struct jw *w, const char *key, double v);
void jw_key_bool(struct jw *w, const char *key, bool v);
void jw_key_time(struct jw *w, const char *key, int64_t wall_ms); /* 0 is null */
void jw_key_strs(struct jw *w, const char *key, const struct str_list *l);
