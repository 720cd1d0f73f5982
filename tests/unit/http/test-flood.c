/* Many connections, too many, and no descriptors left. The clients are a process of their own. */
#include "harness.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 10000, STRANGER_LIMIT = 8 };

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void on_ok(struct http_exchange *x)
{
    http_reply(x, 200, "text/plain", "ok", 2);
}

static const struct http_route routes[] = {
    {"GET", "/", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_ok, 0},
    {0},
};

/* What the client process counts. */
struct tally {
    int ok, busy, other;
};

struct client {
    pid_t pid;
    int to, from; /* one byte there: go on; one struct tally back */
};

static int connect_to(uint32_t address, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The head of one answer, by a plain read: this is no place for assertions. */
static int answer_status(int fd)
{
    char buf[2048];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 10000) != 1)
        return -1;
    ssize_t n = recv(fd, buf, sizeof buf - 1, 0);
    if (n <= 0)
        return -1;
    buf[n] = 0;
    int status = status_of(buf);
    return status == 503 && !has_header(buf, "Retry-After: ") ? -1 : status;
}

/* Opens `n` connections, asks on each, reports, keeps them until told, closes them, reports that.
 */
static void run_client(int in, int out, int n, uint32_t address)
{
    int port, *fds = mem_array((size_t)n, sizeof *fds);
    struct tally t = {0};
    char go;
    if (read(in, &port, sizeof port) != sizeof port)
        _exit(1);
    for (int i = 0; i < n; i++)
        fds[i] = connect_to(address, port);
    for (int i = 0; i < n; i++) {
        if (fds[i] >= 0)
            (void)!send(fds[i], GET, strlen(GET), MSG_NOSIGNAL);
        int status = answer_status(fds[i]);
        t.ok += status == 200;
        t.busy += status == 503;
        t.other += status != 200 && status != 503;
    }
    if (write(out, &t, sizeof t) != sizeof t || read(in, &go, 1) != 1)
        _exit(1);
    for (int i = 0; i < n; i++)
        close(fds[i]);
    _exit(write(out, &t, sizeof t) != sizeof t);
}

static struct client start_client(int n, uint32_t address)
{
    int to[2], from[2];
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    struct client c = {.pid = fork(), .to = to[1], .from = from[0]};
    if (c.pid == 0) {
        close(to[1]);
        close(from[0]);
        run_client(to[0], from[1], n, address);
    }
    close(to[0]);
    close(from[1]);
    return c;
}

static struct tally client_report(struct client *c)
{
    struct tally t = {0};
    assert_int_equal(read(c->from, &t, sizeof t), sizeof t);
    return t;
}

static void end_client(struct client *c)
{
    int status;
    assert_int_equal(write(c->to, "x", 1), 1);
    client_report(c);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_int_equal(status, 0);
    close(c->to);
    close(c->from);
}

static void tell_port(struct client *c, int port)
{
    assert_int_equal(write(c->to, &port, sizeof port), sizeof port);
}

static struct served server;

static void serve_with(struct http_limits limits)
{
    serve(&server, (struct http_settings){.routes = routes, .limits = limits});
}

static void end_server(void)
{
    served_shutdown(&server, 1000);
    serve_end(&server);
}

static int open_files_max(void)
{
    struct rlimit r;
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    return r.rlim_cur > 1 << 20 ? 1 << 20 : (int)r.rlim_cur;
}

static size_t memory_in_use(void)
{
    return mallinfo2().uordblks;
}

/* Idle connections cost less than 2 KiB each, and one too many is told so. */
static void holds_ten_thousand(void **state)
{
    (void)state;
    int room = open_files_max() - 100, n = room < MANY ? room : MANY;
    struct http_limits limits = http_limits_default();
    limits.connections = (unsigned)n;
    struct client c = start_client(n, INADDR_LOOPBACK);
    serve_with(limits);
    size_t before = memory_in_use();
    tell_port(&c, server.port);
    struct tally t = client_report(&c);
    assert_int_equal(t.ok, n);
    assert_int_equal(served_stats(&server).connections_now, n);
    assert_true((memory_in_use() - before) / (size_t)n < 2048);
    int more = dial(&server);
    say(more, GET);
    char *a = hear_all(more, NULL);
    assert_int_equal(status_of(a), 503);
    assert_true(has_header(a, "Retry-After: "));
    mem_free(a);
    close(more);
    end_client(&c);
    more = dial(&server);
    for (int i = 0; i < 6000 && served_stats(&server).connections_now > 1; i++)
        usleep(10000);
    say(more, GET);
    a = hear_one(more);
    assert_int_equal(status_of(a), 200);
    mem_free(a);
    close(more);
    end_server();
}

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int highest_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

/* Without descriptors peers are told instead of left waiting, the server stays calm, and serves on
 * when there are some again. */
