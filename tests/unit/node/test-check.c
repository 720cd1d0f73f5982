/* Checks against servers of the test's own, run by a whole node. */
#include "../test.h"
#include "probing.h"

#include "node/node-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- servers: each answers one peer at a time --- */

struct server {
    int fd;
    uint16_t port;
    pthread_t thread;
    void (*answer)(int fd);
};

static void answer_http(int fd)
{
    static const struct {
        const char *path, *answer;
    } answers[] = {
        {"GET /ok ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
        {"GET /login ", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"},
        {"GET /moved ", "HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\n\r\n"},
        {"GET /other ", "HTTP/1.1 200 OK\r\n\r\n<html><title>Grafana</title></html>"},
        {"GET /stream ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
    };
    char request[2048] = "";
    if (read(fd, request, sizeof request - 1) <= 0)
        return;
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        if (strncmp(request, answers[i].path, strlen(answers[i].path)) == 0)
            (void)!write(fd, answers[i].answer, strlen(answers[i].answer));
    if (strncmp(request, "GET /stream ", 12) == 0 || strncmp(request, "GET /silent ", 12) == 0)
        (void)!read(fd, request, 1); /* until the peer has had enough */
}

static void answer_banner(int fd)
{
    (void)!write(fd, "SSH-2.0", 7);
    usleep(5000);
    (void)!write(fd, "-OpenSSH_9\r\n", 12);
}

static void answer_silence(int fd)
{
    char c;
    (void)!read(fd, &c, 1);
}

static void *serve_tcp(void *arg)
{
    struct server *s = arg;
    for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0; close(fd))
        s->answer(fd);
    return NULL;
}

/* Answers 192.0.2.1 to everything but names that begin with "no". */
static void *serve_dns(void *arg)
{
    static const char record[] = "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1";
    struct server *s = arg;
    unsigned char m[512];
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    for (ssize_t n; (n = recvfrom(s->fd, m, sizeof m / 2, 0, (void *)&peer, &len)) > 1;) {
        bool known = memcmp(m + 13, "no", 2) != 0;
        m[2] |= 0x80;
        m[3] = known ? 0x80 : 0x83;
        m[7] = known;
        memcpy(m + n, record, sizeof record - 1);
        sendto(s->fd, m, (size_t)n + (known ? sizeof record - 1 : 0), 0, (void *)&peer, len);
        len = sizeof peer;
    }
    return NULL;
}

static void server_start(struct server *s, int family, int type, void *(*serve)(void *))
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    bool six = family == AF_INET6;
    socklen_t len = six ? sizeof v6 : sizeof v4;
    struct sockaddr *a = six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    s->fd = socket(family, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, a, len), 0);
    getsockname(s->fd, a, &len);
    s->port = ntohs(six ? v6.sin6_port : v4.sin_port);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(s->fd, 64), 0);
    pthread_create(&s->thread, NULL, serve, s);
}

static void server_stop(struct server *s, int type)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(s->port)};
    if (type == SOCK_DGRAM) /* a datagram of one byte ends it */
        sendto(s->fd, "", 1, 0, (struct sockaddr *)&to, sizeof to);
    else
        shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static struct server http, banner, silent, dns;
static uint16_t closed_port;

static int start_servers(void **state)
{
    (void)state;
    http.answer = answer_http;
    banner.answer = answer_banner;
    silent.answer = answer_silence;
    server_start(&http, AF_INET, SOCK_STREAM, serve_tcp);
    server_start(&banner, AF_INET, SOCK_STREAM, serve_tcp);
    server_start(&silent, AF_INET, SOCK_STREAM, serve_tcp);
    server_start(&dns, AF_INET, SOCK_DGRAM, serve_dns);
    struct server none = {.answer = answer_silence};
    server_start(&none, AF_INET, SOCK_STREAM, serve_tcp);
    closed_port = none.port;
    server_stop(&none, SOCK_STREAM);
    return 0;
}

