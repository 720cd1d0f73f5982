#include "nix-tree.h"

#include "base/clock.h"
#include "node/nix-garbage.h"

static void test_days(void **state)
{
    (void)state;
    unsigned days = 0;
    assert_int_equal(garbage_days("", NULL, &days), 0);
    assert_int_equal(days, GARBAGE_DAYS_USUAL);
    assert_int_equal(garbage_days("0", NULL, &days), 0);
    assert_int_equal(days, 0);
    assert_int_equal(garbage_days("30d", NULL, &days), -EINVAL);
    assert_int_equal(garbage_days("4000", NULL, &days), -EINVAL);
}

static void test_old(void **state)
{
    (void)state;
    const int64_t day = INT64_C(24) * 3600 * 1000;
    struct generation g = {.date_ms = 10 * day};
    assert_true(garbage_is_old(&g, 5, 15 * day));
    assert_false(garbage_is_old(&g, 6, 15 * day));
    bool *const kept[] = {&g.current, &g.booted, &g.running};
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        *kept[i] = true;
        assert_false(garbage_is_old(&g, 0, 15 * day));
        *kept[i] = false;
    }
}

/* Two generations share a library; each has a program of its own; one path is dead already. */
static void test_preview(void **state)
{
    (void)state;
    struct nix_tree t;
    nix_tree_init(&t);
    AUTO(mem_freep) char *library = nix_tree_path(3, "library-1.0");
    AUTO(mem_freep) char *older = nix_tree_path(4, "program-1.0");
    AUTO(mem_freep) char *newer = nix_tree_path(5, "program-2.0");
    AUTO(mem_freep) char *dead = nix_tree_path(6, "dead-1.0");
    AUTO(mem_freep) char *first = nix_tree_system(&t, 1, "1", "6.1", "");
    AUTO(mem_freep) char *second = nix_tree_system(&t, 2, "2", "6.1", "");
    const char *const files[] = {library, older, newer, dead};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        nix_tree_file(&t, files[i], "");
    nix_tree_register(&t, library, 1000, NULL);
    nix_tree_register(&t, older, 100, (const char *const[]){library, NULL});
    nix_tree_register(&t, newer, 200, (const char *const[]){library, NULL});
    nix_tree_register(&t, dead, 7, NULL);
    nix_tree_register(&t, first, 30, (const char *const[]){older, NULL});
    nix_tree_register(&t, second, 40, (const char *const[]){newer, NULL});
    nix_tree_link(&t, "/nix/var/nix/profiles/system", "system-2-link");
    if (nix_tree_load(&t)) {
        struct str text = {0};
        struct err e = {0};
        struct jw w = jw_begin(&text);
        jw_object(&w);
        int r = garbage_print(t.root, 0, clock_wall_ms() + 1000, &w, &e);
        if (r < 0)
            fail_msg("%s", e.text);
        jw_end_object(&w);
        assert_string_equal(
            text.p, "{\"older_than_days\":0,\"generations\":[1],\"paths\":3,\"bytes\":137}");
        str_done(&text);
    }
    nix_tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_old),
        cmocka_unit_test(test_preview),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
