#include "../test.h"

#include "io/answer-parser.h"

#include <errno.h>

static bool add_body(void *arg, const char *bytes, size_t n)
{
    str_add_n(arg, bytes, n);
    return true;
}

/* Feeds `text` in pieces of `step` bytes, then closes. Returns what the last step returned. */
static int feed(struct answer_parser *p, const char *text, size_t step, bool head_only,
                struct str *body)
{
    *p = (struct answer_parser){.on_body = add_body, .arg = body, .head_only = head_only};
    int r = 0;
    for (size_t n = strlen(text); r == 0 && n; n -= step < n ? step : n) {
        r = answer_feed(p, text, step < n ? step : n);
        text += step < n ? step : n;
    }
    return r ? r : answer_close(p);
}

static void answers_are_read_in_any_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result, status;
        const char *body;
        bool head_only;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1, 200, "hello", false},
        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 1, 200, "", false},
        {"HTTP/1.0 404 Not Found\n\nuntil the end", 1, 404, "until the end", false},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\none\r\nA;x=y\r\n0123456789\r\n"
         "0\r\nTrailer: x\r\n\r\n",
         1, 200, "one0123456789", false},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 1, 204, "", false},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 1, 304, "", false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1, 200, "", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", -ECONNRESET, 200, "hel", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\non", -ECONNRESET, 200, "on", 0},
        {"HTTP/1.1 200 OK\r\nContent-Le", -ECONNRESET, 200, "", false},
        {"", -ECONNRESET, 0, "", false},
        {"SSH-2.0-OpenSSH_9\r\n", -EBADMSG, 0, "", false},
        {"HTTP/2 200 OK\r\n", -EBADMSG, 0, "", false},
        {"HTTP/1.1 20 OK\r\n", -EBADMSG, 0, "", false},
        {"HTTP/1.1 2000 OK\r\n", -EBADMSG, 0, "", false},
        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", -EBADMSG, 200, "", false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", -EBADMSG, 200, "", 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", -EBADMSG, 200, "", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", -EBADMSG, 200, "", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", -EBADMSG, 200, "a", 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1111111111111111\r\n", -EBADMSG, 200,
         "", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t step = 1; step < 64; step = step * 2 + 1) {
            struct answer_parser p;
            struct str body = {0};
            int r = feed(&p, cases[i].text, step, cases[i].head_only, &body);
            if (r != cases[i].result || p.status != cases[i].status ||
                !str_eq(str_text(&body), cases[i].body))
                fail_msg("%s in pieces of %zu: %d, status %d, “%s”", cases[i].text, step, r,
                         p.status, str_text(&body));
            answer_parser_done(&p);
            str_done(&body);
        }
}

static void heads_have_a_ceiling(void **state)
{
    (void)state;
    struct answer_parser p = {0};
    struct str text = {0};
    str_add(&text, "HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < LIMIT_ANSWER_LINE; i++)
        str_add_char(&text, 'x');
    assert_int_equal(answer_feed(&p, text.p, text.len), -E2BIG);
    answer_parser_done(&p);
    p = (struct answer_parser){0};
    assert_int_equal(answer_feed(&p, "HTTP/1.1 200 OK\r\n", 17), 0);
    int r = 0;
    for (int i = 0; i < LIMIT_ANSWER_HEAD / 4 && r == 0; i++)
        r = answer_feed(&p, "X: y\r\n", 6);
    assert_int_equal(r, -E2BIG);
    answer_parser_done(&p);
    str_done(&text);
}

static bool refuse(void *arg)
{
    (void)arg;
    return false;
}

static void callbacks_can_stop_it(void **state)
{
    (void)state;
    static const char text[] =
        "HTTP/1.1 302 Found\r\nLocation:  /login \r\nContent-Length: 1\r\n\r\nx";
    struct answer_parser p = {.on_head = refuse};
    assert_int_equal(answer_feed(&p, text, sizeof text - 1), -ECANCELED);
    assert_int_equal(p.status, 302);
    assert_string_equal(p.location, "/login");
    answer_parser_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_in_any_pieces),
        cmocka_unit_test(heads_have_a_ceiling),
        cmocka_unit_test(callbacks_can_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
