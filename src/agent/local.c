#include "agent/local-private.h"

#include "agent/trim.h"
#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16, AGAIN_MS = 2000 };

static const struct http_route routes[] = {
    {"GET", "/api/cli/status", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, local_get_status, 0},
    {"GET", "/api/cli/services", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, local_get_services, 0},
    {"GET", "/api/web/logs/sources", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, local_get_sources, 0},
    {"GET", "/api/cli/logs", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, local_get_logs, 0},
    {"GET", "/api/events/logs", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, local_get_tail, 0},
    {"POST", "/api/cli/jobs", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, local_post_job, 0},
    {"GET", "/api/cli/jobs/{id}", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, local_get_job, 0},
    {0},
};

/* --- answers --- */

void local_reply_json(struct http_exchange *x, int status, struct str *body)
{
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, status, "application/json", body);
}

static void reply_problem(struct http_exchange *x, int status, const char *type, const char *detail,
                          const char *field)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    AUTO(mem_freep) char *url = mem_printf("https://hydra.local/problems/%s", type);
    jw_object(&w);
    jw_key_str(&w, "type", url);
    jw_key_int(&w, "status", status);
    jw_key_str(&w, "detail", detail);
    jw_key_str(&w, "request_id", http_request_id(x));
    if (!str_is_empty(field))
        jw_key_str(&w, "field", field);
    jw_end_object(&w);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, status, "application/problem+json", &body);
}

void local_refuse(struct http_exchange *x, int status, const char *type, const struct err *e)
{
    reply_problem(x, status, type, e->text, e->field);
}

static void on_problem(void *arg, struct http_exchange *x, int status, const char *type,
                       const char *detail)
{
    (void)arg;
    if (status == 404)
        detail = "The agent has no such thing: on the node itself there are status, services, logs "
                 "and what can be done to a service. For the rest ask the hub, without --local.";
    reply_problem(x, status, type, detail, NULL);
}

/* --- a server while somebody is there --- */

static void listen_on(struct local *l);

static void free_server(void *arg)
{
    struct local *l = arg;
    http_server_free(TAKE(l->server));
    l->server_gone = true;
    if (l->ending)
        return;
    trim_memory();
    listen_on(l);
}

static void on_idle(void *arg)
{
    struct local *l = arg;
    if (http_server_stats(l->server).connections_now || (l->logs && !logs_is_idle(l->logs)))
        return;
    loop_timer_free(TAKE(l->idle));
    http_server_shutdown(l->server, LOCAL_LINGER_MS, free_server, l);
}

static int start_server(struct local *l, struct err *e)
{
    struct http_settings s = {.limits = http_limits_default(),
                              .hooks = {.arg = l, .problem = on_problem},
                              .routes = routes,
                              .security_policy = "default-src 'none'"};
    s.limits.connections = LIMIT_LOCAL_CONNECTIONS;
    s.limits.body_bytes = 16 << 10;
    s.limits.bodies_bytes = 256 << 10;
    s.limits.idle_ms = LOCAL_LINGER_MS;
    int fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return err_set(e, -errno, "%s", strerror(errno));
    int r = http_server_new(l->settings.loop, NULL, &s, e, &l->server);
    if (r < 0)
        close(fd);
    return r < 0 ? r : http_server_listen_fd(l->server, fd, e);
}

static void free_poll(uv_handle_t *h)
{
    mem_free(h);
}

static void on_again(void *arg)
{
    struct local *l = arg;
    loop_timer_free(TAKE(l->again));
    listen_on(l);
}

/* Whoever can be accepted at least is not left waiting for nothing. */
static void turn_away(struct local *l, const struct err *e, int r)
{
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    if (!l->failing)
        log_warn("local", "nobody can be answered", "error=%s it=%s", LOG_Q(err_text(e, r)),
                 "is tried again");
    l->failing = true;
    http_server_free(TAKE(l->server));
    l->server_gone = true;
    l->again = loop_timer_new(l->settings.loop, AGAIN_MS, 0, on_again, l);
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    struct local *l = poll->data;
    struct err e = {0};
    (void)status, (void)events;
    uv_close((uv_handle_t *)TAKE(l->poll), free_poll);
    l->server_gone = false;
    int r = start_server(l, &e);
    if (r < 0) {
        turn_away(l, &e, r);
        return;
    }
    l->failing = false;
    l->idle = loop_timer_new(l->settings.loop, LOCAL_LINGER_MS, LOCAL_LINGER_MS, on_idle, l);
}

