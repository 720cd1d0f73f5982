#include "agent/numbers.h"

#include <math.h>

#include "../test.h"

static struct series_def def(const char *name)
{
    return (struct series_def){(char *)name, (char *)"", SERIES_GAUGE, ""};
}

static void note(void *arg, uint32_t first, const struct series_def *v, uint32_t n)
{
    struct str *out = arg;
    str_addf(out, "%u:", first);
    for (uint32_t i = 0; i < n; i++)
        str_add(out, v[i].name);
    str_add_char(out, ' ');
}

static struct frame *frame_of(uint32_t n)
{
    struct frame *f = mem_alloc(sizeof *f + n * sizeof f->values[0]);
    f->n = n;
    f->time_ms = 7;
    for (uint32_t i = 0; i < n; i++)
        f->values[i] = i + 1;
    return f;
}

static void expect_frame(const struct numbers *n, uint32_t n_from, bool is_old,
                         const double *values)
{
    AUTO(mem_freep) struct frame *f = frame_of(n_from);
    AUTO(mem_freep) struct frame *g = numbers_apply(n, f, is_old);
    assert_non_null(g);
    assert_int_equal(g->n, n->n);
    assert_int_equal(g->time_ms, 7);
    for (uint32_t i = 0; i < g->n; i++)
        assert_true(isnan(values[i]) ? isnan(g->values[i]) : g->values[i] == values[i]);
}

static void are_the_nodes_own_at_first(void **state)
{
    struct numbers n = {0};
    struct series_def live[] = {def("a"), def("b"), def("c")};
    AUTO(str_done) struct str told = {0};
    AUTO(mem_freep) struct frame *f = frame_of(3);
    (void)state;
    numbers_begin(&n);
    numbers_add_live(&n, live, 2, note, &told);
    numbers_add_live(&n, live, 2, note, &told);
    numbers_add_live(&n, live, 3, note, &told);
    assert_string_equal(told.p, "0:ab 2:c ");
    assert_null(numbers_apply(&n, f, false));
    numbers_begin(&n);
    str_clear(&told);
    numbers_add_live(&n, live, 1, note, &told);
    assert_string_equal(told.p, "0:a ");
    numbers_done(&n);
}

/* b and d are no more; c exists now, under another number. */
static void old_series_are_found_by_name_or_come_behind(void **state)
{
    struct numbers n = {0};
    struct series_def live[] = {def("a"), def("c"), def("e"), def("d")};
    struct series_def old[] = {def("b"), def("a"), def("c"), def("d")};
    AUTO(str_done) struct str told = {0};
    (void)state;
    numbers_begin(&n);
    numbers_add_live(&n, live, 2, note, &told);
    numbers_set_old(&n, 5, old, 4, live, note, &told);
    assert_string_equal(told.p, "0:ac 2:b 3:d ");
    expect_frame(&n, 4, true, (double[]){2, 3, 1, 4});
    expect_frame(&n, 2, false, (double[]){1, 2, (double)NAN, (double)NAN});
    str_clear(&told);
    numbers_add_live(&n, live, 4, note, &told); /* d has a number already */
    assert_string_equal(told.p, "4:e ");
    expect_frame(&n, 4, false, (double[]){1, 2, (double)NAN, 4, 3});
    str_clear(&told);
    numbers_set_old(&n, 6, old, 1, live, note, &told);
    assert_string_equal(str_text(&told), "");
    expect_frame(&n, 1, true, (double[]){(double)NAN, (double)NAN, 1, (double)NAN, (double)NAN});
    numbers_done(&n);
}

static void series_with_other_labels_are_others(void **state)
{
    struct numbers n = {0};
    struct series_def live[] = {{(char *)"a", (char *)"x=\"1\"", SERIES_GAUGE, ""}};
    struct series_def old[] = {{(char *)"a", (char *)"x=\"2\"", SERIES_GAUGE, ""}};
    AUTO(str_done) struct str told = {0};
    (void)state;
    numbers_begin(&n);
    numbers_add_live(&n, live, 1, note, &told);
    numbers_set_old(&n, 1, old, 1, live, note, &told);
    assert_string_equal(told.p, "0:a 1:a ");
    numbers_done(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_the_nodes_own_at_first),
        cmocka_unit_test(old_series_are_found_by_name_or_come_behind),
        cmocka_unit_test(series_with_other_labels_are_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
