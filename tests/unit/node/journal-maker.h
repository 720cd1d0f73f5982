/* Makes a journal file, byte by byte as journald lays it out, so that tests have whatever sort they
 * need. */
#pragma once

#include "base/str.h"
#include "base/vec.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAKER_HEADER = 264, MAKER_BUCKETS = 3, MAKER_COMPACT = 16, MAKER_ZSTD = 8 };

struct maker_data {
    char *text; /* "FIELD=value" */
    uint64_t offset;
    VEC(uint64_t) entries;
};

struct maker {
    struct str bytes;
    bool compact;
    uint32_t flags;
    char seqnum_id; /* each of its bytes */
    uint64_t seqnum, head_us, tail_us;
    uint64_t buckets[MAKER_BUCKETS]; /* first field of each */
    VEC(struct maker_data) data;
    VEC(uint64_t) entries;
    /* Compresses with zstd what is longer than 512 bytes; NULL = nothing is. */
    size_t (*compress)(void *to, size_t room, const void *from, size_t n, int level);
};

static inline void maker_u64(struct maker *m, uint64_t v)
{
    v = htole64(v);
    str_add_n(&m->bytes, (const char *)&v, sizeof v);
}

static inline void maker_item(struct maker *m, uint64_t v)
{
    uint32_t small = htole32((uint32_t)v);
    if (m->compact)
        str_add_n(&m->bytes, (const char *)&small, sizeof small);
    else
        maker_u64(m, v);
}

static inline void maker_patch(struct maker *m, uint64_t at, uint64_t v)
{
    v = htole64(v);
    memcpy(m->bytes.p + at, &v, sizeof v);
}

static inline uint64_t maker_peek(const struct maker *m, uint64_t at)
{
    uint64_t v;
    memcpy(&v, m->bytes.p + at, sizeof v);
    return le64toh(v);
}

static inline uint64_t maker_object(struct maker *m, char type, char flags)
{
    while (m->bytes.len % 8)
        str_add_char(&m->bytes, 0);
    uint64_t at = m->bytes.len;
    char head[8] = {type, flags};
    str_add_n(&m->bytes, head, sizeof head);
    maker_u64(m, 0);
    return at;
}

static inline void maker_close(struct maker *m, uint64_t at)
{
    maker_patch(m, at + 8, m->bytes.len - at);
}

static inline struct maker maker_begin(bool compact, char seqnum_id)
{
    struct maker m = {
        .compact = compact, .seqnum_id = seqnum_id, .flags = compact ? MAKER_COMPACT : 0};
    static const char zeros[MAKER_HEADER];
    str_add_n(&m.bytes, zeros, sizeof zeros);
    return m;
}

/* Chains of three buckets, so that there are some. */
static inline uint64_t maker_field(struct maker *m, const char *text, size_t n)
{
    uint64_t last = 0, *first = &m->buckets[n % MAKER_BUCKETS];
    for (uint64_t at = *first; at; at = maker_peek(m, at + 24)) {
        if (maker_peek(m, at + 8) == 40 + n && memcmp(m->bytes.p + at + 40, text, n) == 0)
            return at;
        last = at;
    }
    uint64_t at = maker_object(m, 2, 0);
    for (int i = 0; i < 3; i++)
        maker_u64(m, 0);
    str_add_n(&m->bytes, text, n);
    maker_close(m, at);
    if (last)
        maker_patch(m, last + 24, at);
    else
        *first = at;
    return at;
}

static inline void maker_payload(struct maker *m, uint64_t at, const char *text)
{
    size_t n = strlen(text);
    char packed[4096];
    if (m->compress && n > 512) {
        n = m->compress(packed, sizeof packed, text, n, 1);
        text = packed;
        m->bytes.p[at + 1] = 4;
        m->flags |= MAKER_ZSTD;
    }
    str_add_n(&m->bytes, text, n);
}

static inline struct maker_data *maker_value(struct maker *m, const char *text)
{
    for (size_t i = 0; i < m->data.n; i++)
        if (str_eq(m->data.v[i].text, text))
            return &m->data.v[i];
    uint64_t field = maker_field(m, text, strcspn(text, "="));
    uint64_t at = maker_object(m, 1, 0);
    maker_u64(m, 0);                               /* hash */
    maker_u64(m, 0);                               /* next of the hash */
    maker_u64(m, maker_peek(m, field + 32));       /* next of the field */
    for (int i = 0; i < (m->compact ? 4 : 3); i++) /* entries: maker_end() knows */
        maker_u64(m, 0);
    maker_payload(m, at, text);
    maker_close(m, at);
    maker_patch(m, field + 32, at);
    struct maker_data *d = vec_add(&m->data);
    *d = (struct maker_data){.text = mem_strdup(text), .offset = at};
    return d;
}