static int stop_servers(void **state)
{
    (void)state;
    server_stop(&http, SOCK_STREAM);
    server_stop(&banner, SOCK_STREAM);
    server_stop(&silent, SOCK_STREAM);
    server_stop(&dns, SOCK_DGRAM);
    return 0;
}

/* --- a node that runs checks until each had its say --- */

enum {
    PATIENCE_MS = 60000, /* for what does answer: the machine may be busy */
    SHORT_MS = 300,      /* for what does not */
};

struct expectation {
    enum check_kind kind;
    const char *target; /* %u becomes the port */
    const uint16_t *port;
    const char *status, *body, *process;
    enum check_state state;
    const char *text; /* glob */
    int code;
};

struct watch {
    struct loop *loop;
    struct node *node;
    const struct expectation *v;
    size_t n, heard;
    bool seen[64];
};

static void hear(struct watch *w, const struct check_result *c)
{
    size_t i = (size_t)strtoul(c->service, NULL, 10);
    const struct expectation *e = &w->v[i];
    if (c->state != e->state || !str_glob(e->text, c->text) || c->code != e->code)
        fail_msg("%s: state %d, code %d, “%s”, expected “%s”", e->target, c->state, c->code,
                 c->text, e->text);
    if (!w->seen[i] && ++w->heard == w->n)
        loop_stop(w->loop);
    w->seen[i] = true;
}

static void on_report(void *arg, struct node_report *r)
{
    if (r->kind == REPORT_CHECK)
        hear(arg, r->check);
    node_report_free(r);
}

static void give_up(void *arg)
{
    loop_stop(arg);
}

