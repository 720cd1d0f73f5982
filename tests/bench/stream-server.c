/* The fan-out alone behind the smallest HTTP server that ssefan can talk to: what `src/stream`
 * costs without the rest of hydrad.
 *
 *   stream-server PORT [THREADS]
 *
 * GET = an event stream of everything (with Last-Event-ID), POST = publish the body. No checks, no
 * limits, loopback only: never a server for anything but measuring. */
#include "base/clock.h"
#include "base/str.h"
#include "stream/fanout.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd;
    struct str in; /* a request that is not complete yet */
};

static struct {
    int epoll, listener;
    struct event_log *log;
    struct fanout *fanout;
    struct event_topics topics;
} server;

static void client_close(struct client *c, bool close_fd)
{
    epoll_ctl(server.epoll, EPOLL_CTL_DEL, c->fd, NULL);
    if (close_fd)
        close(c->fd);
    str_done(&c->in);
    mem_free(c);
}

/* A header's value in ret_value, or an empty text. */
static void header(const char *head, const char *name, char ret_value[64])
{
    const char *line = strcasestr(head, name);
    ret_value[0] = '\0';
    if (line) {
        line += strlen(name);
        line += strspn(line, ": ");
        size_t n = strcspn(line, "\r\n");
        str_copy(ret_value, n + 1 < 64 ? n + 1 : 64, line);
    }
}

static void subscribe(struct client *c)
{
    char id[64];
    header(c->in.p, "\nLast-Event-ID", id);
    struct subscriber_draft d = {
        .fd = c->fd,
        .head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
        .topics = server.topics,
        .subject = "bench",
        .last_event_id = id,
    };
    client_close(c, false);
    int r = fanout_attach(server.fanout, &d);
    (void)r; /* ssefan sees the connection close */
}

/* True when the request was complete. */
static bool publish(struct client *c, size_t head)
{
    static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
    char length[64];
    uint64_t n, sequence;
    header(c->in.p, "\nContent-Length", length);
    if (str_to_u64(length, &n) < 0 || c->in.len < head + n)
        return false;
    struct event_draft d = {EVENT_CLASS_CUSTOM, NULL, "bench.tick", 0, c->in.p + head, n};
    if (event_log_append(server.log, &d, &sequence) == 0 &&
        write(c->fd, answer, sizeof answer - 1) < 0)
        return false;
    str_clear(&c->in);
    return true;
}

static void on_client(struct client *c)
{
    static char bytes[1 << 17];
    ssize_t n = read(c->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        client_close(c, true);
        return;
    }
    str_add_n(&c->in, bytes, (size_t)n);
    const char *end = strstr(c->in.p, "\r\n\r\n");
    if (end && str_starts(c->in.p, "GET "))
        subscribe(c);
    else if (end)
        publish(c, (size_t)(end - c->in.p) + 4);
}

static void on_listener(void)
{
    int fd;
    while ((fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct client *c = mem_alloc(sizeof *c);
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &e);
    }
}

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    /* Every 4,000 clients ssefan takes another of 127.0.0.0/8 as its source; the destination stays.
     */
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 4096) < 0)
        return -errno;
    return fd;
}

static void raise_fd_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];
    uint64_t port, threads = 1;
    if (argc < 2 || str_to_u64(argv[1], &port) < 0 ||
        (argc > 2 && str_to_u64(argv[2], &threads) < 0))
        return 2;
    signal(SIGPIPE, SIG_IGN);
    raise_fd_limit();
    server.log = event_log_new(NULL, (uint64_t)clock_wall_ms());
    server.fanout = fanout_new(server.log, &(struct fanout_settings){.threads = (unsigned)threads});
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    server.listener = listen_on((uint16_t)port);
    if (server.listener < 0 || event_topics_parse("", &server.topics, NULL) < 0)
        return 1;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &e);
    for (;;) {
        int n = epoll_wait(server.epoll, events, (int)COUNT_OF(events), -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                on_client(events[i].data.ptr);
            else
                on_listener();
        }
    }
}
