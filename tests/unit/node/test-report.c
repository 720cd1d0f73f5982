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

static bool is_clean(const char *s)
{
    return str_is_utf8(s, strlen(s)) && strlen(s) <= LIMIT_REPORT_TEXT;
}

static void test_mend_service(void **state)
{
    (void)state;
    struct node_report r = {.kind = REPORT_SERVICE, .service = full()};
    struct observed *o = r.service;
    mem_set_str(&o->run_text, "Exit\xe9 (1)");
    mem_set_str(&o->why, "a\xff");
    mem_set_str(&o->labels.v[0].value, "\xe2\x82");
    mem_set_str(&o->ports.v[0].process, "caf\xe9-server");
    mem_set_str(&o->mounts.v[0], "/d\xe4ta");
    mem_free(o->description);
    o->description = mem_alloc(LIMIT_REPORT_TEXT + 100);
    memset(o->description, 'x', LIMIT_REPORT_TEXT + 99);
    memcpy(o->description + LIMIT_REPORT_TEXT - 1, "\xc3\xa4", 2);
    node_report_mend(&r);
    assert_string_equal(o->run_text, "Exit? (1)");
    assert_string_equal(o->why, "a?");
    assert_string_equal(o->labels.v[0].value, "");
    assert_string_equal(o->ports.v[0].process, "caf?-server");
    assert_string_equal(o->mounts.v[0], "/d?ta");
    assert_int_equal(strlen(o->description), LIMIT_REPORT_TEXT - 1);
    node_report_free(&r);
}

/* A name that the kernel cut at 15 bytes, arguments in Latin-1. */
static void test_mend_processes(void **state)
{
    (void)state;
    struct process_table *t = mem_alloc(sizeof *t);
    struct node_report r = {.kind = REPORT_PROCESSES, .processes = t};
    *vec_add(&t->rows) = (struct process_row){.name = mem_strdup("abcdefghijklmn\xc3"),
                                              .command = mem_strdup("cat caf\xe9.txt"),
                                              .user = mem_strdup("\xff")};
    *vec_add(&t->gpu_rows) =
        (struct gpu_process_row){.gpu = mem_strdup("0"), .name = mem_strdup("\xff")};
    node_report_mend(&r);
    assert_string_equal(t->rows.v[0].name, "abcdefghijklmn");
    assert_string_equal(t->rows.v[0].command, "cat caf?.txt");
    assert_string_equal(t->rows.v[0].user, "?");
    assert_string_equal(t->gpu_rows.v[0].name, "?");
    node_report_free(&r);
}

static void test_mend_others(void **state)
{
    (void)state;
    struct command_outcome *o = mem_alloc(sizeof *o);
    o->step = mem_strdup("");
    o->text = mem_strdup("caf\xe9 ended after 1 s.");
    o->output = mem_strdup("cut \xe2\x82");
    struct source_report *s = mem_alloc(sizeof *s);
    s->name = mem_strdup("docker");
    s->text = mem_strdup("no \xff");
    struct check_result *c = mem_alloc(sizeof *c);
    c->service = mem_strdup("a");
    c->text = mem_strdup("220 \xff");
    struct node_facts *f = mem_alloc(sizeof *f);
    f->hostname = mem_strdup("\xff");
    struct policy *p = policy_default();
    p->trouble = mem_strdup("\xff");
    struct node_report reports[] = {{.kind = REPORT_OUTCOME, .outcome = o},
                                    {.kind = REPORT_SOURCE, .source = s},
                                    {.kind = REPORT_CHECK, .check = c},
                                    {.kind = REPORT_FACTS, .facts = f},
                                    {.kind = REPORT_POLICY, .policy = p},
                                    {.kind = REPORT_SERVICE_GONE, .gone = mem_strdup("\xff")}};
    for (size_t i = 0; i < COUNT_OF(reports); i++)
        node_report_mend(&reports[i]);
    assert_string_equal(o->text, "caf? ended after 1 s.");
    assert_string_equal(o->output, "cut ");
    assert_true(is_clean(s->text) && is_clean(c->text) && is_clean(f->hostname));
    assert_true(is_clean(p->trouble) && is_clean(reports[5].gone));
    for (size_t i = 0; i < COUNT_OF(reports); i++)
        node_report_free(&reports[i]);
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
        cmocka_unit_test(test_copy_shares_nothing), cmocka_unit_test(test_mend_service),
        cmocka_unit_test(test_mend_processes),      cmocka_unit_test(test_mend_others),
        cmocka_unit_test(test_check_kinds),         cmocka_unit_test(test_check_spec_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
