/* The files of the spool: how a segment and a record look, and what is found at the start. */
#include "agent/spool-private.h"

#include "base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char magic[8] = "HYSPOOL1";

static void put_le(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get_le(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static uint32_t crc(const void *bytes, size_t n)
{
    return (uint32_t)crc32_z(0, bytes, n);
}

void segment_path(const struct spool *s, uint64_t number, char ret_path[4096])
{
    snprintf(ret_path, 4096, "%s/%016llx.log", s->dir, (unsigned long long)number);
}

void table_path(const struct spool *s, uint32_t table, char ret_path[4096])
{
    snprintf(ret_path, 4096, "%s/%08x.series", s->dir, (unsigned)table);
}

/* magic, number of the first record, table, level, CRC of all that */
void segment_header_print(const struct segment *g, uint8_t ret_bytes[SEGMENT_HEADER])
{
    memset(ret_bytes, 0, SEGMENT_HEADER);
    memcpy(ret_bytes, magic, sizeof magic);
    put_le(ret_bytes + 8, g->first, 8);
    put_le(ret_bytes + 16, g->table, 4);
    ret_bytes[20] = g->level;
    put_le(ret_bytes + 28, crc(ret_bytes, 28), 4);
}

bool segment_header_parse(const uint8_t bytes[SEGMENT_HEADER], struct segment *ret_g)
{
    if (memcmp(bytes, magic, sizeof magic) != 0 || get_le(bytes + 28, 4) != crc(bytes, 28))
        return false;
    ret_g->first = get_le(bytes + 8, 8);
    ret_g->table = (uint32_t)get_le(bytes + 16, 4);
    ret_g->level = bytes[20];
    return ret_g->level < LEVEL_NONE;
}

void record_print(uint64_t sequence, enum spool_kind kind, const void *bytes, size_t len,
                  struct str *out)
{
    uint8_t head[RECORD_HEADER];
    size_t from = out->len;
    put_le(head, len, 4);
    put_le(head + 8, sequence, 8);
    head[16] = (uint8_t)kind;
    str_add_n(out, head, sizeof head);
    str_add_n(out, bytes, len);
    put_le((uint8_t *)out->p + from + 4, crc(out->p + from + 8, out->len - from - 8), 4);
}

int record_read(int fd, uint64_t offset, struct str *buf, struct spool_record *ret_r)
{
    uint8_t head[RECORD_HEADER];
    ssize_t n = pread(fd, head, sizeof head, (off_t)offset);
    if (n == 0)
        return 0;
    uint64_t len = n == (ssize_t)sizeof head ? get_le(head, 4) : UINT64_MAX;
    if (len > LIMIT_SPOOL_RECORD)
        return -EBADMSG;
    str_clear(buf);
    str_add_n(buf, head + 8, sizeof head - 8);
    str_reserve(buf, len + 1);
    n = pread(fd, buf->p + buf->len, len, (off_t)(offset + sizeof head));
    if (n != (ssize_t)len)
        return -EBADMSG;
    buf->len += len;
    unsigned kind = head[16];
    if (crc(buf->p, buf->len) != get_le(head + 4, 4) || kind < SPOOL_REPORT || kind > SPOOL_FRAME)
        return -EBADMSG;
    *ret_r = (struct spool_record){.sequence = get_le(head + 8, 8),
                                   .kind = (enum spool_kind)kind,
                                   .bytes = (uint8_t *)buf->p + sizeof head - 8,
                                   .len = len};
    return 1;
}

/* --- the start --- */

/* Walks through a segment and cuts off what is no whole record. false = there is nothing in it. */
static bool scan_segment(struct spool *s, struct segment *g)
{
    char path[4096];
    uint8_t head[SEGMENT_HEADER];
    struct spool_record r;
    struct stat st;
    segment_path(s, g->number, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && segment_header_parse(head, g)) {
        g->size = SEGMENT_HEADER;
        while (record_read(fd, g->size, &s->buf, &r) == 1 && r.sequence > g->last &&
               r.sequence >= g->first) {
            g->last = r.sequence;
            g->size += RECORD_HEADER + r.len;
        }
        if (fstat(fd, &st) == 0 && (uint64_t)st.st_size > g->size) {
            log_warn("agent", "the end of a spool file was cut off", "file=%s bytes=%lld", path,
                     (long long)st.st_size - (long long)g->size);
            if (ftruncate(fd, (off_t)g->size) < 0)
                g->last = 0;
        }
    }
    close(fd);
    return g->last > 0;
}

static int by_number(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* "0000000000000012.log" → 18 */
static bool parse_name(const char *name, const char *suffix, size_t digits, uint64_t *ret_number)
{
    char *end;
    if (strlen(name) != digits + strlen(suffix) || !str_ends(name, suffix))
        return false;
    *ret_number = strtoull(name, &end, 16);
    return end == name + digits;
}

/* `only_unused`: tables that no segment needs, and halves of files that were being replaced. */
static void list(struct spool *s, DIR *d, bool only_unused)
{
    char path[4608];
    for (const struct dirent *f; (f = readdir(d));) {
        uint64_t number;
        bool is_unused = str_ends(f->d_name, ".new");
        if (!only_unused && parse_name(f->d_name, ".log", 16, &number)) {
            struct segment g = {.number = number};
            *(struct segment *)vec_add(&s->segments) = g;
        } else if (only_unused && parse_name(f->d_name, ".series", 8, &number)) {
            is_unused = true;
            for (size_t i = 0; i < s->segments.n; i++)
                if (s->segments.v[i].table == number)
                    is_unused = false;
            if (number > s->table)
                s->table = (uint32_t)number;
        }
        if (only_unused && is_unused) {
            snprintf(path, sizeof path, "%s/%s", s->dir, f->d_name);
            unlink(path);
        }
    }
    rewinddir(d);
}

static uint64_t read_acknowledged(const struct spool *s)
{
    char path[4096];
    uint8_t b[12] = {0};
    snprintf(path, sizeof path, "%s/acknowledged", s->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok =
        fd >= 0 && read(fd, b, sizeof b) == (ssize_t)sizeof b && get_le(b + 8, 4) == crc(b, 8);
    if (fd >= 0)
        close(fd);
    return ok ? get_le(b, 8) : 0;
}

int spool_scan(struct spool *s, struct err *e)
{
    char path[4096];
    if (mkdir(s->dir, 0700) < 0 && errno != EEXIST)
        return err_set(e, -errno, "The folder %s can't be made: %s.", s->dir, strerror(errno));
    DIR *d = opendir(s->dir);
    if (!d)
        return err_set(e, -errno, "The folder %s can't be read: %s.", s->dir, strerror(errno));
    list(s, d, false);
    if (s->segments.n)
        qsort(s->segments.v, s->segments.n, sizeof *s->segments.v, by_number);
    s->acknowledged = read_acknowledged(s);
    s->next = s->acknowledged + 1;
    for (size_t i = 0; i < s->segments.n;) {
        struct segment *g = &s->segments.v[i];
        if (!scan_segment(s, g)) {
            segment_path(s, g->number, path);
            unlink(path);
            vec_remove_at(&s->segments, i);
            continue;
        }
        s->bytes += g->size;
        if (g->last >= s->next)
            s->next = g->last + 1;
        i++;
    }
    list(s, d, true);
    closedir(d);
    return 0;
}

void spool_remove_all(const char *dir)
{
    char path[4608];
    DIR *d = opendir(dir);
    for (const struct dirent *f; d && (f = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", dir, f->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
}
