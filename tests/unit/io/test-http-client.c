#include "../test.h"

#include "io/http-client-private.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A server of one connection at a time, whose answers are chosen by the path. */
struct server {
    int fd;
    int port;
    char path[64];
    pthread_t thread;
};

static const struct {
    const char *path, *answer;
    bool hold; /* keep the connection open, say nothing more */
} answers[] = {
    {"GET /ok ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false},
    {"GET /missing ", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", false},
    {"GET /moved ",
     "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
     false},
    {"GET /silent ", "", true},
    {"GET /dropped ", "", false},
    {"GET /stream ",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n", true},
    {"POST /echo ", "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", false},
};

static void reply(int fd)
{
    char request[4096];
    size_t n = 0;
    ssize_t got;
    while (n < sizeof request - 1 && (got = read(fd, request + n, sizeof request - 1 - n)) > 0) {
        n += (size_t)got;
        request[n] = 0;
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (strncmp(request, answers[i].path, strlen(answers[i].path)) != 0)
            continue;
        if (*answers[i].answer)
            (void)!write(fd, answers[i].answer, strlen(answers[i].answer));
        if (answers[i].hold)
            while (read(fd, request, sizeof request) > 0) {
            }
    }
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void *serve(void *arg)
{
    struct server *s = arg;
    for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0;)
        reply(fd);
    return NULL;
}

static void server_start(struct server *s, const char *unix_path)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t len = sizeof in;
    s->fd = socket(unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (unix_path) {
        str_copy(un.sun_path, sizeof un.sun_path, unix_path);
        assert_int_equal(bind(s->fd, (struct sockaddr *)&un, sizeof un), 0);
    } else {
        assert_int_equal(bind(s->fd, (struct sockaddr *)&in, sizeof in), 0);
        getsockname(s->fd, (struct sockaddr *)&in, &len);
        s->port = ntohs(in.sin_port);
    }
    assert_int_equal(listen(s->fd, 16), 0);
    pthread_create(&s->thread, NULL, serve, s);
}

static void server_stop(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

/* Everything is tried both ways. */
static bool over_curl;

struct outcome {
    struct loop *loop;
    struct http_client *client;
    struct http_call *call;
    const char *second_url; /* asked from within on_data */
    int error, status, done;
    char text[256], body[256], redirect[128];
    bool cut, cancel_in_data, stop_in_data;
    uint32_t latency_us;
    struct str streamed;
};

static void on_done(void *arg, const struct http_answer *a)
{
    struct outcome *o = arg;
    o->error = a->error;
    o->status = a->status;
    o->cut = a->body_cut;
    o->latency_us = a->latency_us;
    str_copy(o->text, sizeof o->text, a->text);
    str_copy(o->body, sizeof o->body, a->body ? a->body : "(streamed)");
    str_copy(o->redirect, sizeof o->redirect, a->redirect ? a->redirect : "");
    o->done++;
    if (a->error != -ECANCELED || o->stop_in_data)
        loop_stop(o->loop);
}

static void on_second_done(void *arg, const struct http_answer *a)
{
    struct outcome *o = arg;
    o->status = a->status;
    loop_stop(o->loop);
}

static bool on_data(void *arg, const char *bytes, size_t n)
{
    struct outcome *o = arg;
    str_add_n(&o->streamed, bytes, n);
    if (o->second_url) {
        struct http_request r = {.url = o->second_url, .on_done = on_second_done, .arg = o};
        struct http_call *call;
        o->second_url = NULL;
        assert_int_equal(http_client_call(o->client, &r, NULL, &call), 0);
        return false; /* the server serves one at a time */
    }
    if (o->cancel_in_data)
        http_call_cancel(o->call);
    return !o->stop_in_data;
}

static void give_up(void *arg)
{
    loop_stop(arg);
}

static struct outcome run(struct http_request r, struct outcome o, uint64_t wait_ms)
{
    o.loop = loop_new("test");
    struct http_client *c = o.client = http_client_new(o.loop);
    if (over_curl)
        http_client_force_curl(c);
    struct err e = {0};
    r.on_done = on_done;
    r.arg = &o;
    loop_timer_new(o.loop, wait_ms, 0, give_up, o.loop);
    int code = http_client_call(c, &r, &e, &o.call);
    if (code < 0)
        o.error = code;
    else
        loop_run(o.loop);
    http_client_free(c);
    loop_free(o.loop);
    return o;
}

static struct outcome get(struct server *s, const char *path, struct http_request r)
{
    char *url = mem_printf("http://127.0.0.1:%d%s", s->port, path);
    r.url = url;
    if (!r.timeout_ms)
        r.timeout_ms = 5000;
    struct outcome o = run(r, (struct outcome){0}, 6000);
    mem_free(url);
    return o;
}

static void answers_come_whole(void **state)
{
    struct outcome o = get(*state, "/ok", (struct http_request){0});
    assert_int_equal(o.done, 1);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.status, 200);
    assert_string_equal(o.body, "hello");
    assert_true(o.latency_us > 0);
    o = get(*state, "/missing", (struct http_request){0});
    assert_int_equal(o.status, 404);
    assert_string_equal(o.body, "gone");
    o = get(*state, "/echo", (struct http_request){.body = "{}", .body_len = 2});
    assert_int_equal(o.status, 201);
}

static void redirects_are_told_not_followed(void **state)
{
    struct server *s = *state;
    struct outcome o = get(s, "/moved", (struct http_request){0});
    assert_int_equal(o.status, 302);
    assert_string_equal(o.redirect, "/login");
}

static void heads_are_enough(void **state)
{
    struct outcome o = get(*state, "/stream", (struct http_request){.only_head = true});
    assert_int_equal(o.error, 0);
    assert_int_equal(o.status, 200);
    assert_string_equal(o.body, "");
    o = get(*state, "/moved", (struct http_request){.only_head = true});
    assert_string_equal(o.redirect, "/login");
}

static void bodies_have_a_ceiling(void **state)
{
    struct outcome o = get(*state, "/ok", (struct http_request){.body_max = 3});
    assert_int_equal(o.error, -E2BIG);
    o = get(*state, "/ok", (struct http_request){.body_max = 3, .cut_body = true});
    assert_int_equal(o.error, 0);
    assert_true(o.cut);
    assert_string_equal(o.body, "hel");
}

static void failures_have_a_kind(void **state)
{
    struct outcome o = get(*state, "/silent", (struct http_request){.timeout_ms = 100});
    assert_int_equal(o.error, -ETIMEDOUT);
    o = get(*state, "/dropped", (struct http_request){0});
    assert_int_equal(o.error, -ECONNRESET);
    o = run((struct http_request){.url = "http://127.0.0.1:1/"}, (struct outcome){0}, 3000);
    assert_int_equal(o.error, -ECONNREFUSED);
    assert_string_equal(o.text, "connection refused");
    const char *bad[] = {"ftp://127.0.0.1:1/", "http://", "http://[::1/", "http://h:99999/"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        o = run((struct http_request){.url = bad[i]}, (struct outcome){0}, 3000);
        assert_int_equal(o.error, -EINVAL);
    }
    o = run((struct http_request){.url = "http://no-such-host.invalid/"}, (struct outcome){0},
            10000);
    assert_int_equal(o.error, -ENOENT);
}

static bool allow_none(void *arg, const struct sockaddr *a)
{
    (void)arg, (void)a;
    return false;
}

static void addresses_can_be_refused(void **state)
{
    struct outcome o = get(*state, "/ok", (struct http_request){.allow = allow_none});
    assert_int_equal(o.error, -EACCES);
    assert_int_equal(o.status, 0);
}

static void streams_arrive_in_pieces(void **state)
{
    struct server *s = *state;
    char *url = mem_printf("http://127.0.0.1:%d/stream", s->port);
    struct http_request r = {.url = url, .on_data = on_data};
    struct outcome o = run(r, (struct outcome){.stop_in_data = true}, 3000);
    assert_int_equal(o.error, -ECANCELED);
    assert_true(str_starts(str_text(&o.streamed), "one"));
    str_done(&o.streamed);
    o = run(r, (struct outcome){.cancel_in_data = true}, 300);
    assert_int_equal(o.done, 0); /* cancelled: no word any more */
    assert_true(str_starts(str_text(&o.streamed), "one"));
    str_done(&o.streamed);
    o = run(r, (struct outcome){0}, 100);
    assert_string_equal(str_text(&o.streamed), "onetwo"); /* freed in mid-stream */
    str_done(&o.streamed);
    mem_free(url);
}

static void calls_can_be_made_from_within_a_stream(void **state)
{
    struct server *s = *state;
    char *url = mem_printf("http://127.0.0.1:%d/stream", s->port);
    char *second = mem_printf("http://127.0.0.1:%d/missing", s->port);
    struct http_request r = {.url = url, .on_data = on_data};
    struct outcome o = run(r, (struct outcome){.second_url = second}, 3000);
    assert_int_equal(o.done, 1);
    assert_int_equal(o.error, -ECANCELED);
    assert_int_equal(o.status, 404);
    str_done(&o.streamed);
    mem_free(url);
    mem_free(second);
}

static void unix_sockets_work(void **state)
{
    (void)state;
    char dir[] = "/tmp/hydra-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct server s = {0};
    snprintf(s.path, sizeof s.path, "%s/s", dir);
    server_start(&s, s.path);
    struct http_request r = {.url = "http://d/ok", .unix_socket = s.path, .allow = allow_none};
    struct outcome o = run(r, (struct outcome){0}, 3000);
    assert_int_equal(o.status, 200);
    server_stop(&s);
    o = run(r, (struct outcome){0}, 3000);
    assert_int_equal(o.error, -ECONNREFUSED);
    unlink(s.path);
    o = run(r, (struct outcome){0}, 3000);
    assert_int_equal(o.error, -ENOENT);
    rmdir(dir);
}

static void certificate_times_are_read(void **state)
{
    (void)state;
    int64_t t = 0;
    assert_int_equal(http_parse_certificate_time("Nov 24 15:00:00 2026 GMT", &t), 0);
    assert_true(t == 1795532400000);
    assert_int_equal(http_parse_certificate_time("Jan  1 00:00:00 2030 GMT", &t), 0);
    assert_true(t == 1893456000000);
    const char *bad[] = {"",    "Foo 24 15:00:00 2026 GMT", "anF 24 15:00:00 2026 GMT",
                         "Nov", "Nov 40 15:00:00 2026 GMT", "N 1 15:00:00 2026 GMT"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(http_parse_certificate_time(bad[i], &t), -EINVAL);
}

static struct server server;

static int start(void **state)
{
    server_start(&server, NULL);
    *state = &server;
    return 0;
}

static int stop(void **state)
{
    server_stop(*state);
    return 0;
}

static int start_over_curl(void **state)
{
    over_curl = true;
    return start(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_whole),
        cmocka_unit_test(redirects_are_told_not_followed),
        cmocka_unit_test(heads_are_enough),
        cmocka_unit_test(bodies_have_a_ceiling),
        cmocka_unit_test(failures_have_a_kind),
        cmocka_unit_test(addresses_can_be_refused),
        cmocka_unit_test(streams_arrive_in_pieces),
        cmocka_unit_test(calls_can_be_made_from_within_a_stream),
        cmocka_unit_test(unix_sockets_work),
        cmocka_unit_test(certificate_times_are_read),
    };
    int failed = cmocka_run_group_tests_name("plain", tests, start, stop);
    return failed + cmocka_run_group_tests_name("curl", tests, start_over_curl, stop);
}