static void survives_without_descriptors(void **state)
{
    (void)state;
    enum { CLIENTS = 40, ROOM = 15 };
    struct rlimit before, tight;
    struct client c = start_client(CLIENTS, INADDR_LOOPBACK);
    serve_with(http_limits_default());
    getrlimit(RLIMIT_NOFILE, &before);
    tight = before;
    tight.rlim_cur = (rlim_t)highest_fd() + ROOM;
    setrlimit(RLIMIT_NOFILE, &tight);
    tell_port(&c, server.port);
    struct tally t = client_report(&c);
    assert_in_range(t.ok, 1, ROOM); /* descriptors of others may lie in between */
    assert_int_equal(t.ok + t.busy, CLIENTS);
    int64_t used = cpu_us();
    usleep(300000);
    assert_true(cpu_us() - used < 100000);
    end_client(&c);
    for (int i = 0; i < 6000 && served_stats(&server).connections_now; i++)
        usleep(10000);
    int fd = dial(&server);
    say(fd, GET);
    char *a = hear_one(fd);
    assert_int_equal(status_of(a), 200);
    mem_free(a);
    close(fd);
    setrlimit(RLIMIT_NOFILE, &before);
    end_server();
}

static void set_loopback(unsigned long request, const struct ifreq *r)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(fd, request, r) < 0)
        fail_msg("can't set up the network of this test");
    close(fd);
}

/* A network of this process alone, where 10.9.9.9 is this machine and no loopback address. */
static bool make_network(void)
{
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    set_loopback(SIOCSIFFLAGS, &up);
    struct ifreq address = {.ifr_name = "lo:1"};
    struct sockaddr_in *a = (struct sockaddr_in *)&address.ifr_addr;
    a->sin_family = AF_INET;
    a->sin_addr.s_addr = htonl(0x0a090909);
    set_loopback(SIOCSIFADDR, &address);
    return true;
}

static int listen_everywhere(void)
{
    struct err e = {0};
    int port = http_server_listen(server.server, ":0", &e);
    if (port < 0)
        fail_msg("%s", e.text);
    return port;
}

static void listen_on_loop(void *arg)
{
    *(int *)arg = listen_everywhere();
}

static void bounds_one_address(void **state)
{
    (void)state;
    int port;
    struct http_limits limits = http_limits_default();
    limits.per_address = STRANGER_LIMIT;
    struct client stranger = start_client(STRANGER_LIMIT + 5, 0x0a090909);
    struct client again = start_client(STRANGER_LIMIT, 0x0a090909);
    struct client local = start_client(STRANGER_LIMIT + 5, INADDR_LOOPBACK);
    serve_with(limits);
    loop_call(server.loop, listen_on_loop, &port);
    tell_port(&stranger, port);
    struct tally t = client_report(&stranger);
    assert_int_equal(t.ok, STRANGER_LIMIT);
    assert_int_equal(t.busy, 5);
    tell_port(&local, port);
    assert_int_equal(client_report(&local).ok, STRANGER_LIMIT + 5);
    end_client(&local);
    end_client(&stranger);
    for (int i = 0; i < 6000 && served_stats(&server).connections_now; i++)
        usleep(10000);
    tell_port(&again, port);
    assert_int_equal(client_report(&again).ok, STRANGER_LIMIT);
    end_client(&again);
    end_server();
}

static int call_listen(const char *address, struct err *e)
{
    return http_server_listen(server.server, address, e);
}

static void explains_why_it_cant_listen(void **state)
{
    (void)state;
    static const struct {
        const char *address, *says;
    } t[] = {
        {"nonsense", "write host:port"},
        {"127.0.0.1:", "write host:port"},
        {"127.0.0.1:70000", "write host:port"},
        {"::1:80", "write host:port"},
        {"192.0.2.1:0", "no address of this machine"},
    };
    struct loop *loop = loop_new("listen");
    struct http_settings st = {.routes = routes, .limits = http_limits_default()};
    struct err e = {0};
    assert_int_equal(http_server_new(loop, NULL, &st, &e, &server.server), 0);
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        assert_true(call_listen(t[i].address, &e) < 0);
        if (!strstr(e.text, t[i].says))
            fail_msg("'%s' for %s", e.text, t[i].address);
    }
    char taken[32];
    int port = call_listen("localhost:0", &e);
    assert_true(port > 0);
    snprintf(taken, sizeof taken, "127.0.0.1:%d", port);
    assert_int_equal(call_listen(taken, &e), -EADDRINUSE);
    assert_non_null(strstr(e.text, "in use by another program"));
    http_server_free(server.server);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_ten_thousand),
        cmocka_unit_test(survives_without_descriptors),
        cmocka_unit_test(bounds_one_address),
        cmocka_unit_test(explains_why_it_cant_listen),
    };
    const struct CMUnitTest without_network[] = {
        cmocka_unit_test(holds_ten_thousand),
        cmocka_unit_test(survives_without_descriptors),
        cmocka_unit_test(explains_why_it_cant_listen),
    };
    if (make_network())
        return cmocka_run_group_tests(tests, NULL, NULL);
    return cmocka_run_group_tests(without_network, NULL, NULL);
}
