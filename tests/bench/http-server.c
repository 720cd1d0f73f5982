/* The HTTP server alone, for tests/bench/http.sh: GET / answers a file from an on-loop route whose
 * gate looks the session's cookie up.
 *
 *   bench-http-server PORT FILE */
#include "base/log.h"
#include "base/map.h"
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>

static struct map sessions;
static struct buf *answer;

static void on_get(struct http_exchange *x)
{
    http_reply_buf(x, 200, "application/json", buf_ref(answer), NULL);
}

static int check_session(void *arg, struct http_exchange *x, const struct http_route *route,
                         bool on_worker)
{
    (void)arg;
    (void)route;
    (void)on_worker;
    const char *sid = http_cookie(x, "sid");
    void *subject = sid ? map_get(&sessions, sid) : NULL;
    if (!subject) {
        http_reply_empty(x, 401);
        return 1;
    }
    http_set_subject(x, subject);
    return 0;
}

static const struct http_route routes[] = {
    {"GET", "/", ROUTE_ON_LOOP, 0, "services:read", on_get, 0},
    {"GET", "/api/web/overview", ROUTE_ON_LOOP, 0, "services:read", on_get, 0},
    {0},
};

static struct buf *read_file(const char *path)
{
    char bytes[65536];
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return buf_new(bytes, n);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct http_server *server;
    char address[32];
    if (argc != 3 || !(answer = read_file(argv[2])))
        return fprintf(stderr, "usage: bench-http-server PORT FILE\n"), 2;
    map_set(&sessions, "0123456789abcdef0123456789abcdef", &sessions);
    struct loop *loop = loop_new("bench");
    struct http_settings settings = {.limits = http_limits_default(),
                                     .hooks = {.gate = check_session},
                                     .routes = routes,
                                     .hosts = (const char *[]){"hydra.example", NULL}};
    snprintf(address, sizeof address, "127.0.0.1:%s", argv[1]);
    if (http_server_new(loop, NULL, &settings, &e, &server) < 0 ||
        http_server_listen(server, address, &e) < 0)
        return fprintf(stderr, "%s\n", e.text), 1;
    loop_run(loop);
    return 0;
}
