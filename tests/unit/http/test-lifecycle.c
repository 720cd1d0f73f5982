#include "harness.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: localhost\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static atomic_int taken_fd = -1, take_result, last_piece = 1, last_body = 1;
static atomic_bool may_go_on;
static struct http_exchange *_Atomic deferred;

static void on_ok(struct http_exchange *x)
{
    http_reply(x, 200, "text/plain", "ok", 2);
}

static void on_nothing(struct http_exchange *x)
{
    (void)x;
}

static void on_take(struct http_exchange *x)
{
    int fd = http_take_socket(x);
    take_result = fd;
    if (fd < 0)
        http_reply_empty(x, 503);
    else
        taken_fd = fd;
}

static void *reply_later(void *arg)
{
    usleep(30000);
    http_reply(arg, 200, "text/plain", "later", 5);
    return NULL;
}

static void on_defer(struct http_exchange *x)
{
    pthread_t t;
    http_defer(x);
    assert_int_equal(pthread_create(&t, NULL, reply_later, x), 0);
    pthread_detach(t);
}

static void on_defer_and_reply(struct http_exchange *x)
{
    http_defer(x);
    http_reply(x, 200, "text/plain", "at once", 7);
}

static void on_park(struct http_exchange *x)
{
    http_defer(x);
    deferred = x;
}

static atomic_uint left;

static void on_left(void *arg)
{
    left++;
    http_reply(arg, 200, "text/plain", "to nobody", 9);
}

static void on_leave(struct http_exchange *x)
{
    http_defer(x);
    http_on_left(x, on_left, x);
    deferred = x;
}

static void on_unpark(struct http_exchange *x)
{
    http_reply(deferred, 200, "text/plain", "parked", 6);
    http_reply(x, 200, "text/plain", "done", 4);
}

static void wait_until(atomic_bool *flag)
{
    for (int i = 0; i < 6000 && !*flag; i++)
        usleep(10000);
}

static void on_wait(struct http_exchange *x)
{
    wait_until(&may_go_on);
    http_reply(x, 200, "text/plain", "waited", 6);
}

static atomic_bool has_left;

static void on_search(struct http_exchange *x)
{
    http_reply_begin(x, 200, "text/plain");
    for (int i = 0; i < 6000 && !http_has_left(x); i++)
        usleep(10000);
    has_left = http_has_left(x);
    http_reply_end(x);
}

static void on_flood(struct http_exchange *x)
{
    static char piece[100000];
    http_reply_begin(x, 200, "text/plain");
    int r = 0;
    for (int i = 0; i < 10000 && r == 0; i++)
        r = http_reply_piece(x, piece, sizeof piece);
    last_piece = r;
    http_reply_end(x);
}

static void on_cut(struct http_exchange *x)
{
    http_reply_begin(x, 200, "text/plain");
    last_piece = http_reply_piece(x, "half", 4);
}

static void on_upload(struct http_exchange *x)
{
    const char *piece;
    int n;
    while ((n = http_body_next(x, &piece)) > 0)
        wait_until(&may_go_on);
    last_body = n;
    http_reply_empty(x, 204);
}

/* Answers without reading the body. */
static void on_hasty(struct http_exchange *x)
{
    http_reply(x, 200, "text/plain", "hasty", 5);
}

static void on_large(struct http_exchange *x)
{
    struct str s = {0};
    for (int i = 0; i < 1000000; i++)
        str_addf(&s, "%07d\n", i);
    http_reply_str(x, 200, "text/plain", &s);
}

static void on_header(struct http_exchange *x)
{
    http_add_header(x, "X-Echo", http_query(x, "v"));
    http_add_header(x, "Cache-Control", "max-age=5");
    http_reply_empty(x, 204);
}

static void on_subject(struct http_exchange *x)
{
    http_reply_str(x, 200, "text/plain", &(struct str){0});
    assert_string_equal(http_subject(x), http_route(x)->permission);
}

#define PUBLIC(method, path, where, handler)                                                       \
    {                                                                                              \
        method, path, where, ROUTE_PUBLIC, NULL, handler, 0                                        \
    }

