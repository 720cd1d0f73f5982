#include "../test.h"

#include "http/head.h"

#include <errno.h>
#include <stdio.h>

static struct http_field fields[8];

static int parse(const char *text, struct head *h, char *copy)
{
    const char *why = NULL;
    size_t n = strlen(text);
    memcpy(copy, text, n + 1);
    *h = (struct head){.fields = fields, .max_fields = COUNT_OF(fields)};
    int status = head_parse(h, copy, n, &why);
    assert_true(status == 0 || why);
    return status;
}

static void parses_a_request(void **state)
{
    (void)state;
    struct head h;
    char copy[512];
    assert_int_equal(
        parse("POST /a?b=c HTTP/1.1\r\nhOsT:  example:1 \t\r\nX-Empty:\r\nCookie: a=b\r\n"
              "Content-Length: 12\r\n\r\n",
              &h, copy),
        0);
    assert_string_equal(h.method, "POST");
    assert_string_equal(h.target, "/a?b=c");
    assert_true(h.minor_1 && h.keep_alive && h.has_length && !h.chunked);
    assert_int_equal(h.length, 12);
    assert_string_equal(h.known[HEAD_HOST]->value, "example:1");
    assert_string_equal(head_field(&h, "x-empty", 7)->value, "");
    assert_string_equal(h.known[HEAD_COOKIE]->value, "a=b");
    assert_null(head_field(&h, "y", 1));
}

static void knows_who_keeps_the_connection(void **state)
{
    (void)state;
    struct head h;
    char copy[512];
    static const struct {
        const char *text;
        bool keep;
    } t[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", true},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        assert_int_equal(parse(t[i].text, &h, copy), 0);
        assert_int_equal(h.keep_alive, t[i].keep);
    }
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

/* What could make two readers see two different requests, and what is no HTTP at all. */
static const struct {
    const char *text;
    int status;
} refused[] = {
    {POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
    {POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
    {POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
    {POST "Content-Length: 3, 3\r\n\r\n", 400},
    {POST "Content-Length: +3\r\n\r\n", 400},
    {POST "Content-Length: -3\r\n\r\n", 400},
    {POST "Content-Length: 0x3\r\n\r\n", 400},
    {POST "Content-Length: 3 3\r\n\r\n", 400},
    {POST "Content-Length:\r\n\r\n", 400},
    {POST "Content-Length: 99999999999999999999\r\n\r\n", 400},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: identity\r\n\r\n", 400},
    {POST "Transfer-Encoding: xchunked\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 400},
    {POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 400},
    {POST "Transfer-Encoding:\r\n\r\n", 400},
    {POST "Transfer-Encoding : chunked\r\n\r\n", 400},
    {POST "Transfer-Encoding\t: chunked\r\n\r\n", 400},
    {POST " Transfer-Encoding: chunked\r\n\r\n", 400},
    {POST "X: a\r\n b\r\n\r\n", 400},
    {POST "X: a\r\n\tContent-Length: 3\r\n\r\n", 400},
    {POST "X: a\rContent-Length: 3\r\n\r\n", 400},
    {POST "X\r: a\r\n\r\n", 400},
    {POST "X: a\x01"
          "b\r\n\r\n",
     400},
    {POST "X: a\x7f\r\n\r\n", 400},
    {POST "X(: a\r\n\r\n", 400},
    {POST ": a\r\n\r\n", 400},
    {POST "no colon\r\n\r\n", 400},
    {POST "X-\xc3\xa9: a\r\n\r\n", 400},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {GET "Origin: http://a\r\nOrigin: http://b\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n", 400},
    {"GET /\r\nHost: a\r\n\r\n", 400},
    {"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /# HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /\\ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
    {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
    {"PRI * HTTP/2.0\r\n\r\n", 400},
    {"GET / HTTP/11\r\nHost: a\r\n\r\n", 505},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 505},
    {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {POST "Expect: a miracle\r\n\r\n", 417},
    {GET "A: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\n\r\n", 431},
};

static void refuses_what_is_ambiguous(void **state)
{
    (void)state;
    struct head h;
    char copy[512];
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        int status = parse(refused[i].text, &h, copy);
        if (status != refused[i].status)
            fail_msg("%d instead of %d for: %s", status, refused[i].status, refused[i].text);
    }
}

static void refuses_a_nul(void **state)
{
    (void)state;
    char text[] = GET "X: a_b\r\n\r\n";
    const char *why;
    struct head h = {.fields = fields, .max_fields = COUNT_OF(fields)};
    *strchr(text, '_') = 0;
    assert_int_equal(head_parse(&h, text, sizeof text - 1, &why), 400);
}

static void finds_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t found;
    } t[] = {
        {"", 0},
        {"G", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n", 0},
        {"GET / HTTP/1.1\r\n\r", 0},
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"GET / HTTP/1.1\r\n\r\nGET", 18},
        {"GET / HTTP/1.1\n\r\n", -EBADMSG},
        {"GET / HTTP/1.1\r\nHost: a\n", -EBADMSG},
        {"GET / HTTP/1.1\r\n\n", -EBADMSG},
        {"\r\nGET", -EBADMSG},
        {"\x16\x03\x01", -EBADMSG},
        {"get / HTTP/1.1\r\n", -EBADMSG},
        {"GET /0123456789012345678901234567890123456789", -E2BIG},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        size_t scanned = 0;
        assert_int_equal(head_find(t[i].text, strlen(t[i].text), 40, &scanned), t[i].found);
    }
}

/* Byte by byte it finds what it finds in one piece. */
static void finds_the_end_piecemeal(void **state)
{
    (void)state;
    const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nGET";
    size_t scanned = 0, len = strlen(text);
    for (size_t n = 0; n < len - 3; n++)
        assert_int_equal(head_find(text, n, 100, &scanned), 0);
    assert_int_equal(head_find(text, len - 3, 100, &scanned), len - 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_a_request),
        cmocka_unit_test(knows_who_keeps_the_connection),
        cmocka_unit_test(refuses_what_is_ambiguous),
        cmocka_unit_test(refuses_a_nul),
        cmocka_unit_test(finds_the_end),
        cmocka_unit_test(finds_the_end_piecemeal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
