#include "node/ping.h"

#include "base/rand.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <unistd.h>

enum { READS_MAX = 64 }; /* packets at once */

struct ping {
    uv_poll_t poll; /* ends in its close callback */
    int fd;
    struct ping_form form;
    ping_fn *on_answer; /* NULL = closed */
    void *arg;
};

struct echo {
    uint8_t type, code;
    uint16_t checksum, id, sequence;
    uint64_t token;
} __attribute__((packed));

_Static_assert(sizeof(struct echo) == PING_PACKET_SIZE, "as it goes over the wire");

/* --- packets --- */

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

void ping_write(const struct ping_form *f, uint16_t sequence, uint8_t ret_bytes[PING_PACKET_SIZE])
{
    struct echo e = {.type = f->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
                     .id = (uint16_t)f->token,
                     .sequence = htons(sequence),
                     .token = f->token};
    if (!f->v6) /* the kernel does it for IPv6 */
        e.checksum = checksum(&e, sizeof e);
    memcpy(ret_bytes, &e, sizeof e);
}

bool ping_read(const struct ping_form *f, const uint8_t *bytes, size_t n, uint16_t *ret_sequence)
{
    struct echo e;
    if (f->raw && !f->v6) {
        size_t header = n ? (size_t)(bytes[0] & 0x0f) * 4 : 0;
        if (header < sizeof(struct iphdr) || header > n)
            return false;
        bytes += header;
        n -= header;
    }
    if (n < sizeof e)
        return false;
    memcpy(&e, bytes, sizeof e);
    if (e.type != (f->v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) || e.token != f->token)
        return false;
    *ret_sequence = ntohs(e.sequence);
    return true;
}

/* --- the socket --- */

/* What the network says of our packets waits in a queue of its own, and the socket counts as
 * readable until that is empty. */
static void drain_errors(int fd)
{
    uint8_t bytes[PING_PACKET_SIZE], control[512];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    while (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
        m.msg_controllen = sizeof control;
}

/* Of a peer that floods the rest waits for the next turn. */
static void read_answers(struct ping *p)
{
    uint8_t bytes[1500];
    uint16_t sequence;
    for (unsigned i = 0; p->on_answer && i < READS_MAX; i++) {
        ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n >= 0) {
            if (ping_read(&p->form, bytes, (size_t)n, &sequence))
                p->on_answer(p->arg, 0, sequence);
            continue;
        }
        int error = errno;
        drain_errors(p->fd);
        if (error != EAGAIN && error != EINTR)
            p->on_answer(p->arg, -error, 0);
        return;
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct ping *p = CONTAINER_OF(poll, struct ping, poll);
    (void)events;
    read_answers(p);
    if (status < 0 && p->on_answer) /* an error that waits in its queue ends libuv's watch */
        uv_poll_start(&p->poll, UV_READABLE, on_poll);
}

static void on_closed(uv_handle_t *h)
{
    mem_free(CONTAINER_OF((uv_poll_t *)h, struct ping, poll));
}

static int open_socket(struct ping_form *f)
{
    int family = f->v6 ? AF_INET6 : AF_INET, protocol = f->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (fd < 0) {
        fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        f->raw = true;
    }
    return fd;
}

/* Connected: else a raw socket hears of other people's errors. */
static int connect_socket(int fd, const union resolve_address *to, bool v6)
{
    int on = 1;
    if (v6)
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    else
        (void)!setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    return connect(fd, &to->any, v6 ? sizeof to->v6 : sizeof to->v4) < 0 ? -errno : 0;
}

int ping_open(struct loop *loop, const union resolve_address *to, ping_fn *on_answer, void *arg,
              struct ping **ret_p)
{
    struct ping_form form = {.v6 = to->any.sa_family == AF_INET6,
                             .token =
                                 (uint64_t)rand_below(UINT32_MAX) << 32 | rand_below(UINT32_MAX)};
    int fd = open_socket(&form);
    if (fd < 0)
        return -EACCES;
    int r = connect_socket(fd, to, form.v6);
    if (r < 0) {
        close(fd);
        return r == -EACCES ? -ENETUNREACH : r; /* a broadcast address */
    }
    struct ping *p = mem_alloc(sizeof *p);
    *p = (struct ping){.fd = fd, .form = form, .on_answer = on_answer, .arg = arg};
    uv_poll_init(loop_uv(loop), &p->poll, fd);
    uv_poll_start(&p->poll, UV_READABLE, on_poll);
    *ret_p = p;
    return 0;
}

int ping_send(struct ping *p, uint16_t sequence)
{
    uint8_t bytes[PING_PACKET_SIZE];
    ping_write(&p->form, sequence, bytes);
    return send(p->fd, bytes, sizeof bytes, MSG_DONTWAIT) < 0 && errno != EAGAIN ? -errno : 0;
}

void ping_close(struct ping *p)
{
    if (!p)
        return;
    p->on_answer = NULL;
    uv_poll_stop(&p->poll);
    close(p->fd);
    uv_close((uv_handle_t *)&p->poll, on_closed);
}
