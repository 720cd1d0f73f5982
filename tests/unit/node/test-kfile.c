#include "../test.h"

#include "base/str.h"
#include "node/kfile.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *comm, *exe, *program;
} cases[] = {
    {"nginx\n", "/usr/sbin/nginx", "nginx"},
    {"nginx\n", "/usr/sbin/nginx-of-another-name", "nginx"},
    {"Plex Media Serv\n", "/usr/lib/plexmediaserver/Plex Media Server", "Plex Media Server"},
    {"prometheus-redi\n", "/usr/bin/prometheus-redis-exporter (deleted)",
     "prometheus-redis-exporter"},
    {"a-very-long-nam\n", "/usr/bin/python3.11", "a-very-long-nam"},
    {"a-very-long-nam\n", NULL, "a-very-long-nam"},
};

static void a_long_name_is_told_in_full(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char root[] = "/tmp/hydra-kfile-XXXXXX", path[128], name[64];
        assert_non_null(mkdtemp(root));
        snprintf(path, sizeof path, "%s/proc", root);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/proc/7", root);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/proc/7/comm", root);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(cases[i].comm, f);
        fclose(f);
        snprintf(path, sizeof path, "%s/proc/7/exe", root);
        if (cases[i].exe)
            assert_int_equal(symlink(cases[i].exe, path), 0);
        assert_int_equal(kfile_program(name, sizeof name, root, 7), 0);
        assert_string_equal(name, cases[i].program);
        assert_true(kfile_program(name, sizeof name, root, 8) < 0);
        static const char *const made[] = {"proc/7/exe", "proc/7/comm", "proc/7", "proc", ""};
        for (size_t k = 0; k < sizeof made / sizeof *made; k++) {
            snprintf(path, sizeof path, "%s/%s", root, made[k]);
            remove(path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_long_name_is_told_in_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
