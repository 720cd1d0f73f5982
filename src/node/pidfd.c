#include "node/pidfd.h"

#include "node/kfile.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* struct pidfd_info, first version (Linux 6.13): the headers of today's distributions lack it. */
struct info {
    uint64_t mask, cgroup;
    uint32_t pid, tgid, ppid, ids[8];
    int32_t exit_code;
};
_Static_assert(sizeof(struct info) == 64, "the kernel tells versions apart by size");
#define GET_INFO _IOWR(0xFF, 11, struct info)
enum { INFO_EXIT = 1 << 3 };

int pidfd_watch(int pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

bool pidfd_has_ended(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

int pidfd_exit_code(int pidfd, int *ret_code)
{
    struct info i = {.mask = INFO_EXIT};
    if (ioctl(pidfd, GET_INFO, &i) < 0)
        return errno == ESRCH ? -EAGAIN : -ENOTSUP;
    if (!(i.mask & INFO_EXIT))
        return -EAGAIN;
    *ret_code = WIFSIGNALED(i.exit_code) ? 128 + WTERMSIG(i.exit_code) : WEXITSTATUS(i.exit_code);
    return 0;
}

bool process_lives(const char *root, int pid)
{
    char exe[KFILE_PATH_MAX];
    int r = kfile_link(exe, sizeof exe, root, "/proc/%d/exe", pid);
    return r != -ENOENT && r != -ESRCH; /* -EACCES: another's, but there */
}
