#include "base/json.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* jansson recurses: refuse what nests deeper than anyone of ours sends, before it does. */
static bool too_deep(const char *p, size_t n)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > LIMIT_JSON_DEPTH)
                return true;
        } else if ((c == ']' || c == '}') && depth) {
            depth--;
        }
    }
    return false;
}

int json_parse(const char *text, size_t len, size_t max, struct err *e, json_t **ret_value)
{
    if (len > max)
        return err_set(e, -E2BIG, "The JSON text is %zu bytes long; at most %zu are taken.", len,
                       max);
    if (too_deep(text, len))
        return err_set(e, -EINVAL, "The JSON text nests deeper than %d levels.", LIMIT_JSON_DEPTH);
    json_error_t where;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!value)
        return err_set(e, -EINVAL, "Not valid JSON at line %d, column %d: %s.", where.line,
                       where.column, where.text);
    *ret_value = value;
    return 0;
}

const char *json_get_str(const json_t *object, const char *key, const char *otherwise)
{
    const json_t *v = json_object_get(object, key);
    return json_is_string(v) ? json_string_value(v) : otherwise;
}

int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

double json_get_num(const json_t *object, const char *key, double otherwise)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

bool json_get_bool(const json_t *object, const char *key, bool otherwise)
{
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_boolean_value(v) : otherwise;
}

struct jw jw_begin(struct str *out)
{
    return (struct jw){.out = out};
}

static void before_value(struct jw *w)
{
    uint64_t bit = 1ull << (w->depth & 63);
    if (w->depth && (w->started & bit))
        str_add_char(w->out, ',');
    w->started |= bit;
}

static void open_level(struct jw *w, char c)
{
    before_value(w);
    str_add_char(w->out, c);
    w->depth++;
    w->started &= ~(1ull << (w->depth & 63));
}

static void close_level(struct jw *w, char c)
{
    str_add_char(w->out, c);
    w->depth--;
}

void jw_object(struct jw *w)
{
    open_level(w, '{');
}

void jw_end_object(struct jw *w)
{
    close_level(w, '}');
}

void jw_array(struct jw *w)
{
    open_level(w, '[');
}

void jw_end_array(struct jw *w)
{
    close_level(w, ']');
}

static void add_escape(struct str *out, unsigned char c)
{
    static const char names[] = "\bb\tt\nn\ff\rr\"\"\\\\";
    for (size_t i = 0; i + 1 < sizeof names; i += 2)
        if ((unsigned char)names[i] == c) {
            str_add_char(out, '\\');
            str_add_char(out, names[i + 1]);
            return;
        }
    str_addf(out, "\\u%04x", c);
}

/* Length of a UTF-8 sequence by its first byte; validity is checked by str_is_utf8 on exactly those
 * bytes. */
static size_t sequence_length(const char *s, size_t left)
{
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    return n <= left && str_is_utf8(s, n) ? n : 0;
}

static void add_quoted(struct str *out, const char *s, size_t n)
{
    str_add_char(out, '"');
    size_t plain = 0;
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t step = c >= 0x80 ? sequence_length(s + i, n - i) : 1;
        bool special = c < 0x20 || c == '"' || c == '\\' || c == 0x7f || step == 0;
        if (!special) {
            i += step;
            continue;
        }
        str_add_n(out, s + plain, i - plain);
        if (step)
            add_escape(out, c);
        else
            str_add(out, "\xef\xbf\xbd");
        plain = ++i;
    }
    str_add_n(out, s + plain, n - plain);
    str_add_char(out, '"');
}

void jw_key(struct jw *w, const char *key)
{
    before_value(w);
    add_quoted(w->out, key, strlen(key));
    str_add_char(w->out, ':');
    w->started &= ~(1ull << (w->depth & 63)); /* no comma before the value of this key */
}

void jw_str_n(struct jw *w, const char *s, size_t n)
{
    before_value(w);
    add_quoted(w->out, s, n);
}

void jw_str(struct jw *w, const char *s)
{
    if (s)
        jw_str_n(w, s, strlen(s));
    else
        jw_null(w);
}

void jw_int(struct jw *w, int64_t v)
{
    before_value(w);
    str_add_i64(w->out, v);
}

void jw_uint(struct jw *w, uint64_t v)
{
    before_value(w);
    str_add_u64(w->out, v);
}

void jw_num(struct jw *w, double v)
{
    if (!isfinite(v)) {
        jw_null(w);
        return;
    }
    before_value(w);
    if (v == rint(v) && fabs(v) < 1e15) {
        str_add_i64(w->out, (int64_t)v);
        return;
    }
    char text[32];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, v);
        if (strtod(text, NULL) == v)
            break;
    }
    str_add(w->out, text);
}

void jw_fixed(struct jw *w, double v, int decimals)
{
    if (!isfinite(v)) {
        jw_null(w);
        return;
    }
    double scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    double scaled = rint(v * scale);
    if (fabs(scaled) >= 1e15) {
        jw_num(w, v);
        return;
    }
    before_value(w);
    int64_t n = (int64_t)scaled, unit = (int64_t)scale;
    if (n < 0)
        str_add_char(w->out, '-');
    uint64_t magnitude = (uint64_t)(n < 0 ? -n : n), fraction = magnitude % (uint64_t)unit;
    str_add_u64(w->out, magnitude / (uint64_t)unit);
    if (!fraction)
        return;
    char text[16];
    snprintf(text, sizeof text, "%0*llu", decimals, (unsigned long long)fraction);
    size_t n_text = strlen(text);
    while (n_text && text[n_text - 1] == '0')
        n_text--;
    str_add_char(w->out, '.');
    str_add_n(w->out, text, n_text);
}

void jw_bool(struct jw *w, bool v)
{
    before_value(w);
    str_add(w->out, v ? "true" : "false");
}

void jw_null(struct jw *w)
{
    before_value(w);
    str_add(w->out, "null");
}

void jw_raw(struct jw *w, const char *json, size_t n)
{
    before_value(w);
    str_add_n(w->out, json, n);
}

void jw_json(struct jw *w, const json_t *v)
{
    AUTO(mem_freep) char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text)
        jw_raw(w, text, strlen(text));
    else
        jw_null(w);
}

void jw_time(struct jw *w, int64_t wall_ms)
{
    char text[CLOCK_RFC3339_SIZE];
    jw_str(w, clock_rfc3339(wall_ms, text));
}

void jw_key_str(struct jw *w, const char *key, const char *s)
{
    jw_key(w, key);
    jw_str(w, s);
}

void jw_key_int(struct jw *w, const char *key, int64_t v)
{
    jw_key(w, key);
    jw_int(w, v);
}

void jw_key_uint(struct jw *w, const char *key, uint64_t v)
{
    jw_key(w, key);
    jw_uint(w, v);
}

void jw_key_num(struct jw *w, const char *key, double v)
{
    jw_key(w, key);
    jw_num(w, v);
}

void jw_key_bool(struct jw *w, const char *key, bool v)
{
    jw_key(w, key);
    jw_bool(w, v);
}

void jw_key_time(struct jw *w, const char *key, int64_t wall_ms)
{
    jw_key(w, key);
    if (wall_ms)
        jw_time(w, wall_ms);
    else
        jw_null(w);
}

void jw_key_strs(struct jw *w, const char *key, const struct str_list *l)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; i < l->n; i++)
        jw_str(w, l->v[i]);
    jw_end_array(w);
}
