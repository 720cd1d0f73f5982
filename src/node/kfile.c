#include "node/kfile.h"

#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KBUF_FIRST = 64 << 10,
    /* seq_file hands out a page at a time; a shorter answer was cut by the end of the file, unless
     * the next line alone is longer than what is left of the page (kfile_read_long). */
    PAGE = 4096,
    LONGEST_LINE = 1024,
};

void kbuf_done(struct kbuf *b)
{
    mem_free(b->p);
    *b = (struct kbuf){0};
}

static PRINTF(3, 0) int make_path(char ret_path[KFILE_PATH_MAX], const char *root, const char *fmt,
                                  va_list ap)
{
    int n = snprintf(ret_path, KFILE_PATH_MAX, "%s", root);
    if (n < 0 || n >= KFILE_PATH_MAX)
        return -ENAMETOOLONG;
    int m = vsnprintf(ret_path + n, (size_t)(KFILE_PATH_MAX - n), fmt, ap);
    return m < 0 || m >= KFILE_PATH_MAX - n ? -ENAMETOOLONG : 0;
}

#define MAKE_PATH(path, root, fmt, r)                                                              \
    do {                                                                                           \
        va_list ap_;                                                                               \
        va_start(ap_, fmt);                                                                        \
        r = make_path(path, root, fmt, ap_);                                                       \
        va_end(ap_);                                                                               \
    } while (0)

static int open_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int kfile_open(const char *root, const char *fmt, ...)
{
    char path[KFILE_PATH_MAX];
    int r;
    MAKE_PATH(path, root, fmt, r);
    return r < 0 ? r : open_path(path);
}

void kfile_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool grow(struct kbuf *b)
{
    size_t size = b->size ? b->size * 2 : KBUF_FIRST;
    if (size > LIMIT_KFILE)
        return false;
    b->p = mem_realloc(b->p, size);
    b->size = size;
    return true;
}

void kbuf_reserve(struct kbuf *b)
{
    if (!b->p)
        grow(b);
}

/* An answer shorter than `whole` was the last. */
static int read_until(struct kbuf *b, int fd, ssize_t whole, struct scan *ret_text)
{
    size_t len = 0;
    for (;;) {
        if (len + 1 >= b->size && !grow(b))
            break;
        size_t room = b->size - len - 1;
        ssize_t n = pread(fd, b->p + len, room, (off_t)len);
        if (n < 0)
            return -errno;
        len += (size_t)n;
        if (n < whole)
            break;
    }
    b->p[len] = 0;
    *ret_text = (struct scan){b->p, b->p + len};
    return 0;
}

int kfile_read(struct kbuf *b, int fd, struct scan *ret_text)
{
    return read_until(b, fd, PAGE - LONGEST_LINE, ret_text);
}

int kfile_read_long(struct kbuf *b, int fd, struct scan *ret_text)
{
    return read_until(b, fd, 1, ret_text);
}

int kfile_i64(int fd, int64_t *ret_v)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n < 0)
        return -errno;
    text[n] = 0;
    struct scan s = {text, text + n};
    return scan_i64(&s, ret_v) ? 0 : -EINVAL;
}

static int read_text(const char *path, char *ret_text, size_t size)
{
    int fd = open_path(path);
    if (fd < 0)
        return fd;
    ssize_t n = read(fd, ret_text, size - 1);
    int r = n < 0 ? -errno : 0;
    close(fd);
    if (r < 0)
        return r;
    ret_text[n] = 0;
    str_trim(ret_text);
    return 0;
}

int kfile_text(char *ret_text, size_t size, const char *root, const char *fmt, ...)
{
    char path[KFILE_PATH_MAX];
    int r;
    MAKE_PATH(path, root, fmt, r);
    return r < 0 ? r : read_text(path, ret_text, size);
}

int kfile_number(int64_t *ret_v, const char *root, const char *fmt, ...)
{
    char path[KFILE_PATH_MAX], text[64];
    int r;
    MAKE_PATH(path, root, fmt, r);
    if (r >= 0)
        r = read_text(path, text, sizeof text);
    if (r < 0)
        return r;
    struct scan s = {text, text + strlen(text)};
    return scan_i64(&s, ret_v) ? 0 : -EINVAL;
}

int kfile_link(char *ret_text, size_t size, const char *root, const char *fmt, ...)
{
    char path[KFILE_PATH_MAX];
    int r;
    MAKE_PATH(path, root, fmt, r);
    if (r < 0)
        return r;
    ssize_t n = readlink(path, ret_text, size - 1);
    if (n < 0)
        return -errno;
    ret_text[n] = 0;
    return 0;
}

int kfile_program(char *ret_name, size_t size, const char *root, int pid)
{
    char exe[KFILE_PATH_MAX];
    int r = kfile_text(ret_name, size, root, "/proc/%d/comm", pid);
    if (r < 0 || strlen(ret_name) < KFILE_COMM_MAX)
        return r;
    if (kfile_link(exe, sizeof exe, root, "/proc/%d/exe", pid) < 0)
        return 0;
    char *slash = strrchr(exe, '/'), *gone = strstr(exe, " (deleted)");
    const char *name = slash ? slash + 1 : exe;
    if (gone)
        *gone = 0;
    if (str_starts(name, ret_name))
        str_copy(ret_name, size, name);
    return 0;
}

bool kfile_exists(const char *root, const char *fmt, ...)
{
    char path[KFILE_PATH_MAX];
    int r;
    MAKE_PATH(path, root, fmt, r);
    return r >= 0 && access(path, F_OK) == 0;
}

static int skip_hidden(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

int kfile_list(const char *root, const char *path, kfile_entry_fn *fn, void *arg)
{
    AUTO(mem_freep) char *full = mem_printf("%s%s", root, path);
    struct dirent **entries;
    int n = scandir(full, &entries, skip_hidden, versionsort);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        fn(arg, entries[i]->d_name);
        mem_free(entries[i]);
    }
    mem_free(entries);
    return n;
}
