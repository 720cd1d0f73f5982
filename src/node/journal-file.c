#include "node/journal-file.h"

#include "node/map-guard.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where things lie: struct Header and the objects of systemd's journal-def.h. */
enum {
    HEADER_MIN = 208,
    AT_INCOMPATIBLE = 12,
    AT_SEQNUM_ID = 72,
    AT_FIELDS = 120,
    AT_N_ENTRIES = 152,
    AT_ENTRY_ARRAY = 176,
    AT_HEAD_REALTIME = 184,
    AT_TAIL_REALTIME = 192,

    OBJECT_HEADER = 16,
    NEXT_HASH = 24, /* of data and fields */
    DATA_NEXT_FIELD = 32,
    DATA_ENTRY = 40,
    DATA_ENTRY_ARRAY = 48,
    DATA_N_ENTRIES = 56,
    DATA_PAYLOAD = 64,
    DATA_PAYLOAD_COMPACT = 72,
    FIELD_HEAD_DATA = 32,
    FIELD_PAYLOAD = 40,
    ENTRY_SEQNUM = 16,
    ENTRY_REALTIME = 24,
    ENTRY_MONOTONIC = 32,
    ENTRY_BOOT_ID = 40,
    ENTRY_XOR_HASH = 56,
    ENTRY_ITEMS = 64,
    ARRAY_NEXT = 16,
    ARRAY_ITEMS = 24,
    HASH_ITEM = 16,
};
enum { TYPE_DATA = 1, TYPE_FIELD = 2, TYPE_ENTRY = 3, TYPE_ENTRY_ARRAY = 6 };
enum { IS_XZ = 1, IS_LZ4 = 2, IS_ZSTD = 4 };
enum { KEYED_HASH = 4, COMPRESSED_ZSTD = 8, COMPACT = 16 };

static inline uint32_t u32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return le32toh(v);
}

static inline uint64_t u64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* The object at `offset` with its size, which holds at least `least`; NULL = there is none. */
static inline const unsigned char *object(const struct journal_file *f, uint64_t offset,
                                          unsigned type, size_t least, size_t *ret_n)
{
    if (offset & 7 || offset < HEADER_MIN || offset > f->n || f->n - offset < least)
        return NULL;
    const unsigned char *o = f->p + offset;
    uint64_t n = u64(o + 8);
    if (o[0] != type || n < least || n > f->n - offset)
        return NULL;
    *ret_n = (size_t)n;
    return o;
}

/* --- lists --- */

static size_t item_size(const struct journal_file *f)
{
    return f->is_compact ? 4 : 8;
}

/* Arrays are appended: each lies behind the one before. What is broken or lies beyond a file that
 * just grew is left out. */
static void add_arrays(const struct journal_file *f, uint64_t offset, uint64_t n,
                       struct journal_list *l)
{
    uint64_t last = 0;
    while (n && offset > last) {
        size_t size;
        const unsigned char *o = object(f, offset, TYPE_ENTRY_ARRAY, ARRAY_ITEMS, &size);
        if (!o || l->n_arrays == LIMIT_JOURNAL_ARRAYS)
            return;
        uint64_t here = (size - ARRAY_ITEMS) / item_size(f);
        here = here < n ? here : n;
        l->arrays[l->n_arrays++] = (struct journal_array){offset + ARRAY_ITEMS, here, l->n};
        l->n += here;
        n -= here;
        last = offset;
        offset = u64(o + ARRAY_NEXT);
    }
}

int journal_file_list(const struct journal_file *f, uint64_t data, struct journal_list *ret)
{
    size_t size;
    const unsigned char *o = object(f, data, TYPE_DATA, DATA_PAYLOAD, &size);
    uint64_t n = o ? u64(o + DATA_N_ENTRIES) : 0;
    if (!o)
        return -EBADMSG;
    *ret = (struct journal_list){.first = n ? u64(o + DATA_ENTRY) : 0, .n = n > 0};
    if (n)
        add_arrays(f, u64(o + DATA_ENTRY_ARRAY), n - 1, ret);
    return 0;
}

uint64_t journal_list_at(const struct journal_file *f, const struct journal_list *l, uint64_t i)
{
    if (l->first && i == 0)
        return l->first;
    for (unsigned k = l->n_arrays; k-- > 0;) {
        const struct journal_array *a = &l->arrays[k];
        if (i < a->before)
            continue;
        uint64_t at = i - a->before;
        if (at >= a->n)
            return 0;
        const unsigned char *p = f->p + a->offset + at * item_size(f);
        return f->is_compact ? u32(p) : u64(p);
    }
    return 0;
}

/* --- the file --- */

static int read_header(struct journal_file *f)
{
    static const uint32_t known = KEYED_HASH | COMPRESSED_ZSTD | COMPACT;
    if (f->n < HEADER_MIN || memcmp(f->p, "LPKSHHRH", 8) != 0)
        return -EBADMSG;
    uint32_t flags = u32(f->p + AT_INCOMPATIBLE);
    if (flags & ~known)
        return -EOPNOTSUPP;
    f->is_compact = flags & COMPACT;
    f->is_compressed = flags & COMPRESSED_ZSTD;
    memcpy(f->seqnum_id, f->p + AT_SEQNUM_ID, JOURNAL_ID_SIZE);
    f->head_us = (int64_t)u64(f->p + AT_HEAD_REALTIME);
    f->tail_us = (int64_t)u64(f->p + AT_TAIL_REALTIME);
    f->fields_offset = u64(f->p + AT_FIELDS);
    f->fields_n = u64(f->p + AT_FIELDS + 8) / HASH_ITEM;
    if (f->fields_offset > f->n || f->fields_n > (f->n - f->fields_offset) / HASH_ITEM)
        return -EBADMSG;
    return 0;
}

