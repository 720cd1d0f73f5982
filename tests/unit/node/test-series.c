#include "../test.h"

#include "node/series.h"

#include <math.h>
#include <stdio.h>

static const struct series_tmpl pair[] = {
    {"a_total", SERIES_COUNTER, "help of a", NULL},
    {"b", SERIES_GAUGE, "help of b", "mode=\"x\""},
};

static void free_defs(struct series_defs *d)
{
    node_report_free(&(struct node_report){.kind = REPORT_SERIES, .series = d});
}

static void test_numbers_are_kept(void **state)
{
    (void)state;
    struct series *s = series_new();
    uint32_t one = series_add(s, pair, 2, "device=\"sda\"");
    uint32_t two = series_add(s, pair, 2, "device=\"sdb\"");
    assert_int_equal(one, 0);
    assert_int_equal(two, 2);
    series_at(s, one)[1] = 5;
    series_lose(s, one, 2);
    assert_true(isnan(s->values[1]));
    assert_int_equal(series_add(s, pair, 2, "device=\"sdc\""), 4);
    assert_int_equal(series_add(s, pair, 2, "device=\"sda\""), one);
    assert_int_equal(series_find(s, "b{device=\"sdb\",mode=\"x\"}"), 3);
    assert_int_equal(series_find(s, "b{device=\"sdz\",mode=\"x\"}"), SERIES_NONE);
    series_free(s);
}

static void test_announces_once(void **state)
{
    (void)state;
    struct series *s = series_new();
    assert_null(series_announce(s));
    series_add(s, pair, 2, "");
    struct series_defs *d = series_announce(s);
    assert_int_equal(d->first, 0);
    assert_int_equal(d->n, 2);
    assert_string_equal(d->v[0].name, "a_total");
    assert_string_equal(d->v[0].labels, "");
    assert_int_equal(d->v[0].kind, SERIES_COUNTER);
    assert_string_equal(d->v[1].labels, "mode=\"x\"");
    free_defs(d);
    assert_null(series_announce(s));
    series_add(s, pair, 2, "k=\"v\"");
    struct frame *f = series_frame(s, 123); /* only what was announced */
    assert_int_equal(f->n, 2);
    assert_int_equal(f->time_ms, 123);
    mem_free(f);
    d = series_announce(s);
    assert_int_equal(d->first, 2);
    assert_string_equal(d->v[1].labels, "k=\"v\",mode=\"x\"");
    free_defs(d);
    series_reset(s);
    series_add(s, pair, 2, "");
    d = series_announce(s);
    assert_int_equal(d->first, 0);
    free_defs(d);
    series_free(s);
}

static void test_refuses_beyond_the_limit(void **state)
{
    (void)state;
    struct series *s = series_new();
    char labels[32];
    uint32_t last = 0;
    for (unsigned i = 0; i <= LIMIT_SERIES / 2; i++) {
        snprintf(labels, sizeof labels, "i=\"%u\"", i);
        last = series_add(s, pair, 2, labels);
    }
    assert_int_equal(last, SERIES_NONE);
    assert_int_equal(s->n, LIMIT_SERIES);
    series_at(s, last)[1] = 1; /* goes nowhere */
    series_lose(s, last, 2);
    series_free(s);
}

static void test_loses_what_one_made(void **state)
{
    (void)state;
    struct series *s = series_new();
    s->maker = 1;
    uint32_t a = series_add(s, pair, 2, "m=\"1\"");
    s->maker = 2;
    uint32_t b = series_add(s, pair, 2, "m=\"2\"");
    series_at(s, a)[0] = series_at(s, b)[0] = 1;
    assert_int_equal(series_live(s), 2);
    series_lose_made(s, 1);
    assert_true(isnan(*series_at(s, a)) && *series_at(s, b) == 1);
    series_free(s);
}

static void test_escapes_labels(void **state)
{
    (void)state;
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "a", "say \"hi\" \\o/");
    label_add(&labels, "b", "line\nbreak \xff\xc3 \xc3\xa9");
    assert_string_equal(labels.p, "a=\"say \\\"hi\\\" \\\\o/\",b=\"line?break ?? \xc3\xa9\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_kept),         cmocka_unit_test(test_announces_once),
        cmocka_unit_test(test_refuses_beyond_the_limit), cmocka_unit_test(test_loses_what_one_made),
        cmocka_unit_test(test_escapes_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
