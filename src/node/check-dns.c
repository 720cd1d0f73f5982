/* dns: the server answers for the name, with the expected address if there is one.
 * Target: name[@server[:port]]; without a server the first of /etc/resolv.conf. */
#include "node/check-private.h"

#include "base/rand.h"
#include "node/dns-message.h"
#include "node/kfile.h"

#include <arpa/inet.h>

enum { DNS_PORT = 53 };

/* The socket; ends in its close callback. */
struct dns_socket {
    uv_udp_t udp;
    struct dns *d; /* NULL = dropped */
};

struct dns {
    struct check_run *run;
    struct resolving *resolving;
    struct dns_socket *socket;
    struct loop_timer *again;
    union resolve_address server;
    char name[CHECK_HOST_SIZE], host[CHECK_HOST_SIZE];
    uint16_t port, type, id;
    unsigned char question[DNS_MESSAGE_MAX], answer[DNS_MESSAGE_MAX];
    int question_len;
};

static void on_closed(uv_handle_t *h)
{
    mem_free(CONTAINER_OF((uv_udp_t *)h, struct dns_socket, udp));
}

/* --- the answer --- */

static bool has_address(const struct dns_answer *a, const char *expected, struct str *all)
{
    bool found = false;
    for (size_t i = 0; i < a->n; i++) {
        char text[INET6_ADDRSTRLEN] = "";
        inet_ntop(a->v[i].v6 ? AF_INET6 : AF_INET, &a->v[i].address, text, sizeof text);
        str_addf(all, "%s%s", i ? ", " : "", text);
        found = found || str_eq(text, expected);
    }
    return found;
}

static void judge(struct dns *d, const struct dns_answer *a)
{
    char took[CHECK_TOOK_SIZE];
    struct str all = {0};
    struct check_run *run = d->run;
    const char *expected = run->spec->expect_body;
    bool wanted = !str_is_empty(expected), found = has_address(a, expected, &all);
    if (a->code)
        check_finish(run, CHECK_DOWN, NULL, "%s for %s", dns_code_name(a->code), d->name);
    else if (!a->n)
        check_finish(run, CHECK_DOWN, NULL, "%s has no address", d->name);
    else if (wanted && !found)
        check_finish(run, CHECK_DOWN, NULL, "%s is %s, not %s", d->name, all.p, expected);
    else
        check_finish(run, CHECK_UP, NULL, "%s in %s", all.p, check_took(run, took));
    str_done(&all);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct dns *d = CONTAINER_OF((uv_udp_t *)h, struct dns_socket, udp)->d;
    *buf = d ? uv_buf_init((char *)d->answer, sizeof d->answer) : uv_buf_init(NULL, 0);
}

static void on_receive(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                       unsigned flags)
{
    (void)buf, (void)flags;
    struct dns *d = CONTAINER_OF(udp, struct dns_socket, udp)->d;
    struct dns_answer a;
    if (!d || (n == 0 && !from))
        return;
    if (n < 0) {
        check_finish(d->run, CHECK_DOWN, NULL, "%s",
                     n == UV_ECONNREFUSED ? "connection refused" : uv_strerror((int)n));
        return;
    }
    int r = dns_read(d->answer, (size_t)n, d->name, d->type, d->id, &a);
    if (r == 0)
        judge(d, &a);
    else if (r != -EAGAIN)
        check_finish(d->run, CHECK_DOWN, NULL, "the answer for %s is broken", d->name);
}

/* --- the question --- */

static void send_question(void *arg)
{
    struct dns *d = arg;
    uv_buf_t buf = uv_buf_init((char *)d->question, (unsigned)d->question_len);
    int r = uv_udp_try_send(&d->socket->udp, &buf, 1, NULL);
    if (r < 0 && r != UV_EAGAIN)
        check_finish(d->run, CHECK_DOWN, NULL, "%s",
                     r == UV_ECONNREFUSED ? "connection refused" : uv_strerror(r));
}

static void on_resolved(void *arg, int error, const union resolve_address *v, size_t n)
{
    struct dns *d = arg;
    d->resolving = NULL;
    if (error || !n) {
        check_finish(d->run, CHECK_DOWN, NULL, "the host name %s is not known", d->host);
        return;
    }
    /* Servers on this machine listen on IPv4 first of all. */
    d->server = v[check_host_is_local(d->host) ? n - 1 : 0];
    d->socket = mem_alloc(sizeof *d->socket);
    d->socket->d = d;
    uv_udp_init(loop_uv(d->run->node->loop), &d->socket->udp);
    int r = uv_udp_connect(&d->socket->udp, &d->server.any);
    if (r == 0)
        r = uv_udp_recv_start(&d->socket->udp, on_alloc, on_receive);
    if (r < 0) {
        check_finish(d->run, CHECK_DOWN, NULL, "%s", uv_strerror(r));
        return;
    }
    send_question(d);
    uint32_t third = d->run->spec->timeout_ms / 3;
    d->again = loop_timer_new(d->run->node->loop, third, third, send_question, d);
}

static bool system_server(const char *root, char ret_host[CHECK_HOST_SIZE])
{
    char text[4096];
    struct str_list lines = {0};
    bool found = false;
    if (kfile_text(text, sizeof text, root, "/etc/resolv.conf") < 0)
        return false;
    str_list_split(&lines, text, '\n');
    for (size_t i = 0; i < lines.n && !found; i++)
        if (str_starts(lines.v[i], "nameserver") &&
            (lines.v[i][10] == ' ' || lines.v[i][10] == '\t'))
            found = str_copy(ret_host, CHECK_HOST_SIZE, str_trim(lines.v[i] + 10));
    str_list_done(&lines);
    return found;
}

static bool parse_target(struct dns *d)
{
    const char *target = d->run->spec->target, *at = strchr(target, '@');
    size_t n = at ? (size_t)(at - target) : strlen(target);
    if (n >= sizeof d->name)
        return false;
    memcpy(d->name, target, n);
    d->port = DNS_PORT;
    struct in6_addr v6;
    if (!at)
        return system_server(d->run->node->settings.root, d->host);
    if (inet_pton(AF_INET6, at + 1, &v6) == 1)
        return str_copy(d->host, sizeof d->host, at + 1);
    return check_split_host(at + 1, DNS_PORT, d->host, &d->port) == 0;
}

static void start(struct check_run *run)
{
    struct dns *d = run->state = mem_alloc(sizeof *d);
    d->run = run;
    d->id = (uint16_t)rand_below(65536);
    d->type =
        run->spec->expect_body && strchr(run->spec->expect_body, ':') ? DNS_TYPE_AAAA : DNS_TYPE_A;
    bool fits = parse_target(d);
    d->question_len = fits ? dns_ask(d->name, d->type, d->id, d->question) : -EINVAL;
    if (d->question_len < 0)
        check_finish(run, CHECK_UNKNOWN, NULL,
                     fits ? "“%.100s” is no host name"
                          : "“%.100s”: no name server is given or known (name@server)",
                     run->spec->target);
    else
        d->resolving = resolve_start(run->node->loop, d->host, d->port, on_resolved, d);
}

static void clean(struct check_run *run)
{
    struct dns *d = run->state;
    resolve_cancel(d->resolving);
    loop_timer_free(d->again);
    if (d->socket) {
        d->socket->d = NULL;
        uv_close((uv_handle_t *)&d->socket->udp, on_closed);
    }
    mem_free(d);
}

const struct check_kind_ops check_dns = {.start = start, .clean = clean};
