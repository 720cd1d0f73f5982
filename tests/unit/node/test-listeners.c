/* Processes of the test's own that listen, end, share and hand over their ports. */
#include "watching.h"

#include "node/holders.h"
#include "node/pidfd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int open_listener(uint16_t *port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(*port)};
    socklen_t len = sizeof a;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 4) < 0)
        _exit(99);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *port = ntohs(a.sin_port);
    return fd;
}

/* A port below the ephemeral ones that is free: what listens there counts as a service sooner. */
static uint16_t free_port(void)
{
    for (uint16_t p = (uint16_t)(20000 + getpid() % 8000); p < 32000; p++) {
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(p)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bool free = bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
        close(fd);
        if (free)
            return p;
    }
    fail_msg("no port is free");
    return 0;
}

/* A child named `name` that listens; with `workers` it forks so many that share the socket. */
static pid_t spawn(const char *name, uint16_t port, int workers)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, name);
    open_listener(&port);
    for (int i = 0; i < workers; i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            break;
        }
    for (;;)
        pause();
}

static void end(pid_t pid, int signal)
{
    kill(pid, signal);
    waitpid(pid, NULL, 0);
}

static void watch(struct watching *w)
{
    watching_start(w, (struct node_settings){.root = "",
                                             .docker_host = "unix:///nonexistent",
                                             .dbus_address = "unix:path=/nonexistent"});
}

static char *line(const char *fmt, ...) PRINTF(1, 2);
static char *line(const char *fmt, ...)
{
    static char text[4][256];
    static unsigned next;
    va_list ap;
    char *p = text[next++ % 4];
    va_start(ap, fmt);
    vsnprintf(p, sizeof text[0], fmt, ap);
    va_end(ap);
    return p;
}

static bool exit_codes_are_told(void)
{
    int code, fd;
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    fd = pidfd_watch(pid);
    end(pid, SIGKILL);
    int r = pidfd_exit_code(fd, &code);
    close(fd);
    if (r == 0)
        assert_int_equal(code, 137);
    else
        assert_int_equal(r, -ENOTSUP);
    return r == 0;
}

static void a_killed_process_is_told_at_once(void **state)
{
    (void)state;
    struct watching w;
    uint16_t port = free_port();
    pid_t pid = spawn("shop-server", port, 0);
    watch(&w);
    wait_for(&w, line("service process/shop-server:%u running * ports=127.0.0.1:%u", port, port));
    sleep(3); /* what ends sooner was no service */
    end(pid, SIGKILL);
    const char *run = exit_codes_are_told() ? "failed exit=137" : "stopped exit=";
    wait_for(&w, line("service process/shop-server:%u %s why=process %d (shop-server) "
                      "ended*",
                      port, run, pid));
    /* Somebody of the same name is the service itself again … */
    pid = spawn("shop-server", port, 0);
    wait_for(&w, line("service process/shop-server:%u running exit= why= *", port));
    sleep(3);
    end(pid, SIGTERM);
    wait_for(&w, line("service process/shop-server:%u stopped *", port));
    /* … another one takes its place. */
    pid = spawn("usurper", port, 0);
    wait_for_any(&w, line("gone process/shop-server:%u", port));
    wait_for_any(&w, line("service process/usurper:%u running*", port));
    watching_stop(&w);
    end(pid, SIGKILL);
}

/* Whether it was forgotten, as what passes by is; else it is kept as one that ended. */
static bool was_forgotten(struct watching *w, uint16_t port)
{
    for (;; usleep(2000)) {
        if (was_heard(w, line("gone process/passing:%u", port)))
            return true;
        if (was_heard(w, line("service process/passing:%u failed *", port)) ||
            was_heard(w, line("service process/passing:%u stopped *", port)))
            return false;
    }
}

static void short_lived_listeners_leave_no_trace(void **state)
{
    (void)state;
    struct watching w;
    uint16_t port = free_port();
    watch(&w);
    wait_for(&w, "source process ok complete*");
    for (bool was_in_time = false; !was_in_time;) { /* a machine at its limit may be late */
        int64_t begin = clock_mono_ms();
        pid_t pid = spawn("passing", port, 0);
        wait_for(&w, line("service process/passing:%u running*", port));
        end(pid, SIGKILL);
        was_in_time = was_forgotten(&w, port);
        /* Its start is known to the second, and its end may be heard of late. */
        assert_true(was_in_time || clock_mono_ms() - begin > 900);
        forget_all(&w);
    }
    watching_stop(&w);
}

static void a_port_that_is_let_go_is_said(void **state)
{
    (void)state;
    struct watching w;
    uint16_t port = free_port();
    int fd = open_listener(&port);
    watch(&w);
    wait_for(&w, line("service process/*:%u running*", port));
    sleep(3);
    close(fd);
    wait_for(&w, line("service process/*:%u stopped exit= why=process %d (*) runs but no longer "
                      "listens on port %u*",
                      port, getpid(), port));
    watching_stop(&w);
}

static void workers_share_the_service_of_their_master(void **state)
{
    (void)state;
    struct watching w;
    uint16_t port = free_port();
    pid_t pid = spawn("master", port, 3);
    watch(&w);
    wait_for(&w, line("service process/master:%u running * ports=127.0.0.1:%u", port, port));
    usleep(200000);
    assert_false(was_heard(&w, line("gone process/master:%u", port)));
    watching_stop(&w);
    end(pid, SIGKILL);
}

static void holders_are_found(void **state)
{
    (void)state;
    uint16_t port = 0;
    char link[64], path[64];
    int fd = open_listener(&port);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, link, sizeof link - 1);
    assert_true(n > 9);
    link[n - 1] = 0;
    struct holder h[] = {{.inode = 1}, {.inode = 0}};
    assert_int_equal(str_to_u64(link + 8, &h[1].inode), 0);
    struct holders_scope scope = {.everywhere = true};
    (void)!holders_walk("", &scope, h, 2);
    assert_int_equal(h[0].pid, 0);
    assert_int_equal(h[1].pid, getpid());
    /* Those that were met a while ago are looked into again only when they are named … */
    scope.everywhere = false;
    h[1].pid = 0;
    (void)!holders_walk("", &scope, h, 2);
    assert_int_equal(h[1].pid, 0);
    *vec_add(&scope.holders) = getpid();
    (void)!holders_walk("", &scope, h, 2);
    assert_int_equal(h[1].pid, getpid());
    scope.holders.n = 0;
    /* … new ones always. */
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
    }
    h[1].pid = 0;
    (void)!holders_walk("", &scope, h, 2);
    assert_int_equal(h[1].pid, getpid()); /* the eldest that holds it, too */
    end(pid, SIGKILL);
    holders_scope_done(&scope);
    close(fd);
    assert_true(process_lives("", getpid()));
    assert_false(process_lives("", 0x3ffffff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holders_are_found),
        cmocka_unit_test(a_killed_process_is_told_at_once),
        cmocka_unit_test(short_lived_listeners_leave_no_trace),
        cmocka_unit_test(a_port_that_is_let_go_is_said),
        cmocka_unit_test(workers_share_the_service_of_their_master),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