/* An entry with "FIELD=value", …, NULL. */
static inline uint64_t maker_entry(struct maker *m, uint64_t time_us, ...)
{
    VEC(uint64_t) items = {0};
    va_list list;
    va_start(list, time_us);
    for (const char *text; (text = va_arg(list, const char *));)
        *vec_add(&items) = (uint64_t)(maker_value(m, text) - m->data.v);
    va_end(list);
    uint64_t at = maker_object(m, 3, 0);
    maker_u64(m, ++m->seqnum);
    maker_u64(m, time_us);
    maker_u64(m, time_us); /* since boot */
    for (int i = 0; i < 16; i++)
        str_add_char(&m->bytes, 'b');
    maker_u64(m, time_us * 31); /* hash of the whole */
    for (size_t i = 0; i < items.n; i++) {
        struct maker_data *d = &m->data.v[items.v[i]];
        maker_item(m, d->offset);
        if (!m->compact)
            maker_u64(m, 0);
        *vec_add(&d->entries) = at;
    }
    maker_close(m, at);
    vec_done(&items);
    *vec_add(&m->entries) = at;
    m->head_us = m->head_us ? m->head_us : time_us;
    m->tail_us = time_us;
    return at;
}

/* Arrays of 2, 4, 8 … entries. Returns the first one's offset. */
static inline uint64_t maker_arrays(struct maker *m, const uint64_t *v, size_t n)
{
    uint64_t first = 0, last = 0;
    for (size_t done = 0, room = 2; done < n; done += room, room *= 2) {
        uint64_t at = maker_object(m, 6, 0);
        maker_u64(m, 0);
        for (size_t i = 0; i < room; i++)
            maker_item(m, done + i < n ? v[done + i] : 0);
        maker_close(m, at);
        if (last)
            maker_patch(m, last + 16, at);
        first = first ? first : at;
        last = at;
    }
    return first;
}

static inline void maker_end(struct maker *m)
{
    for (size_t i = 0; i < m->data.n; i++) {
        struct maker_data *d = &m->data.v[i];
        uint64_t arrays =
            d->entries.n > 1 ? maker_arrays(m, d->entries.v + 1, d->entries.n - 1) : 0;
        maker_patch(m, d->offset + 40, d->entries.v[0]);
        maker_patch(m, d->offset + 48, arrays);
        maker_patch(m, d->offset + 56, d->entries.n);
    }
    uint64_t all = maker_arrays(m, m->entries.v, m->entries.n);
    uint64_t fields = maker_object(m, 5, 0) + 16;
    for (int i = 0; i < MAKER_BUCKETS; i++) {
        maker_u64(m, m->buckets[i]);
        maker_u64(m, 0);
    }
    maker_close(m, fields - 16);
    memcpy(m->bytes.p, "LPKSHHRH", 8);
    maker_patch(m, 8, (uint64_t)m->flags << 32);
    memset(m->bytes.p + 72, m->seqnum_id, 16);
    maker_patch(m, 88, MAKER_HEADER);
    maker_patch(m, 96, m->bytes.len - MAKER_HEADER);
    maker_patch(m, 120, fields);
    maker_patch(m, 128, MAKER_BUCKETS * 16);
    maker_patch(m, 152, m->entries.n);
    maker_patch(m, 176, all);
    maker_patch(m, 184, m->head_us);
    maker_patch(m, 192, m->tail_us);
}

static inline void maker_write(const struct maker *m, const char *path)
{
    FILE *f = fopen(path, "we");
    if (!f || fwrite(m->bytes.p, 1, m->bytes.len, f) != m->bytes.len || fclose(f) != 0)
        abort();
}

static inline void maker_done(struct maker *m)
{
    for (size_t i = 0; i < m->data.n; i++) {
        vec_done(&m->data.v[i].entries);
        mem_free(m->data.v[i].text);
    }
    vec_done(&m->data);
    vec_done(&m->entries);
    str_done(&m->bytes);
}
