/* The connection to an engine, against a daemon of the test's own: what is told when things change,
 * when the daemon goes, when it comes back. */
#include "watching.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { CONTAINERS_MAX = 8, PEERS_MAX = 32 };

struct fake_container {
    char id[65], name[32], state[512], more[512];
    bool there;
};

struct daemon {
    char dir[32], path[64];
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    struct fake_container v[CONTAINERS_MAX];
    int peers[PEERS_MAX];  /* open connections; 0 = free */
    VEC(pthread_t) served; /* a thread for each connection there was, joined when the daemon dies */
    int events;            /* the connection of the stream; 0 = none */
    char since[64];        /* of the last request for events */
    bool podman, old, broken;
    atomic_uint inspections; /* the daemon counts on threads of its own */
};

static void say(int fd, int status, const char *body, size_t n)
{
    char head[128];
    int len =
        snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n", status, n);
    (void)!write(fd, head, (size_t)len);
    (void)!write(fd, body, n);
}

static void say_text(int fd, int status, const char *body)
{
    say(fd, status, body, strlen(body));
}

static void say_list(struct daemon *d, int fd)
{
    struct str s = {0};
    str_add(&s, "[");
    for (size_t i = 0; i < CONTAINERS_MAX; i++)
        if (d->v[i].there)
            str_addf(&s, "%s{\"Id\":\"%s\"}", s.len > 1 ? "," : "", d->v[i].id);
    str_add(&s, "]");
    say(fd, 200, s.p, s.len);
    str_done(&s);
}

static void say_container(struct daemon *d, int fd, const char *id)
{
    struct str s = {0};
    d->inspections++;
    for (size_t i = 0; i < CONTAINERS_MAX; i++)
        if (d->v[i].there && strncmp(id, d->v[i].id, 64) == 0)
            str_addf(&s, "{\"Id\":\"%s\",\"Name\":\"/%s\",\"State\":{%s}%s}", d->v[i].id,
                     d->v[i].name, d->v[i].state, d->v[i].more);
    if (s.len)
        say(fd, 200, s.p, s.len);
    else
        say_text(fd, 404, "{\"message\":\"No such container\"}");
    str_done(&s);
}

static void start_events(struct daemon *d, int fd, const char *path)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const char *since = strstr(path, "since=");
    if (since)
        str_copy(d->since, sizeof d->since, since + 6);
    d->since[strcspn(d->since, "& ")] = 0;
    (void)!write(fd, head, sizeof head - 1);
    d->events = fd;
}

static void answer(struct daemon *d, int fd, const char *path)
{
    static const char log[] = "\2\0\0\0\0\0\0\x16no space left on disk\n";
    const char *container = strstr(path, "/containers/");
    if (d->broken)
        say_text(fd, 500, "{\"message\":\"out of order\"}");
    else if (str_starts(path, "/version"))
        say_text(fd, 200,
                 d->podman ? "{\"Version\":\"4.3.1\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":"
                             "\"1.24\",\"Components\":[{\"Name\":\"Podman Engine\"}]}"
                 : d->old  ? "{\"Version\":\"18.09\",\"ApiVersion\":\"1.39\"}"
                           : "{\"Version\":\"27.4.1\",\"ApiVersion\":\"1.47\","
                             "\"MinAPIVersion\":\"1.24\"}");
    else if (strstr(path, "/events"))
        start_events(d, fd, path);
    else if (strstr(path, "/containers/json"))
        say_list(d, fd);
    else if (container && strstr(path, "/logs"))
        say(fd, 200, log, sizeof log - 1);
    else if (container)
        say_container(d, fd, container + 12);
    else
        say_text(fd, 404, "{}");
}

static bool read_request(int fd, char *path, size_t size)
{
    char text[4096];
    size_t n = 0;
    for (ssize_t got; n < sizeof text - 1; n += (size_t)got) {
        if ((got = read(fd, text + n, sizeof text - 1 - n)) <= 0)
            return false;
        text[n + (size_t)got] = 0;
        if (strstr(text, "\r\n\r\n"))
            break;
    }
    const char *start = strchr(text, ' ');
    str_copy(path, size, start ? start + 1 : "");
    return true;
}

struct peer {
    struct daemon *d;
    int fd;
};

static void *serve_peer(void *arg)
{
    struct peer p = *(struct peer *)arg;
    char path[2048];
    mem_free(arg);
    while (read_request(p.fd, path, sizeof path)) {
        pthread_mutex_lock(&p.d->lock);
        answer(p.d, p.fd, path);
        pthread_mutex_unlock(&p.d->lock);
    }
    pthread_mutex_lock(&p.d->lock);
    for (size_t i = 0; i < PEERS_MAX; i++)
        if (p.d->peers[i] == p.fd)
            p.d->peers[i] = 0;
    if (p.d->events == p.fd)
        p.d->events = 0;
    close(p.fd);
    pthread_mutex_unlock(&p.d->lock);
    return NULL;
}

