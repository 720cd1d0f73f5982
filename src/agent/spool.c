#include "agent/spool-private.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

enum { SEGMENT_MIN = 16 << 10, LIMIT_TABLE = 32 << 20 };

/* --- life --- */

int spool_open(const struct spool_settings *settings, struct err *e, struct spool **ret_s)
{
    struct spool *s = mem_alloc(sizeof *s);
    s->dir = mem_strdup(settings->dir);
    s->limit = settings->limit ? settings->limit : LIMIT_SPOOL;
    s->segment_max = s->limit / SPOOL_SEGMENTS;
    if (s->segment_max < SEGMENT_MIN)
        s->segment_max = SEGMENT_MIN;
    s->out = s->at.fd = -1;
    int r = spool_scan(s, e);
    if (r < 0) {
        spool_close(s);
        return r;
    }
    if (s->next < settings->first)
        s->next = settings->first;
    s->table++; /* names of series are this process's */
    spool_rewind(s);
    spool_thin(s);
    *ret_s = s;
    return 0;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    close_fd(&s->out);
    close_fd(&s->at.fd);
    vec_done(&s->segments);
    str_done(&s->buf);
    mem_free(s->dir);
    mem_free(s);
}

uint64_t spool_bytes(const struct spool *s)
{
    return s->bytes;
}

const char *spool_trouble(const struct spool *s)
{
    return s->trouble.code ? s->trouble.text : NULL;
}

static void note_trouble(struct spool *s, int code)
{
    if (!s->trouble.code)
        log_warn("agent", "what the hub misses can't be kept", "folder=%s error=%s", s->dir,
                 strerror(-code));
    err_set(&s->trouble, code, "%s can't be written: %s.", s->dir, strerror(-code));
}

static void note_success(struct spool *s)
{
    if (s->trouble.code)
        log_info("agent", "what the hub misses is kept again", "folder=%s", s->dir);
    s->trouble = (struct err){0};
}

/* --- segments --- */

static bool is_table_used(const struct spool *s, uint32_t table)
{
    for (size_t i = 0; i < s->segments.n; i++)
        if (s->segments.v[i].table == table)
            return true;
    return false;
}

void spool_remove(struct spool *s, size_t i)
{
    struct segment g = s->segments.v[i];
    char path[4096];
    segment_path(s, g.number, path);
    unlink(path);
    s->bytes -= g.size;
    if (i + 1 == s->segments.n)
        close_fd(&s->out);
    vec_remove_at(&s->segments, i);
    if (g.table != s->table && !is_table_used(s, g.table)) {
        table_path(s, g.table, path);
        unlink(path);
    }
}

