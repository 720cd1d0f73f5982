#include "io/folder.h"

#include "base/str.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_one(const char *path, const char *option, struct err *e)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    return err_set(e, -errno, "The folder %s can't be made: %s. Name another one with %s.", path,
                   strerror(errno), option);
}

int folder_make_own(const char *path, const char *option, const char *program, struct err *e)
{
    AUTO(mem_freep) char *part = mem_strdup(path);
    for (char *p = part + 1; *part && *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        int r = make_one(part, option, e);
        *p = '/';
        if (r < 0)
            return r;
    }
    int r = make_one(path, option, e);
    if (r >= 0 && access(path, W_OK | X_OK) < 0)
        return err_set(e, -errno,
                       "The folder %s can't be written: %s. Give its owner to the user that runs "
                       "%s, or name another one with %s.",
                       path, strerror(errno), program, option);
    return r;
}
