#include "node/keyed.h"

#include <assert.h>
#include <errno.h>

void keyed_init(struct keyed *k, struct series *s, const struct keyed_field *fields, size_t n,
                const char *labels)
{
    struct series_tmpl t[KEYED_FIELDS_MAX];
    assert(n <= KEYED_FIELDS_MAX);
    for (size_t i = 0; i < n; i++)
        t[i] = fields[i].series;
    *k = (struct keyed){.fields = fields, .n_fields = n, .first = series_add(s, t, n, labels)};
}

static void learn(struct keyed *k, struct scan s)
{
    k->n_lines = 0;
    memset(k->field_of, 0, sizeof k->field_of);
    for (uint16_t line = 0; line < KEYED_LINES_MAX && s.p < s.end; line++) {
        for (size_t i = 0; i < k->n_fields; i++) {
            if (!scan_text(&s, k->fields[i].key))
                continue;
            k->field_of[line] = (uint8_t)(i + 1);
            k->n_lines = (uint16_t)(line + 1);
            break;
        }
        scan_next_line(&s);
    }
}

static bool take(const struct keyed *k, double *to, struct scan s)
{
    for (uint16_t line = 0; line < k->n_lines; line++) {
        uint8_t f = k->field_of[line];
        uint64_t v;
        if (f && !(scan_text(&s, k->fields[f - 1].key) && scan_u64(&s, &v)))
            return false;
        if (f)
            to[f - 1] = (double)v * k->fields[f - 1].scale;
        scan_next_line(&s);
    }
    return k->n_lines > 0;
}

int keyed_read(struct keyed *k, struct series *s, struct scan text)
{
    double *to = series_at(s, k->first);
    if (k->n_lines && take(k, to, text))
        return 0;
    series_lose(s, k->first, k->n_fields);
    learn(k, text);
    return take(k, to, text) ? 0 : -EBADMSG;
}