static int begin_segment(struct spool *s)
{
    struct segment g = {.number = s->segments.n ? s->segments.v[s->segments.n - 1].number + 1
                                                : s->at.segment + 1,
                        .first = s->next,
                        .table = s->table,
                        .size = SEGMENT_HEADER};
    char path[4096];
    uint8_t head[SEGMENT_HEADER];
    segment_header_print(&g, head);
    segment_path(s, g.number, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t n = pwrite(fd, head, sizeof head, 0);
    if (n != (ssize_t)sizeof head) {
        close(fd);
        unlink(path);
        return n < 0 ? -errno : -ENOSPC;
    }
    s->out = fd;
    s->has_key = false;
    s->bytes += g.size;
    *(struct segment *)vec_add(&s->segments) = g;
    return 0;
}

/* --- writing --- */

static int write_record(struct spool *s, enum spool_kind kind, const void *bytes, size_t len)
{
    AUTO(str_done) struct str text = {0};
    if (len > LIMIT_SPOOL_RECORD)
        return -EMSGSIZE;
    int r = s->out < 0 ? begin_segment(s) : 0;
    if (r < 0)
        return r;
    struct segment *g = &s->segments.v[s->segments.n - 1];
    record_print(s->next, kind, bytes, len, &text);
    ssize_t n = pwrite(s->out, text.p, text.len, (off_t)g->size);
    if (n != (ssize_t)text.len) {
        r = n < 0 ? -errno : -ENOSPC;
        if (ftruncate(s->out, (off_t)g->size) < 0)
            close_fd(&s->out); /* a torn record ends that file */
        return r;
    }
    g->last = s->next;
    g->size += text.len;
    s->bytes += text.len;
    return 0;
}

static void count_frames(struct spool *s, enum spool_kind kind)
{
    if (kind == SPOOL_KEY) {
        s->has_key = true;
        s->frames_since_key = 1;
    } else if (kind == SPOOL_FRAME) {
        s->frames_since_key++;
    }
}

uint64_t spool_add(struct spool *s, enum spool_kind kind, const void *bytes, size_t len)
{
    int r = write_record(s, kind, bytes, len);
    if (r < 0) {
        note_trouble(s, r);
        s->has_key = false; /* a difference may have been lost */
    } else {
        note_success(s);
        count_frames(s, kind);
        if (s->segments.v[s->segments.n - 1].size >= s->segment_max)
            close_fd(&s->out);
        spool_thin(s);
    }
    return s->next++;
}

uint64_t spool_number(struct spool *s)
{
    return s->next++;
}

bool spool_wants_key(const struct spool *s)
{
    return s->out < 0 || !s->has_key || s->frames_since_key >= SPOOL_KEY_EVERY;
}

/* --- tables --- */

static int append(const char *path, bool is_new, const void *bytes, size_t len)
{
    uint32_t head[2] = {(uint32_t)len, (uint32_t)crc32_z(0, bytes, len)};
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | (is_new ? O_TRUNC : 0) | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    AUTO(str_done) struct str text = {0};
    str_add_n(&text, head, sizeof head);
    str_add_n(&text, bytes, len);
    ssize_t n = write(fd, text.p, text.len);
    int r = n < 0 ? -errno : n != (ssize_t)text.len ? -ENOSPC : 0;
    close(fd);
    return r;
}

void spool_table(struct spool *s, bool is_new, const void *bytes, size_t len)
{
    char path[4096];
    if (is_new && is_table_used(s, s->table)) {
        s->table++;
        close_fd(&s->out);
    }
    table_path(s, s->table, path);
    int r = append(path, is_new, bytes, len);
    if (r < 0)
        note_trouble(s, r);
    if (is_new)
        s->has_key = false;
}

uint32_t spool_table_now(const struct spool *s)
{
    return s->table;
}

static int read_whole(const char *path, struct str *out)
{
    char buf[16384];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    while ((n = read(fd, buf, sizeof buf)) > 0 && out->len < LIMIT_TABLE)
        str_add_n(out, buf, (size_t)n);
    close(fd);
    return n < 0 ? -EIO : 0;
}

int spool_table_read(const struct spool *s, uint32_t table, struct str *out)
{
    AUTO(str_done) struct str file = {0};
    char path[4096];
    uint32_t head[2];
    table_path(s, table, path);
    int r = read_whole(path, &file);
    for (size_t at = 0; r >= 0 && at + sizeof head <= file.len; at += sizeof head + head[0]) {
        memcpy(head, file.p + at, sizeof head);
        const char *bytes = file.p + at + sizeof head;
        if (head[0] > file.len - at - sizeof head ||
            crc32_z(0, (const uint8_t *)bytes, head[0]) != head[1])
            break; /* torn: the frames that need it are, too */
        str_add_n(out, head, sizeof head[0]);
        str_add_n(out, bytes, head[0]);
    }
    return r < 0 ? r : out->len ? 0 : -ENOENT;
}

/* --- acknowledging --- */

/* A hint only: without it, more is told twice after a restart. */
static void keep_acknowledged(const struct spool *s)
{
    char path[4096];
    uint8_t b[12];
    for (unsigned i = 0; i < 8; i++)
        b[i] = (uint8_t)(s->acknowledged >> (8 * i));
    uint32_t sum = (uint32_t)crc32_z(0, b, 8);
    for (unsigned i = 0; i < 4; i++)
        b[8 + i] = (uint8_t)(sum >> (8 * i));
    snprintf(path, sizeof path, "%s/acknowledged", s->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (pwrite(fd, b, sizeof b, 0) != (ssize_t)sizeof b)
        log_debug("agent", "acknowledgement not kept", "folder=%s", s->dir);
    close(fd);
}

void spool_acknowledge(struct spool *s, uint64_t sequence)
{
    if (sequence <= s->acknowledged || sequence >= s->next)
        return;
    bool matters = s->segments.n && s->segments.v[s->segments.n - 1].last > s->acknowledged;
    s->acknowledged = sequence;
    if (matters)
        keep_acknowledged(s);
    while (s->segments.n && s->segments.v[0].last <= sequence) {
        bool is_writing = s->segments.n == 1 && s->out >= 0;
        if (is_writing && s->segments.v[0].size < s->segment_max / 4)
            break; /* not a new file for each record */
        spool_remove(s, 0);
    }
}

/* --- reading --- */

void spool_rewind(struct spool *s)
{
    close_fd(&s->at.fd);
    s->at.segment = s->segments.n ? s->segments.v[0].number : s->at.segment;
    s->at.offset = 0;
}

/* The segment that is being read, or the one after it. */
static struct segment *reading(const struct spool *s)
{
    for (size_t i = 0; i < s->segments.n; i++)
        if (s->segments.v[i].number >= s->at.segment)
            return &s->segments.v[i];
    return NULL;
}

static bool go_on(struct spool *s, const struct segment *g)
{
    if (g->number != s->at.segment || s->at.offset == 0) {
        close_fd(&s->at.fd);
        s->at.segment = g->number;
        s->at.offset = SEGMENT_HEADER;
    }
    if (s->at.offset < g->size)
        return true;
    if (g == &s->segments.v[s->segments.n - 1])
        return false;
    s->at.segment++;
    s->at.offset = 0;
    return go_on(s, reading(s));
}

static int read_one(struct spool *s, struct spool_record *ret_r)
{
    struct segment *g = reading(s);
    if (!g || !go_on(s, g))
        return 0;
    g = reading(s);
    if (s->at.fd < 0) {
        char path[4096];
        segment_path(s, g->number, path);
        s->at.fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    int r = s->at.fd < 0 ? -errno : record_read(s->at.fd, s->at.offset, &s->buf, ret_r);
    if (r <= 0) { /* damaged while we ran: what follows in this file is lost */
        log_warn("agent", "a spool file can't be read", "number=%llu",
                 (unsigned long long)g->number);
        s->at.offset = g->size;
        return -EBADMSG;
    }
    s->at.offset += RECORD_HEADER + ret_r->len;
    ret_r->table = g->table;
    ret_r->is_done = ret_r->sequence <= s->acknowledged;
    return 1;
}

int spool_read(struct spool *s, struct spool_record *ret_r)
{
    struct spool_record r = {0};
    for (;;) {
        int got = read_one(s, &r);
        if (got == 0)
            return 0;
        if (got < 0 || (r.is_done && r.kind != SPOOL_KEY && r.kind != SPOOL_FRAME))
            continue;
        *ret_r = r;
        return 1;
    }
}

bool spool_is_read(const struct spool *s)
{
    const struct segment *g = reading(s);
    const struct segment *last = s->segments.n ? &s->segments.v[s->segments.n - 1] : NULL;
    return !g || (g == last && g->number == s->at.segment && s->at.offset >= g->size);
}

void spool_skip(struct spool *s)
{
    if (!s->segments.n)
        return;
    const struct segment *g = &s->segments.v[s->segments.n - 1];
    if (s->at.segment != g->number)
        close_fd(&s->at.fd);
    s->at.segment = g->number;
    s->at.offset = g->size;
}
