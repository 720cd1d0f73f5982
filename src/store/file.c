#include "store/sqlite-private.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int sync_path(const char *path, int flags, const char *shown, struct err *e)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return sqlite_fail_errno(shown, errno, e);
    int r = fsync(fd) < 0 ? sqlite_fail_errno(shown, errno, e) : 0;
    close(fd);
    return r;
}

int file_sync(const char *file, struct err *e)
{
    return sync_path(file, O_RDONLY, file, e);
}

int file_sync_folder(const char *file, struct err *e)
{
    const char *slash = strrchr(file, '/');
    AUTO(mem_freep) char *folder = NULL;
    if (!slash)
        folder = mem_strdup(".");
    else
        folder = slash == file ? mem_strdup("/") : mem_strndup(file, (size_t)(slash - file));
    return sync_path(folder, O_RDONLY | O_DIRECTORY, file, e);
}

bool file_same(const char *a, const char *b)
{
    struct stat sa, sb;
    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

bool file_exists(const char *file)
{
    struct stat st;
    return lstat(file, &st) == 0;
}