static void *serve(void *arg)
{
    struct daemon *d = arg;
    for (int fd; (fd = accept(d->fd, NULL, NULL)) >= 0;) {
        struct peer *p = mem_alloc(sizeof *p);
        pthread_t t;
        *p = (struct peer){d, fd};
        pthread_mutex_lock(&d->lock);
        for (size_t i = 0; i < PEERS_MAX; i++)
            if (!d->peers[i]) {
                d->peers[i] = fd;
                break;
            }
        pthread_mutex_unlock(&d->lock);
        pthread_create(&t, NULL, serve_peer, p);
        *vec_add(&d->served) = t;
    }
    return NULL;
}

static void daemon_listen(struct daemon *d)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    str_copy(a.sun_path, sizeof a.sun_path, d->path);
    d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(d->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(d->fd, 16), 0);
    pthread_create(&d->thread, NULL, serve, d);
}

static void daemon_die(struct daemon *d)
{
    shutdown(d->fd, SHUT_RDWR);
    pthread_join(d->thread, NULL);
    close(d->fd);
    unlink(d->path);
    bool any = true;
    while (any) {
        any = false;
        pthread_mutex_lock(&d->lock);
        for (size_t i = 0; i < PEERS_MAX; i++)
            if (d->peers[i]) {
                shutdown(d->peers[i], SHUT_RDWR);
                any = true;
            }
        pthread_mutex_unlock(&d->lock);
        usleep(1000);
    }
    for (size_t i = 0; i < d->served.n; i++)
        pthread_join(d->served.v[i], NULL);
    vec_done(&d->served);
}

static void set_container(struct daemon *d, size_t i, const char *name, const char *state,
                          const char *more)
{
    struct fake_container *c = &d->v[i];
    pthread_mutex_lock(&d->lock);
    memset(c->id, (int)('a' + i % 6), 64);
    str_copy(c->name, sizeof c->name, name);
    str_copy(c->state, sizeof c->state, state);
    str_copy(c->more, sizeof c->more, more);
    c->there = true;
    pthread_mutex_unlock(&d->lock);
}

/* The list may be told before the stream of events is asked for. */
static void await_stream(struct daemon *d)
{
    bool open = false;
    for (int i = 0; i < 60000 && !open; i++) {
        pthread_mutex_lock(&d->lock);
        open = d->events > 0;
        pthread_mutex_unlock(&d->lock);
        if (!open)
            usleep(1000);
    }
    assert_true(open);
}

static void emit(struct daemon *d, size_t i, const char *action, const char *more)
{
    char line[512], chunk[600];
    int64_t now = clock_wall_ms();
    int n = snprintf(line, sizeof line,
                     "{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\","
                     "\"Attributes\":{%s}},\"timeNano\":%lld000000}\n",
                     action, d->v[i].id, more, (long long)now);
    n = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", (unsigned)n, line);
    await_stream(d);
    pthread_mutex_lock(&d->lock);
    (void)!write(d->events, chunk, (size_t)n);
    pthread_mutex_unlock(&d->lock);
}

#define UP "\"Status\":\"running\",\"StartedAt\":\"2026-01-01T00:00:00Z\""
#define LABELS(service, depends)                                                                   \
    ",\"Config\":{\"Labels\":{\"com.docker.compose.project\":\"shop\","                            \
    "\"com.docker.compose.service\":\"" service "\",\"com.docker.compose.depends_on\":\"" depends  \
    "\"}}"

/* A state "exited", at this very moment. */
static const char *exited(int code, char text[256])
{
    char now[CLOCK_RFC3339_SIZE];
    clock_rfc3339(clock_wall_ms(), now);
    snprintf(text, 256,
             "\"Status\":\"exited\",\"ExitCode\":%d,\"StartedAt\":\"2026-01-01T00:00:00Z\","
             "\"FinishedAt\":\"%s\"",
             code, now);
    return text;
}

