#include "node/sockets.h"

#include "base/str.h"
#include "node/kfile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TCP_LISTEN_STATE = 10, UDP_UNCONNECTED_STATE = 7, LIMIT_PROC_NET = 4 << 20 };

struct sockets {
    char *root;
    int netlink;             /* -1 = read /proc/net */
    struct socket_table udp; /* as last read by netlink */
    int counts[2];           /* /proc/net/sockstat and sockstat6, kept open; -1 */
};

/* --- the text of /proc/net --- */

static bool parse_hex(const char **p, const char *end, size_t digits, uint32_t *ret_v)
{
    uint32_t v = 0;
    if ((size_t)(end - *p) < digits)
        return false;
    for (size_t i = 0; i < digits; i++, (*p)++) {
        char c = **p;
        uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                            : 16;
        if (d > 15)
            return false;
        v = v << 4 | d;
    }
    *ret_v = v;
    return true;
}

/* "0100007F:1F90": 32-bit words as the machine stores them, then the port. */
static bool parse_address(const char **p, const char *end, bool v6, struct in6_addr *ret_address,
                          uint16_t *ret_port)
{
    uint32_t word, port;
    for (size_t i = 0; i < (v6 ? 4 : 1); i++) {
        if (!parse_hex(p, end, 8, &word))
            return false;
        memcpy(ret_address->s6_addr + sizeof word * i, &word, 4);
    }
    if (*p == end || *(*p)++ != ':' || !parse_hex(p, end, 4, &port))
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

static const char *skip_word(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    while (p < end && *p != ' ')
        p++;
    while (p < end && *p == ' ')
        p++;
    return p;
}

static bool parse_decimal(const char *p, const char *end, uint64_t *ret_v)
{
    char digits[21] = "";
    size_t n = 0;
    while (p + n < end && n < sizeof digits - 1 && p[n] >= '0' && p[n] <= '9')
        n++;
    memcpy(digits, p, n);
    return str_to_u64(digits, ret_v) == 0;
}

/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 12345 …" */
static bool parse_line(const char *p, const char *end, bool v6, bool udp, struct listen_socket *s)
{
    uint32_t state;
    uint64_t uid;
    p = skip_word(p, end);
    if (!parse_address(&p, end, v6, &s->address, &s->port))
        return false;
    p = skip_word(p, end); /* the remote address */
    if (!parse_hex(&p, end, 2, &state) || state != (udp ? UDP_UNCONNECTED_STATE : TCP_LISTEN_STATE))
        return false;
    for (int i = 0; i < 3; i++) /* queues, timer, retransmissions */
        p = skip_word(p, end);
    if (!parse_decimal(p, end, &uid))
        return false;
    p = skip_word(skip_word(p, end), end);
    s->uid = (uint32_t)uid;
    s->v6 = v6;
    s->udp = udp;
    return parse_decimal(p, end, &s->inode) && s->inode && s->port;
}

static void add(struct socket_table *t, const struct listen_socket *s)
{
    if (t->v.n < LIMIT_SOCKETS)
        *vec_add(&t->v) = *s;
}

void sockets_parse(const char *text, size_t len, bool v6, bool udp, struct socket_table *t)
{
    const char *end = text + len;
    for (const char *line = text, *nl; line < end; line = nl + 1) {
        struct listen_socket s = {0};
        nl = memchr(line, '\n', (size_t)(end - line));
        if (!nl)
            nl = end;
        if (parse_line(line, nl, v6, udp, &s))
            add(t, &s);
    }
}

static int read_file(const char *path, struct str *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n;
    do {
        str_reserve(out, 65536);
        n = read(fd, out->p + out->len, 65536);
        if (n > 0)
            out->len += (size_t)n;
    } while (n > 0 && out->len < LIMIT_PROC_NET);
    int r = n < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int read_proc(const char *root, struct socket_table *t)
{
    static const struct {
        const char *name;
        bool v6, udp;
    } files[] = {
        {"tcp", false, false}, {"tcp6", true, false}, {"udp", false, true}, {"udp6", true, true}};
    int result = -ENOENT;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char path[512];
        struct str text = {0};
        snprintf(path, sizeof path, "%s/proc/net/%s", root, files[i].name);
        int r = read_file(path, &text);
        if (r == 0)
            sockets_parse(str_text(&text), text.len, files[i].v6, files[i].udp, t);
        if (r == 0 || result == -ENOENT)
            result = r;
        str_done(&text);
    }
    return result;
}

/* --- sock_diag --- */

static int ask(int fd, uint8_t family, uint8_t protocol)
{
    struct {
        struct nlmsghdr h;
        struct inet_diag_req_v2 r;
    } m = {.h = {.nlmsg_len = sizeof m,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
           .r = {.sdiag_family = family,
                 .sdiag_protocol = protocol,
                 .idiag_states =
                     1u << (protocol == IPPROTO_UDP ? UDP_UNCONNECTED_STATE : TCP_LISTEN_STATE)}};
    return send(fd, &m, sizeof m, 0) < 0 ? -errno : 0;
}

static void take_diag(const struct inet_diag_msg *d, bool udp, struct socket_table *t)
{
    struct listen_socket s = {.inode = d->idiag_inode,
                              .uid = d->idiag_uid,
                              .port = ntohs(d->id.idiag_sport),
                              .v6 = d->idiag_family == AF_INET6,
                              .udp = udp};
    memcpy(&s.address, d->id.idiag_src, s.v6 ? 16 : 4);
    if (s.inode && s.port)
        add(t, &s);
}

/* Returns 1 at the end of the dump, 0 when more is to come. */
static int take_messages(char *bytes, size_t n, bool udp, struct socket_table *t)
{
    for (struct nlmsghdr *h = (struct nlmsghdr *)bytes; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
        if (h->nlmsg_type == NLMSG_DONE)
            return 1;
        if (h->nlmsg_type == NLMSG_ERROR)
            return h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))
                       ? ((struct nlmsgerr *)NLMSG_DATA(h))->error
                       : -EPROTO;
        if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
            h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            take_diag(NLMSG_DATA(h), udp, t);
    }
    return 0;
}

