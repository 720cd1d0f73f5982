/* Generations that are played. */
#include "demo/systems.h"

#include "../test.h"

#include <stdlib.h>

#define NOW 1764000000000ll

static json_t *scenery;
static struct systems *s;

static int set_up(void **state)
{
    AUTO(mem_freep)
    char *path = mem_printf("%s/home-cluster/demo/hydra-ai.json", getenv("TEST_DATA"));
    (void)state;
    scenery = json_load_file(path, 0, NULL);
    assert_non_null(scenery);
    s = systems_new(scenery, NOW);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    systems_free(s);
    json_decref(scenery);
    return 0;
}

static json_t *printed(struct str *out)
{
    json_t *j;
    struct err e = {0};
    assert_int_equal(json_parse(out->p, out->len, 1 << 20, &e, &j), 0);
    str_done(out);
    return j;
}

static void test_rebuild_and_back(void **state)
{
    (void)state;
    unsigned before = systems_running(s)->number;
    const struct generation *bad = systems_rebuild(s, NOW);
    assert_int_equal(bad->number, before + 1);
    assert_true(systems_breaks(s, bad));
    assert_ptr_equal(systems_rebuild(s, NOW), bad);
    systems_run(s, bad->number, true);
    assert_true(systems_running(s)->current);
    const struct generation *previous;
    assert_int_equal(generations_pick(&s->list, "previous", NULL, &previous), 0);
    assert_int_equal(previous->number, before);
    assert_non_null(json_object_get(systems_plan(s, previous), "restart"));
    systems_run(s, before, false);
    assert_false(systems_running(s)->current);
    systems_boot(s);
    assert_true(systems_breaks(s, systems_running(s)));
}

static void test_diff_turns_round(void **state)
{
    (void)state;
    struct str out = {0};
    struct jw w = jw_begin(&out);
    const struct generation *bad = systems_rebuild(s, NOW), *good = &s->list.v[1];
    systems_print_diff(s, bad, good, &w);
    json_t *j = printed(&out);
    const json_t *packages = json_object_get(j, "packages");
    const json_t *first = json_array_get(json_object_get(packages, "added"), 0);
    assert_string_equal(json_get_str(first, "name", ""), "gcc-13.3.0-lib");
    assert_int_equal(json_array_size(json_object_get(first, "from")), 0);
    assert_int_equal(json_array_size(json_object_get(first, "to")), 1);
    json_decref(j);
}

static void test_list_and_garbage(void **state)
{
    (void)state;
    struct str out = {0};
    struct jw w = jw_begin(&out);
    struct policy *p = policy_default();
    systems_print(s, p, &w);
    json_t *j = printed(&out);
    assert_int_equal(json_array_size(json_object_get(j, "generations")), s->list.n);
    assert_true(json_is_null(json_object_get(j, "switch")));
    json_decref(j);
    w = jw_begin(&out);
    systems_print_garbage(s, 30, NOW, &w);
    j = printed(&out);
    size_t old = json_array_size(json_object_get(j, "generations")), all = s->list.n;
    assert_true(old > 0 && json_get_int(j, "bytes", 0) > 0);
    json_decref(j);
    assert_int_equal(systems_collect(s, 30, NOW), old);
    assert_int_equal(s->list.n, all - old);
    policy_free(p);
}

static void test_reboot(void **state)
{
    (void)state;
    const struct generation *old;
    assert_int_equal(generations_pick(&s->list, "134", NULL, &old), 0);
    AUTO(mem_freep) char *why = systems_needs_reboot(s, old);
    assert_non_null(why);
    assert_null(systems_needs_reboot(s, systems_running(s)));
    assert_null(systems_new(NULL, NOW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rebuild_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_diff_turns_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_and_garbage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reboot, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
