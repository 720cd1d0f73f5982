#include "../test.h"

#include "base/str.h"
#include "node/mounts.h"

#include <errno.h>
#include <unistd.h>

/* What remains: "point device type" a line, with "!" where touching it may hang. */
static char *shown(const char *text)
{
    AUTO(mounts_done) struct mount_list l;
    struct str out = {0};
    mounts_parse(&l, (struct scan){text, text + strlen(text)});
    for (size_t i = 0; i < l.v.n; i++)
        str_addf(&out, "%s %s %s%s\n", l.v.v[i].point, l.v.v[i].device, l.v.v[i].type,
                 l.v.v[i].remote ? " !" : "");
    return str_take(&out);
}

static const struct {
    const char *text, *shown;
} cases[] = {
    {"", ""},
    {"22 1 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw\n", "/ /dev/sda1 ext4\n"},
    {"22 1 8:1 / / rw - ext4 /dev/sda1 rw", "/ /dev/sda1 ext4\n"},
    {"22 1 0:5 / /with\\040blank\\134slash rw - xfs /dev/x rw\n",
     "/with blank\\slash /dev/x xfs\n"},
    /* A bind mount shows the device once more: the shorter path is its place. */
    {"1 0 8:1 /x /very/long/way rw - ext4 /dev/sda1 rw\n2 0 8:1 / / rw - ext4 /dev/sda1 rw\n",
     "/ /dev/sda1 ext4\n"},
    {"2 0 8:1 / / rw - ext4 /dev/sda1 rw\n1 0 8:1 /x /bind rw - ext4 /dev/sda1 rw\n",
     "/ /dev/sda1 ext4\n"},
    /* What is mounted over covers. */
    {"1 0 0:9 / /mnt rw - autofs systemd-1 rw\n2 1 0:10 / /mnt rw - nfs4 nas:/x rw\n",
     "/mnt nas:/x nfs4 !\n"},
    {"1 0 8:1 / /data rw - ext4 /dev/a rw\n2 1 8:2 / /data/deep rw - ext4 /dev/b rw\n"
     "3 1 8:3 / /data rw - xfs /dev/c rw\n4 1 8:4 / /database rw - xfs /dev/d rw\n",
     "/data /dev/c xfs\n/database /dev/d xfs\n"},
    {"1 0 0:1 / / rw - rootfs rootfs rw\n2 1 8:2 / / rw - ext4 /dev/b rw\n", "/ /dev/b ext4\n"},
    {"1 0 0:1 / /var/lib/docker/btrfs rw - btrfs /dev/loop2 rw\n", ""},
    {"1 0 8:1 /c/hosts /etc/hosts rw - ext4 /dev/a rw\n2 0 8:1 /h /etc/hydra ro - ext4 /dev/a rw\n"
     "3 0 8:1 /v /var/lib/hydra-agent rw - ext4 /dev/a rw\n",
     "/var/lib/hydra-agent /dev/a ext4\n"},
    {"1 0 0:1 / /run/user/0 rw - tmpfs tmpfs rw\n2 0 0:2 / /tmp rw - tmpfs tmpfs rw\n",
     "/tmp tmpfs tmpfs\n"},
    {"1 0 0:1 / /w rw - 9p drvfs rw\n2 0 0:2 / /c rw - cifs //nas/c rw\n3 0 0:3 / /f rw - "
     "fuse.sshfs me@x: rw\n4 3 8:1 / /f/local rw - ext4 /dev/y rw\n",
     "/w drvfs 9p !\n/c //nas/c cifs !\n/f me@x: fuse.sshfs !\n/f/local /dev/y ext4 !\n"},
    /* Broken lines are passed over. */
    {"rubbish\n1 0 8:1 / / rw ext4 /dev/a rw\n1 0 8 / / rw - ext4 /dev/a rw\n1 0 8:1\n"
     "1 0 8:1 / relative rw - ext4 /dev/a rw\n5 0 8:5 / /ok rw - ext4 /dev/ok rw\n",
     "/ok /dev/ok ext4\n"},
    {"1 0 8:1 / /no-device rw - ext4\n", "/no-device  ext4\n"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *got = shown(cases[i].text);
        assert_string_equal(got, cases[i].shown);
    }
}

static void test_top(void **state)
{
    (void)state;
    static const char text[] = "1 0 0:9 / /mnt rw - autofs systemd-1 rw\n"
                               "2 1 0:10 / /mnt rw - nfs4 nas:/x rw\n";
    AUTO(mounts_done) struct mount_list l;
    mounts_parse_all(&l, (struct scan){text, text + strlen(text)});
    assert_string_equal(mount_top(&l, "/mnt")->type, "nfs4");
    assert_int_equal(mount_top(&l, "/mnt")->id, 2);
    assert_null(mount_top(&l, "/"));
    assert_ptr_equal(mount_there(&l, "/mnt"), mount_top(&l, "/mnt"));
    assert_true(mount_type_is_remote("cifs") && !mount_type_is_remote("ext4"));
    assert_true(mount_is_at_or_below("/mnt/x", "/mnt") && !mount_is_at_or_below("/mnts", "/mnt"));
}

static void test_this_machine(void **state)
{
    (void)state;
    AUTO(mounts_done) struct mount_list known = {0};
    AUTO(mounts_done) struct mount_list all = {0};
    assert_int_equal(mounts_read("", 0, &known, &all), 0);
    assert_true(all.v.n > known.v.n);
    assert_non_null(mount_there(&all, "/proc"));
    AUTO(mounts_done) struct mount_list mine = {0};
    assert_int_equal(mounts_read("", getpid(), NULL, &mine), 0);
    assert_int_equal(mine.v.n, all.v.n);
    assert_int_equal(mounts_read("/nonexistent", 0, NULL, &all), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
