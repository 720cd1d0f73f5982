/* This very process, on this machine: it holds a file of a file system, and then does not. */
#include "../test.h"

#include "base/str.h"
#include "node/kfile.h"
#include "node/mount-users.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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
    assert_int_equal(mount_users_read("", mounts, COUNT_OF(mounts), u), 0);
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
    assert_int_equal(mount_users_read("", mounts, COUNT_OF(mounts), with), 0);
    close(other);
    assert_int_equal(mount_users_read("", mounts, COUNT_OF(mounts), without), 0);
    close(one);
    assert_int_equal(files_in(&with[0]), files_in(&without[0]));
    assert_int_equal(files_in(&with[1]), files_in(&without[1]) + 1);
    assert_int_equal(files_in(&with[2]) + files_in(&without[2]), 0);
    assert_int_equal(mount_users_read("", NULL, 0, NULL), 0);
    assert_true(mount_users_read("/nowhere", mounts, COUNT_OF(mounts), with) < 0);
    assert_int_equal(rmdir(dir), 0);
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
        cmocka_unit_test(test_open_files),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
