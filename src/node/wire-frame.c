#include "node/wire-frame.h"

#include <errno.h>
#include <math.h>

enum { SPECIAL = 3, SPECIAL_NAN = 0, SPECIAL_RAW = 1, VARINT_MAX = 10 };

static const double units[] = {1, 100, 1000000};
static const double exact = 4503599627370496; /* 2^52: integers up to here have neighbours */

void wire_values_done(struct wire_values *w)
{
    mem_free(w->v);
    *w = (struct wire_values){0};
}

/* New values begin as 0, on both ends. */
static void resize(struct wire_values *w, uint32_t n)
{
    if (n > w->cap) {
        w->cap = n;
        w->v = mem_realloc(w->v, n * sizeof *w->v);
    }
    for (uint32_t i = w->n; i < n; i++)
        w->v[i] = 0;
    w->n = n;
}

/* To the bit: 0 and -0 differ. */
static bool same(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y || (isnan(a) && isnan(b));
}

int64_t wire_nearest(double v)
{
    int64_t n = (int64_t)v;
    double rest = v - (double)n; /* exact */
    return n + (rest >= 0.5) - (rest <= -0.5);
}

/* In whole units, when it is such a number. */
static bool in_units(double v, double unit, int64_t *ret_n)
{
    double scaled = v * unit;
    if (!(fabs(scaled) < exact)) /* also NaN */
        return false;
    *ret_n = wire_nearest(scaled);
    return same((double)*ret_n / unit, v);
}

static int64_t base_of(double before, double unit)
{
    double scaled = before * unit;
    return fabs(scaled) < exact ? wire_nearest(scaled) : 0;
}

static void add_varint(struct str *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        str_add_char(out, (char)(v | 0x80));
    str_add_char(out, (char)v);
}

static void add_value(struct str *out, double before, double v)
{
    int64_t n;
    for (unsigned i = 0; i < COUNT_OF(units); i++)
        if (in_units(v, units[i], &n)) {
            int64_t d = n - base_of(before, units[i]);
            add_varint(out, ((uint64_t)d << 1 ^ (uint64_t)(d >> 63)) << 2 | i);
            return;
        }
    add_varint(out, (uint64_t)(isnan(v) ? SPECIAL_NAN : SPECIAL_RAW) << 2 | SPECIAL);
    if (!isnan(v))
        str_add_n(out, &v, sizeof v);
}

void wire_frame_print(struct wire_values *before, const struct frame *f, struct str *out)
{
    resize(before, f->n);
    for (uint32_t i = 0; i < f->n;) {
        uint32_t from = i, end;
        while (from < f->n && same(before->v[from], f->values[from]))
            from++;
        for (end = from; end < f->n && !same(before->v[end], f->values[end]); end++)
            ;
        if (from == f->n)
            break;
        add_varint(out, from - i);
        add_varint(out, end - from);
        for (i = from; i < end; i++) {
            add_value(out, before->v[i], f->values[i]);
            before->v[i] = f->values[i];
        }
    }
}

static bool take_varint(const uint8_t **p, const uint8_t *end, uint64_t *ret_v)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < VARINT_MAX && *p < end; i++) {
        uint8_t b = *(*p)++;
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80)) {
            *ret_v = v;
            return true;
        }
    }
    return false;
}

static bool take_value(const uint8_t **p, const uint8_t *end, double *v)
{
    uint64_t code;
    if (!take_varint(p, end, &code))
        return false;
    unsigned kind = code & 3;
    code >>= 2;
    if (kind != SPECIAL) {
        int64_t d = (int64_t)(code >> 1 ^ (~(code & 1) + 1));
        *v = (double)(base_of(*v, units[kind]) + d) / units[kind];
        return true;
    }
    if (code == SPECIAL_NAN) {
        *v = (double)NAN;
        return true;
    }
    if (code != SPECIAL_RAW || (size_t)(end - *p) < sizeof *v)
        return false;
    memcpy(v, *p, sizeof *v);
    *p += sizeof *v;
    return true;
}

static bool take_values(double *v, uint32_t n, const uint8_t *p, const uint8_t *end)
{
    uint64_t i = 0, stay, follow;
    while (p < end) {
        if (!take_varint(&p, end, &stay) || !take_varint(&p, end, &follow) || stay > n - i ||
            follow > n - i - stay)
            return false;
        for (i += stay; follow > 0; follow--, i++)
            if (!take_value(&p, end, &v[i]))
                return false;
    }
    return true;
}

int wire_frame_parse(struct wire_values *before, int64_t time_ms, uint32_t n, const uint8_t *bytes,
                     size_t len, struct frame **ret_f)
{
    if (n > LIMIT_WIRE_SERIES)
        return -EMSGSIZE;
    resize(before, n);
    if (len && !take_values(before->v, n, bytes, bytes + len))
        return -EBADMSG;
    struct frame *f = mem_alloc(sizeof *f + n * sizeof f->values[0]);
    f->time_ms = time_ms;
    f->n = n;
    if (n)
        memcpy(f->values, before->v, n * sizeof f->values[0]);
    *ret_f = f;
    return 0;
}
