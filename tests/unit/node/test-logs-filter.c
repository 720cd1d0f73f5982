#include "../test.h"

#include "node/logs-private.h"

static const struct {
    const char *pattern, *text;
    bool regex, hit;
} cases[] = {
    {"error", "an ERROR here", false, true},
    {"Error", "an ERROR here", false, false},
    {"a.c", "abc", false, false},
    {"a.c", "abc", true, true},
    {"^b", "a\nb", true, true},
    {"caf\xc3\xa9", "CAF\xc3\x89", false, true},
    {"x", "bad \xff x", false, true},
    {"(foo|bar)$", "the bar", true, true},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct log_query q = {.text = (char *)cases[i].pattern, .regex = cases[i].regex};
        struct log_filter *f = NULL;
        assert_int_equal(log_filter_new(&q, NULL, &f), 0);
        assert_true(log_filter_has_text(f));
        assert_int_equal(log_filter_text(f, cases[i].text, strlen(cases[i].text)), cases[i].hit);
        log_filter_free(f);
    }
}

static void test_nothing_asked_for(void **state)
{
    (void)state;
    struct log_query q = {.text = NULL};
    struct log_filter *f = NULL;
    assert_int_equal(log_filter_new(&q, NULL, &f), 0);
    assert_false(log_filter_has_text(f));
    assert_true(log_filter_text(f, "anything", 8));
    log_filter_free(f);
}

static void test_says_what_is_wrong(void **state)
{
    (void)state;
    struct log_query q = {.text = (char *)"a(b", .regex = true};
    struct log_filter *f = NULL;
    struct err e = {0};
    assert_int_equal(log_filter_new(&q, &e, &f), -EINVAL);
    assert_string_equal(e.field, "q");
    assert_non_null(strstr(e.text, "closing parenthesis"));
}

/* Exponential backtracking ends at a limit, and is told. */
static void test_gives_up(void **state)
{
    (void)state;
    struct log_query q = {.text = (char *)"^(a+)+$", .regex = true};
    struct log_filter *f = NULL;
    char text[64];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 'b';
    assert_int_equal(log_filter_new(&q, NULL, &f), 0);
    assert_false(log_filter_text(f, text, sizeof text));
    assert_true(log_filter_gave_up(f));
    log_filter_free(f);
}

static void test_ends_with_its_reader(void **state)
{
    (void)state;
    struct log_query q = {.text = (char *)"hay"};
    struct log_filter *f = NULL;
    atomic_bool cancelled = false;
    assert_int_equal(log_filter_new(&q, NULL, &f), 0);
    log_filter_heed(f, &cancelled);
    assert_true(log_filter_text(f, "hay", 3));
    atomic_store(&cancelled, true);
    assert_false(log_filter_text(f, "hay", 3));
    log_filter_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nothing_asked_for),
        cmocka_unit_test(test_says_what_is_wrong),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_ends_with_its_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