static int dump(int fd, uint8_t family, uint8_t protocol, struct socket_table *t)
{
    _Alignas(struct nlmsghdr) char bytes[32768]; /* the kernel fills no more at once */
    int r = ask(fd, family, protocol);
    while (r == 0) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        r = n < 0 ? -errno : take_messages(bytes, (size_t)n, protocol == IPPROTO_UDP, t);
    }
    return r < 0 ? r : 0;
}

static int dump_families(int fd, uint8_t protocol, struct socket_table *t)
{
    int r = dump(fd, AF_INET, protocol, t);
    return r < 0 ? r : dump(fd, AF_INET6, protocol, t);
}

static int read_netlink(struct sockets *s, bool udp_too, struct socket_table *t)
{
    int r = dump_families(s->netlink, IPPROTO_TCP, t);
    if (r >= 0 && udp_too) {
        s->udp.v.n = 0;
        r = dump_families(s->netlink, IPPROTO_UDP, &s->udp);
    }
    for (size_t i = 0; i < s->udp.v.n; i++)
        add(t, &s->udp.v.v[i]);
    return r;
}

/* --- counts --- */

void sockets_parse_counts(const char *text, struct socket_counts *c)
{
    const struct {
        const char *key;
        uint64_t *to;
    } wanted[] = {{"TCP: inuse ", &c->tcp},
                  {"TCP6: inuse ", &c->tcp6},
                  {"UDP: inuse ", &c->udp},
                  {"UDP6: inuse ", &c->udp6}};
    struct scan s = {text, text + strlen(text)};
    do
        for (size_t i = 0; i < COUNT_OF(wanted); i++)
            if (scan_text(&s, wanted[i].key))
                scan_u64(&s, wanted[i].to);
    while (scan_next_line(&s));
}

int sockets_count(struct sockets *s, struct socket_counts *ret_counts)
{
    struct socket_counts c = {0};
    char text[1024];
    if (s->counts[0] < 0)
        return s->counts[0];
    for (size_t i = 0; i < COUNT_OF(s->counts) && s->counts[i] >= 0; i++) {
        ssize_t n = pread(s->counts[i], text, sizeof text - 1, 0);
        if (n < 0)
            return -errno;
        text[n] = 0;
        sockets_parse_counts(text, &c);
    }
    *ret_counts = c;
    return 0;
}

/* --- both --- */

static int by_inode(const void *a, const void *b)
{
    const struct listen_socket *s = a, *t = b;
    if (s->inode != t->inode)
        return s->inode < t->inode ? -1 : 1;
    return 0;
}

struct sockets *sockets_open(const char *root)
{
    struct sockets *s = mem_alloc(sizeof *s);
    s->root = mem_strdup(root);
    s->netlink = -1;
    s->counts[0] = kfile_open(root, "/proc/self/net/sockstat");
    s->counts[1] = kfile_open(root, "/proc/self/net/sockstat6");
    if (!*root) {
        struct timeval wait = {.tv_sec = 1}; /* the kernel answers at once or never */
        s->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        if (s->netlink >= 0)
            setsockopt(s->netlink, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    }
    return s;
}

void sockets_close(struct sockets *s)
{
    if (!s)
        return;
    if (s->netlink >= 0)
        close(s->netlink);
    for (size_t i = 0; i < COUNT_OF(s->counts); i++)
        kfile_close(&s->counts[i]);
    vec_done(&s->udp.v);
    mem_free(s->root);
    mem_free(s);
}

int sockets_read(struct sockets *s, bool udp_too, struct socket_table *t)
{
    t->v.n = 0;
    if (s->netlink >= 0 && read_netlink(s, udp_too, t) < 0) {
        close(s->netlink); /* not in this kernel, or not for us */
        s->netlink = -1;
        t->v.n = 0;
    }
    int r = s->netlink >= 0 ? 0 : read_proc(s->root, t);
    if (t->v.n)
        qsort(t->v.v, t->v.n, sizeof *t->v.v, by_inode);
    return r;
}

bool sockets_equal(const struct socket_table *a, const struct socket_table *b)
{
    if (a->v.n != b->v.n)
        return false;
    for (size_t i = 0; i < a->v.n; i++) {
        const struct listen_socket *s = &a->v.v[i], *t = &b->v.v[i];
        if (s->inode != t->inode || s->port != t->port || s->v6 != t->v6 || s->udp != t->udp ||
            memcmp(&s->address, &t->address, sizeof s->address) != 0)
            return false;
    }
    return true;
}

const char *socket_address(const struct listen_socket *s, char ret_text[SOCKET_ADDRESS_SIZE])
{
    if (!inet_ntop(s->v6 ? AF_INET6 : AF_INET, &s->address, ret_text, SOCKET_ADDRESS_SIZE))
        *ret_text = 0;
    return ret_text;
}
