#include "hub/database.h"

#include "io/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int data_folder_make(const struct config *c, struct err *e)
{
    return folder_make_own(c->value[SETTING_DATA], "--data", "hydrad", e);
}

int data_folder_lock(const struct config *c, struct err *e)
{
    AUTO(mem_freep) char *path = mem_printf("%s/hydrad.lock", c->value[SETTING_DATA]);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, -errno, "%s can't be opened: %s.", path, strerror(errno));
    char pid[24] = "";
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
        close(fd);
        return err_set(e, -EBUSY,
                       "Another hydrad (process %s) already uses %s. Stop it, or name another "
                       "folder with --data.",
                       n > 0 ? str_trim(pid) : "?", c->value[SETTING_DATA]);
    }
    int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n) {
        close(fd);
        return err_set(e, -EIO, "%s can't be written: %s.", path, strerror(errno));
    }
    return fd;
}

int database_open(const struct config *c, struct err *e, struct store **ret_store)
{
    AUTO(mem_freep) char *url = config_database_url(c);
    struct store *s = NULL;
    int r = data_folder_make(c, e);
    if (r >= 0)
        r = store_open(url, e, &s);
    if (r >= 0)
        r = store_migrate(s, e);
    if (r < 0) {
        store_close(s);
        return r;
    }
    *ret_store = s;
    return 0;
}
