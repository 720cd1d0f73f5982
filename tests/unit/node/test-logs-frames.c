#include "../test.h"

#include "node/logs-private.h"

#define T1 "2026-11-24T14:53:11.000000001Z "
#define T2 "2026-11-24T14:53:11.000000002Z "

static void on_line(void *arg, unsigned stream, int64_t time_ns, const char *text, size_t n,
                    bool cut)
{
    str_addf(arg, "%u %d %.*s%s\n", stream, (int)(time_ns % 10), (int)(n < 60 ? n : 60), text,
             cut      ? " cut"
             : n > 60 ? " long"
                      : "");
}

static void add_frame(struct str *s, char stream, const char *text, size_t n)
{
    const char head[8] = {stream,         0,      0, 0, (char)(n >> 24), (char)(n >> 16),
                          (char)(n >> 8), (char)n};
    str_add_n(s, head, sizeof head);
    str_add_n(s, text, n);
}

/* In pieces of every size the same comes out. */
static void expect(const struct str *in, const char *lines)
{
    static const size_t sizes[] = {1, 3, 7, 1000, 1 << 20};
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        AUTO(str_done) struct str out = {0};
        struct log_frames f = {.on_line = on_line, .arg = &out};
        for (size_t at = 0; at < in->len; at += sizes[k]) {
            size_t n = in->len - at < sizes[k] ? in->len - at : sizes[k];
            assert_int_equal(log_frames_feed(&f, in->p + at, n), 0);
        }
        log_frames_end(&f);
        log_frames_done(&f);
        assert_string_equal(str_text(&out), lines);
    }
}

static void test_framed(void **state)
{
    (void)state;
    AUTO(str_done) struct str in = {0};
    add_frame(&in, 1, T1 "hello\n", strlen(T1) + 6);
    add_frame(&in, 2, T2 "oops\n", strlen(T2) + 5);
    add_frame(&in, 1, T1 "\n", strlen(T1) + 1);
    expect(&in, "1 1 hello\n2 2 oops\n1 1 \n");
}

static void test_parts_of_a_line(void **state)
{
    (void)state;
    AUTO(str_done) struct str in = {0};
    add_frame(&in, 1, T1 "one ", strlen(T1) + 4);
    add_frame(&in, 2, T1 "between\n", strlen(T1) + 8);
    add_frame(&in, 1, T2 "line\n", strlen(T2) + 5);
    add_frame(&in, 1, T2 "unfinished", strlen(T2) + 10);
    expect(&in, "2 1 between\n1 1 one line\n1 2 unfinished\n");
}

static void test_raw(void **state)
{
    (void)state;
    AUTO(str_done) struct str in = {0};
    str_add(&in, T1 "on a terminal\r\n" T2 "second\r\n" T2 "rest");
    expect(&in, "1 1 on a terminal\r\n1 2 second\r\n1 2 rest\n");
}

/* A terminal's line of 20,000 bytes: the second part's time is none of its text. */
static void test_long_raw(void **state)
{
    (void)state;
    AUTO(str_done) struct str in = {0};
    str_add(&in, T1);
    for (int i = 0; i < 16384; i++)
        str_add_char(&in, 'x');
    str_add(&in, T2 "tail\r\n" T2 "next\r\n");
    expect(&in,
           "1 1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx cut\n1 2 next\r\n");
}

static void test_very_long(void **state)
{
    (void)state;
    AUTO(str_done) struct str in = {0}, part = {0};
    str_add(&part, T1);
    for (int i = 0; i < 16384; i++)
        str_add_char(&part, 'y');
    for (int i = 0; i < 20; i++)
        add_frame(&in, 1, part.p, part.len);
    add_frame(&in, 1, T2 "\n", strlen(T2) + 1);
    expect(&in, "1 1 yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy cut\n");
}

static void test_refuses_nonsense(void **state)
{
    (void)state;
    AUTO(str_done) struct str out = {0};
    struct log_frames f = {.on_line = on_line, .arg = &out};
    assert_int_equal(log_frames_feed(&f, "\1\0\7\0\0\0\0\1x", 9), -EBADMSG);
    log_frames_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framed),    cmocka_unit_test(test_parts_of_a_line),
        cmocka_unit_test(test_raw),       cmocka_unit_test(test_long_raw),
        cmocka_unit_test(test_very_long), cmocka_unit_test(test_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
