#include "../test.h"

#include "base/share.h"

static unsigned take(struct share *s, int64_t now_ms)
{
    unsigned n = 0;
    while (share_take(s, 5, 100, now_ms))
        n++;
    return n;
}

static void some_at_once_and_more_with_time(void **state)
{
    struct share s = {0};
    (void)state;
    assert_int_equal(take(&s, 1000000), 5);
    assert_int_equal(take(&s, 1000000), 0);
    assert_int_equal(take(&s, 1000099), 0);
    assert_int_equal(take(&s, 1000100), 1);
    assert_int_equal(take(&s, 1000350), 2);
    assert_int_equal(take(&s, 1000399), 0); /* what was left of the time before counts */
    assert_int_equal(take(&s, 1000400), 1);
    assert_int_equal(take(&s, 900000000), 5); /* never more than at once */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_at_once_and_more_with_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
