#include "nix-tree.h"

#include "node/rooted.h"

static void test_links_stay_inside(void **state)
{
    (void)state;
    struct nix_tree t;
    struct str text = {0};
    nix_tree_init(&t);
    nix_tree_file(&t, "/etc/a", "inside");
    nix_tree_link(&t, "/run/absolute", "/etc/a");
    nix_tree_link(&t, "/run/climbs", "../../../../../../etc/a");
    nix_tree_link(&t, "/run/nowhere", "/etc/none");
    assert_int_equal(rooted_read(t.root, "/run/absolute", 100, &text), 0);
    assert_string_equal(text.p, "inside");
    str_done(&text);
    assert_int_equal(rooted_read(t.root, "/run/climbs", 3, &text), 0);
    assert_string_equal(text.p, "ins");
    str_done(&text);
    assert_int_equal(rooted_read(t.root, "/run/nowhere", 3, &text), -ENOENT);
    AUTO(mem_freep) char *real = rooted_real(t.root, "/run/climbs");
    assert_string_equal(real, "/etc/a");
    assert_null(rooted_real(t.root, "/run/nowhere"));
    AUTO(mem_freep) char *here = rooted_real("", "/proc/self/../1/comm");
    assert_string_equal(here, "/proc/1/comm");
    nix_tree_done(&t);
}

static void test_list(void **state)
{
    (void)state;
    struct nix_tree t;
    struct str_list names = {0};
    nix_tree_init(&t);
    nix_tree_file(&t, "/d/b", "");
    nix_tree_file(&t, "/d/a", "");
    nix_tree_file(&t, "/d/.hidden", "");
    assert_int_equal(rooted_list(t.root, "/d", 10, &names), 0);
    assert_int_equal(names.n, 2);
    assert_string_equal(names.v[0], "a");
    assert_int_equal(rooted_list(t.root, "/none", 10, &names), -ENOENT);
    str_list_done(&names);
    nix_tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links_stay_inside),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