struct fixture {
    struct daemon d;
    struct watching w;
    char url[80];
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    str_copy(f->d.dir, sizeof f->d.dir, "/tmp/hydra-test-XXXXXX");
    assert_non_null(mkdtemp(f->d.dir));
    snprintf(f->d.path, sizeof f->d.path, "%s/docker.sock", f->d.dir);
    snprintf(f->url, sizeof f->url, "unix://%s", f->d.path);
    pthread_mutex_init(&f->d.lock, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rmdir(f->d.dir);
    mem_free(f);
    return 0;
}

static void watch(struct fixture *f)
{
    watching_start(&f->w, (struct node_settings){.root = "/nonexistent", .docker_host = f->url});
}

static void containers_and_changes_are_told(void **state)
{
    struct fixture *f = *state;
    char text[256];
    set_container(&f->d, 0, "shop-web-1", UP, LABELS("web", "db:service_healthy:true,nobody"));
    set_container(&f->d, 1, "shop-db-1", UP, LABELS("db", ""));
    set_container(&f->d, 2, "shop-run-1", UP,
                  ",\"Config\":{\"Labels\":{\"com.docker.compose.oneoff\":\"True\"}}");
    daemon_listen(&f->d);
    watch(f);
    wait_for_any(&f->w, "service docker/shop-db-1 running exit= why= deps= ports=");
    wait_for_any(&f->w, "service docker/shop-web-1 running * deps=docker/shop-db-1 ports=");
    wait_for(&f->w, "source docker ok complete | Docker 27.4.1 | ");
    assert_false(was_heard(&f->w, "*shop-run-1*"));

    set_container(&f->d, 1, "shop-db-1", exited(3, text), LABELS("db", ""));
    emit(&f->d, 1, "die", "\"exitCode\":\"3\"");
    wait_for(&f->w, "service docker/shop-db-1 failed exit=3 *");
    wait_for(&f->w, "service docker/shop-db-1 failed exit=3 why=no space left on disk *");

    set_container(&f->d, 0, "shop-web-1", exited(137, text), "");
    emit(&f->d, 0, "kill", "\"signal\":\"15\"");
    emit(&f->d, 0, "die", "\"exitCode\":\"137\"");
    emit(&f->d, 0, "stop", "");
    wait_for(&f->w, "service docker/shop-web-1 stopped meant exit=137 *");

    set_container(&f->d, 0, "web", UP, "");
    emit(&f->d, 0, "rename", "");
    wait_for_any(&f->w, "gone docker/shop-web-1");
    wait_for(&f->w, "service docker/web running *");

    f->d.v[0].there = false;
    emit(&f->d, 0, "destroy", "");
    wait_for(&f->w, "gone docker/web");
    watching_stop(&f->w);
    daemon_die(&f->d);
}

/* Podman has no event for a request to stop that ended in SIGKILL, but then cleans up twice. */
static void podman_tells_what_was_on_purpose_by_cleaning_twice(void **state)
{
    struct fixture *f = *state;
    char text[256];
    f->d.podman = true;
    for (size_t i = 0; i < 3; i++)
        set_container(&f->d, i, (const char *[]){"stopped", "killed", "slow"}[i], UP, "");
    daemon_listen(&f->d);
    watch(f);
    wait_for(&f->w, "source podman ok complete*");

    set_container(&f->d, 0, "stopped", exited(137, text), "");
    emit(&f->d, 0, "die", "");
    emit(&f->d, 0, "cleanup", "");
    emit(&f->d, 0, "cleanup", "");
    wait_for(&f->w, "service podman/stopped stopped meant exit=137 *");
    assert_false(was_heard(&f->w, "service podman/stopped failed*"));

    set_container(&f->d, 1, "killed", exited(137, text), "");
    emit(&f->d, 1, "die", "");
    emit(&f->d, 1, "cleanup", "");
    wait_for(&f->w, "service podman/killed failed exit=137 *");

    set_container(&f->d, 2, "slow", "\"Status\":\"stopping\"", "");
    emit(&f->d, 2, "update", "");
    wait_for(&f->w, "service podman/slow stopping *");
    set_container(&f->d, 2, "slow", exited(137, text), "");
    emit(&f->d, 2, "die", "");
    wait_for(&f->w, "service podman/slow stopped meant exit=137 *");
    watching_stop(&f->w);
    daemon_die(&f->d);
}

/* Compose removes the old container after it made the new one under its name. */
static void a_name_that_changes_hands_is_not_gone(void **state)
{
    struct fixture *f = *state;
    set_container(&f->d, 0, "web", UP, "");
    daemon_listen(&f->d);
    watch(f);
    wait_for(&f->w, "source docker ok complete*");
    set_container(&f->d, 1, "web", UP, ",\"Image\":\"sha256:new\"");
    emit(&f->d, 1, "create", "");
    wait_for(&f->w, "service docker/web running *");
    f->d.v[0].there = false;
    emit(&f->d, 0, "destroy", "");
    usleep(100000);
    assert_false(was_heard(&f->w, "gone *"));
    watching_stop(&f->w);
    daemon_die(&f->d);
}

/* In ms since 1970, by the last request for events. */
static double asked_since(struct daemon *d)
{
    pthread_mutex_lock(&d->lock);
    double since = strtod(d->since, NULL) * 1000;
    pthread_mutex_unlock(&d->lock);
    return since;
}

static void a_daemon_that_goes_is_found_again(void **state)
{
    struct fixture *f = *state;
    char text[256];
    set_container(&f->d, 0, "web", UP, "");
    set_container(&f->d, 1, "db", UP, "");
    daemon_listen(&f->d);
    watch(f);
    wait_for(&f->w, "source docker ok complete*");
    set_container(&f->d, 0, "web", exited(0, text), "");
    emit(&f->d, 0, "die", "");
    wait_for(&f->w, "service docker/web stopped*"); /* so the event was heard */
    int64_t before = clock_wall_ms();
    daemon_die(&f->d);
    wait_for(&f->w, "source docker failed*");
    assert_false(was_heard(&f->w, "gone *")); /* last known: the cluster says how old that is */

    f->d.v[1].there = false; /* meanwhile */
    set_container(&f->d, 0, "web", exited(1, text), "");
    daemon_listen(&f->d);
    wait_for_any(&f->w, "gone docker/db");
    wait_for_any(&f->w, "service docker/web failed exit=1*");
    wait_for(&f->w, "source docker ok complete*");
    /* What happened meanwhile is asked for, from the last event on. */
    double since = asked_since(&f->d);
    for (int i = 0; i < 6000 && since <= (double)before - 60000; i++, since = asked_since(&f->d))
        usleep(10000); /* it is asked beside the list */
    assert_true(since <= (double)before && since > (double)before - 60000);
    watching_stop(&f->w);
    daemon_die(&f->d);
}

static void podman_has_its_own_name(void **state)
{
    struct fixture *f = *state;
    f->d.podman = true;
    set_container(&f->d, 0, "web", UP, "");
    daemon_listen(&f->d);
    watch(f);
    wait_for_any(&f->w, "service podman/web running*");
    wait_for(&f->w, "source podman ok complete | Podman 4.3.1 | ");
    watching_stop(&f->w);
    daemon_die(&f->d);
}

static void what_is_wrong_is_said(void **state)
{
    struct fixture *f = *state;
    watch(f);
    wait_for(&f->w, "source docker absent* | there is no socket */docker.sock*");
    watching_stop(&f->w);

    f->d.old = true;
    daemon_listen(&f->d);
    watch(f);
    wait_for(&f->w, "source docker failed | The engine speaks API 1.39 at most; 1.41*");
    watching_stop(&f->w);

    f->d.old = false;
    f->d.broken = true;
    watch(f);
    wait_for(&f->w, "source docker failed | the engine refuses to tell its version*");
    watching_stop(&f->w);
    daemon_die(&f->d);
}

static void no_permission_comes_with_a_hint(void **state)
{
    struct fixture *f = *state;
    bool root = geteuid() == 0; /* whom nothing is refused: be nobody for a while */
    daemon_listen(&f->d);
    chmod(f->d.dir, 0755);
    chmod(f->d.path, 0);
    if (root)
        assert_int_equal(setresuid(65534, 65534, 0), 0);
    watch(f);
    wait_for(&f->w, "source docker denied | * may not use */docker.sock | *setfacl*");
    watching_stop(&f->w);
    if (root)
        assert_int_equal(setresuid(0, 0, 0), 0);
    daemon_die(&f->d);
}

/* A container that restarts all the time does not keep the machine busy with inspections. */
static void loops_are_looked_at_with_patience(void **state)
{
    struct fixture *f = *state;
    set_container(&f->d, 0, "loop", UP, "");
    daemon_listen(&f->d);
    watch(f);
    wait_for(&f->w, "source docker ok complete*");
    unsigned before = f->d.inspections;
    int64_t begun_ms = clock_mono_ms();
    for (int i = 0; i < 100; i++) {
        emit(&f->d, 0, "die", "");
        emit(&f->d, 0, "start", "");
        usleep(10000);
    }
    usleep(400000);
    unsigned looks = f->d.inspections - before;
    int64_t seconds = (clock_mono_ms() - begun_ms) / 1000 + 1; /* begun: four looks in each */
    assert_in_range(looks, 2, 4 * seconds);
    watching_stop(&f->w);
    daemon_die(&f->d);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(containers_and_changes_are_told),
        TEST(podman_tells_what_was_on_purpose_by_cleaning_twice),
        TEST(a_name_that_changes_hands_is_not_gone),
        TEST(a_daemon_that_goes_is_found_again),
        TEST(podman_has_its_own_name),
        TEST(what_is_wrong_is_said),
        TEST(loops_are_looked_at_with_patience),
        TEST(no_permission_comes_with_a_hint),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
