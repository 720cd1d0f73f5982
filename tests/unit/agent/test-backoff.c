#include "agent/backoff.h"

#include "../test.h"

static void grows_from_half_a_second_to_half_a_minute(void **state)
{
    struct backoff b = {0};
    static const uint32_t most[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(most); i++) {
        struct backoff same = b;
        assert_int_equal(backoff_failed(&same, 0), BACKOFF_MIN_MS);
        assert_int_equal(backoff_failed(&b, UINT32_MAX), most[i]);
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(backoff_failed(&b, UINT32_MAX), BACKOFF_MAX_MS);
}

static void is_anywhere_in_its_span(void **state)
{
    struct backoff b = {.failures = 1};
    (void)state;
    assert_int_equal(backoff_failed(&b, UINT32_MAX / 2 + 1), 1250); /* of 500 … 2000 */
}

static void a_hub_that_said_no_is_asked_seldom(void **state)
{
    struct backoff b = {0};
    (void)state;
    assert_int_equal(backoff_refused(&b, 0), 5 * 60 * 1000);
    assert_int_equal(backoff_refused(&b, UINT32_MAX), 20 * 60 * 1000);
    for (int i = 0; i < 50; i++)
        assert_true(backoff_refused(&b, UINT32_MAX) <= BACKOFF_REFUSED_MAX_MS);
    assert_int_equal(backoff_refused(&b, 0), BACKOFF_REFUSED_MAX_MS / 2);
}

static void only_a_link_that_stood_was_a_success(void **state)
{
    struct backoff b = {.failures = 9, .refusals = 2};
    (void)state;
    backoff_stood(&b, BACKOFF_STOOD_MS - 1);
    assert_int_equal(b.failures, 9);
    backoff_stood(&b, BACKOFF_STOOD_MS);
    assert_int_equal(b.failures + b.refusals, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_from_half_a_second_to_half_a_minute),
        cmocka_unit_test(is_anywhere_in_its_span),
        cmocka_unit_test(a_hub_that_said_no_is_asked_seldom),
        cmocka_unit_test(only_a_link_that_stood_was_a_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
