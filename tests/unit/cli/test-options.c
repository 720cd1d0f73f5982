#include "../test.h"

#include "cli/options.h"

#include <errno.h>

static int parse(struct invocation *v, struct err *e, size_t n, ...)
{
    char *argv[16] = {(char *)"hydra"};
    va_list ap;
    va_start(ap, n);
    for (size_t i = 0; i < n; i++)
        argv[i + 1] = va_arg(ap, char *);
    va_end(ap);
    return invocation_parse((int)n + 1, argv, v, e);
}

static void options_stand_anywhere(void **state)
{
    (void)state;
    struct invocation v = {0};
    struct err e = {0};
    assert_int_equal(parse(&v, &e, 8, "-o", "json", "service", "--url", "http://x", "add",
                           "--interval=30s", "My router"),
                     0);
    assert_string_equal(v.verb->words[1], "add");
    assert_int_equal(v.words.n, 1);
    assert_string_equal(v.words.v[0], "My router");
    assert_int_equal(v.output, OUTPUT_JSON);
    assert_string_equal(invocation_option(&v, "url"), "http://x");
    assert_string_equal(invocation_option(&v, "interval"), "30s");
    assert_false(invocation_has(&v, "hide"));
    invocation_done(&v);
}

static void letters_take_values_in_both_ways(void **state)
{
    (void)state;
    struct invocation v = {0};
    struct err e = {0};
    assert_int_equal(parse(&v, &e, 4, "events", "-n5", "-o", "yaml"), 0);
    assert_string_equal(invocation_option(&v, "limit"), "5");
    assert_int_equal(v.output, OUTPUT_YAML);
    invocation_done(&v);
    assert_int_equal(parse(&v, &e, 2, "services", "-w"), 0);
    assert_true(invocation_has(&v, "watch"));
    invocation_done(&v);
}

static void the_agent_answers_some_verbs(void **state)
{
    (void)state;
    struct invocation v = {0};
    struct err e = {0};
    assert_int_equal(parse(&v, &e, 3, "--local", "restart", "nginx"), 0);
    assert_string_equal(v.words.v[0], "nginx");
    invocation_done(&v);
    assert_int_equal(parse(&v, &e, 4, "logs", "nginx", "--local", "-f"), 0);
    invocation_done(&v);
    assert_int_equal(parse(&v, &e, 2, "--local", "users"), -EINVAL);
    assert_non_null(strstr(e.text, "`hydra users` asks the hub"));
    assert_int_equal(parse(&v, &e, 3, "--local", "users", "--help"), 0);
    invocation_done(&v);
}

static void mistakes_are_explained(void **state)
{
    (void)state;
    struct invocation v = {0};
    struct err e = {0};
    assert_int_equal(parse(&v, &e, 1, "servces"), -EINVAL);
    assert_non_null(strstr(e.text, "services"));
    assert_int_equal(parse(&v, &e, 2, "status", "--nothing"), -EINVAL);
    assert_non_null(strstr(e.text, "--nothing"));
    assert_int_equal(parse(&v, &e, 2, "events", "--folow"), -EINVAL);
    assert_non_null(strstr(e.text, "did you mean --follow?"));
    assert_int_equal(parse(&v, &e, 2, "service", "shw"), -EINVAL);
    assert_non_null(strstr(e.text, "show, add, edit, rm"));
    assert_int_equal(parse(&v, &e, 3, "status", "-o", "xml"), -EINVAL);
    assert_int_equal(parse(&v, &e, 2, "status", "-o"), -EINVAL);
    assert_non_null(strstr(e.text, "value"));
}

static void words_are_counted(void **state)
{
    (void)state;
    struct invocation v = {0};
    struct err e = {0};
    assert_int_equal(parse(&v, &e, 2, "status", "extra"), -EINVAL);
    assert_non_null(strstr(e.text, "\"extra\" is one word too many: `hydra status`."));
    assert_int_equal(parse(&v, &e, 5, "node", "folders", "tower", "/srv", "/var"), -EINVAL);
    assert_non_null(strstr(e.text, "\"/var\" is one word too many: `hydra node folders NAME"));
    assert_int_equal(parse(&v, &e, 4, "node", "folders", "tower", "/srv"), 0);
    invocation_done(&v);
    assert_int_equal(parse(&v, &e, 6, "service", "restart", "a", "b", "c", "d"), 0);
    assert_int_equal(v.words.n, 4);
    invocation_done(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(letters_take_values_in_both_ways),
        cmocka_unit_test(the_agent_answers_some_verbs),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(words_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
