#include "harness.h"

#include <stdio.h>
#include <unistd.h>

static void on_hello(struct http_exchange *x)
{
    http_reply(x, 200, "text/plain", "hello", 5);
}

static void on_slow(struct http_exchange *x)
{
    usleep(20000);
    http_reply(x, 200, "text/plain", "worked", 6);
}

static void on_echo(struct http_exchange *x)
{
    size_t len;
    const char *body = http_body(x, &len);
    http_reply(x, 200, "application/octet-stream", body, len);
}

static void on_name(struct http_exchange *x)
{
    const char *id = http_param(x, "id"), *q = http_query(x, "q"), *cookie = http_cookie(x, "sid");
    struct str s = {0};
    str_addf(&s, "%s|%s|%s", id, q ? q : "-", cookie ? cookie : "-");
    http_reply_str(x, 200, "text/plain", &s);
}

static void on_stream(struct http_exchange *x)
{
    char piece[1000];
    memset(piece, 'x', sizeof piece);
    http_reply_begin(x, 200, "text/plain");
    for (int i = 0; i < 1000; i++)
        if (http_reply_piece(x, piece, sizeof piece) < 0)
            return;
    http_reply_end(x);
}

static void on_upload(struct http_exchange *x)
{
    const char *piece;
    uint64_t total = 0, sum = 0;
    int n;
    while ((n = http_body_next(x, &piece)) > 0) {
        total += (uint64_t)n;
        for (int i = 0; i < n; i++)
            sum += (unsigned char)piece[i];
    }
    struct str s = {0};
    str_addf(&s, "%d %llu %llu", n, (unsigned long long)total, (unsigned long long)sum);
    http_reply_str(x, 200, "text/plain", &s);
}

static const struct http_route routes[] = {
    {"GET", "/hello", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_hello, 0},
    {"GET", "/slow", ROUTE_ON_WORKER, ROUTE_PUBLIC, NULL, on_slow, 0},
    {"POST", "/echo", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_echo, 0},
    {"GET", "/names/{id...}", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_name, 0},
    {"GET", "/stream", ROUTE_ON_WORKER, ROUTE_PUBLIC, NULL, on_stream, 0},
    {"POST", "/upload", ROUTE_ON_WORKER, ROUTE_PUBLIC | ROUTE_STREAM_BODY, NULL, on_upload,
     64 << 20},
    {0},
};

#define HOST "Host: localhost\r\n"
#define BYE "Connection: close\r\n"

static struct served server;

static int set_up(void **state)
{
    (void)state;
    serve(&server, (struct http_settings){.routes = routes});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    served_shutdown(&server, 5000);
    serve_end(&server);
    return 0;
}

static void answers_on_the_loop(void **state)
{
    (void)state;
    char *a = ask(&server, "GET /hello HTTP/1.1\r\n" HOST BYE "\r\n");
    assert_int_equal(status_of(a), 200);
    assert_string_equal(body_of(a), "hello");
    assert_true(has_header(a, "Content-Length: 5\r\n"));
    assert_true(has_header(a, "X-Content-Type-Options: nosniff"));
    assert_true(has_header(a, "Date: "));
    assert_false(has_header(a, "Server:"));
    mem_free(a);
}

static void keeps_the_connection(void **state)
{
    (void)state;
    int fd = dial(&server);
    for (int i = 0; i < 100; i++) {
        say(fd,
            i % 2 ? "GET /slow HTTP/1.1\r\n" HOST "\r\n" : "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        char *a = hear_one(fd);
        assert_string_equal(body_of(a), i % 2 ? "worked" : "hello");
        mem_free(a);
    }
    close(fd);
}

static void pipelines_in_order(void **state)
{
    (void)state;
    struct str s = {0};
    int fd = dial(&server);
    for (int i = 0; i < 300; i++)
        str_addf(&s, "GET /names/n%d?q=%d HTTP/1.1\r\n" HOST "\r\n", i, i * 2);
    say(fd, s.p);
    for (int i = 0; i < 300; i++) {
        char want[64];
        snprintf(want, sizeof want, "n%d|%d|-", i, i * 2);
        char *a = hear_one(fd);
        assert_string_equal(body_of(a), want);
        mem_free(a);
    }
    str_done(&s);
    close(fd);
}

static void gives_parameters(void **state)
{
    (void)state;
    char *a = ask(&server, "GET /names/tower/docker/plex?a=1&q=x%20y+z HTTP/1.1\r\n" HOST BYE
                           "Cookie: a=b; sid=secret\r\n\r\n");
    assert_string_equal(body_of(a), "tower/docker/plex|x y z|secret");
    mem_free(a);
}

static void reads_bodies(void **state)
{
    (void)state;
    char *a = ask(&server, "POST /echo HTTP/1.1\r\n" HOST BYE "Content-Length: 5\r\n\r\nabcde");
    assert_string_equal(body_of(a), "abcde");
    mem_free(a);
    a = ask(&server, "POST /echo HTTP/1.1\r\n" HOST BYE "Transfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n");
    assert_string_equal(body_of(a), "abcde");
    mem_free(a);
}

static void streams_answers(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    char *a = hear_one(fd);
    assert_int_equal(strlen(body_of(a)), 1000000);
    mem_free(a);
    say(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    a = hear_one(fd);
    assert_string_equal(body_of(a), "hello");
    mem_free(a);
    close(fd);
}

static void streams_bodies(void **state)
{
    (void)state;
    enum { SIZE = 5000000 };
    int fd = dial(&server);
    char head[128], *bytes = mem_alloc(SIZE);
    uint64_t sum = 0;
    for (int i = 0; i < SIZE; i++) {
        bytes[i] = (char)(i * 7);
        sum += (unsigned char)bytes[i];
    }
    snprintf(head, sizeof head, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n",
             SIZE);
    say(fd, head);
    say_n(fd, bytes, SIZE);
    char want[64], *a = hear_one(fd);
    snprintf(want, sizeof want, "0 %d %llu", SIZE, (unsigned long long)sum);
    assert_string_equal(body_of(a), want);
    mem_free(a);
    mem_free(bytes);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_on_the_loop), cmocka_unit_test(keeps_the_connection),
        cmocka_unit_test(pipelines_in_order),  cmocka_unit_test(gives_parameters),
        cmocka_unit_test(reads_bodies),        cmocka_unit_test(streams_answers),
        cmocka_unit_test(streams_bodies),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