static const struct http_route routes[] = {
    PUBLIC("GET", "/ok", ROUTE_ON_LOOP, on_ok),
    PUBLIC("GET", "/nothing", ROUTE_ON_LOOP, on_nothing),
    PUBLIC("GET", "/worker-nothing", ROUTE_ON_WORKER, on_nothing),
    PUBLIC("GET", "/take", ROUTE_ON_LOOP, on_take),
    PUBLIC("GET", "/defer", ROUTE_ON_LOOP, on_defer),
    PUBLIC("GET", "/defer-and-reply", ROUTE_ON_LOOP, on_defer_and_reply),
    PUBLIC("GET", "/park", ROUTE_ON_LOOP, on_park),
    PUBLIC("GET", "/leave", ROUTE_ON_LOOP, on_leave),
    PUBLIC("GET", "/unpark", ROUTE_ON_LOOP, on_unpark),
    PUBLIC("GET", "/wait", ROUTE_ON_WORKER, on_wait),
    PUBLIC("GET", "/search", ROUTE_ON_WORKER, on_search),
    PUBLIC("GET", "/flood", ROUTE_ON_WORKER, on_flood),
    PUBLIC("GET", "/cut", ROUTE_ON_WORKER, on_cut),
    PUBLIC("GET", "/large", ROUTE_ON_LOOP, on_large),
    PUBLIC("GET", "/header", ROUTE_ON_LOOP, on_header),
    {"POST", "/upload", ROUTE_ON_WORKER, ROUTE_PUBLIC | ROUTE_STREAM_BODY, NULL, on_upload,
     1 << 30},
    {"POST", "/hasty", ROUTE_ON_WORKER, ROUTE_PUBLIC | ROUTE_STREAM_BODY, NULL, on_hasty, 1 << 30},
    {"GET", "/denied", ROUTE_ON_LOOP, 0, "no", on_ok, 0},
    {"GET", "/granted", ROUTE_ON_LOOP, 0, "yes", on_subject, 0},
    {"GET", "/asked-loop", ROUTE_ON_LOOP, 0, "ask-yes", on_subject, 0},
    {"GET", "/asked-worker", ROUTE_ON_WORKER, 0, "ask-yes", on_subject, 0},
    {"GET", "/asked-denied", ROUTE_ON_LOOP, 0, "ask-no", on_ok, 0},
    {"GET", "/asked-take", ROUTE_ON_LOOP, 0, "ask-yes", on_take, 0},
    {0},
};

static int gate(void *arg, struct http_exchange *x, const struct http_route *route, bool on_worker)
{
    (void)arg;
    if (!route->permission)
        return 0;
    bool asks = strncmp(route->permission, "ask-", 4) == 0;
    if (asks && !on_worker)
        return 2;
    if (str_ends(route->permission, "yes")) {
        size_t size = strlen(route->permission) + 1;
        http_set_subject(x, memcpy(http_alloc(x, size), route->permission, size));
        return 0;
    }
    http_reply_empty(x, 403);
    return 1;
}

static struct served server;

static int set_up_with(unsigned stall_ms)
{
    struct http_settings st = {
        .routes = routes,
        .limits = http_limits_default(),
        .hooks = {.gate = gate},
    };
    st.limits.write_stall_ms = stall_ms;
    taken_fd = -1;
    deferred = NULL;
    last_piece = last_body = 1;
    may_go_on = false;
    serve(&server, st);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with(30000);
}

static int set_up_impatient(void **state)
{
    (void)state;
    return set_up_with(500);
}

static int tear_down(void **state)
{
    (void)state;
    may_go_on = true;
    if (!server.is_down)
        served_shutdown(&server, 5000);
    serve_end(&server);
    return 0;
}

static void expect(int fd, const char *request, int status, const char *body)
{
    say(fd, request);
    char *a = hear_one(fd);
    assert_int_equal(status_of(a), status);
    if (body)
        assert_string_equal(body_of(a), body);
    mem_free(a);
}

static void gives_the_socket_away(void **state)
{
    (void)state;
    int fd = dial(&server);
    expect(fd, GET("/ok"), 200, "ok");
    say(fd, GET("/take"));
    for (int i = 0; i < 6000 && taken_fd < 0; i++)
        usleep(10000);
    assert_true(taken_fd >= 0);
    say(taken_fd, "HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n");
    for (int i = 0; i < 6000 && served_stats(&server).connections_now; i++)
        usleep(10000);
    assert_int_equal(served_stats(&server).connections_now, 0); /* the server has let go of it */
    say(taken_fd, "data: 2\n\n");
    close(taken_fd);
    char *a = hear_all(fd, NULL);
    assert_string_equal(body_of(a), "data: 1\n\ndata: 2\n\n");
    mem_free(a);
    close(fd);
}

static void gives_the_socket_away_after_a_worker(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, GET("/asked-take"));
    for (int i = 0; i < 6000 && taken_fd < 0; i++)
        usleep(10000);
    say(taken_fd, "HTTP/1.1 200 OK\r\n\r\nx");
    close(taken_fd);
    char *a = hear_all(fd, NULL);
    assert_string_equal(body_of(a), "x");
    mem_free(a);
    close(fd);
}

