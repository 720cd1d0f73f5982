#include "folder.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void folder_make(char ret_path[FOLDER_SIZE])
{
    snprintf(ret_path, FOLDER_SIZE, "/tmp/hydra-unit-XXXXXX");
    assert(mkdtemp(ret_path));
}

static void each(const char *path, void (*fn)(const char *dir, const char *name, void *arg),
                 void *arg)
{
    DIR *d = opendir(path);
    for (const struct dirent *f; d && (f = readdir(d));)
        if (f->d_name[0] != '.')
            fn(path, f->d_name, arg);
    if (d)
        closedir(d);
}

static void remove_one(const char *dir, const char *name, void *arg)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", dir, name);
    (void)arg;
    if (unlink(path) < 0)
        folder_remove(path);
}

void folder_remove(const char *path)
{
    each(path, remove_one, NULL);
    rmdir(path);
}

static void copy_one(const char *dir, const char *name, void *to)
{
    AUTO(str_done) struct str bytes = {0};
    folder_read(dir, name, &bytes);
    folder_write(to, name, bytes.p, bytes.len);
}

void folder_copy(const char *from, const char *to)
{
    mkdir(to, 0700);
    each(from, copy_one, (void *)to);
}

struct counting {
    const char *suffix;
    unsigned n;
};

static void count_one(const char *dir, const char *name, void *arg)
{
    struct counting *c = arg;
    (void)dir;
    c->n += str_ends(name, c->suffix);
}

unsigned folder_count(const char *path, const char *suffix)
{
    struct counting c = {suffix, 0};
    each(path, count_one, &c);
    return c.n;
}

void folder_read(const char *path, const char *name, struct str *out)
{
    AUTO(mem_freep) char *full = mem_printf("%s/%s", path, name);
    char buf[4096];
    ssize_t n;
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    str_clear(out);
    while (fd >= 0 && (n = read(fd, buf, sizeof buf)) > 0)
        str_add_n(out, buf, (size_t)n);
    if (fd >= 0)
        close(fd);
}

void folder_write(const char *path, const char *name, const void *bytes, size_t len)
{
    AUTO(mem_freep) char *full = mem_printf("%s/%s", path, name);
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(fd >= 0 && (!len || write(fd, bytes, len) == (ssize_t)len));
    close(fd);
}
