/* The folder: NUMBER.push is a batch that waits, with the places behind it. When none waits, the
 * places are in one of two files that are written in turn, so that a torn one leaves the other; and
 * now and then in places.kept, which is synced. Batches are not: they mostly live for less than a
 * second, and what a loss of power takes of them is read again at the source. */
#include "node/loki-private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { HEADER = 32, AT_NUMBER = 8, AT_LINES = 16, AT_PLACES = 20, AT_BODY = 24, AT_CRC = 28 };
enum { PATH_SIZE = 4096 };

static const char magic[8] = "HYLOKI1";

static void put_le(char *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (char)(v >> (8 * i));
}

static uint64_t get_le(const char *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return v;
}

/* Of everything but itself. */
static uint32_t crc_of(const char *bytes, size_t n)
{
    uint32_t head = (uint32_t)crc32_z(0, (const void *)bytes, AT_CRC);
    return (uint32_t)crc32_z(head, (const void *)(bytes + HEADER), n - HEADER);
}

void loki_file_done(struct loki_file *f)
{
    str_done(&f->places);
    str_done(&f->body);
}

void loki_file_print(const struct loki_file *f, struct str *out)
{
    char head[HEADER] = {0};
    memcpy(head, magic, sizeof magic);
    put_le(head + AT_NUMBER, f->number, 8);
    put_le(head + AT_LINES, f->lines, 4);
    put_le(head + AT_PLACES, f->places.len, 4);
    put_le(head + AT_BODY, f->body.len, 4);
    str_clear(out);
    str_add_n(out, head, sizeof head);
    str_add_n(out, str_text(&f->places), f->places.len);
    str_add_n(out, str_text(&f->body), f->body.len);
    put_le(out->p + AT_CRC, crc_of(out->p, out->len), 4);
}

/* What comes after its end is of a longer one before it. */
int loki_file_parse(const char *bytes, size_t n, struct loki_file *ret_f)
{
    if (!bytes || n < HEADER || memcmp(bytes, magic, sizeof magic) != 0)
        return -EBADMSG;
    size_t places = get_le(bytes + AT_PLACES, 4), body = get_le(bytes + AT_BODY, 4);
    if (places > n - HEADER || body > n - HEADER - places ||
        get_le(bytes + AT_CRC, 4) != crc_of(bytes, HEADER + places + body))
        return -EBADMSG;
    struct loki_file f = {.number = get_le(bytes + AT_NUMBER, 8),
                          .lines = (unsigned)get_le(bytes + AT_LINES, 4)};
    str_add_n(&f.places, bytes + HEADER, places);
    str_add_n(&f.body, bytes + HEADER + places, body);
    *ret_f = f;
    return 0;
}

/* --- one file --- */

static const char *batch_path(const char *dir, uint64_t number, char ret_path[PATH_SIZE])
{
    snprintf(ret_path, PATH_SIZE, "%s/%016llx.push", dir, (unsigned long long)number);
    return ret_path;
}

static int put(const char *path, const struct str *bytes, bool lasting)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    ssize_t n = pwrite(fd, bytes->p, bytes->len, 0);
    int r = n < 0 ? -errno : (size_t)n < bytes->len ? -ENOSPC : 0;
    if (r == 0 && lasting && fdatasync(fd) < 0)
        r = -errno;
    close(fd);
    return r;
}

static int read_path(const char *path, struct loki_file *ret_f)
{
    AUTO(str_done) struct str bytes = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = -1;
    int r = fstat(fd, &st) < 0 ? -errno : st.st_size > LIMIT_LOKI_FILE ? -EBADMSG : 0;
    if (r == 0) {
        str_reserve(&bytes, (size_t)st.st_size + 1);
        n = read(fd, bytes.p, (size_t)st.st_size);
        r = n < 0 ? -errno : 0;
    }
    close(fd);
    return r < 0 ? r : loki_file_parse(bytes.p, (size_t)n, ret_f);
}

