#include "harness.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void on_ok(struct http_exchange *x)
{
    http_reply(x, 200, "text/plain", "ok", 2);
}

static void on_upload(struct http_exchange *x)
{
    const char *piece;
    int n;
    while ((n = http_body_next(x, &piece)) > 0) {
    }
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    http_reply(x, 200, "text/plain", text, strlen(text));
}

static const struct http_route routes[] = {
    {"GET", "/", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_ok, 0},
    {"POST", "/", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_ok, 0},
    {"POST", "/any", ROUTE_ON_LOOP, ROUTE_PUBLIC | ROUTE_ANY_ORIGIN, NULL, on_ok, 0},
    {"POST", "/small", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_ok, 8},
    {"POST", "/upload", ROUTE_ON_WORKER, ROUTE_PUBLIC | ROUTE_STREAM_BODY, NULL, on_upload, 8},
    {0},
};

static const char *const hosts[] = {"hydra.lan", NULL};

#define LINE(method, path) method " " path " HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"
#define POST LINE("POST", "/") HOST
#define GET LINE("GET", "/") HOST
#define NEXT LINE("GET", "/smuggled") HOST "\r\n"

static struct served server, impatient; /* the second for what takes time */

static int set_up(void **state)
{
    (void)state;
    struct http_settings st = {.routes = routes, .hosts = hosts, .limits = http_limits_default()};
    st.limits.head_bytes = 2048;
    st.limits.body_bytes = 4096;
    serve(&server, st);
    st.limits.head_deadline_ms = 300;
    st.limits.body_deadline_ms = 300;
    st.limits.idle_ms = 600;
    serve(&impatient, st);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    served_shutdown(&server, 5000);
    serve_end(&server);
    served_shutdown(&impatient, 5000);
    serve_end(&impatient);
    return 0;
}

static unsigned count_answers(const char *text)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, "\r\nDate: ")); p += 8)
        n++;
    return n;
}

/* Each is followed by a request that a more lenient reader would take for one of its own: there
 * must be one answer, and the end of the connection. */
static const struct {
    const char *bytes;
    int status;
} refused[] = {
    {POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400},
    {POST "Content-Length: 0\r\nContent-Length: 40\r\n\r\n", 400},
    {POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
    {POST "Content-Length: 1,1\r\n\r\nx", 400},
    {POST "Content-Length : 1\r\n\r\nx", 400},
    {POST "Content-Length: 1\n\r\nx", 400},
    {POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding:\x0b"
          "chunked\r\n\r\n0\r\n\r\n",
     400},
    {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n", 400},
    {POST "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {POST "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n1;\nx\r\nx\r\n0\r\n\r\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\n", 400},
    {POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n", 400},
    {"GET / HTTP/1.1\nHost: localhost\n\n", 400},
    {LINE("GET", "/") "\r\n", 400},
    {LINE("GET", "/") HOST HOST "\r\n", 400},
    {LINE("GET", "/") "Host: local host\r\n\r\n", 400},
    {LINE("GET", "/") "Host: \r\n\r\n", 400},
    {LINE("GET", "http://evil/") HOST "\r\n", 400},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"GET / HTTP/1.0\r\n\r\n", 400}, /* no Host, and there is a list */
    {"GET / HTTP/3.0\r\n" HOST "\r\n", 505},
    {"BREW / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"nonsense\r\n\r\n", 400},
    {"\x16\x03\x01\x02\r\n", 400},
    {GET "Expect: a pony\r\n\r\n", 417},
};

static void closes_on_ambiguous_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct str bytes = {0};
        str_add(&bytes, refused[i].bytes);
        str_add(&bytes, NEXT);
        char *a = ask(&server, bytes.p);
        if (status_of(a) != refused[i].status || count_answers(a) != 1)
            fail_msg("%s\n--- got ---\n%s", refused[i].bytes, a);
        assert_true(has_header(a, "Connection: close"));
        assert_true(has_header(a, "Content-Type: application/problem+json"));
        assert_true(has_header(a, "X-Request-Id: "));
        mem_free(a);
        str_done(&bytes);
    }
}

/* These are understood, refused, and the connection goes on. */
static void keeps_the_connection_after_plain_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int status;
    } t[] = {
        {LINE("GET", "/nothing") HOST "\r\n", 404},
        {LINE("POST", "/nothing") HOST "Content-Length: 5\r\n\r\nhello", 404},
        {LINE("POST", "/nothing") HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
         404},
        {LINE("DELETE", "/") HOST "\r\n", 405},
        {LINE("GET", "/../etc/passwd") HOST "\r\n", 400},
        {LINE("GET", "/a%2fb") HOST "\r\n", 400},
        {LINE("GET", "/%00") HOST "\r\n", 400},
        {LINE("GET", "/%ff") HOST "\r\n", 400},
        {LINE("GET", "//") HOST "\r\n", 400},
        {LINE("GET", "/") "Host: evil.example\r\n\r\n", 421},
        {LINE("GET", "/") "Host: hydra.lan:8080\r\n\r\n", 200},
        {LINE("GET", "http://LOCALHOST/") HOST "\r\n", 200},
        {LINE("POST", "/") HOST "Cookie: a=b\r\nContent-Length: 2\r\n\r\nab", 403},
        {LINE("POST", "/") HOST "Cookie: a=b\r\nOrigin: null\r\n\r\n", 403},
        {LINE("POST", "/") HOST "Cookie: a=b\r\nOrigin: http://evil\r\n\r\n", 403},
        {LINE("POST", "/") HOST "Cookie: a=b\r\nOrigin: http://localhost:1\r\n\r\n", 403},
        {LINE("POST", "/") HOST "Origin: http://evil\r\n\r\n", 403},
        {LINE("POST", "/") HOST "Cookie: a=b\r\nOrigin: http://localhost\r\n\r\n", 200},
        {LINE("POST", "/") HOST "\r\n", 200},
        {LINE("POST", "/any") HOST "Cookie: a=b\r\nOrigin: http://evil\r\n\r\n", 200},
        {LINE("GET", "/") HOST "Cookie: a=b\r\nOrigin: http://evil\r\n\r\n", 200},
        {"\r\n" GET "\r\n", 200},
    };
    int fd = dial(&server);
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        say(fd, t[i].bytes);
        char *a = hear_one(fd);
        if (status_of(a) != t[i].status)
            fail_msg("%s\n--- got ---\n%s", t[i].bytes, a);
        mem_free(a);
    }
    close(fd);
}

