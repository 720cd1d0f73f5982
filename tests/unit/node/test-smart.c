#include "../test.h"

#include "node/smart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct smart parse(const char *name, int status)
{
    struct smart s;
    struct err e = {0};
    char text[16384];
    AUTO(mem_freep) char *path = mem_printf("%s/node/smart/%s.json", getenv("TEST_DATA"), name);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    assert_int_equal(smart_parse(text, n, status, &e, &s), 0);
    return s;
}

static void assert_judged(const struct smart *s, bool spins, const char *health,
                          const char *problem)
{
    struct str_list problems = {0};
    assert_string_equal(smart_judge(s, spins, &problems), health);
    if (!problem)
        assert_int_equal(problems.n, 0);
    else
        assert_true(str_list_has(&problems, problem));
    str_list_done(&problems);
}

static void test_disk_that_spins(void **state)
{
    (void)state;
    struct smart s = parse("hdd", 64);
    assert_string_equal(s.model, "WDC WD80EFZZ-68BTXN0");
    assert_string_equal(s.serial, "WD-CA0ABCDE");
    assert_string_equal(s.self_test, "Completed without error");
    assert_int_equal(s.passed, SMART_PASSED);
    assert_true(s.reallocated == 8 && s.pending == 2 && s.uncorrectable == 0 && s.crc_errors == 3);
    assert_true(s.temperature_c == 36 && s.power_on_hours == 24513 && s.power_cycles == 77);
    assert_true(isnan(s.wear_percent) && isnan(s.media_errors));
    assert_judged(&s, true, "warning",
                  "2 sectors can't be read and wait to be replaced: back it up.");
    s.pending = s.reallocated = 0;
    assert_judged(&s, true, "ok", NULL);
    s.temperature_c = 60;
    assert_judged(&s, true, "warning", "It is 60 °C hot.");
    assert_judged(&s, false, "ok", NULL);
    s.passed = SMART_FAILED;
    assert_judged(&s, false, "failing",
                  "Its own verdict is that it fails: back it up and replace it.");
}

static void test_nvme(void **state)
{
    (void)state;
    struct smart s = parse("nvme", 0);
    assert_true(s.wear_percent == 92 && s.spare_percent == 100 && s.media_errors == 0);
    assert_true(s.written_bytes == 111222333.0 * 512000);
    assert_judged(&s, false, "warning",
                  "92 % of the writes that its maker allows for are used up.");
    s.wear_percent = 5;
    assert_judged(&s, false, "ok", NULL);
    s.spare_percent = 9;
    assert_judged(&s, false, "warning", "Only 9 % of its spare blocks are left.");
}

static void test_asleep_and_denied(void **state)
{
    (void)state;
    struct smart s = parse("asleep", SMART_ASLEEP);
    assert_true(s.asleep && !s.denied);
    assert_judged(&s, true, "unknown", NULL);
    s = parse("asleep", 0); /* by its words alone */
    assert_true(s.asleep);
    s = parse("denied", 2);
    assert_true(s.denied && !s.asleep);
    assert_string_equal(s.trouble, "Smartctl open device: /dev/sda failed: Permission denied");
}

static void test_nonsense(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "smartctl 7.3 2022-02-28"};
    static const char odd[] = "{\"temperature\":{\"current\":\"hot\"}}";
    struct smart s;
    struct err e = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(smart_parse(bad[i], strlen(bad[i]), 0, &e, &s), -EINVAL);
    assert_int_equal(smart_parse(odd, strlen(odd), 0, &e, &s), 0);
    assert_true(isnan(s.temperature_c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disk_that_spins),
        cmocka_unit_test(test_nvme),
        cmocka_unit_test(test_asleep_and_denied),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
