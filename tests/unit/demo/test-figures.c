/* Numbers that walk on. */
#include "demo/figures.h"

#include "../test.h"

#include <math.h>

static void take(struct figures *f, int64_t t, double a, double b)
{
    struct frame *frame = mem_alloc(sizeof *frame + 2 * sizeof(double));
    frame->time_ms = t;
    frame->n = 2;
    frame->values[0] = a;
    frame->values[1] = b;
    figures_take(f, frame);
    mem_free(frame);
}

static struct figures *recorded(void)
{
    struct figures *f = figures_new();
    struct series_def v[] = {{(char *)"bytes_total", (char *)"", SERIES_COUNTER, ""},
                             {(char *)"x_size", (char *)"a=\"1\"", SERIES_GAUGE, ""}};
    figures_define(f, &(struct series_defs){.n = 2, .v = v});
    take(f, 1000, 100, 7);
    take(f, 2000, 110, (double)NAN);
    return f;
}

static void test_walks(void **state)
{
    struct figures *f = recorded();
    double before = 100;
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct frame *frame = figures_step(f, 5000);
        assert_true(frame->values[0] > before && frame->values[0] <= before + 15);
        assert_true(frame->values[1] == 7);
        before = frame->values[0];
        mem_free(frame);
    }
    figures_free(f);
}

static void test_set(void **state)
{
    struct figures *f = recorded();
    (void)state;
    assert_true(figures_set(f, "x_size{a=\"1\"}", 9));
    assert_false(figures_set(f, "x_size", 9));
    assert_true(figures_get(f, "x_size{a=\"1\"}") == 9);
    assert_true(isnan(figures_get(f, "nothing")));
    assert_true(figures_set(f, "bytes_total", 0)); /* its rate */
    struct frame *one = figures_step(f, 1), *two = figures_step(f, 2);
    assert_true(one->values[0] == two->values[0] && two->values[1] == 9);
    mem_free(one);
    mem_free(two);
    figures_free(f);
}

static void test_announces_once(void **state)
{
    struct figures *f = recorded();
    json_t *more = json_pack("{s:[f,f]}", "late_total{b=\"2\"}", 1.0, 2.0);
    (void)state;
    struct series_defs *d = figures_announce(f);
    assert_int_equal(d->n, 2);
    assert_string_equal(d->v[1].labels, "a=\"1\"");
    node_report_free(&(struct node_report){.kind = REPORT_SERIES, .series = d});
    assert_null(figures_announce(f));
    figures_add_all(f, more);
    d = figures_announce(f);
    assert_int_equal(d->first, 2);
    assert_string_equal(d->v[0].name, "late_total");
    assert_int_equal(d->v[0].kind, SERIES_COUNTER);
    node_report_free(&(struct node_report){.kind = REPORT_SERIES, .series = d});
    json_decref(more);
    figures_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_announces_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
