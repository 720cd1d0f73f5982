#include "../test.h"

#include "node/wire.h"

static void test_query_there_and_back(void **state)
{
    (void)state;
    struct log_query q = {.text = mem_strdup("a.c"),
                          .regex = true,
                          .level = LINE_WARNING,
                          .since_us = 5,
                          .until_us = 9,
                          .mode = LOG_MODE_FOLLOW,
                          .limit = 200},
                     back;
    struct err e = {0};
    AUTO(str_done) struct str out = {0};
    str_list_add(&q.services, "docker/plex");
    str_list_add(&q.from.cursors, "17.0.4");
    q.from.time_us = 7;
    wire_log_open_print(42, &q, 8, &out);
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, out.len, (uint8_t *)out.p);
    assert_int_equal(m->body_case, HYDRA__AGENT__V1__FROM_HUB__BODY_LOG_OPEN);
    assert_true(m->log_open->id == 42 && m->log_open->credit == 8);
    assert_int_equal(wire_log_query_take(m->log_open->query, &e, &back), 0);
    assert_string_equal(back.text, "a.c");
    assert_string_equal(back.services.v[0], "docker/plex");
    assert_string_equal(back.from.cursors.v[0], "17.0.4");
    assert_true(back.regex && back.level == LINE_WARNING && back.mode == LOG_MODE_FOLLOW);
    assert_true(back.since_us == 5 && back.until_us == 9 && back.from.time_us == 7);
    assert_int_equal(back.limit, 200);
    log_query_done(&back);
    m->log_open->query->limit = 0;
    assert_int_equal(wire_log_query_take(m->log_open->query, &e, &back), -EBADMSG);
    m->log_open->query->limit = 1;
    m->log_open->query->mode = 9;
    assert_int_equal(wire_log_query_take(m->log_open->query, &e, &back), -EBADMSG);
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
    log_query_done(&q);
}

static void add_line(struct log_batch *b, int64_t time_us, size_t len)
{
    char *text = mem_alloc(len + 1);
    memset(text, 'x', len);
    *vec_add(&b->lines) = (struct log_line){.time_us = time_us,
                                            .level = LINE_ERR,
                                            .text = text,
                                            .cursor = mem_strdup("c"),
                                            .fields = mem_strdup("{\"a\":1}")};
}

static PB(LogBatch) * unpack(const struct str *s)
{
    return hydra__agent__v1__log_batch__unpack(NULL, s->len, (uint8_t *)s->p);
}

/* A large batch goes in several messages; what a page says of itself is in the last. */
static void test_lines_there_and_back(void **state)
{
    (void)state;
    struct log_batch b = {.dropped = 3, .reached_us = 11, .whole = true}, back;
    struct err e = {0};
    size_t at = 0, lines = 0, messages = 0;
    for (int i = 0; i < 100; i++)
        add_line(&b, i, 16000);
    *vec_add(&b.troubles) = (struct log_trouble){0, mem_strdup("not all")};
    do {
        AUTO(str_done) struct str out = {0};
        at = wire_log_batch_print(1, &b, at, &out);
        assert_true(out.len < LIMIT_WIRE_LOGS + 20000);
        PB(LogBatch) *m = unpack(&out);
        assert_int_equal(wire_log_batch_take(m, 1, &e, &back), 0);
        for (size_t i = 0; i < back.lines.n; i++)
            assert_true(back.lines.v[i].time_us == (int64_t)lines++);
        assert_int_equal(back.whole, at == 100);
        assert_int_equal(back.troubles.n, at == 100);
        assert_string_equal(back.lines.v[0].fields, "{\"a\":1}");
        assert_null(back.lines.v[0].service);
        log_batch_done(&back);
        hydra__agent__v1__log_batch__free_unpacked(m, NULL);
        messages++;
    } while (at < b.lines.n);
    assert_int_equal(lines, 100);
    assert_true(messages > 3);
    log_batch_done(&b);
}

static void refuse(struct log_line line)
{
    struct log_batch b = {0}, back;
    struct err e = {0};
    AUTO(str_done) struct str out = {0};
    *vec_add(&b.lines) = line;
    wire_log_batch_print(1, &b, 0, &out);
    PB(LogBatch) *m = unpack(&out);
    assert_int_equal(wire_log_batch_take(m, 1, &e, &back), -EBADMSG);
    hydra__agent__v1__log_batch__free_unpacked(m, NULL);
    vec_done(&b.lines);
}

/* An agent is a peer: what it says goes to browsers as JSON. */
static void test_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    refuse((struct log_line){.text = (char *)"x", .source = 1});
    refuse((struct log_line){.text = (char *)"x", .time_us = -1});
    refuse((struct log_line){.text = (char *)"x", .time_us = INT64_MAX});
    refuse((struct log_line){.text = (char *)"\xff"});
    refuse((struct log_line){.text = (char *)"x", .fields = (char *)"{\"a\":}"});
    refuse((struct log_line){.text = (char *)"x", .fields = (char *)"[1]"});
    refuse((struct log_line){.text = (char *)"x", .cursor = (char *)"a\nb"});
}

static void test_no_more_lines_than_a_page_has(void **state)
{
    static PB(LogBatch__Line) line = HYDRA__AGENT__V1__LOG_BATCH__LINE__INIT;
    PB(LogBatch__Line) * list[LIMIT_LOG_LINES + 1];
    PB(LogBatch) m = HYDRA__AGENT__V1__LOG_BATCH__INIT;
    struct log_batch b;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(list); i++)
        list[i] = &line;
    m.lines = list;
    m.n_lines = LIMIT_LOG_LINES;
    assert_int_equal(wire_log_batch_take(&m, 1, NULL, &b), 0);
    log_batch_done(&b);
    m.n_lines++;
    assert_int_equal(wire_log_batch_take(&m, 1, NULL, &b), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_lines_than_a_page_has),
        cmocka_unit_test(test_query_there_and_back),
        cmocka_unit_test(test_lines_there_and_back),
        cmocka_unit_test(test_refuses_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
