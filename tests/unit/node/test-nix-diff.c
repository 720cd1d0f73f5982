#include "nix-tree.h"

#include "node/nix-diff.h"

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path, *name, *version; /* NULL = no package */
    } cases[] = {
        {"/nix/store/00000000000000000000000000000000-nginx-1.26.2", "nginx", "1.26.2"},
        {"/nix/store/00000000000000000000000000000000-nginx-1.26.2-doc", "nginx", "1.26.2"},
        {"/nix/store/00000000000000000000000000000000-glibc-2.40-66-bin", "glibc", "2.40-66"},
        {"/nix/store/00000000000000000000000000000000-python3.12-numpy-2.1", "python3.12-numpy",
         "2.1"},
        {"/nix/store/00000000000000000000000000000000-unit-web.service", NULL, NULL},
        {"/nix/store/00000000000000000000000000000000-etc", NULL, NULL},
        {"/nix/store/00000000000000000000000000000000-system-path", NULL, NULL},
        {"/nix/store/00000000000000000000000000000000--", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *name = NULL, *version = NULL;
        assert_int_equal(nix_split_name(cases[i].path, &name, &version), cases[i].name != NULL);
        if (cases[i].name) {
            assert_string_equal(name, cases[i].name);
            assert_string_equal(version, cases[i].version);
        }
        mem_free(name);
        mem_free(version);
    }
}

static void add(struct str_list *l, unsigned number, const char *name)
{
    str_list_take(l, nix_tree_path(number, name));
}

static void test_packages(void **state)
{
    (void)state;
    struct str_list from = {0}, to = {0};
    add(&from, 1, "same-1.0");
    add(&to, 1, "same-1.0");
    add(&from, 2, "built-anew-1.0");
    add(&to, 3, "built-anew-1.0");
    add(&from, 4, "nginx-1.24");
    add(&from, 5, "nginx-1.24-doc");
    add(&to, 6, "nginx-1.26");
    add(&from, 7, "gone-1");
    add(&to, 8, "new-2");
    add(&to, 9, "unit-web.service");
    struct str text = {0};
    struct jw w = jw_begin(&text);
    jw_object(&w);
    nix_print_packages(&from, &to, &w);
    jw_end_object(&w);
    assert_string_equal(text.p,
                        "{\"packages\":{\"added\":[{\"name\":\"new\",\"from\":[],\"to\":[\"2\"]}],"
                        "\"removed\":[{\"name\":\"gone\",\"from\":[\"1\"],\"to\":[]}],"
                        "\"changed\":[{\"name\":\"nginx\",\"from\":[\"1.24\"],\"to\":[\"1.26\"]}],"
                        "\"rebuilt\":1}}");
    str_done(&text);
    str_list_done(&from);
    str_list_done(&to);
}

static void unit(const struct nix_tree *t, const char *system, const char *name, const char *text)
{
    AUTO(mem_freep) char *path = mem_printf("%s/etc/systemd/system/%s", system, name);
    nix_tree_file(t, path, text);
}

static void test_units(void **state)
{
    (void)state;
    struct nix_tree t;
    nix_tree_init(&t);
    AUTO(mem_freep) char *from = nix_tree_system(&t, 1, "1", "6.1", "[Service]\nExecStart=/old\n");
    AUTO(mem_freep) char *to = nix_tree_system(&t, 2, "2", "6.1", "[Service]\nExecStart=/new\n");
    AUTO(mem_freep) char *mask = mem_printf("%s/etc/systemd/system/masked.service", to);
    unit(&t, from, "gone.service", "x");
    unit(&t, from, "same.timer", "x");
    unit(&t, to, "same.timer", "x");
    unit(&t, to, "new.socket", "x");
    unit(&t, from, "laid-over.service", "x");
    unit(&t, to, "laid-over.service", "x");
    unit(&t, to, "laid-over.service.d/overrides.conf", "y");
    unit(&t, to, "multi-user.target.wants/web.service", "x");
    unit(&t, from, "masked.service", "x");
    nix_tree_link(&t, mask, "/dev/null");
    struct str text = {0};
    struct jw w = jw_begin(&text);
    jw_object(&w);
    nix_print_units(t.root, from, to, &w);
    jw_end_object(&w);
    assert_string_equal(text.p,
                        "{\"units\":{\"added\":[\"new.socket\"],\"removed\":[\"gone.service\"],"
                        "\"changed\":[\"laid-over.service\",\"masked.service\","
                        "\"web.service\"]}}");
    str_done(&text);
    nix_tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_packages),
        cmocka_unit_test(test_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