static void listen_on(struct local *l)
{
    l->poll = mem_alloc(sizeof *l->poll);
    uv_poll_init(loop_uv(l->settings.loop), l->poll, l->fd);
    l->poll->data = l;
    uv_poll_start(l->poll, UV_READABLE, on_knock);
}

/* --- the socket --- */

static int fail(struct err *e, const char *path, const char *what)
{
    return err_set(e, -errno, "The socket %s can't be %s: %s.", path, what, strerror(errno));
}

/* Does somebody answer there? */
static bool is_taken(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool taken = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;
    if (fd >= 0)
        close(fd);
    return taken;
}

/* "name:x:GID:…" of this machine's own file: the name service costs memory, and may block. */
static bool find_group(const char *name, gid_t *ret_gid)
{
    char line[4096];
    size_t n = strlen(name);
    bool found = false;
    FILE *f = fopen("/etc/group", "re");
    while (f && !found && fgets(line, sizeof line, f)) {
        char *password = strncmp(line, name, n) == 0 && line[n] == ':' ? line + n + 1 : NULL;
        char *id = password ? strchr(password, ':') : NULL, *end = id ? strchr(id + 1, ':') : NULL;
        uint64_t gid;
        if (!end)
            continue;
        *end = 0;
        found = str_to_u64(id + 1, &gid) == 0 && gid < UINT32_MAX;
        if (found)
            *ret_gid = (gid_t)gid;
    }
    if (f)
        fclose(f);
    return found;
}

/* Its members may connect. Without one the agent's own user and root can. */
static void give_to_group(const char *path, const char *name)
{
    struct stat st;
    gid_t gid;
    bool known = find_group(name, &gid);
    bool ours = !*name || (known && stat(path, &st) == 0 && st.st_gid == gid) ||
                (known && chown(path, (uid_t)-1, gid) == 0);
    if (chmod(path, ours ? 0660 : 0600) < 0 || !ours)
        log_warn("local", "only root may use the socket", "path=%s group=%s why=%s", path, name,
                 LOG_Q(known ? "this program may not give a file to that group"
                             : "there is no such group on this machine"));
}

static int make_socket(const char *path, const char *group, struct err *e)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (!str_copy(a.sun_path, sizeof a.sun_path, path))
        return err_set(e, -ENAMETOOLONG, "The socket's path %s is longer than %zu bytes.", path,
                       sizeof a.sun_path - 1);
    if (is_taken(&a))
        return err_set(e, -EADDRINUSE, "Another agent answers on %s: name another --socket.", path);
    if (unlink(path) < 0 && errno != ENOENT)
        return fail(e, path, "replaced");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t before = umask(0177); /* nobody gets in before its group is set */
    int r =
        fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof a) < 0 ? fail(e, path, "made") : 0;
    umask(before);
    if (r == 0)
        give_to_group(path, group);
    if (r == 0 && listen(fd, BACKLOG) < 0)
        r = fail(e, path, "listened on");
    if (r < 0 && fd >= 0)
        close(fd);
    return r < 0 ? r : fd;
}

/* --- life --- */

int local_new(const struct local_settings *s, struct err *e, struct local **ret_l)
{
    int fd = make_socket(s->path, s->group, e);
    if (fd < 0)
        return fd;
    struct local *l = mem_alloc(sizeof *l);
    l->settings = *s;
    l->path = mem_strdup(s->path);
    l->fd = fd;
    l->server_gone = true;
    listen_on(l);
    *ret_l = l;
    return 0;
}

void local_free(struct local *l)
{
    if (!l)
        return;
    unlink(l->path);
    l->ending = true;
    logs_shutdown(l->logs);
    if (l->server && l->idle) /* else it is being shut down already */
        http_server_shutdown(l->server, 0, free_server, l);
    loop_timer_free(l->idle);
    loop_timer_free(l->again);
    while (!l->server_gone || (l->logs && !logs_is_idle(l->logs))) {
        uv_run(loop_uv(l->settings.loop), UV_RUN_NOWAIT);
        uv_sleep(1);
    }
    if (l->poll)
        uv_close((uv_handle_t *)l->poll, free_poll);
    logs_free(l->logs);
    local_free_jobs(l);
    close(l->fd);
    mem_free(l->path);
    mem_free(l);
}
