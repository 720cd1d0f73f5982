#include "../test.h"

#include "node/mount-config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *root, const char *path, const char *text)
{
    AUTO(mem_freep) char *full = mem_printf("%s%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(full, 0755);
        *p = '/';
    }
    FILE *f = fopen(full, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_unit_names(void **state)
{
    (void)state;
    static const struct {
        const char *point, *unit;
    } cases[] = {
        {"/mnt/models", "mnt-models.mount"},   {"/mnt/my nas", "mnt-my\\x20nas.mount"},
        {"/mnt/a-b", "mnt-a\\x2db.mount"},     {"/.hidden/.x", "\\x2ehidden-.x.mount"},
        {"/m/\xc3\xbc", "m-\\xc3\\xbc.mount"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *unit = mount_unit_name(cases[i].point);
        assert_string_equal(unit, cases[i].unit);
    }
}

static void test_points(void **state)
{
    (void)state;
    static const char *const good[] = {"/mnt", "/mnt/models", "/mnt/..x", "/a b"};
    static const char *const bad[] = {"",        "/",           "mnt", "/mnt/",
                                      "/mnt//x", "/mnt/../etc", "/.",  "/.."};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(mount_point_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (mount_point_is_valid(bad[i]))
            fail_msg("%s", bad[i]);
}

static void test_machine(void **state)
{
    (void)state;
    char root[] = "/tmp/hydra-mount-XXXXXX";
    assert_non_null(mkdtemp(root));
    AUTO(mount_lines_done) struct mount_lines l = {0};
    assert_int_equal(fstab_read(root, &l), -ENOENT);
    write_file(root, "/etc/fstab",
               "# a remark\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n"
               "nas:/a\\040b /mnt/a\\040b nfs4 hard 0 0\n/dev/sdb /mnt/iscsi ext4 _netdev 0 0\n"
               "//nas/first /mnt/twice cifs user=me 0 0\n//nas/second /mnt/twice cifs\nrubbish\n");
    assert_int_equal(fstab_read(root, &l), 0);
    const struct mount_line *m = mount_line_find(&l, "/mnt/a b");
    assert_string_equal(m->device, "nas:/a b");
    assert_true(m->remote);
    assert_false(mount_line_find(&l, "/")->remote);
    assert_true(mount_line_find(&l, "/mnt/iscsi")->remote);
    assert_string_equal(mount_line_find(&l, "/mnt/twice")->device, "//nas/second");
    assert_null(mount_line_find(&l, "none"));

    assert_null(mount_unit_file(root, "/mnt/x"));
    write_file(root, "/run/systemd/generator/mnt-x.mount", "");
    AUTO(mem_freep) char *file = mount_unit_file(root, "/mnt/x");
    assert_string_equal(file, "/run/systemd/generator/mnt-x.mount");
    AUTO(mem_freep) char *clean = mem_printf("rm -rf %s", root);
    assert_int_equal(system(clean), 0);
}

/* "point" of what would not come back with /mnt/nas; "-" = nothing. */
static void test_lost_below(void **state)
{
    (void)state;
    static const char root_line[] = "1 0 8:1 / / rw - ext4 /dev/a rw\n";
    static const char nas[] = "2 1 0:40 / /mnt/nas rw - nfs4 nas:/ rw\n";
    static const struct {
        const char *above, *below, *lost;
    } cases[] = {
        {nas, "", "-"},
        {nas, "3 1 8:2 / /mnt/nasty rw - ext4 /dev/b rw\n", "-"},
        {nas, "3 2 8:2 / /mnt/nas/disk rw - ext4 /dev/b rw\n", "/mnt/nas/disk"},
        {nas, "3 2 0:41 / /mnt/nas/mem rw - tmpfs tmpfs rw\n", "/mnt/nas/mem"},
        {nas, "3 2 0:41 /films /mnt/nas/films rw - nfs4 nas:/films rw\n", "-"},
        {nas, "3 2 0:41 / /mnt/nas/other rw - cifs //nas/x rw\n", "/mnt/nas/other"},
        {nas, "3 2 0:41 / /mnt/nas/far rw - nfs4 far:/films rw\n", "/mnt/nas/far"},
        {"2 1 0:40 / /mnt/nas rw - cifs //nas/x rw\n",
         "3 2 0:41 / /mnt/nas/d rw - cifs //nas/x/d rw\n", "-"},
        {"2 1 0:40 / /mnt/nas rw - fuse.sshfs me@nas:/ rw\n",
         "3 2 0:41 / /mnt/nas/d rw - fuse.sshfs me@nas:/d rw\n", "/mnt/nas/d"},
        {nas, "3 2 0:41 / /mnt/nas/home rw - autofs auto.home rw\n", "-"},
        {nas, "3 2 0:41 / /mnt/nas/named rw - nfs4 nas:/named rw\n", "/mnt/nas/named"},
        {nas, "3 2 0:41 / /mnt/nas/unit rw - autofs systemd-1 rw\n", "/mnt/nas/unit"},
        {"2 1 8:3 / /mnt/nas rw - ext4 /dev/c rw\n",
         "3 2 8:2 / /mnt/nas/disk rw - ext4 /dev/b rw\n", "/mnt/nas/disk"},
        {"", "3 1 0:41 / /mnt/nas/films rw - nfs4 nas:/films rw\n", "/mnt/nas/films"},
        {"2 1 0:39 / /mnt/nas rw - autofs systemd-1 rw\n",
         "3 2 0:40 / /mnt/nas rw - nfs4 nas:/ rw\n4 3 0:41 / /mnt/nas/a rw - nfs4 nas:/a rw\n",
         "-"},
    };
    char root[] = "/tmp/hydra-mount-XXXXXX";
    assert_non_null(mkdtemp(root));
    AUTO(mount_lines_done) struct mount_lines fstab = {0};
    write_file(root, "/etc/fstab", "nas:/ /mnt/nas nfs4\nnas:/named /mnt/nas/named nfs4\n");
    write_file(root, "/etc/systemd/system/mnt-nas-unit.mount", "");
    assert_int_equal(fstab_read(root, &fstab), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep)
        char *text = mem_printf("%s%s%s", root_line, cases[i].above, cases[i].below);
        AUTO(mounts_done) struct mount_list l;
        mounts_parse_all(&l, (struct scan){text, text + strlen(text)});
        const struct mount *lost = mount_lost_below(root, &l, &fstab, "/mnt/nas");
        assert_string_equal(lost ? lost->point : "-", cases[i].lost);
    }
    AUTO(mem_freep) char *clean = mem_printf("rm -rf %s", root);
    assert_int_equal(system(clean), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_names),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_lost_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
