/* The request path: bytes as a peer sends them, through a whole server over a socket pair.
 *
 * The first byte says into which pieces the rest is cut. Whatever the pieces, the answers must be
 * those to the same bytes in one piece: a request's border may not depend on how it arrives. */
#include "fuzz.h"

#include "http/http-private.h"

#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 32 * 1024, ROUNDS_MAX = 20000 };

static void on_echo(struct http_exchange *x)
{
    size_t len;
    const char *body = http_body(x, &len);
    http_add_header(x, "X-Echo", http_path(x));
    http_reply(x, 200, "text/plain", body, len);
}

static void on_show(struct http_exchange *x)
{
    struct str s = {0};
    const char *const facts[] = {http_param(x, "id"), http_query(x, "q"), http_cookie(x, "sid"),
                                 http_header(x, "X-A"), http_peer(x)};
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        str_addf(&s, "%s\n", facts[i] ? facts[i] : "-");
    http_reply_str(x, 200, "text/plain", &s);
}

static const struct http_route routes[] = {
    {"GET", "/", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_show, 0},
    {"POST", "/echo", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_echo, 1000},
    {"PUT", "/echo", ROUTE_ON_LOOP, ROUTE_PUBLIC | ROUTE_ANY_ORIGIN, NULL, on_echo, 0},
    {"GET", "/s/{id}", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_show, 0},
    {"GET", "/s/{id...}", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_show, 0},
    {0},
};

static const struct http_asset assets[] = {
    {.path = "/page",
     .type = "text/html",
     .etag = "\"p\"",
     .policy = "default-src 'self'",
     .plain = (const unsigned char *)"plain",
     .plain_len = 5,
     .gzip = (const unsigned char *)"gz",
     .gzip_len = 2},
    {.path = "/404", .type = "text/html", .plain = (const unsigned char *)"lost", .plain_len = 4},
    {0},
};

static const char *const hosts[] = {"hydra.lan", "*.example.org", NULL};

/* No ids and no clock: two runs give the same bytes. */
static void problem(void *arg, struct http_exchange *x, int status, const char *type,
                    const char *detail)
{
    (void)arg;
    FUZZ_CHECK(detail[0]);
    http_reply(x, status, "text/plain", type, strlen(type));
}

static struct loop *loop;
static struct http_server *server;

static void start(void)
{
    struct http_settings st = {
        .routes = routes,
        .assets = assets,
        .hosts = hosts,
        .hooks = {.problem = problem},
        .limits = http_limits_default(),
    };
    st.limits.head_bytes = 4096;
    st.limits.header_fields = 20;
    st.limits.body_bytes = 4096;
    loop = loop_new("fuzz");
    FUZZ_CHECK(http_server_new(loop, NULL, &st, NULL, &server) == 0);
}

static void turn(int fd, struct str *out)
{
    char buf[65536];
    ssize_t n;
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    while ((n = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
        str_add_n(out, buf, (size_t)n);
}

static void talk(const char *bytes, size_t len, size_t piece, struct str *out)
{
    int fds[2];
    struct sockaddr peer = {.sa_family = AF_UNIX};
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    connection_process(connection_new(server, fds[1], &peer));
    for (size_t at = 0; at < len; at += piece) {
        (void)!send(fds[0], bytes + at, len - at < piece ? len - at : piece, MSG_NOSIGNAL);
        turn(fds[0], out);
    }
    shutdown(fds[0], SHUT_WR);
    for (int i = 0; i < ROUNDS_MAX && server->n_connections; i++)
        turn(fds[0], out);
    turn(fds[0], out);
    FUZZ_CHECK(server->n_connections == 0); /* the peer said goodbye: nothing may stay */
    FUZZ_CHECK(server->bodies_bytes == 0);
    close(fds[0]);
}

/* Blanks what the clock says. */
static void drop_dates(struct str *s)
{
    for (char *p = s->p; s->len && (p = memmem(p, (size_t)(s->p + s->len - p), "\r\nDate: ", 8));)
        for (p += 8; p < s->p + s->len && *p != '\r'; p++)
            *p = 'x';
}

/* Whether the peer is told to go on depends on whether it has gone on already. */
static void drop_continues(struct str *s)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const size_t n = sizeof line - 1;
    for (char *p; s->len && (p = memmem(s->p, s->len, line, n));) {
        memmove(p, p + n, (size_t)(s->p + s->len - p) - n);
        s->len -= n;
    }
}

static void normalise(struct str *s)
{
    drop_dates(s);
    drop_continues(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str whole = {0}, pieces = {0};
    if (size < 2 || size > INPUT_MAX)
        return 0;
    if (!server)
        start();
    const char *bytes = (const char *)data + 1;
    talk(bytes, size - 1, size, &whole);
    FUZZ_CHECK(!whole.len || memcmp(whole.p, "HTTP/1.1 ", 9) == 0);
    size_t piece = data[0] ? data[0] : 1;
    if ((size - 1) / piece < 2000) {
        talk(bytes, size - 1, piece, &pieces);
        normalise(&whole);
        normalise(&pieces);
        FUZZ_CHECK(whole.len == pieces.len);
        FUZZ_CHECK(!whole.len || memcmp(whole.p, pieces.p, whole.len) == 0);
    }
    str_done(&whole);
    str_done(&pieces);
    return 0;
}