/* The answer does not wait for a body that nobody wants. */
static void refuses_before_the_body_arrives(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, LINE("POST", "/nothing") HOST "Content-Length: 8\r\n\r\n1234");
    char *a = hear_one(fd);
    assert_int_equal(status_of(a), 404);
    mem_free(a);
    say(fd, "5678" GET "\r\n");
    a = hear_one(fd);
    assert_int_equal(status_of(a), 200);
    mem_free(a);
    say(fd, LINE("POST", "/nothing") HOST "Transfer-Encoding: chunked\r\n\r\n");
    a = hear_one(fd);
    assert_int_equal(status_of(a), 404);
    mem_free(a);
    say(fd, "bad" GET "\r\n");
    a = hear_all(fd, NULL);
    assert_string_equal(a, "");
    mem_free(a);
    close(fd);
}

static void names_the_setting(void **state)
{
    (void)state;
    char *a = ask(&server, LINE("GET", "/") "Host: evil.example\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(a, "'hosts'"));
    assert_non_null(strstr(a, "HYDRA_HOSTS"));
    assert_non_null(strstr(a, "evil.example"));
    mem_free(a);
}

static void tells_the_methods(void **state)
{
    (void)state;
    char *a = ask(&server, LINE("DELETE", "/") HOST "Connection: close\r\n\r\n");
    assert_true(has_header(a, "Allow: GET, HEAD, POST, OPTIONS\r\n"));
    mem_free(a);
    a = ask(&server, LINE("OPTIONS", "/") HOST "Connection: close\r\n\r\n");
    assert_int_equal(status_of(a), 204);
    assert_true(has_header(a, "Allow: GET, HEAD, POST, OPTIONS\r\n"));
    assert_false(has_header(a, "Content-Length"));
    mem_free(a);
    a = ask(&server, "OPTIONS * HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_int_equal(status_of(a), 204);
    mem_free(a);
}

static void expect_status_of(const struct served *s, const char *bytes, int status)
{
    char *a = ask(s, bytes);
    if (status_of(a) != status)
        fail_msg("%d instead of %d", status_of(a), status);
    mem_free(a);
}

static void expect_status(const char *bytes, int status)
{
    expect_status_of(&server, bytes, status);
}

static void bounds_heads(void **state)
{
    (void)state;
    struct str s = {0};
    str_add(&s, GET "X: ");
    while (s.len < 3000)
        str_add_char(&s, 'x');
    expect_status(s.p, 431); /* without an end */
    str_add(&s, "\r\n\r\n");
    expect_status(s.p, 431);
    str_clear(&s);
    str_add(&s, GET);
    for (int i = 0; i < 100; i++)
        str_add(&s, "A: b\r\n");
    str_add(&s, "\r\n");
    expect_status(s.p, 431);
    str_clear(&s);
    str_add(&s, "GET /");
    while (s.len < 3000)
        str_add_char(&s, 'x');
    expect_status(s.p, 431);
    str_done(&s);
}

static void bounds_bodies(void **state)
{
    (void)state;
    struct str s = {0};
    expect_status(POST "Connection: close\r\nContent-Length: 4097\r\n\r\n", 413);
    expect_status(POST "Content-Length: 999999999999999999\r\n\r\n", 413);
    expect_status(
        LINE("POST", "/small") HOST "Content-Length: 9\r\nConnection: close\r\n\r\n123456789", 413);
    expect_status(
        LINE("POST", "/small") HOST "Content-Length: 8\r\nConnection: close\r\n\r\n12345678", 200);
    expect_status(
        LINE("POST", "/small") HOST "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n", 413);
    str_add(&s, POST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 200; i++)
        str_add(&s, "20\r\n0123456789abcdef0123456789abcdef\r\n");
    expect_status(s.p, 413);
    str_done(&s);
}

static int number_in(const char *answer)
{
    int n = 0;
    assert_int_equal(sscanf(body_of(answer), "%d", &n), 1);
    return n;
}

static void bounds_streamed_bodies(void **state)
{
    (void)state;
    char *a = ask(&server, LINE("POST", "/upload") HOST
                  "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n\r\n");
    assert_int_equal(number_in(a), -EFBIG);
    mem_free(a);
    a = ask(&server, LINE("POST", "/upload") HOST "Transfer-Encoding: chunked\r\n\r\n1\r\n12\r\n");
    assert_int_equal(number_in(a), -EBADMSG);
    assert_true(has_header(a, "Connection: close"));
    mem_free(a);
    a = ask(&impatient,
            LINE("POST", "/upload") HOST "Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n");
    assert_int_equal(number_in(a), -ETIMEDOUT);
    mem_free(a);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sends the head a byte at a time, each well within any patience but the whole head's. */
static void ends_slow_heads(void **state)
{
    (void)state;
    const char head[] = GET "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
    int fd = dial(&impatient);
    int64_t begin = now_ms();
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (size_t i = 0; i < sizeof head - 1 && poll(&p, 1, 20) == 0; i++)
        say_n(fd, head + i, 1);
    char *a = hear_all(fd, NULL);
    assert_int_equal(status_of(a), 408);
    assert_true(now_ms() - begin >= 280);
    assert_true(now_ms() - begin < 8000);
    mem_free(a);
    close(fd);
}

static void ends_slow_bodies(void **state)
{
    (void)state;
    expect_status_of(&impatient, POST "Content-Length: 10\r\n\r\nabc", 408);
    expect_status_of(&impatient, POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 408);
}

static void ends_idle_connections(void **state)
{
    (void)state;
    int64_t begin = now_ms();
    char *a = ask(&impatient, GET "\r\n");
    assert_int_equal(status_of(a), 200);
    assert_int_equal(count_answers(a), 1);
    assert_true(now_ms() - begin >= 580);
    mem_free(a);
    begin = now_ms();
    a = ask(&impatient, "");
    assert_string_equal(a, "");
    assert_true(now_ms() - begin >= 580);
    mem_free(a);
}

static void answers_what_was_complete_before_the_end(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, GET "\r\n" GET "\r\nGET / HT");
    shutdown(fd, SHUT_WR);
    char *a = hear_all(fd, NULL);
    assert_int_equal(count_answers(a), 2);
    mem_free(a);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_on_ambiguous_requests),
        cmocka_unit_test(keeps_the_connection_after_plain_refusals),
        cmocka_unit_test(refuses_before_the_body_arrives),
        cmocka_unit_test(names_the_setting),
        cmocka_unit_test(tells_the_methods),
        cmocka_unit_test(bounds_heads),
        cmocka_unit_test(bounds_bodies),
        cmocka_unit_test(bounds_streamed_bodies),
        cmocka_unit_test(ends_slow_heads),
        cmocka_unit_test(ends_slow_bodies),
        cmocka_unit_test(ends_idle_connections),
        cmocka_unit_test(answers_what_was_complete_before_the_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