static void keeps_a_socket_with_more_requests(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, GET("/take") GET("/ok"));
    char *a = hear_one(fd), *b = hear_one(fd);
    assert_int_equal(status_of(a), 503);
    assert_int_equal(take_result, -EBUSY);
    assert_int_equal(status_of(b), 200);
    mem_free(a);
    mem_free(b);
    close(fd);
}

static void answers_later(void **state)
{
    (void)state;
    int fd = dial(&server);
    expect(fd, GET("/defer"), 200, "later");
    expect(fd, GET("/defer-and-reply"), 200, "at once");
    say(fd, GET("/defer") GET("/ok"));
    char *a = hear_one(fd), *b = hear_one(fd);
    assert_string_equal(body_of(a), "later");
    assert_string_equal(body_of(b), "ok");
    mem_free(a);
    mem_free(b);
    close(fd);
}

/* Whoever hangs up, by half or wholly, is told of once; one that is answered is not. */
static void a_worker_sees_that_the_peer_left(void **state)
{
    (void)state;
    has_left = false;
    int fd = dial(&server);
    say(fd, GET("/search"));
    assert_false(has_left);
    close(fd);
    wait_until(&has_left);
    assert_true(has_left);
}

static void tells_that_the_peer_left(void **state)
{
    (void)state;
    static const bool wholly[] = {false, true};
    left = 0;
    for (unsigned i = 0; i < COUNT_OF(wholly); i++) {
        deferred = NULL;
        int fd = dial(&server);
        say(fd, GET("/leave"));
        for (int k = 0; k < 6000 && !deferred; k++)
            usleep(10000);
        if (wholly[i])
            close(fd);
        else
            shutdown(fd, SHUT_WR);
        for (int k = 0; k < 6000 && left == i; k++)
            usleep(10000);
        assert_int_equal(left, i + 1);
        if (wholly[i])
            continue;
        AUTO(mem_freep) char *a = hear_all(fd, NULL);
        assert_string_equal(body_of(a), "to nobody");
        close(fd);
    }
    int fd = dial(&server), other = dial(&server);
    deferred = NULL;
    say(fd, GET("/leave"));
    for (int k = 0; k < 6000 && !deferred; k++)
        usleep(10000);
    expect(other, GET("/unpark"), 200, "done");
    AUTO(mem_freep) char *a = hear_one(fd);
    assert_string_equal(body_of(a), "parked");
    close(fd);
    expect(other, GET("/ok"), 200, "ok");
    assert_int_equal(left, 2);
    close(other);
}

static void answers_one_from_anothers_handler(void **state)
{
    (void)state;
    int fd = dial(&server), other = dial(&server);
    say(fd, GET("/park"));
    served_wait(&server, 1);
    expect(other, GET("/unpark"), 200, "done");
    char *a = hear_one(fd);
    assert_string_equal(body_of(a), "parked");
    mem_free(a);
    close(fd);
    close(other);
}

static void survives_a_peer_that_left(void **state)
{
    (void)state;
    struct linger reset = {1, 0};
    static const char *const requests[] = {GET("/defer"), GET("/wait"), GET("/asked-worker")};
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        int fd = dial(&server);
        say(fd, requests[i]);
        usleep(10000);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    may_go_on = true;
    int fd = dial(&server);
    expect(fd, GET("/ok"), 200, "ok");
    close(fd);
}

static void says_when_a_handler_says_nothing(void **state)
{
    (void)state;
    int fd = dial(&server);
    expect(fd, GET("/nothing"), 500, NULL);
    expect(fd, GET("/worker-nothing"), 500, NULL);
    close(fd);
}

static void asks_the_gate(void **state)
{
    (void)state;
    int fd = dial(&server);
    expect(fd, GET("/denied"), 403, "");
    expect(fd, GET("/granted"), 200, "");
    expect(fd, GET("/asked-loop"), 200, "");
    expect(fd, GET("/asked-worker"), 200, "");
    expect(fd, GET("/asked-denied"), 403, "");
    close(fd);
    assert_int_equal(served_stats(&server).requests_total, 5);
    assert_int_equal(served_stats(&server).status_class[2], 3);
    assert_int_equal(served_stats(&server).status_class[4], 2);
}

