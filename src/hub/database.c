#include "hub/database.h"

#include "io/folder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int data_folder_make(const struct config *c, struct err *e)
{
    return folder_make_own(c->value[SETTING_DATA], "--data", "hydrad", e);
}

/* The first line. */
static char *pid_of(char *text)
{
    text[strcspn(text, "\n")] = 0;
    return text;
}

int data_folder_lock(const struct config *c, struct err *e)
{
    AUTO(mem_freep) char *path = mem_printf("%s/hydrad.lock", c->value[SETTING_DATA]);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, -errno, "%s can't be opened: %s.", path, strerror(errno));
    char pid[16] = "";
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
        close(fd);
        return err_set(e, -EBUSY,
                       "Another hydrad (process %s) already uses %s. Stop it, or name another "
                       "folder with --data.",
                       n > 0 ? pid_of(pid) : "?", c->value[SETTING_DATA]);
    }
    int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n) {
        close(fd);
        return err_set(e, -EIO, "%s can't be written: %s.", path, strerror(errno));
    }
    return fd;
}

char *data_folder_database(const struct config *c)
{
    AUTO(mem_freep) char *url = config_database_url(c);
    return str_is_empty(c->value[SETTING_DATABASE]) ? mem_strdup("") : store_mask_url(url);
}

int data_folder_tell(int lock_fd, const struct running *r, struct err *e)
{
    AUTO(str_done) struct str s = {0};
    str_addf(&s, "%d\n%s\n%s\n%s\n", r->pid, r->agents, r->node, r->database);
    if (pwrite(lock_fd, s.p, s.len, 0) == (ssize_t)s.len && ftruncate(lock_fd, (off_t)s.len) == 0)
        return 0;
    return err_set(e, -EIO, "The lock in the data folder can't be written: %s.", strerror(errno));
}

static bool is_held(int fd)
{
    return flock(fd, LOCK_SH | LOCK_NB) < 0;
}

static bool take_lines(char *text, struct running *ret_r)
{
    char *lines[4];
    uint64_t pid = 0;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        char *end = strchr(text, '\n');
        if (!end)
            return false;
        *end = 0;
        lines[i] = text;
        text = end + 1;
    }
    if (str_to_u64(lines[0], &pid) < 0 || pid > INT32_MAX)
        return false;
    ret_r->pid = (int)pid;
    return str_copy(ret_r->agents, sizeof ret_r->agents, lines[1]) &&
           str_copy(ret_r->node, sizeof ret_r->node, lines[2]) &&
           str_copy(ret_r->database, sizeof ret_r->database, lines[3]);
}

bool data_folder_running(const struct config *c, struct running *ret_r)
{
    AUTO(mem_freep) char *path = mem_printf("%s/hydrad.lock", c->value[SETTING_DATA]);
    char text[sizeof *ret_r + 32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool runs = pread(fd, text, sizeof text - 1, 0) > 0 && take_lines(text, ret_r) &&
                (kill(ret_r->pid, 0) == 0 || errno == EPERM) && is_held(fd);
    close(fd);
    return runs;
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