int journal_file_read(const void *bytes, size_t n, struct journal_file *ret)
{
    struct journal_file f = {.p = bytes, .n = n};
    int r = read_header(&f);
    if (r < 0)
        return r;
    add_arrays(&f, u64(f.p + AT_ENTRY_ARRAY), u64(f.p + AT_N_ENTRIES), &f.all);
    if (!f.all.n)
        return -ENODATA;
    *ret = f;
    return 0;
}

int journal_file_open(const char *path, struct journal_file *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EBADMSG;
    if (r == 0 && (st.st_size < HEADER_MIN || (uint64_t)st.st_size > SIZE_MAX / 2))
        r = st.st_size == 0 ? -ENODATA : -EBADMSG;
    void *p = r == 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (r == 0 && p == MAP_FAILED)
        r = -errno;
    close(fd);
    if (r < 0)
        return r;
    struct map_guard guard;
    map_guard_enter(&guard, p, (size_t)st.st_size);
    r = journal_file_read(p, (size_t)st.st_size, ret);
    if (map_guard_leave(&guard) && r >= 0)
        r = -EBADMSG;
    if (r < 0)
        munmap(p, (size_t)st.st_size);
    else
        ret->is_mapped = true;
    return r;
}

void journal_file_done(struct journal_file *f)
{
    union {
        const unsigned char *read_only;
        void *p;
    } map = {.read_only = f->p};
    if (f->is_mapped)
        munmap(map.p, f->n);
    *f = (struct journal_file){0};
}

/* --- values --- */

static size_t payload_at(const struct journal_file *f)
{
    return f->is_compact ? DATA_PAYLOAD_COMPACT : DATA_PAYLOAD;
}

int journal_file_data(const struct journal_file *f, uint64_t offset, const char **ret_bytes,
                      size_t *ret_n)
{
    size_t size, skip = payload_at(f);
    const unsigned char *o = object(f, offset, TYPE_DATA, skip, &size);
    if (!o || o[1] & (IS_XZ | IS_LZ4) || (o[1] & IS_ZSTD && !f->is_compressed))
        return -EBADMSG;
    *ret_bytes = (const char *)o + skip;
    *ret_n = size - skip;
    return (o[1] & IS_ZSTD) != 0;
}

/* Fields with the same hash: each lies behind the one before. */
static uint64_t find_field(const struct journal_file *f, const char *name)
{
    size_t size, n = strlen(name);
    for (uint64_t i = 0; i < f->fields_n; i++) {
        uint64_t last = 0, at = u64(f->p + f->fields_offset + i * HASH_ITEM);
        while (at > last) {
            const unsigned char *o = object(f, at, TYPE_FIELD, FIELD_PAYLOAD, &size);
            if (!o)
                break;
            if (size - FIELD_PAYLOAD == n && memcmp(o + FIELD_PAYLOAD, name, n) == 0)
                return at;
            last = at;
            at = u64(o + NEXT_HASH);
        }
    }
    return 0;
}

/* A field's values, the newest first: each lies before the one after. */
uint64_t journal_file_find(const struct journal_file *f, const char *field, const char *value)
{
    size_t size, n = strlen(field), n_value = strlen(value), len;
    uint64_t at = find_field(f, field), last = UINT64_MAX;
    const unsigned char *o = at ? object(f, at, TYPE_FIELD, FIELD_PAYLOAD, &size) : NULL;
    at = o ? u64(o + FIELD_HEAD_DATA) : 0;
    while (at && at < last) {
        const char *bytes;
        int r = journal_file_data(f, at, &bytes, &len);
        if (r < 0)
            return 0;
        if (r == 0 && len == n + 1 + n_value && memcmp(bytes + n + 1, value, n_value) == 0)
            return at;
        last = at;
        at = u64(f->p + at + DATA_NEXT_FIELD);
    }
    return 0;
}

/* --- entries --- */

void journal_file_expect(const struct journal_file *f, uint64_t offset)
{
    enum { LINE = 64, LINES_BEFORE = 4 };
    for (uint64_t i = 0; i <= LINES_BEFORE && offset < f->n && offset >= i * LINE; i++)
        __builtin_prefetch(f->p + offset - i * LINE);
}

static size_t entry_item_size(const struct journal_file *f)
{
    return f->is_compact ? 4 : 16;
}

int journal_file_entry(const struct journal_file *f, uint64_t offset, struct journal_entry *ret)
{
    size_t size;
    const unsigned char *o = object(f, offset, TYPE_ENTRY, ENTRY_ITEMS, &size);
    if (!o)
        return -EBADMSG;
    ret->offset = offset;
    ret->seqnum = u64(o + ENTRY_SEQNUM);
    ret->time_us = (int64_t)u64(o + ENTRY_REALTIME);
    ret->monotonic_us = u64(o + ENTRY_MONOTONIC);
    ret->xor_hash = u64(o + ENTRY_XOR_HASH);
    memcpy(ret->boot_id, o + ENTRY_BOOT_ID, JOURNAL_ID_SIZE);
    ret->items = o + ENTRY_ITEMS;
    ret->n_items = (size - ENTRY_ITEMS) / entry_item_size(f);
    return 0;
}

uint64_t journal_entry_item(const struct journal_file *f, const struct journal_entry *e, size_t i)
{
    const unsigned char *p = e->items + i * entry_item_size(f);
    return f->is_compact ? u32(p) : u64(p);
}
