#include "nix-tree.h"

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool good;
    } cases[] = {
        {"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-hello-2.12", true},
        {"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-", false},
        {"/nix/store/0123456789abcdfghijklmnpqrsvwxyz", false},
        {"/nix/store/0123456789abcdefghijklmnopqrstuv-hello", false},
        {"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-a/../../etc", false},
        {"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-a b", false},
        {"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-.drv", false},
        {"--option", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(nix_is_store_path(cases[i].path), cases[i].good);
}

static void test_closure(void **state)
{
    (void)state;
    struct nix_tree t;
    nix_tree_init(&t);
    AUTO(mem_freep) char *library = nix_tree_path(1, "library-1.0");
    AUTO(mem_freep) char *program = nix_tree_path(2, "program-1.0");
    nix_tree_register(&t, library, 1000, NULL);
    nix_tree_register(&t, program, 1, (const char *const[]){library, NULL});
    if (nix_tree_load(&t)) {
        struct str_list closure = {0};
        struct err e = {0};
        uint64_t bytes = 0;
        const char *const none[] = {"/nix/store/00000000000000000000000000000009-not-here"};
        assert_int_equal(nix_closure(t.root, (const char *const *)&program, 1, &e, &closure), 0);
        assert_int_equal(closure.n, 2);
        assert_true(str_list_has(&closure, library) && str_list_has(&closure, program));
        assert_int_equal(nix_size(t.root, &closure, &e, &bytes), 0);
        assert_int_equal(bytes, 1001);
        assert_int_equal(nix_closure(t.root, none, 1, &e, &closure), -EIO);
        assert_non_null(strstr(e.text, "is not valid"));
        str_list_done(&closure);
    }
    nix_tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_closure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
