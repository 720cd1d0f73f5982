#include "../test.h"

#include "base/str.h"
#include "http/chunked.h"

/* Feeds `text` in steps; 1 = the end was reached with all bytes used. */
static int feed(const char *text, size_t step, struct str *body)
{
    struct chunked c = {0};
    size_t len = strlen(text), at = 0;
    str_clear(body);
    while (at < len) {
        const char *piece;
        size_t used, piece_len, n = len - at < step ? len - at : step;
        int r = chunked_read(&c, text + at, n, &used, &piece, &piece_len);
        if (r < 0)
            return r;
        if (piece_len)
            str_add_n(body, piece, piece_len);
        at += used;
        if (r == 1)
            return at == len ? 1 : 2;
    }
    return 0;
}

static void decodes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *body;
        int end;
    } t[] = {
        {"0\r\n\r\n", "", 1},
        {"3\r\nabc\r\n0\r\n\r\n", "abc", 1},
        {"3\r\nabc\r\n00a\r\n0123456789\r\n000\r\n\r\n", "abc0123456789", 1},
        {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 1},
        {"1;ext\r\na\r\n1;a=\"b\"\r\nb\r\n0;x\r\n\r\n", "ab", 1},
        {"1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n", "a", 1},
        {"1\r\na\r\n0\r\n\r\nGET", "a", 2},
        {"1\r\na\r\n", "a", 0},
    };
    struct str body = {0};
    for (size_t i = 0; i < COUNT_OF(t); i++)
        for (size_t step = 1; step < 40; step++) {
            assert_int_equal(feed(t[i].text, step, &body), t[i].end);
            assert_string_equal(str_text(&body), t[i].body);
        }
    str_done(&body);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const t[] = {
        "\r\n",
        "x\r\n",
        "3\nabc\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabcd\r\n",
        "3 \r\nabc\r\n",
        " 3\r\nabc\r\n",
        "+3\r\nabc\r\n",
        "-3\r\nabc\r\n",
        "0x3\r\nabc\r\n",
        "3;a\nb\r\nabc\r\n",
        "3;a\rb\r\nabc\r\n",
        "3;a\x01\r\nabc\r\n",
        "3\r\rabc\r\n",
        "ffffffffffffffff\r\na",
        "0000000000000003\r\nabc\r\n",
        "0\r\n\n",
        "0\r\nX\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\nX: y\r\n z\r\n\r\n",
        "0\r\n: y\r\n\r\n",
    };
    struct str body = {0};
    for (size_t i = 0; i < COUNT_OF(t); i++)
        for (size_t step = 1; step < 40; step++)
            if (feed(t[i], step, &body) >= 0)
                fail_msg("took: %s", t[i]);
    str_done(&body);
}

static void bounds_extensions_and_trailers(void **state)
{
    (void)state;
    struct str text = {0}, body = {0};
    str_add(&text, "1;");
    for (int i = 0; i < LIMIT_CHUNK_EXTENSIONS; i++)
        str_add_char(&text, 'e');
    size_t before = text.len;
    str_add(&text, "\r\na\r\n0\r\n\r\n");
    assert_int_equal(feed(text.p, 1000, &body), 1);
    text.len = before;
    str_add(&text, "e\r\na\r\n0\r\n\r\n");
    assert_true(feed(text.p, 1000, &body) < 0);
    str_clear(&text);
    str_add(&text, "0\r\n");
    while (text.len < (size_t)2 * LIMIT_TRAILERS)
        str_add(&text, "X: yyyyyyyyyyyyyyyyyyyyyy\r\n");
    str_add(&text, "\r\n");
    assert_true(feed(text.p, 1000, &body) < 0);
    str_done(&text);
    str_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bounds_extensions_and_trailers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
