#include "node/kernel-log.h"

#include "node/line.h"
#include "node/logs.h"

#include <ctype.h>

/* "sda, sector 1234" and "sda, sector 99" are the same complaint. */
static char *shape_of(const char *text)
{
    char *shape = mem_strdup(text), *to = shape;
    for (const char *at = text; *at; at++) {
        bool digit = isdigit((unsigned char)*at);
        if (!digit)
            *to++ = *at;
        else if (to == shape || to[-1] != '#')
            *to++ = '#';
    }
    *to = 0;
    return shape;
}

void kernel_log_add(struct kernel_log *l, int64_t time_ms, unsigned level, const char *text,
                    size_t len)
{
    AUTO(mem_freep)
    char *line = one_line(text, len < LIMIT_KERNEL_TEXT ? len : LIMIT_KERNEL_TEXT);
    if (!line)
        return;
    AUTO(mem_freep) char *shape = shape_of(line);
    for (size_t i = 0; i < l->v.n; i++) {
        struct kernel_entry *k = &l->v.v[i];
        if (!str_eq(k->shape, shape))
            continue;
        k->count++;
        k->first_ms = time_ms;
        return;
    }
    if (l->v.n >= LIMIT_KERNEL_ENTRIES) {
        l->cut = true;
        return;
    }
    *vec_add(&l->v) = (struct kernel_entry){.time_ms = time_ms,
                                            .first_ms = time_ms,
                                            .level = level,
                                            .count = 1,
                                            .text = TAKE(line),
                                            .shape = TAKE(shape)};
}

void kernel_log_print(const struct kernel_log *l, struct jw *w)
{
    jw_array(w);
    for (size_t i = 0; i < l->v.n; i++) {
        const struct kernel_entry *k = &l->v.v[i];
        jw_object(w);
        jw_key_time(w, "time", k->time_ms);
        jw_key_time(w, "first", k->first_ms);
        jw_key_str(w, "level", line_level_name((enum line_level)k->level));
        jw_key_str(w, "text", k->text);
        jw_key_uint(w, "count", k->count);
        jw_end_object(w);
    }
    jw_end_array(w);
}

void kernel_log_done(struct kernel_log *l)
{
    for (size_t i = 0; i < l->v.n; i++) {
        mem_free(l->v.v[i].text);
        mem_free(l->v.v[i].shape);
    }
    vec_done(&l->v);
}

static bool read_number(const char **at, const char *end, char closing, uint64_t *ret_v)
{
    uint64_t v = 0;
    const char *p = *at;
    while (p < end && *p >= '0' && *p <= '9' && v < UINT64_MAX / 16)
        v = v * 10 + (uint64_t)(*p++ - '0');
    if (p == *at || p == end || *p != closing)
        return false;
    *at = p + 1;
    *ret_v = v;
    return true;
}

int kmsg_parse(const char *record, size_t len, struct kmsg *ret_m)
{
    const char *at = record, *end = record + len;
    uint64_t priority, sequence, us;
    if (!read_number(&at, end, ',', &priority) || !read_number(&at, end, ',', &sequence) ||
        !read_number(&at, end, ',', &us) || us > INT64_MAX)
        return -EBADMSG;
    const char *text = memchr(at, ';', (size_t)(end - at));
    if (!text)
        return -EBADMSG;
    text++;
    const char *nl = memchr(text, '\n', (size_t)(end - text));
    *ret_m = (struct kmsg){.level = (unsigned)(priority & 7),
                           .facility = (unsigned)(priority >> 3),
                           .us = (int64_t)us,
                           .text = text,
                           .len = (size_t)((nl ? nl : end) - text)};
    return 0;
}
