#include "../test.h"

#include "node/logs-private.h"

static void add(struct log_batch *b, int64_t time_us, uint32_t source)
{
    *vec_add(&b->lines) = (struct log_line){
        .time_us = time_us, .source = source, .text = mem_printf("%d", (int)time_us)};
}

static void expect(const struct log_batch *b, const char *texts)
{
    AUTO(str_done) struct str out = {0};
    for (size_t i = 0; i < b->lines.n; i++)
        str_addf(&out, "%s%s/%u", i ? " " : "", b->lines.v[i].text, b->lines.v[i].source);
    assert_string_equal(str_text(&out), texts);
}

static void test_merges_by_time(void **state)
{
    (void)state;
    struct log_batch all = {.whole = true}, a = {.whole = true}, b = {.whole = true};
    add(&a, 1, 0);
    add(&a, 4, 0);
    add(&b, 2, 0);
    add(&b, 3, 1);
    log_batch_join(&all, &a, 0, false);
    log_batch_join(&all, &b, 1, false);
    log_batch_settle(&all, 10, false);
    expect(&all, "1/0 2/1 3/2 4/0");
    assert_true(all.whole);
    log_batch_done(&all);
}

static void test_keeps_the_newest(void **state)
{
    (void)state;
    struct log_batch b = {.whole = true};
    for (int i = 1; i <= 5; i++)
        add(&b, i, 0);
    log_batch_settle(&b, 2, false);
    expect(&b, "4/0 5/0");
    assert_false(b.whole);
    assert_true(b.reached_us == 4);
    log_batch_done(&b);
}

static void test_keeps_the_oldest(void **state)
{
    (void)state;
    struct log_batch b = {.whole = true};
    for (int i = 1; i <= 5; i++)
        add(&b, i, 0);
    log_batch_settle(&b, 2, true);
    expect(&b, "1/0 2/0");
    assert_true(b.reached_us == 2);
    log_batch_done(&b);
}

/* A part that was searched back to 30 only says nothing of what lies before. */
static void test_leaves_out_what_is_not_complete(void **state)
{
    (void)state;
    struct log_batch all = {.whole = true}, a = {.whole = true};
    struct log_batch b = {.whole = false, .reached_us = 30};
    add(&a, 10, 0);
    add(&a, 40, 0);
    add(&b, 35, 0);
    log_batch_join(&all, &a, 0, false);
    log_batch_join(&all, &b, 1, false);
    log_batch_settle(&all, 10, false);
    expect(&all, "35/1 40/0");
    assert_false(all.whole);
    assert_true(all.reached_us == 30);
    log_batch_done(&all);
}

static void test_lines_of_one_moment_stay_in_order(void **state)
{
    (void)state;
    struct log_batch b = {.whole = true};
    add(&b, 7, 1);
    add(&b, 7, 0);
    b.lines.v[0].level = LINE_ERR;
    add(&b, 7, 1);
    log_batch_settle(&b, 10, true);
    expect(&b, "7/0 7/1 7/1");
    assert_int_equal(b.lines.v[1].level, LINE_ERR);
    log_batch_done(&b);
}

static void test_checks_queries(void **state)
{
    (void)state;
    struct err e = {0};
    struct log_query q = {.text = mem_strdup("(")};
    assert_int_equal(log_query_check(&q, &e), 0);
    q.regex = true;
    assert_int_equal(log_query_check(&q, &e), -EINVAL);
    for (int i = 0; i <= LIMIT_LOG_SERVICES; i++)
        str_list_add(&q.services, "docker/x");
    q.regex = false;
    e = (struct err){0};
    assert_int_equal(log_query_check(&q, &e), -EINVAL);
    assert_string_equal(e.field, "service");
    log_query_done(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merges_by_time),
        cmocka_unit_test(test_keeps_the_newest),
        cmocka_unit_test(test_keeps_the_oldest),
        cmocka_unit_test(test_leaves_out_what_is_not_complete),
        cmocka_unit_test(test_lines_of_one_moment_stay_in_order),
        cmocka_unit_test(test_checks_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