/* A large answer to a peer that reads slowly arrives whole; meanwhile others are served. */
static void waits_for_slow_readers(void **state)
{
    (void)state;
    int slow = dial(&server), quick = dial(&server);
    say(slow, GET("/large"));
    usleep(100000);
    expect(quick, GET("/ok"), 200, "ok");
    for (int i = 0; i < 5; i++) {
        char buf[4096];
        assert_true(recv(slow, buf, 1, MSG_PEEK) == 1);
        usleep(50000);
    }
    char *a = hear_one(slow);
    assert_int_equal(strlen(body_of(a)), 8000000);
    assert_string_equal(body_of(a) + 8000000 - 8, "0999999\n");
    mem_free(a);
    expect(slow, GET("/ok"), 200, "ok");
    close(slow);
    close(quick);
}

static void ends_stalled_readers(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, GET("/flood"));
    for (int i = 0; i < 6000 && last_piece == 1; i++)
        usleep(10000);
    assert_int_equal(last_piece, -EPIPE);
    close(fd);
}

static void tells_a_worker_that_the_peer_left(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, GET("/flood"));
    usleep(20000);
    close(fd);
    for (int i = 0; i < 6000 && last_piece == 1; i++)
        usleep(10000);
    assert_int_equal(last_piece, -EPIPE);
    fd = dial(&server);
    say(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc");
    served_wait(&server, 2);
    close(fd);
    may_go_on = true;
    for (int i = 0; i < 6000 && last_body == 1; i++)
        usleep(10000);
    assert_int_equal(last_body, -EPIPE);
}

static void cuts_an_unfinished_answer(void **state)
{
    (void)state;
    char *a = ask(&server, GET("/cut"));
    assert_string_equal(body_of(a), "4\r\nhalf\r\n");
    mem_free(a);
}

static void note_ignored(void *arg)
{
    *(bool *)arg = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
}

/* Writing to a peer that left raises SIGPIPE in a process that did not say otherwise. */
static void ignores_broken_pipes(void **state)
{
    (void)state;
    bool ignored = false;
    loop_call(server.loop, note_ignored, &ignored);
    assert_true(ignored);
}

/* A worker that does not read makes the peer wait instead of the memory grow. */
static void holds_back_uploads(void **state)
{
    (void)state;
    enum { SIZE = 64 << 20 };
    int fd = dial(&server);
    char *block = mem_alloc(1 << 20);
    say(fd, "POST /upload HTTP/1.1\r\n" HOST "Content-Length: 67108864\r\n\r\n");
    size_t sent = 0;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    while (sent < SIZE && poll(&p, 1, 300) == 1) {
        ssize_t n = send(fd, block, 1 << 20, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
    }
    assert_true(sent < SIZE / 2);
    assert_true(served_stats(&server).bytes_in < 2 << 20);
    may_go_on = true;
    for (; sent < SIZE; sent += 1 << 16)
        say_n(fd, block, SIZE - sent < 1 << 16 ? SIZE - sent : 1 << 16);
    char *a = hear_head(fd);
    assert_int_equal(status_of(a), 204);
    mem_free(a);
    assert_int_equal(last_body, 0);
    mem_free(block);
    close(fd);
}

static void closes_after_an_unread_body(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, "POST /hasty HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\nabc");
    char *a = hear_all(fd, NULL);
    assert_string_equal(body_of(a), "hasty");
    assert_true(has_header(a, "Connection: close"));
    mem_free(a);
    close(fd);
}

