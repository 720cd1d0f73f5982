#include "harness.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

struct start {
    struct served *s;
    struct http_settings settings;
};

static void start_on_loop(void *arg)
{
    struct start *st = arg;
    struct err e = {0};
    int r = http_server_new(st->s->loop, st->s->workers, &st->settings, &e, &st->s->server);
    if (r < 0)
        fail_msg("%s", e.text);
    st->s->port = http_server_listen(st->s->server, "127.0.0.1:0", &e);
    if (st->s->port < 0)
        fail_msg("%s", e.text);
}

void serve(struct served *s, struct http_settings settings)
{
    *s = (struct served){.loop = loop_new("http-test"), .workers = workers_new(4, 64, 0)};
    if (!settings.limits.head_bytes)
        settings.limits = http_limits_default();
    struct start st = {s, settings};
    loop_start_thread(s->loop);
    loop_call(s->loop, start_on_loop, &st);
}

static void note_down(void *arg)
{
    ((struct served *)arg)->is_down = true;
}

struct shutdown_call {
    struct served *s;
    unsigned grace_ms;
};

static void shutdown_on_loop(void *arg)
{
    struct shutdown_call *c = arg;
    http_server_shutdown(c->s->server, c->grace_ms, note_down, c->s);
}

void served_shutdown(struct served *s, unsigned grace_ms)
{
    struct shutdown_call c = {s, grace_ms};
    loop_call(s->loop, shutdown_on_loop, &c);
}

struct query {
    struct served *s;
    bool is_down, is_ending;
    struct http_stats stats;
};

static void look(void *arg)
{
    struct query *q = arg;
    q->is_down = q->s->is_down;
    q->stats = http_server_stats(q->s->server);
}

struct http_stats served_stats(struct served *s)
{
    struct query q = {.s = s};
    loop_call(s->loop, look, &q);
    return q.stats;
}

static void free_on_loop(void *arg)
{
    struct served *s = arg;
    http_server_free(s->server);
}

void serve_end(struct served *s)
{
    struct query q = {.s = s};
    loop_call(s->loop, look, &q);
    for (int i = 0; i < 6000 && !q.is_down; i++) {
        usleep(10000);
        loop_call(s->loop, look, &q);
    }
    assert_true(q.is_down);
    loop_call(s->loop, free_on_loop, s);
    workers_free(s->workers);
    loop_stop(s->loop);
    loop_join(s->loop);
    loop_free(s->loop);
}

void served_wait(struct served *s, uint64_t requests)
{
    for (int i = 0; i < 6000 && served_stats(s).requests_total < requests; i++)
        usleep(10000);
    assert_int_equal(served_stats(s).requests_total, requests);
}

int dial(const struct served *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

void say_n(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server may refuse before it has read all */
        p += sent;
        n -= (size_t)sent;
    }
}

void say(int fd, const char *bytes)
{
    say_n(fd, bytes, strlen(bytes));
}

/* 1 = read something, 0 = the end. */
static int read_more(int fd, struct str *in, size_t max)
{
    char buf[16384];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, PATIENCE_MS) != 1)
        fail_msg("the server said nothing for %d ms; so far: %s", PATIENCE_MS, str_text(in));
    ssize_t n = recv(fd, buf, max < sizeof buf ? max : sizeof buf, 0);
    if (n <= 0)
        return 0;
    str_add_n(in, buf, (size_t)n);
    return 1;
}

char *hear_all(int fd, size_t *ret_len)
{
    struct str in = {0};
    while (read_more(fd, &in, SIZE_MAX)) {
    }
    if (ret_len)
        *ret_len = in.len;
    return str_take(&in);
}

static void read_head(int fd, struct str *in)
{
    while (!in->len || !strstr(in->p, "\r\n\r\n"))
        if (!read_more(fd, in, 1))
            fail_msg("the connection ended within a head: %s", str_text(in));
}

static void read_exactly(int fd, struct str *in, size_t n)
{
    for (size_t want = in->len + n; in->len < want;)
        if (!read_more(fd, in, want - in->len))
            fail_msg("the connection ended within a body");
}

static void read_chunks(int fd, struct str *in)
{
    for (size_t size = 1; size > 0;) {
        struct str line = {0};
        while (!line.len || !strstr(line.p, "\r\n"))
            assert_true(read_more(fd, &line, 1));
        size = strtoul(line.p, NULL, 16);
        str_done(&line);
        read_exactly(fd, in, size + 2);
        in->len -= 2;
        in->p[in->len] = 0;
    }
}

char *hear_head(int fd)
{
    struct str in = {0};
    read_head(fd, &in);
    return str_take(&in);
}

char *hear_one(int fd)
{
    struct str in = {0};
    read_head(fd, &in);
    const char *length = strcasestr(in.p, "\r\nContent-Length: ");
    if (length)
        read_exactly(fd, &in, strtoul(length + 18, NULL, 10));
    else if (strcasestr(in.p, "\r\nTransfer-Encoding: chunked"))
        read_chunks(fd, &in);
    return str_take(&in);
}

char *ask(const struct served *s, const char *bytes)
{
    int fd = dial(s);
    say(fd, bytes);
    char *answer = hear_all(fd, NULL);
    close(fd);
    return answer;
}

int status_of(const char *answer)
{
    int status;
    return sscanf(answer, "HTTP/1.1 %d ", &status) == 1 ? status : -1;
}

const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end ? end + 4 : "";
}

bool has_header(const char *answer, const char *line_start)
{
    size_t n = strlen(line_start);
    for (const char *p = strstr(answer, "\r\n"); p && strncmp(p, "\r\n\r\n", 4) != 0;
         p = strstr(p + 2, "\r\n"))
        if (strncasecmp(p + 2, line_start, n) == 0)
            return true;
    return false;
}
