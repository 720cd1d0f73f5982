#include "nix-tree.h"

#include "node/nix-generations.h"

static void machine(struct nix_tree *t)
{
    nix_tree_init(t);
    mem_free(nix_tree_system(t, 9, "25.05.1", "6.6.1", "a"));
    AUTO(mem_freep) char *booted = nix_tree_system(t, 10, "25.11.2", "6.12.5", "b");
    AUTO(mem_freep) char *running = nix_tree_system(t, 12, "25.11.3", "6.12.5", "c");
    AUTO(mem_freep) char *script = mem_printf("%s/sw/bin/nixos-version", running);
    AUTO(mem_freep) char *special = mem_printf("%s/specialisation/gaming", running);
    nix_tree_file(t, script,
                  "#!/bin/sh\n--json)\ncat <<EOF\n"
                  "{\"configurationRevision\":\"abc123\",\"nixosVersion\":\"25.11.3\"}\nEOF\n");
    nix_tree_link(t, special, "/nowhere");
    nix_tree_link(t, "/nix/var/nix/profiles/system-11-link", "/nix/store/gone");
    nix_tree_link(t, "/nix/var/nix/profiles/system-x-link", running);
    nix_tree_link(t, "/nix/var/nix/profiles/default-3-link", running);
    nix_tree_link(t, "/nix/var/nix/profiles/system", "system-10-link");
    nix_tree_link(t, "/run/booted-system", booted);
    nix_tree_link(t, "/run/current-system", running);
}

static void test_list(void **state)
{
    (void)state;
    struct nix_tree t;
    struct generations l = {0};
    machine(&t);
    assert_int_equal(generations_read(t.root, NULL, &l), 0);
    assert_int_equal(l.n, 3);
    assert_int_equal(l.v[0].number, 12);
    assert_int_equal(l.v[2].number, 9);
    assert_string_equal(l.v[0].version, "25.11.3");
    assert_string_equal(l.v[0].kernel, "6.12.5");
    assert_string_equal(l.v[0].revision, "abc123");
    assert_null(l.v[1].revision);
    assert_int_equal(l.v[0].specialisations.n, 1);
    assert_string_equal(l.v[0].specialisations.v[0], "gaming");
    assert_true(l.v[0].running && !l.v[0].current && !l.v[0].booted);
    assert_true(l.v[1].current && l.v[1].booted && !l.v[1].running);
    assert_true(l.v[0].date_ms > 0);
    struct str text = {0};
    struct jw w = jw_begin(&text);
    jw_object(&w);
    generation_print(&l.v[0], &w);
    jw_end_object(&w);
    assert_non_null(strstr(text.p, "\"number\":12,"));
    assert_non_null(strstr(text.p, "\"specialisations\":[\"gaming\"]"));
    str_done(&text);
    generations_done(&l);
    nix_tree_done(&t);
}

static void test_pick(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int r;
        unsigned number;
    } cases[] = {{"12", 0, 12},        {"current", 0, 10},         {"previous", 0, 9},
                 {"running", 0, 12},   {"booted", 0, 10},          {"11", -ENOENT, 0},
                 {"", -EINVAL, 0},     {"-1", -EINVAL, 0},         {"0", -EINVAL, 0},
                 {"next", -EINVAL, 0}, {"99999999999", -EINVAL, 0}};
    struct nix_tree t;
    struct generations l = {0};
    machine(&t);
    assert_int_equal(generations_read(t.root, NULL, &l), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct generation *g = NULL;
        struct err e = {0};
        assert_int_equal(generations_pick(&l, cases[i].word, &e, &g), cases[i].r);
        assert_int_equal(g ? g->number : 0, cases[i].number);
        assert_true(cases[i].r == 0 || *e.text);
    }
    generations_done(&l);
    nix_tree_done(&t);
}

/* A file of a system, or of the kernel that it has. */
static void put(const struct nix_tree *t, const char *system, const char *tail, const char *target)
{
    AUTO(mem_freep) char *path = mem_printf("%s/%s", system, tail);
    nix_tree_file(t, target, "");
    nix_tree_link(t, path, target);
}

static void test_needs_reboot(void **state)
{
    (void)state;
    struct nix_tree t;
    nix_tree_init(&t);
    AUTO(mem_freep) char *old = nix_tree_system(&t, 1, "1", "6.12.1", "");
    AUTO(mem_freep) char *same = nix_tree_system(&t, 2, "2", "6.12.1", "");
    AUTO(mem_freep) char *newer = nix_tree_system(&t, 3, "3", "6.18.1", "");
    AUTO(mem_freep) char *rebuilt = nix_tree_system(&t, 4, "4", "6.12.1", "");
    AUTO(mem_freep) char *driver = nix_tree_system(&t, 5, "5", "6.12.1", "");
    static const char nvidia[] = "kernel-modules/lib/modules/6.12.1/misc/nvidia.ko.xz";
    assert_null(nix_needs_reboot(t.root, newer)); /* nothing says what was booted */
    nix_tree_link(&t, "/run/booted-system", old);
    char *const all[] = {old, same, newer, driver};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        put(&t, all[i], "kernel", "/nix/store/linux/bzImage");
    put(&t, rebuilt, "kernel", "/nix/store/linux-again/bzImage");
    put(&t, old, nvidia, "/nix/store/nvidia-1");
    put(&t, same, nvidia, "/nix/store/nvidia-1");
    put(&t, rebuilt, nvidia, "/nix/store/nvidia-1");
    put(&t, driver, nvidia, "/nix/store/nvidia-2");
    static const char *const says[] = {NULL, NULL, "another kernel (6.18.1)", "another build",
                                       "another NVIDIA driver"};
    char *const systems[] = {old, same, newer, rebuilt, driver};
    for (size_t i = 0; i < COUNT_OF(systems); i++) {
        AUTO(mem_freep) char *why = nix_needs_reboot(t.root, systems[i]);
        if (!says[i] ? why != NULL : !why || !strstr(why, says[i]))
            fail_msg("%zu: %s", i, why ? why : "-");
    }
    nix_tree_done(&t);
}

static void test_no_nixos(void **state)
{
    (void)state;
    struct nix_tree t;
    struct generations l = {0};
    struct err e = {0};
    nix_tree_init(&t);
    assert_int_equal(generations_read(t.root, &e, &l), -EOPNOTSUPP);
    assert_non_null(strstr(e.text, "does not run NixOS"));
    nix_tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_needs_reboot),
        cmocka_unit_test(test_no_nixos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
