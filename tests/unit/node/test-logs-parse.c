#include "../test.h"

#include "node/logs-private.h"
#include "node/mask.h"

static const struct {
    const char *text, *level; /* NULL = none */
} levels[] = {
    {"ERROR: disk full", "err"},
    {"2026-11-24 14:53:11,042 WARNING root: slow", "warning"},
    {"2026/11/24 14:53:11 [error] 7#7: *1 open() failed", "err"},
    {"time=\"2026-11-24\" level=info msg=\"an ERROR in words\"", "info"},
    {"t=1 lvl=dbug", NULL},
    {"ts=1 severity=warn msg=x", "warning"},
    {"E0102 15:04:05.000000 1 main.go:1] boom", "err"},
    {"I0102 15:04:05.000000 1 main.go:1] fine", "info"},
    {"<4>kernel style", "warning"},
    {"\033[31mERROR\033[0m red", "err"},
    {"[2026-11-24T14:53:11Z INF] serilog", "info"},
    {"error: no such file", "err"},
    {"there was no error in this", NULL},
    {"the error-page was served", NULL},
    {"GET /info HTTP/1.1", NULL},
    {"panic: runtime error", "crit"},
    {"FATAL:  password authentication failed", "crit"},
    {"Traceback (most recent call last):", "err"},
    {"LOG:  database system is ready", "info"},
    {"{\"level\":\"warn\",\"msg\":\"x\"}", "warning"},
    {"{\"level\":50,\"msg\":\"pino\"}", "err"},
    {"{\"severity\":\"NOTICE\"}", "notice"},
    {"{\"msg\":\"no level\"}", NULL},
    {"{ERROR} is no JSON", "err"},
    {"", NULL},
    {"x", NULL},
};

static void test_levels(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        const char *got =
            line_level_name(line_level_of_text(levels[i].text, strlen(levels[i].text)));
        if (!str_eq(got, levels[i].level))
            fail_msg("%s: %s", levels[i].text, got ? got : "none");
    }
}

static void test_level_names(void **state)
{
    (void)state;
    enum line_level l;
    assert_int_equal(line_level_parse("warning", &l), 0);
    assert_int_equal(l, LINE_WARNING);
    assert_int_equal(line_level_parse("loud", &l), -EINVAL);
    assert_null(line_level_name(LINE_NO_LEVEL));
}

static void test_fields(void **state)
{
    (void)state;
    enum line_level l = LINE_NO_LEVEL;
    AUTO(mem_freep) char *fields = log_fields_of_text("{\"level\":\"error\",\"n\":1}\n", 24, &l);
    assert_string_equal(fields, "{\"level\":\"error\",\"n\":1}");
    assert_int_equal(l, LINE_ERR);
    assert_null(log_fields_of_text("[1]", 3, &l));
    assert_null(log_fields_of_text("{\"a\":1} trailing", 16, &l));
    assert_null(log_fields_of_text("{\"a\":1,\"a\":2}", 13, &l));
}

static const struct {
    const char *bytes, *shown;
} cleaned[] = {
    {"plain\r\n", "plain"},
    {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
    {"bad \xff\xfe end", "bad \xef\xbf\xbd\xef\xbf\xbd end"},
    {"bell \a tab\t \033[31mred\033[0m", "bell \xef\xbf\xbd tab\t \033[31mred\033[0m"},
    {"two\nlines\n\n", "two\nlines"},
    {"surrogate \xed\xa0\x80", "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
    {"", ""},
};

static void test_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cleaned); i++) {
        bool cut = false;
        AUTO(mem_freep)
        char *shown = log_clean(cleaned[i].bytes, strlen(cleaned[i].bytes), &cut);
        assert_string_equal(shown, cleaned[i].shown);
        assert_false(cut);
    }
}

static void test_cuts_long_lines(void **state)
{
    (void)state;
    size_t n = (size_t)LIMIT_LOG_TEXT * 2;
    AUTO(str_done) struct str bytes = {0};
    while (bytes.len < n)
        str_add(&bytes, "\xe2\x82\xac");
    bool cut = false;
    AUTO(mem_freep) char *shown = log_clean(bytes.p, bytes.len, &cut);
    assert_true(cut);
    assert_true(strlen(shown) <= LIMIT_LOG_TEXT && str_is_utf8(shown, strlen(shown)));
}

static const struct {
    const char *text, *shown; /* NULL = as it is */
} masked[] = {
    {"connecting to postgresql://bob:hunter2@db/x", "connecting to postgresql://bob:***@db/x"},
    {"env API_KEY=abc123 ready", "env API_KEY=*** ready"},
    {"{\"password\":\"p w\",\"user\":\"u\"}", "{\"password\":\"*** w\",\"user\":\"u\"}"},
    {"Authorization: Bearer abc.def.ghi", "Authorization: ***"},
    {"GET /x?token=abc&b=2", "GET /x?token=***&b=2"},
    {"token: unexpected end", NULL},
    {"tokens=1200 max_tokens=4", NULL},
    {"http://host:80/path", NULL},
    {"a = b: c", NULL},
};

static void test_masks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(masked); i++) {
        AUTO(str_done) struct str out = {0};
        bool any = text_mask(masked[i].text, strlen(masked[i].text), &out);
        assert_int_equal(any, masked[i].shown != NULL);
        assert_string_equal(str_text(&out), masked[i].shown ? masked[i].shown : "");
    }
}

static const struct {
    const char *text;
    size_t len; /* 0 = it is no time */
    int64_t ns;
} times[] = {
    {"1970-01-01T00:00:00Z x", 20, 0},
    {"2026-11-24T14:53:11.123456789Z x", 30, 1795531991123456789},
    {"2026-11-24T15:53:11.5+01:00 x", 27, 1795531991500000000},
    {"2024-02-29T00:00:00.000000000Z", 30, 1709164800000000000},
    {"2026-13-24T14:53:11Z", 0, 0},
    {"2026-11-24 14:53:11Z", 0, 0},
    {"2026-11-24T14:53:11", 0, 0},
    {"hello", 0, 0},
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        int64_t ns = 0;
        assert_int_equal(log_parse_time(times[i].text, strlen(times[i].text), &ns), times[i].len);
        assert_true(ns == times[i].ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),          cmocka_unit_test(test_level_names),
        cmocka_unit_test(test_fields),          cmocka_unit_test(test_clean),
        cmocka_unit_test(test_cuts_long_lines), cmocka_unit_test(test_masks),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
