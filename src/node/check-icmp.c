/* icmp: the host answers a ping. By the unprivileged ping socket (net.ipv4.ping_group_range), else
 * a raw socket; where neither is allowed the check is unknown, not down. */
#include "node/check-private.h"

#include "base/rand.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <unistd.h>

/* The socket's handle; ends in its close callback. */
struct ping_poll {
    uv_poll_t poll;
    int fd;
    struct ping *p; /* NULL = dropped */
};

struct echo {
    uint8_t type, code;
    uint16_t checksum, id, sequence;
    uint64_t token;
} __attribute__((packed));

struct ping {
    struct check_run *run;
    struct resolving *resolving;
    struct ping_poll *poll;
    struct loop_timer *again;
    union resolve_address to;
    bool raw, v6;
    uint16_t sequence;
    uint64_t token; /* proves that the answer is to our question */
};

static uint16_t checksum(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < n; i += 2)
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): whole and packed */
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

/* --- answers --- */

static bool is_answer(const struct ping *p, const uint8_t *bytes, size_t n)
{
    struct echo e;
    if (p->raw && !p->v6) { /* raw IPv4 sockets give the header, too */
        size_t header = n ? (size_t)(bytes[0] & 0x0f) * 4 : 0;
        if (header < sizeof(struct iphdr) || header > n)
            return false;
        bytes += header;
        n -= header;
    }
    if (n < sizeof e)
        return false;
    memcpy(&e, bytes, sizeof e);
    return e.type == (p->v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) && e.token == p->token;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct ping_poll *pp = CONTAINER_OF(poll, struct ping_poll, poll);
    uint8_t bytes[1500];
    ssize_t n;
    while (pp->p && (n = recv(pp->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        char took[CHECK_TOOK_SIZE];
        struct check_run *run = pp->p->run;
        if (is_answer(pp->p, bytes, (size_t)n)) {
            uv_poll_stop(poll);
            check_finish(run, CHECK_UP, NULL, "answers in %s", check_took(run, took));
            return;
        }
    }
}

static void on_closed(uv_handle_t *h)
{
    mem_free(CONTAINER_OF((uv_poll_t *)h, struct ping_poll, poll));
}

/* --- questions --- */

static void send_echo(void *arg)
{
    struct ping *p = arg;
    struct echo e = {.type = p->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
                     .id = (uint16_t)p->token,
                     .sequence = htons(++p->sequence),
                     .token = p->token};
    socklen_t len = p->v6 ? sizeof p->to.v6 : sizeof p->to.v4;
    if (!p->v6) /* the kernel does it for IPv6 */
        e.checksum = checksum(&e, sizeof e);
    if (sendto(p->poll->fd, &e, sizeof e, MSG_DONTWAIT, &p->to.any, len) < 0 && errno != EAGAIN)
        check_finish(p->run, CHECK_DOWN, NULL, "%s", strerror(errno));
}

static int open_socket(struct ping *p)
{
    int family = p->v6 ? AF_INET6 : AF_INET, protocol = p->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (fd < 0) {
        fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        p->raw = true;
    }
    return fd;
}

static void on_resolved(void *arg, int error, const union resolve_address *v, size_t n)
{
    struct ping *p = arg;
    p->resolving = NULL;
    if (error || !n) {
        check_finish(p->run, CHECK_DOWN, NULL, "the host name %s is not known",
                     p->run->spec->target);
        return;
    }
    p->to = v[n - 1]; /* IPv4 where there is one */
    p->v6 = p->to.any.sa_family == AF_INET6;
    int fd = open_socket(p);
    if (fd < 0) {
        check_finish(
            p->run, CHECK_UNKNOWN, NULL,
            "not permitted: allow it with sysctl net.ipv4.ping_group_range or CAP_NET_RAW");
        return;
    }
    p->poll = mem_alloc(sizeof *p->poll);
    p->poll->p = p;
    p->poll->fd = fd;
    uv_poll_init(loop_uv(p->run->node->loop), &p->poll->poll, fd);
    uv_poll_start(&p->poll->poll, UV_READABLE, on_poll);
    send_echo(p);
    uint32_t third = p->run->spec->timeout_ms / 3;
    p->again = loop_timer_new(p->run->node->loop, third, third, send_echo, p);
}

static void start(struct check_run *run)
{
    struct ping *p = run->state = mem_alloc(sizeof *p);
    p->run = run;
    p->token = (uint64_t)rand_below(UINT32_MAX) << 32 | rand_below(UINT32_MAX);
    p->resolving = resolve_start(run->node->loop, run->spec->target, 0, on_resolved, p);
}

static void clean(struct check_run *run)
{
    struct ping *p = run->state;
    resolve_cancel(p->resolving);
    loop_timer_free(p->again);
    if (p->poll) {
        p->poll->p = NULL;
        uv_poll_stop(&p->poll->poll);
        close(p->poll->fd);
        uv_close((uv_handle_t *)&p->poll->poll, on_closed);
    }
    mem_free(p);
}

const struct check_kind_ops check_icmp = {.start = start, .clean = clean};
