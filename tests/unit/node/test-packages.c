#include "../test.h"

#include "node/packages.h"

static void test_updates(void **state)
{
    (void)state;
    static const char text[] =
        "NOTE: This is only a simulation!\n"
        "Reading package lists...\n"
        "The following packages will be upgraded:\n  libssl3 tzdata\n"
        "Inst libssl3 [3.0.15-1~deb12u1] (3.0.17-1~deb12u2 Debian-Security:12/stable-security "
        "[amd64])\n"
        "Inst linux-image-6.1.0-31-amd64 (6.1.128-1 Debian:12.10/stable [amd64])\n"
        "Inst tzdata [2024a-0] (2025b-0 Debian:12.11/stable, Debian:12-updates/stable-updates "
        "[all]) []\n"
        "Inst broken [1\nInst (x)\nInst a [1] 2\n"
        "Conf libssl3 (3.0.17-1~deb12u2 Debian-Security:12/stable-security [amd64])\n";
    struct update_list l = {0};
    AUTO(str_done) struct str out = {0};
    struct jw w = jw_begin(&out);
    updates_parse(&l, text, strlen(text));
    assert_int_equal(l.v.n, 3);
    assert_string_equal(l.v.v[0].name, "libssl3");
    assert_string_equal(l.v.v[0].installed, "3.0.15-1~deb12u1");
    assert_string_equal(l.v.v[0].candidate, "3.0.17-1~deb12u2");
    assert_string_equal(l.v.v[0].origin, "Debian-Security:12/stable-security");
    assert_true(l.v.v[0].security);
    assert_null(l.v.v[1].installed);
    assert_false(l.v.v[1].security);
    assert_string_equal(l.v.v[2].origin, "Debian:12.11/stable, Debian:12-updates/stable-updates");
    jw_object(&w);
    updates_print(&l, &w);
    jw_end_object(&w);
    assert_true(str_starts(out.p, "{\"count\":3,\"security_count\":1,\"updates\":[{\"name\":"));
    updates_done(&l);
}

static void test_held(void **state)
{
    (void)state;
    static const char text[] = "Package: a\nStatus: install ok installed\n\n"
                               "Package: docker.io\nStatus: hold ok installed\nVersion: 1\n\n"
                               "Status: hold ok installed\n";
    struct str_list names = {0};
    held_parse(&names, text, strlen(text));
    assert_int_equal(names.n, 1);
    assert_string_equal(names.v[0], "docker.io");
    str_list_done(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