static void set_checks(void *arg)
{
    struct watch *w = arg;
    struct check_spec *specs = mem_array(w->n, sizeof *specs);
    for (size_t i = 0; i < w->n; i++) {
        const struct expectation *e = &w->v[i];
        char target[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(target, sizeof target, e->target, e->port ? *e->port : 0);
#pragma GCC diagnostic pop
        specs[i] = (struct check_spec){
            .service = mem_printf("%zu", i),
            .kind = e->kind,
            .target = mem_strdup(target),
            .interval_ms = 60000,
            .timeout_ms = str_starts(e->text, "no answer") ? SHORT_MS : PATIENCE_MS,
            .expect_status = mem_strdup(e->status),
            .expect_body = mem_strdup(e->body),
            .expect_process = mem_strdup(e->process),
        };
    }
    node_set_checks(w->node, specs, w->n);
    for (size_t i = 0; i < w->n; i++)
        check_spec_done(&specs[i]);
    mem_free(specs);
}

static void expect(const struct expectation *v, size_t n, const char *root)
{
    struct watch w = {.loop = loop_new("test"), .v = v, .n = n};
    struct node_settings settings = {
        .root = root, .docker_host = "unix:///nonexistent", .report = on_report, .arg = &w};
    w.node = node_new(w.loop, &settings);
    node_start(w.node);
    set_checks(&w);
    loop_timer_new(w.loop, 2 * PATIENCE_MS, 0, give_up, w.loop);
    loop_run(w.loop);
    node_free(w.node);
    loop_free(w.loop);
    assert_int_equal(w.heard, n);
}
#define EXPECT(v, root) expect(v, COUNT_OF(v), root)

static void http_checks_prove_identity(void **state)
{
    (void)state;
    const uint16_t *p = &http.port;
    const struct expectation v[] = {
        {CHECK_HTTP, "http://127.0.0.1:%u/ok", p, NULL, NULL, NULL, CHECK_UP, "HTTP 200 in * ms",
         200},
        {CHECK_HTTP, "http://localhost:%u/ok", p, NULL, "ell", NULL, CHECK_UP, "HTTP 200*", 200},
        {CHECK_HTTP, "http://127.0.0.1:%u/ok", p, NULL, "AdGuard", NULL, CHECK_DOWN,
         "answers, but the body lacks “AdGuard”", 200},
        {CHECK_HTTP, "http://127.0.0.1:%u/other", p, NULL, "AdGuard", NULL, CHECK_DOWN,
         "answers, but it is “Grafana”: the body lacks “AdGuard”", 200},
        {CHECK_HTTP, "http://127.0.0.1:%u/login", p, NULL, NULL, NULL, CHECK_DOWN, "HTTP 401", 401},
        {CHECK_HTTP, "http://127.0.0.1:%u/login", p, "200-399,401", NULL, NULL, CHECK_UP,
         "HTTP 401 in * ms", 401},
        {CHECK_HTTP, "http://127.0.0.1:%u/moved", p, NULL, NULL, NULL, CHECK_UP, "HTTP 302*", 302},
        {CHECK_HTTP, "http://127.0.0.1:%u/moved", p, "200", NULL, NULL, CHECK_DOWN,
         "HTTP 302 to https://elsewhere/", 302},
        {CHECK_HTTP, "http://127.0.0.1:%u/stream", p, NULL, NULL, NULL, CHECK_UP, "HTTP 200*", 200},
        {CHECK_HTTP, "http://127.0.0.1:%u/silent", p, NULL, NULL, NULL, CHECK_DOWN,
         "no answer within 300 ms", 0},
        {CHECK_HTTP, "http://127.0.0.1:%u/dropped", p, NULL, NULL, NULL, CHECK_DOWN,
         "closed the connection without an answer", 0},
        {CHECK_HTTP, "http://127.0.0.1:%u/", &closed_port, NULL, NULL, NULL, CHECK_DOWN,
         "connection refused", 0},
        {CHECK_HTTP, "http://no-such-host.invalid/", NULL, NULL, NULL, NULL, CHECK_DOWN,
         "the host name is not known", 0},
        {CHECK_HTTP, "https://127.0.0.1:%u/", &banner.port, NULL, NULL, NULL, CHECK_DOWN, "*", 0},
    };
    EXPECT(v, "/nonexistent");
}

static void tcp_checks_connect(void **state)
{
    (void)state;
    const struct expectation v[] = {
        {CHECK_TCP, "127.0.0.1:%u", &banner.port, NULL, NULL, NULL, CHECK_UP, "connected in * ms",
         0},
        /* ::1 refuses, 127.0.0.1 takes it */
        {CHECK_TCP, "localhost:%u", &banner.port, NULL, NULL, NULL, CHECK_UP, "connected*", 0},
        {CHECK_TCP, "localhost:%u", &banner.port, NULL, "SSH-2.0-Open", NULL, CHECK_UP, "conn*", 0},
        {CHECK_TCP, "localhost:%u", &banner.port, NULL, "220 ", NULL, CHECK_DOWN,
         "says “SSH-2.0*”, not “220 ”", 0},
        {CHECK_TCP, "localhost:%u", &silent.port, NULL, "220 ", NULL, CHECK_DOWN, "no answer*", 0},
        {CHECK_TCP, "localhost:%u", &closed_port, NULL, NULL, NULL, CHECK_DOWN,
         "connection refused", 0},
        {CHECK_TCP, "localhost", NULL, NULL, NULL, NULL, CHECK_UNKNOWN,
         "“localhost” is not host:port", 0},
        {CHECK_TCP, "no-such-host.invalid:1", NULL, NULL, NULL, NULL, CHECK_DOWN,
         "the host name no-such-host.invalid is not known", 0},
    };
    EXPECT(v, "/nonexistent");
}

static void dns_checks_ask(void **state)
{
    (void)state;
    const struct expectation v[] = {
        {CHECK_DNS, "example.org@127.0.0.1:%u", &dns.port, NULL, NULL, NULL, CHECK_UP,
         "192.0.2.1 in * ms", 0},
        {CHECK_DNS, "example.org@localhost:%u", &dns.port, NULL, "192.0.2.1", NULL, CHECK_UP,
         "192.0.2.1*", 0},
        {CHECK_DNS, "example.org@127.0.0.1:%u", &dns.port, NULL, "192.0.2.9", NULL, CHECK_DOWN,
         "example.org is 192.0.2.1, not 192.0.2.9", 0},
        {CHECK_DNS, "nobody.org@127.0.0.1:%u", &dns.port, NULL, NULL, NULL, CHECK_DOWN,
         "NXDOMAIN for nobody.org", 0},
        {CHECK_DNS, "example.org@127.0.0.1:%u", &closed_port, NULL, NULL, NULL, CHECK_DOWN,
         "connection refused", 0},
        {CHECK_DNS, "a..b@127.0.0.1", NULL, NULL, NULL, NULL, CHECK_UNKNOWN,
         "“a..b@127.0.0.1” is no host name", 0},
        {CHECK_DNS, "example.org", NULL, NULL, NULL, NULL, CHECK_UNKNOWN, "*no name server*", 0},
    };
    EXPECT(v, "/nonexistent");
}

static void the_machine_is_asked(void **state)
{
    (void)state;
    const struct expectation v[] = {
        {CHECK_DOCKER, "plex", NULL, NULL, NULL, NULL, CHECK_UNKNOWN, "Docker can't be asked", 0},
        {CHECK_PROCESS, "test-node-check", NULL, NULL, NULL, NULL, CHECK_UP, "*process*", 0},
        {CHECK_PROCESS, "no-such-program", NULL, NULL, NULL, NULL, CHECK_DOWN,
         "no process no-such-program runs", 0},
        {CHECK_ICMP, "127.0.0.1", NULL, NULL, NULL, NULL, CHECK_UP, "answers in * ms", 0},
    };
    size_t n = COUNT_OF(v);
    int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    if (fd < 0 && (fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)) < 0)
        n--; /* not permitted here: the check would say so */
    close(fd);
    expect(v, n, "");
}