static void expects_100(void **state)
{
    (void)state;
    int fd = dial(&server);
    may_go_on = true;
    say(fd, "POST /upload HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    char *a = hear_head(fd);
    assert_string_equal(a, "HTTP/1.1 100 Continue\r\n\r\n");
    mem_free(a);
    say(fd, "abc");
    a = hear_head(fd);
    assert_int_equal(status_of(a), 204);
    mem_free(a);
    close(fd);
}

static void cleans_headers(void **state)
{
    (void)state;
    char *a = ask(&server, "GET /header?v=a%0d%0aSet-Cookie:%20b HTTP/1.1\r\n" HOST
                           "Connection: close\r\n\r\n");
    assert_true(has_header(a, "X-Echo: a  Set-Cookie: b\r\n"));
    assert_false(has_header(a, "Set-Cookie"));
    assert_true(has_header(a, "Cache-Control: max-age=5\r\n"));
    assert_false(has_header(a, "Cache-Control: no-store"));
    mem_free(a);
}

static void speaks_http_1_0(void **state)
{
    (void)state;
    char *a = ask(&server, "GET /ok HTTP/1.0\r\n" HOST "\r\n");
    assert_string_equal(body_of(a), "ok");
    mem_free(a);
    a = ask(&server, "GET /cut HTTP/1.0\r\n" HOST "\r\n");
    assert_string_equal(body_of(a), "half");
    mem_free(a);
    int fd = dial(&server);
    say(fd, "GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    a = hear_one(fd);
    assert_true(has_header(a, "Connection: keep-alive"));
    mem_free(a);
    expect(fd, GET("/ok"), 200, "ok");
    close(fd);
}

static void omits_bodies_of_head(void **state)
{
    (void)state;
    int fd = dial(&server);
    say(fd, "HEAD /ok HTTP/1.1\r\n" HOST "\r\nHEAD /none HTTP/1.1\r\n" HOST
            "\r\nHEAD /cut HTTP/1.1\r\n" HOST "\r\n");
    char *a = hear_head(fd), *b = hear_head(fd);
    assert_int_equal(status_of(a), 200);
    assert_true(has_header(a, "Content-Length: 2\r\n"));
    assert_int_equal(status_of(b), 404);
    mem_free(a);
    mem_free(b);
    close(fd);
}

static void finishes_what_is_under_way(void **state)
{
    (void)state;
    int idle = dial(&server), busy = dial(&server);
    expect(idle, GET("/ok"), 200, "ok");
    say(busy, GET("/wait"));
    served_wait(&server, 2);
    served_shutdown(&server, 5000);
    char *a = hear_all(idle, NULL);
    assert_string_equal(a, "");
    mem_free(a);
    may_go_on = true;
    a = hear_all(busy, NULL);
    assert_string_equal(body_of(a), "waited");
    assert_true(has_header(a, "Connection: close"));
    mem_free(a);
    close(idle);
    close(busy);
    serve_end(&server);
    set_up(NULL);
}

static void ends_after_the_grace(void **state)
{
    (void)state;
    int head = dial(&server), flood = dial(&server);
    say(head, "GET /ok HT");
    say(flood, GET("/flood"));
    served_wait(&server, 1);
    served_shutdown(&server, 100);
    serve_end(&server);
    char *a = hear_all(head, NULL);
    assert_string_equal(a, "");
    mem_free(a);
    assert_int_equal(last_piece, -EPIPE);
    close(head);
    close(flood);
    set_up(NULL);
}

/* Answers of one connection wait for each other; those of another do not. */
static void lets_workers_run_side_by_side(void **state)
{
    (void)state;
    int a = dial(&server), b = dial(&server);
    say(a, GET("/wait") GET("/ok"));
    expect(b, GET("/asked-worker"), 200, "");
    may_go_on = true;
    char *first = hear_one(a), *second = hear_one(a);
    assert_string_equal(body_of(first), "waited");
    assert_string_equal(body_of(second), "ok");
    mem_free(first);
    mem_free(second);
    close(a);
    close(b);
}

static void says_503_when_workers_are_busy(void **state)
{
    (void)state;
    enum { CLIENTS = 80 }; /* 4 threads and a queue of 64 */
    int fd[CLIENTS], busy = 0, ok = 0;
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = dial(&server);
        say(fd[i], GET("/wait"));
    }
    served_wait(&server, CLIENTS);
    may_go_on = true;
    for (int i = 0; i < CLIENTS; i++) {
        char *a = hear_one(fd[i]);
        ok += status_of(a) == 200;
        busy += status_of(a) == 503 && has_header(a, "Retry-After: ");
        mem_free(a);
        close(fd[i]);
    }
    assert_int_equal(ok + busy, CLIENTS);
    assert_in_range(ok, 64, 68); /* what waits, and what the threads had taken by then */
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(gives_the_socket_away),
        EACH(gives_the_socket_away_after_a_worker),
        EACH(keeps_a_socket_with_more_requests),
        EACH(answers_later),
        EACH(answers_one_from_anothers_handler),
        EACH(tells_that_the_peer_left),
        EACH(a_worker_sees_that_the_peer_left),
        EACH(survives_a_peer_that_left),
        EACH(says_when_a_handler_says_nothing),
        EACH(asks_the_gate),
        EACH(waits_for_slow_readers),
        cmocka_unit_test_setup_teardown(ends_stalled_readers, set_up_impatient, tear_down),
        EACH(tells_a_worker_that_the_peer_left),
        EACH(ignores_broken_pipes),
        EACH(cuts_an_unfinished_answer),
        EACH(holds_back_uploads),
        EACH(closes_after_an_unread_body),
        EACH(expects_100),
        EACH(cleans_headers),
        EACH(speaks_http_1_0),
        EACH(omits_bodies_of_head),
        EACH(finishes_what_is_under_way),
        EACH(ends_after_the_grace),
        EACH(lets_workers_run_side_by_side),
        EACH(says_503_when_workers_are_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
