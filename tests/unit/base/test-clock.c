#include "../test.h"

#include "base/clock.h"

#include <errno.h>

static void rfc3339_round_trips(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00.000Z", 0},
        {"2026-11-24T14:53:11.042Z", 1795531991042},
        {"2024-02-29T23:59:59.999Z", 1709251199999},
        {"1969-12-31T23:59:59.500Z", -500},
    };
    char text[CLOCK_RFC3339_SIZE];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ms = 0;
        assert_int_equal(clock_parse_rfc3339(cases[i].text, &ms), 0);
        assert_int_equal(ms, cases[i].ms);
        assert_string_equal(clock_rfc3339(ms, text), cases[i].text);
    }
    int64_t ms = 1;
    assert_int_equal(clock_parse_rfc3339("2026-11-24t16:53:11+02:00", &ms), 0);
    assert_int_equal(ms, 1795531991000);
    static const char *const bad[] = {"",
                                      "2026-11-24",
                                      "2026-13-01T00:00:00Z",
                                      "2026-11-24T14:53:11",
                                      "2026-11-24T14:53:11+2:00",
                                      "2026-11-24T14:53:11Zx"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(clock_parse_rfc3339(bad[i], &ms), -EINVAL);
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        int r;
    } cases[] = {{"500ms", 500, 0},
                 {"30s", 30000, 0},
                 {"15m", 900000, 0},
                 {"1h30m", 5400000, 0},
                 {"90d", 7776000000, 0},
                 {"10", 10000, 0},
                 {"", 0, -EINVAL},
                 {"h", 0, -EINVAL},
                 {"-5s", 0, -EINVAL},
                 {"5 s", 0, -EINVAL},
                 {"9223372036854775807d", 0, -ERANGE}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t ms = 0;
        assert_int_equal(clock_parse_duration(cases[i].text, &ms), cases[i].r);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void ages_read_like_speech(void **state)
{
    (void)state;
    char text[CLOCK_AGE_SIZE];
    assert_string_equal(clock_age(40000, text), "40 s");
    assert_string_equal(clock_age(125000, text), "2 min");
    assert_string_equal(clock_age(3 * 3600000 + 300000, text), "3 h 5 min");
    assert_string_equal(clock_age(23 * 86400000ll + 4 * 3600000, text), "23 d 4 h");
    assert_string_equal(clock_age(-5, text), "0 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3339_round_trips),
        cmocka_unit_test(durations),
        cmocka_unit_test(ages_read_like_speech),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
