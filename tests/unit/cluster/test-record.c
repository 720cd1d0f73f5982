/* Records: what is accepted, and that the database gives back what it was given. */
#include "../test.h"

#include "cluster/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void test_check(void **state)
{
    static const struct {
        struct service_record r;
        const char *complaint; /* NULL = fine */
    } cases[] = {
        {{.id = "manual/a", .manual = true, .name = "A"}, NULL},
        {{.id = "n/docker/a", .hidden = true}, NULL},
        {{.id = "manual/a", .manual = true}, "name is missing"},
        {{.id = "a", .manual = true, .name = "A"}, "manual/"},
        {{.id = "manual/a", .name = "a\nb"}, "one line"},
        {{.id = "manual/a", .url = "javascript:alert(1)"}, "url"},
        {{.id = "manual/a", .url = "http://u:p@h/"}, "user name"},
        {{.id = "manual/a", .icon = "../x"}, "icon"},
        {{.id = "manual/a", .interval_ms = 10}, "interval"},
        {{.id = "manual/a", .timeout_ms = 600000}, "timeout"},
        {{.id = "manual/a", .check_kind = "telnet"}, "not known"},
        {{.id = "manual/a", .check_kind = "none"}, NULL},
        {{.id = "manual/a", .check_kind = "http"}, "target is missing"},
        {{.id = "manual/a", .check_kind = "http", .url = "http://h/"}, NULL},
        {{.id = "manual/a", .check_kind = "http", .check_target = "file:///etc"}, "http://"},
        {{.id = "manual/a", .check_kind = "tcp", .check_target = "h"}, "host:port"},
        {{.id = "manual/a", .check_kind = "tcp", .check_target = "h:70000"}, "host:port"},
        {{.id = "manual/a", .check_kind = "tcp", .check_target = "h:22"}, NULL},
        {{.id = "manual/a", .check_kind = "icmp", .check_target = "h"}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        int res = service_record_check(&cases[i].r, &e);
        bool fits =
            cases[i].complaint ? res == -EINVAL && strstr(e.text, cases[i].complaint) : res == 0;
        if (!fits)
            fail_msg("case %zu: %d %s", i, res, e.text);
    }
}

static void test_database(void **state)
{
    (void)state;
    struct err e = {0};
    struct store *store;
    struct db *db;
    char file[] = "/tmp/hydra-record-XXXXXX";
    assert_non_null(mkdtemp(file));
    char *path = mem_printf("%s/db", file);
    assert_int_equal(store_open(path, &e, &store), 0);
    assert_true(store_migrate(store, &e) >= 0);
    assert_int_equal(store_take(store, &e, &db), 0);
    struct service_record r = {.id = "manual/a",
                               .manual = true,
                               .name = "A",
                               .group = "G",
                               .check_kind = "tcp",
                               .check_target = "h:22",
                               .interval_ms = 5000,
                               .created_ms = 7,
                               .changed_ms = 8};
    str_list_add(&r.depends_on, "n/docker/\"b\"");
    assert_int_equal(service_record_put(db, &r, true, &e), 0);
    assert_int_equal(service_record_put(db, &r, true, &e), -EEXIST);
    r.hidden = true;
    r.changed_ms = 9;
    assert_int_equal(service_record_put(db, &r, false, &e), 0);
    struct service_record back;
    assert_int_equal(service_record_get(db, "manual/a", &back, &e), 0);
    assert_true(back.manual && back.hidden);
    assert_string_equal(back.name, "A");
    assert_string_equal(back.group, "G");
    assert_null(back.url);
    assert_string_equal(back.check_target, "h:22");
    assert_int_equal(back.interval_ms, 5000);
    assert_int_equal(back.created_ms, 7);
    assert_int_equal(back.changed_ms, 9);
    assert_int_equal(back.depends_on.n, 1);
    assert_string_equal(back.depends_on.v[0], "n/docker/\"b\"");
    service_record_done(&back);
    struct service_record *all;
    size_t n;
    assert_int_equal(service_record_load(db, &all, &n, &e), 0);
    assert_int_equal(n, 1);
    service_record_done(&all[0]);
    mem_free(all);
    assert_int_equal(service_record_delete(db, "manual/a", &e), 0);
    assert_int_equal(service_record_delete(db, "manual/a", &e), -ENOENT);
    assert_int_equal(service_record_get(db, "manual/a", &back, &e), -ENOENT);
    str_list_done(&r.depends_on);
    store_give(db);
    store_close(store);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        char *name = mem_printf("%s%s", path, ends[i]);
        remove(name);
        mem_free(name);
    }
    rmdir(file);
    mem_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