int64_t loki_file_write(const char *dir, const struct loki_file *f)
{
    char path[PATH_SIZE];
    AUTO(str_done) struct str bytes = {0};
    loki_file_print(f, &bytes);
    int r = put(batch_path(dir, f->number, path), &bytes, false);
    if (r < 0)
        unlink(path);
    return r < 0 ? r : (int64_t)bytes.len;
}

int loki_file_read(const char *dir, uint64_t number, struct loki_file *ret_f)
{
    char path[PATH_SIZE];
    return read_path(batch_path(dir, number, path), ret_f);
}

void loki_file_remove(const char *dir, uint64_t number)
{
    char path[PATH_SIZE];
    unlink(batch_path(dir, number, path));
}

static int keep_lasting(const char *dir, const struct str *bytes)
{
    char fresh[PATH_SIZE], path[PATH_SIZE];
    snprintf(fresh, sizeof fresh, "%s/places.new", dir);
    snprintf(path, sizeof path, "%s/places.kept", dir);
    unlink(fresh);
    int r = put(fresh, bytes, true);
    return r < 0 ? r : rename(fresh, path) < 0 ? -errno : 0;
}

int loki_file_keep_places(const char *dir, uint64_t number, const struct str *places, bool lasting)
{
    char path[PATH_SIZE];
    AUTO(str_done) struct str bytes = {0};
    loki_file_print(&(struct loki_file){.number = number, .places = *places}, &bytes);
    snprintf(path, sizeof path, "%s/places.%u", dir, (unsigned)(number & 1));
    int r = put(path, &bytes, false);
    return r == 0 && lasting ? keep_lasting(dir, &bytes) : r;
}

/* --- the start --- */

static int by_number(const void *a, const void *b)
{
    const struct loki_waiting *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static void list(const char *dir, struct loki_found *f)
{
    DIR *d = opendir(dir);
    for (const struct dirent *x; d && (x = readdir(d));) {
        char *end;
        uint64_t number = strtoull(x->d_name, &end, 16);
        if (end == x->d_name + 16 && str_eq(end, ".push"))
            *(struct loki_waiting *)vec_add(&f->waiting) = (struct loki_waiting){.number = number};
    }
    if (d)
        closedir(d);
    if (f->waiting.n)
        qsort(f->waiting.v, f->waiting.n, sizeof *f->waiting.v, by_number);
}

static void take_places(struct loki_found *f, struct loki_file *of)
{
    if (of->number < f->last)
        return;
    f->last = of->number;
    str_done(&f->places);
    f->places = of->places;
    of->places = (struct str){0};
}

static void find_places(const char *dir, struct loki_found *f)
{
    static const char *const names[] = {"places.kept", "places.0", "places.1"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct loki_file of = {0};
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (read_path(path, &of) == 0)
            take_places(f, &of);
        loki_file_done(&of);
    }
}

/* One that was pushed but not removed any more is older than the places. */
static bool check_batch(const char *dir, uint64_t pushed, struct loki_waiting *w,
                        struct loki_found *f)
{
    struct loki_file of = {0};
    bool ok = loki_file_read(dir, w->number, &of) == 0 && of.number == w->number && of.body.len &&
              w->number > pushed;
    if (ok) {
        w->size = HEADER + of.places.len + of.body.len;
        w->lines = of.lines;
        take_places(f, &of);
    }
    loki_file_done(&of);
    return ok;
}

int loki_file_find(const char *dir, struct err *e, struct loki_found *ret_f)
{
    struct loki_found f = {0};
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return err_set(e, -errno, "The folder %s can't be made: %s.", dir, strerror(errno));
    find_places(dir, &f);
    list(dir, &f);
    uint64_t pushed = f.last;
    size_t n = 0;
    bool broken = false;
    for (size_t i = 0; i < f.waiting.n; i++) {
        struct loki_waiting w = f.waiting.v[i];
        bool ok = !broken && check_batch(dir, pushed, &w, &f);
        broken = !ok && w.number > pushed;
        if (ok)
            f.waiting.v[n++] = w;
        else
            loki_file_remove(dir, w.number);
    }
    f.waiting.n = n;
    *ret_f = f;
    return 0;
}

void loki_found_done(struct loki_found *f)
{
    vec_done(&f->waiting);
    str_done(&f->places);
}
