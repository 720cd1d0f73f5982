/* What a journal's files say by their names, and how much they take. */
#include "../test.h"

#include "node/journal-usage.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static void names_say_it(void **state)
{
    (void)state;
    struct journal_usage u = {0};
    assert_false(journal_usage_add(&u, "fss", 10));
    assert_false(journal_usage_add(&u, "system.journal.bak", 10));
    assert_true(journal_usage_add(&u, "system.journal", 100));
    assert_int_equal(u.archived_bytes, 0);
    assert_int_equal(u.since_ms, 0);
    static const char newer[] =
        "system@0123456789abcdef0123456789abcdef-0000000000000400-0006247be1a0c000.journal";
    static const char older[] =
        "user-1000@0123456789abcdef0123456789abcdef-0000000000000001-000624000000f3e8.journal";
    assert_true(journal_usage_add(&u, newer, 1000));
    assert_true(journal_usage_add(&u, older, 2000));
    assert_true(journal_usage_add(&u, "system@000624000000f3e8-0006247be1a0c000.journal~", 4000));
    assert_true(journal_usage_add(&u, "system@x-y.journal", 1));
    assert_int_equal(u.bytes, 7101);
    assert_int_equal(u.archived_bytes, 7001);
    assert_int_equal(u.files, 5);
    assert_int_equal(u.since_ms, 0x000624000000f3e8ll / 1000);
    AUTO(str_done) struct str json = {0};
    struct jw w = jw_begin(&json);
    journal_usage_print(&u, &w);
    assert_non_null(
        strstr(json.p, "\"bytes\":7101,\"archived_bytes\":7001,\"files\":5,\"since\":\""));
}

static void put(const char *root, const char *path, const char *text)
{
    AUTO(mem_freep) char *full = mem_printf("%s%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        (void)mkdir(full, 0755);
        *p = '/';
    }
    FILE *f = fopen(full, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Other machines' and other name spaces' journals are not its own. */
static void folders_of_this_machine(void **state)
{
    (void)state;
    char root[] = "/tmp/hydra-journal-XXXXXX";
    struct journal_usage u = {0};
    struct err e = {0};
    assert_non_null(mkdtemp(root));
    assert_int_equal(journal_usage_read(root, &e, &u), -ENOENT);
    put(root, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    assert_int_equal(journal_usage_read(root, &e, &u), -ENOENT);
    assert_string_equal(e.text, "This machine keeps no journal.");
    put(root, "/var/log/journal/0123456789abcdef0123456789abcdef/system.journal", "entries");
    put(root, "/run/log/journal/0123456789abcdef0123456789abcdef/system.journal", "entries");
    put(root, "/var/log/journal/0123456789abcdef0123456789abcdef.noise/system.journal", "entries");
    put(root, "/var/log/journal/ffffffffffffffffffffffffffffffff/system.journal", "entries");
    assert_int_equal(journal_usage_read(root, &e, &u), 0);
    assert_int_equal(u.files, 2);
    AUTO(mem_freep) char *line = mem_printf("rm -rf %s", root);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_it),
        cmocka_unit_test(folders_of_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