/* --- what the scheduler promises --- */

struct rhythm {
    struct loop *loop;
    struct node *node;
    unsigned results, wanted, phase;
};

static void on_rhythm(void *arg, struct node_report *r)
{
    struct rhythm *h = arg;
    if (r->kind == REPORT_CHECK)
        h->results++;
    node_report_free(r);
}

/* Comes again while a result is still to come; the test runner ends what never comes. */
static void change_checks(void *arg)
{
    struct rhythm *h = arg;
    if (h->results < h->wanted)
        return;
    struct check_spec spec = {.service = "a",
                              .kind = CHECK_PROCESS,
                              .target = "no-such-program",
                              .interval_ms = 3600000,
                              .timeout_ms = 500};
    switch (h->phase++) {
    case 0: /* the first run comes within two seconds, whatever the interval */
        node_set_checks(h->node, &spec, 1);
        h->wanted = 1;
        break;
    case 1:
        assert_int_equal(h->results, 1);
        node_set_checks(h->node, &spec, 1); /* the same: keeps its schedule */
        break;
    case 2:
        assert_int_equal(h->results, 1);
        assert_int_equal(node_check_now(h->node, "a"), 0);
        assert_int_equal(node_check_now(h->node, "b"), -ENOENT);
        h->wanted = 2;
        break;
    default:
        assert_int_equal(h->results, 2);
        node_set_checks(h->node, NULL, 0);
        assert_int_equal(node_check_now(h->node, "a"), -ENOENT);
        loop_stop(h->loop);
    }
}

static void schedules_are_kept(void **state)
{
    (void)state;
    struct rhythm h = {.loop = loop_new("test")};
    struct node_settings settings = {
        .root = "/nonexistent", .docker_host = "unix:///none", .report = on_rhythm, .arg = &h};
    h.node = node_new(h.loop, &settings);
    node_start(h.node);
    loop_timer_new(h.loop, 0, 2300, change_checks, &h);
    loop_run(h.loop);
    node_free(h.node);
    loop_free(h.loop);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN); /* peers hang up in the middle of a banner */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_checks_prove_identity),
        cmocka_unit_test(tcp_checks_connect),
        cmocka_unit_test(dns_checks_ask),
        cmocka_unit_test(the_machine_is_asked),
        cmocka_unit_test(schedules_are_kept),
    };
    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
