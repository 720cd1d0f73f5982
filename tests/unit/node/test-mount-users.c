/* This very process, on this machine: it holds a file of a file system, and then does not. It is
 * the only one that is looked at: the machine may have more of them than are told of. */
#include "../test.h"

#include "base/str.h"
#include "node/kfile.h"
#include "node/mount-users.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char alone[] = "/tmp/hydra-users-XXXXXX"; /* a root whose /proc has this process alone */

static void add_process(int pid)
{
    char link[KFILE_PATH_MAX], target[64];
    snprintf(link, sizeof link, "%s/proc/%d", alone, pid);
    snprintf(target, sizeof target, "/proc/%d", getpid());
    assert_int_equal(symlink(target, link), 0);
}

static void remove_process(int pid)
{
    char link[KFILE_PATH_MAX];
    snprintf(link, sizeof link, "%s/proc/%d", alone, pid);
    assert_int_equal(unlink(link), 0);
}

static int set_up(void **state)
{
    (void)state;
    char proc[KFILE_PATH_MAX];
    assert_non_null(mkdtemp(alone));
    snprintf(proc, sizeof proc, "%s/proc", alone);
    assert_int_equal(mkdir(proc, 0700), 0);
    add_process(getpid());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char proc[KFILE_PATH_MAX];
    remove_process(getpid());
    snprintf(proc, sizeof proc, "%s/proc", alone);
    return rmdir(proc) || rmdir(alone);
}

/* The mount that the file lies on. */
static struct mount mount_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return (struct mount){.point = (char *)"/nowhere",
                          .number = (uint64_t)major(st.st_dev) << 32 | minor(st.st_dev)};
}

static unsigned files_in(struct mount_users *u)
{
    unsigned files = 0;
    for (size_t i = 0; i < u->v.n; i++)
        if (u->v.v[i].pid == getpid())
            files = u->v.v[i].files;
    mount_users_done(u);
    return files;
}

static unsigned files_of_mine(const struct mount *m)
{
    /* Between one that is not there and one that nobody uses. */
    const struct mount unused = {.point = (char *)"/nowhere", .number = UINT64_MAX};
    const struct mount *const mounts[] = {NULL, m, &unused};
    struct mount_users u[COUNT_OF(mounts)];
    assert_int_equal(mount_users_read(alone, mounts, COUNT_OF(mounts), u), 0);
    assert_int_equal(u[0].v.n + u[2].v.n, 0);
    return files_in(&u[1]);
}

static void test_open_files(void **state)
{
    (void)state;
    int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct mount m = mount_of(fd);
    unsigned with = files_of_mine(&m);
    close(fd);
    assert_true(with > files_of_mine(&m));
}

static void test_folder(void **state)
{
    (void)state;
    char dir[] = "/tmp/hydra-users-XXXXXX", back[KFILE_PATH_MAX];
    assert_non_null(mkdtemp(dir));
    assert_non_null(getcwd(back, sizeof back));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct mount m = mount_of(fd);
    close(fd);
    m.point = dir;
    unsigned before = files_of_mine(&m);
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(files_of_mine(&m), before + 1);
    assert_int_equal(chdir(back), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* A process that holds files of two is told of with each, and only with those. */
static void test_several(void **state)
{
    (void)state;
    char dir[] = "/tmp/hydra-users-XXXXXX", here[KFILE_PATH_MAX];
    assert_non_null(mkdtemp(dir));
    assert_non_null(getcwd(here, sizeof here));
    int one = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    int other = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct mount m[] = {mount_of(one), mount_of(other)};
    /* Called as the current folder, but no mount of this namespace. */
    struct mount stranger = {.point = here, .number = UINT64_MAX};
    const struct mount *const mounts[] = {&m[0], &m[1], &stranger};
    struct mount_users with[COUNT_OF(mounts)], without[COUNT_OF(mounts)];
    assert_int_not_equal(m[0].number, m[1].number);
    assert_int_equal(mount_users_read(alone, mounts, COUNT_OF(mounts), with), 0);
    close(other);
    assert_int_equal(mount_users_read(alone, mounts, COUNT_OF(mounts), without), 0);
    close(one);
    assert_int_equal(files_in(&with[0]), files_in(&without[0]));
    assert_int_equal(files_in(&with[1]), files_in(&without[1]) + 1);
    assert_int_equal(files_in(&with[2]) + files_in(&without[2]), 0);
    assert_int_equal(mount_users_read(alone, NULL, 0, NULL), 0);
    assert_true(mount_users_read("/nowhere", mounts, COUNT_OF(mounts), with) < 0);
    assert_int_equal(rmdir(dir), 0);
}

/* No more than the limit, the others counted; and of the whole machine. */
static void test_many(void **state)
{
    (void)state;
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    struct mount m = mount_of(fd);
    const struct mount *const mounts[] = {&m};
    struct mount_users u;
    for (int i = 1; i <= LIMIT_MOUNT_USERS + 2; i++)
        add_process(INT32_MAX - i);
    assert_int_equal(mount_users_read(alone, mounts, 1, &u), 0);
    assert_int_equal(u.v.n, LIMIT_MOUNT_USERS);
    assert_int_equal(u.v.v[0].pid, getpid());
    assert_int_equal(u.v.v[1].pid, INT32_MAX - LIMIT_MOUNT_USERS - 2);
    assert_int_equal(u.more, 3);
    mount_users_done(&u);
    for (int i = 1; i <= LIMIT_MOUNT_USERS + 2; i++)
        remove_process(INT32_MAX - i);
    assert_int_equal(mount_users_read("", mounts, 1, &u), 0);
    assert_true(u.v.n > 0 && u.v.n <= LIMIT_MOUNT_USERS);
    mount_users_done(&u);
    close(fd);
}

static void test_print(void **state)
{
    (void)state;
    struct mount_users u = {.more = 3};
    *(struct mount_user *)vec_add(&u.v) = (struct mount_user){.pid = 7, .name = "plex", .files = 1};
    *(struct mount_user *)vec_add(&u.v) = (struct mount_user){.pid = 8, .name = "\xff", .files = 2};
    struct str out = {0};
    mount_users_print(&u, &out);
    assert_string_equal(out.p, "7 plex: 1 file\n8 ?: 2 files\nand 3 more\n");
    mount_users_done(&u);
    str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_files), cmocka_unit_test(test_folder),
        cmocka_unit_test(test_several),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
