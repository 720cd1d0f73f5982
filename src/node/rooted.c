#include "node/rooted.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int rooted_open(const char *root, const char *path, int flags)
{
    int fd;
    if (!*root) {
        fd = open(path, flags | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};
    fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
    int r = fd < 0 ? -errno : fd;
    close(dir);
    return r;
}

int rooted_read(const char *root, const char *path, size_t max, struct str *ret_text)
{
    int fd = rooted_open(root, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return fd;
    struct str text = {0};
    ssize_t n = 0;
    str_reserve(&text, 1);
    while (text.len < max) {
        size_t want = max - text.len < 4096 ? max - text.len : 4096;
        str_reserve(&text, want);
        n = read(fd, text.p + text.len, want);
        if (n <= 0)
            break;
        text.len += (size_t)n;
    }
    int r = n < 0 ? -errno : 0;
    close(fd);
    text.p[text.len] = 0;
    if (r < 0)
        str_done(&text);
    else
        *ret_text = text;
    return r;
}

/* Of an open one: "/proc/self/fd/N" is a link to where it is. */
static char *path_of(int fd)
{
    char name[32], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(name, path, sizeof path - 1);
    return n < 0 ? NULL : mem_strndup(path, (size_t)n);
}

char *rooted_real(const char *root, const char *path)
{
    int fd = rooted_open(root, path, O_PATH);
    if (fd < 0)
        return NULL;
    AUTO(mem_freep) char *real = path_of(fd);
    close(fd);
    if (!real || !*root)
        return TAKE(real);
    char base[PATH_MAX];
    if (!realpath(root, base) || !str_starts(real, base))
        return NULL;
    return mem_strdup(real[strlen(base)] ? real + strlen(base) : "/");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int rooted_list(const char *root, const char *path, size_t max, struct str_list *ret_names)
{
    int fd = rooted_open(root, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return fd;
    DIR *d = fdopendir(fd);
    if (!d) {
        int r = -errno;
        close(fd);
        return r;
    }
    size_t first = ret_names->n;
    for (struct dirent *entry; ret_names->n - first < max && (entry = readdir(d));)
        if (entry->d_name[0] != '.')
            str_list_add(ret_names, entry->d_name);
    closedir(d);
    if (ret_names->n > first)
        qsort(ret_names->v + first, ret_names->n - first, sizeof *ret_names->v, by_name);
    return 0;
}
