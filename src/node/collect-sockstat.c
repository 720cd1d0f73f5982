/* /proc/net/sockstat: sockets in use. */
#include "node/collector.h"

#include <errno.h>
#include <unistd.h>

#define SOCKSTAT(name)                                                                             \
    {                                                                                              \
        "node_sockstat_" name, SERIES_GAUGE, "Number of " name " sockets in state.", NULL          \
    }
static const struct series_tmpl sockstat_series[] = {
    SOCKSTAT("sockets_used"), SOCKSTAT("TCP_inuse"),     SOCKSTAT("TCP_orphan"), SOCKSTAT("TCP_tw"),
    SOCKSTAT("TCP_alloc"),    SOCKSTAT("TCP_mem_bytes"), SOCKSTAT("UDP_inuse"),
};
static const char *const tcp_keys[] = {" inuse ", " orphan ", " tw ", " alloc ", " mem "};
enum { USED_AT, TCP_AT, UDP_AT = TCP_AT + COUNT_OF(tcp_keys) };

struct sockstat {
    int fd;
    uint32_t first;
    double page;
};

static int sockstat_open(void *state, struct collect *c)
{
    struct sockstat *k = state;
    k->fd = kfile_open(c->root, "/proc/self/net/sockstat");
    if (k->fd < 0)
        return k->fd;
    k->first = series_add(c->series, sockstat_series, COUNT_OF(sockstat_series), "");
    k->page = (double)sysconf(_SC_PAGESIZE);
    return 0;
}

static bool read_tcp(struct scan *s, double *to, double page)
{
    uint64_t v = 0;
    for (size_t i = 0; i < COUNT_OF(tcp_keys); i++) {
        if (!scan_text(s, tcp_keys[i]) || !scan_u64(s, &v))
            return false;
        to[i] = (double)v;
    }
    to[COUNT_OF(tcp_keys) - 1] *= page;
    return true;
}

static int sockstat_read(void *state, struct collect *c)
{
    struct sockstat *k = state;
    struct scan s;
    uint64_t v;
    int r = kfile_read(&c->buf, k->fd, &s);
    if (r < 0)
        return r;
    double *to = series_at(c->series, k->first);
    if (!scan_text(&s, "sockets: used ") || !scan_u64(&s, &v))
        return -EBADMSG;
    to[USED_AT] = (double)v;
    while (scan_next_line(&s)) {
        if (scan_text(&s, "TCP:") && !read_tcp(&s, to + TCP_AT, k->page))
            return -EBADMSG;
        if (scan_text(&s, "UDP: inuse ") && scan_u64(&s, &v))
            to[UDP_AT] = (double)v;
    }
    return 0;
}

static void sockstat_close(void *state, struct collect *c)
{
    struct sockstat *k = state;
    (void)c;
    kfile_close(&k->fd);
}

extern const struct collector collector_sockstat;
const struct collector collector_sockstat = {
    "sockstat", 5, sizeof(struct sockstat), sockstat_open, sockstat_read, sockstat_close};
