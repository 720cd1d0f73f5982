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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_names),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
