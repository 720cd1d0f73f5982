/* One side of gRPC for tests that bring the other: a server with a few methods, or a client that
 * makes one call. What happens is told on stdout, a JSON object a line.
 *
 *   rpc-peer serve [CERTIFICATE KEY [tight]]
 *   rpc-peer call PORT PATH COUNT SIZE TIMEOUT_MS [tls]
 *
 * A tight server bears little, so that tests needn't wait. The server ends at SIGTERM, the client
 * when its call has. */
#include "rpc/rpc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct loop *loop;

static void tell_end(const char *who, const struct rpc_status *s, unsigned n, size_t bytes)
{
    printf("{\"%s\":\"%s\",\"message\":\"%s\",\"n\":%u,\"bytes\":%zu}\n", who,
           rpc_code_name(s->code), s->message, n, bytes);
    fflush(stdout);
}

/* --- server --- */

static void served_ended(struct rpc_call *c, const struct rpc_status *s)
{
    (void)c;
    tell_end("served", s, 0, 0);
}

static void echo(struct rpc_call *c, const void *bytes, size_t len)
{
    if (rpc_send(c, bytes, len) < 0)
        rpc_drop(c);
}

static void echo_done(struct rpc_call *c)
{
    rpc_finish(c, &(struct rpc_status){RPC_OK, ""});
}

static void begin(struct rpc_call *c, void *arg)
{
    (void)arg;
    rpc_admit(c);
}

static void begin_stranger(struct rpc_call *c, void *arg)
{
    (void)c, (void)arg;
}

static void begin_fail(struct rpc_call *c, void *arg)
{
    struct rpc_status s = rpc_status_of(RPC_FAILED_PRECONDITION, "Nicht möglich: 100 %%");
    (void)arg;
    rpc_finish(c, &s);
}

static void begin_reset(struct rpc_call *c, void *arg)
{
    (void)arg;
    rpc_drop(c);
}

static const struct rpc_events echo_events = {echo, echo_done, NULL, served_ended};
static const struct rpc_events silent_events = {NULL, NULL, NULL, served_ended};
static const struct rpc_method methods[] = {{"/t.T/Echo", &echo_events, begin, 0},
                                            {"/t.T/Silent", &silent_events, begin, 0},
                                            {"/t.T/Fail", &silent_events, begin_fail, 0},
                                            {"/t.T/Reset", &silent_events, begin_reset, 0},
                                            {"/t.T/Small", &echo_events, begin, 1000},
                                            {"/t.T/Stranger", &echo_events, begin_stranger, 0},
                                            {0}};
static const struct rpc_bounds wide = {.stranger_calls = LIMIT_RPC_CALLS},
                               tight = {.strangers_of_address = 10,
                                        .handshake_ms = 2000,
                                        .idle_ms = 2000,
                                        .first_message_ms = 2000,
                                        .stranger_ms = 5000};

static char *read_text(const char *path)
{
    static char text[2][8192];
    static unsigned next;
    char *t = text[next++ % 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, t, sizeof text[0] - 1);
    close(fd);
    t[n > 0 ? n : 0] = '\0';
    return t;
}

static int trust(void *arg, const struct tls_peer *peer, struct err *e)
{
    (void)arg, (void)peer, (void)e;
    return 0;
}

static struct tls_context *context(bool is_server, const char *certificate, const char *key)
{
    struct tls_context *t = NULL;
    struct err e = {0};
    struct tls_settings s = {
        .is_server = is_server, .certificate = certificate, .key = key, .verify = trust};
    if (tls_context_new(&s, &e, &t) < 0) {
        fprintf(stderr, "%s\n", e.text);
        exit(2);
    }
    return t;
}

static void on_signal(uv_signal_t *s, int number)
{
    (void)s, (void)number;
    loop_stop(loop);
}

static int serve(int argc, char **argv)
{
    struct err e = {0};
    uint16_t port = 0;
    uv_signal_t term;
    struct tls_context *tls =
        argc > 3 ? context(true, read_text(argv[2]), read_text(argv[3])) : NULL;
    struct rpc_server *s =
        rpc_server_new(&(struct rpc_server_settings){.loop = loop,
                                                     .tls = tls,
                                                     .methods = methods,
                                                     .keepalive_ms = 1000,
                                                     .gzip = true,
                                                     .bounds = argc > 4 ? tight : wide});
    if (rpc_server_listen(s, "127.0.0.1", 0, &e, &port) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 2;
    }
    uv_signal_init(loop_uv(loop), &term);
    uv_signal_start(&term, on_signal, SIGTERM);
    printf("{\"port\":%u}\n", port);
    fflush(stdout);
    loop_run(loop);
    rpc_server_free(s);
    uv_close((uv_handle_t *)&term, NULL);
    loop_free(loop);
    tls_context_free(tls);
    return 0;
}

/* --- client --- */

static unsigned got;
static size_t got_bytes;

static void got_message(struct rpc_call *c, const void *bytes, size_t len)
{
    (void)c, (void)bytes;
    got++;
    got_bytes += len;
}

static void call_ended(struct rpc_call *c, const struct rpc_status *s)
{
    (void)c;
    tell_end("called", s, got, got_bytes);
    loop_stop(loop);
}

static void link_ended(void *arg, const struct err *e)
{
    (void)arg;
    printf("{\"link\":\"%s\"}\n", e->text);
    fflush(stdout);
}

static const struct rpc_events client_events = {got_message, NULL, NULL, call_ended};

static int call(int argc, char **argv)
{
    struct sockaddr_in to;
    unsigned count = (unsigned)strtoul(argv[4], NULL, 10);
    size_t size = strtoul(argv[5], NULL, 10);
    struct tls_context *tls = argc > 7 ? context(false, NULL, NULL) : NULL;
    char *bytes = mem_alloc(size + 1);
    memset(bytes, 'x', size);
    uv_ip4_addr("127.0.0.1", (int)strtol(argv[2], NULL, 10), &to);
    struct rpc_client *client =
        rpc_client_new(&(struct rpc_client_settings){.loop = loop,
                                                     .tls = tls,
                                                     .authority = "localhost",
                                                     .keepalive_ms = 1000,
                                                     .ended = link_ended},
                       (struct sockaddr *)&to);
    struct rpc_call *c =
        rpc_client_call(client, argv[3], strtoul(argv[6], NULL, 10), &client_events, NULL);
    for (unsigned i = 0; i < count; i++)
        if (rpc_send(c, bytes, size) < 0)
            return 2;
    rpc_half_close(c);
    loop_run(loop);
    rpc_client_free(client);
    loop_free(loop);
    tls_context_free(tls);
    mem_free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    loop = loop_new("rpc-peer");
    if (argc >= 2 && str_eq(argv[1], "serve"))
        return serve(argc, argv);
    if (argc >= 7 && str_eq(argv[1], "call"))
        return call(argc, argv);
    fprintf(stderr, "usage: rpc-peer serve [CERTIFICATE KEY [tight]] | call PORT PATH COUNT SIZE "
                    "TIMEOUT_MS [tls]\n");
    return 2;
}
