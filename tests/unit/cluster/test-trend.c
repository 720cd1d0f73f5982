#include "cluster/numbers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { START = 1763999990 };

static struct vitals at(int second, double cpu)
{
    return (struct vitals){
        .t = (START + (int64_t)second) * 1000,
        .cpu = cpu,
        .mem_used = 1,
        .mem_total = 4,
        .disk_used = (double)NAN,
        .disk_total = (double)NAN,
        .net_rx = 30,
        .net_tx = (double)NAN,
        .temp = (double)NAN,
        .psi = {1, (double)NAN, 3},
    };
}

static void check(const struct trend *t, const char *want)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    trend_json(&w, t);
    jw_end_object(&w);
    str_add_char(&out, '\0');
    assert_string_equal(out.p, want);
    str_done(&out);
}

static void means_of_ten_seconds_with_gaps(void **state)
{
    (void)state;
    struct trend t = {0};
    const struct vitals samples[] = {at(0, 10), at(4, 20), at(9, (double)NAN), at(10, (double)NAN),
                                     at(35, 50)};
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        trend_add(&t, &samples[i]);
    check(&t, "{\"t\":[1763999990000,1764000000000,1764000020000],\"cpu\":[15,null,50],"
              "\"mem\":[25,25,25],\"disk\":[null,null,null],\"net\":[30,30,30],\"psi\":[3,3,3],"
              "\"temp\":[null,null,null]}");
}

static void keeps_the_newest(void **state)
{
    (void)state;
    struct trend t = {0};
    for (int i = 0; i < 3 * TREND_POINTS; i++) {
        struct vitals v = at(i * 10, i);
        trend_add(&t, &v);
    }
    assert_int_equal(t.n, TREND_POINTS);
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    trend_json(&w, &t);
    jw_end_object(&w);
    str_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "\"cpu\":[180,181,"));
    assert_non_null(strstr(out.p, ",268,269],"));
    str_done(&out);
}

static void a_clock_set_back_begins_anew(void **state)
{
    (void)state;
    struct trend t = {0};
    const struct vitals samples[] = {at(100, 10), at(20, 30)};
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        trend_add(&t, &samples[i]);
    check(&t, "{\"t\":[1764000010000],\"cpu\":[30],\"mem\":[25],\"disk\":[null],\"net\":[30],"
              "\"psi\":[3],\"temp\":[null]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_of_ten_seconds_with_gaps),
        cmocka_unit_test(keeps_the_newest),
        cmocka_unit_test(a_clock_set_back_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
