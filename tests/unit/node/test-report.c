#include "../test.h"

#include "node/report.h"

static struct observed *full(void)
{
    struct observed *o = mem_alloc(sizeof *o);
    char **strings[] = {&o->id,      &o->engine,    &o->name,    &o->description, &o->run_text,
                        &o->why,     &o->image_id,  &o->image,   &o->health_text, &o->container_id,
                        &o->project, &o->unit_file, &o->command, &o->cgroup};
    for (size_t i = 0; i < COUNT_OF(strings); i++)
        *strings[i] = mem_printf("text %zu", i);
    o->exit_code = 137;
    *vec_add(&o->ports) = (struct observed_port){
        .address = mem_strdup("::"), .port = 80, .process = mem_strdup("nginx")};
    *vec_add(&o->labels) = (struct label){mem_strdup("k"), mem_strdup("v")};
    str_list_add(&o->depends_on, "docker/db");
    str_list_add(&o->mounts, "/data");
    str_list_add(&o->networks, "bridge");
    return o;
}

/* Frees the first before looking at the copy: ASan finds what was shared. */
static void test_copy_shares_nothing(void **state)
{
    (void)state;
    struct observed *o = full(), *copy = observed_copy(o);
    observed_free(o);
    assert_string_equal(copy->id, "text 0");
    assert_string_equal(copy->cgroup, "text 13");
    assert_string_equal(copy->ports.v[0].process, "nginx");
    assert_int_equal(copy->ports.v[0].port, 80);
    assert_string_equal(copy->labels.v[0].value, "v");
    assert_string_equal(copy->depends_on.v[0], "docker/db");
    assert_string_equal(copy->mounts.v[0], "/data");
    assert_string_equal(copy->networks.v[0], "bridge");
    assert_int_equal(copy->exit_code, 137);
    *vec_add(&copy->ports) = (struct observed_port){.port = 81};
    observed_free(copy);
    observed_free(NULL);
}

static void test_check_kinds(void **state)
{
    (void)state;
    for (int k = CHECK_HTTP; k <= CHECK_PROCESS; k++) {
        enum check_kind back;
        assert_int_equal(check_kind_parse(check_kind_name((enum check_kind)k), &back), 0);
        assert_int_equal((int)back, k);
    }
    enum check_kind none;
    assert_true(check_kind_parse("HTTP", &none) < 0);
    assert_true(check_kind_parse(NULL, &none) < 0);
}

static void test_check_spec_copy(void **state)
{
    (void)state;
    struct check_spec spec = {.service = mem_strdup("a"),
                              .target = mem_strdup("b"),
                              .expect_body = mem_strdup("c"),
                              .interval_ms = 5},
                      copy;
    check_spec_copy(&copy, &spec);
    check_spec_done(&spec);
    assert_string_equal(copy.expect_body, "c");
    assert_null(copy.expect_process);
    assert_int_equal(copy.interval_ms, 5);
    check_spec_done(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_shares_nothing),
        cmocka_unit_test(test_check_kinds),
        cmocka_unit_test(test_check_spec_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
