/* /proc/net/dev, and state and speed of each interface from /sys/class/net. The many halves of
 * virtual cables to containers and guests are left out. */
#include "node/collector.h"

#include <math.h>
#include <unistd.h>

enum {
    STATE_EVERY = 2,
    SPEED_EVERY = 30
}; /* ticks; asking for the speed takes a kernel-wide lock */

static const struct series_tmpl netdev_series[] = {
    {"node_network_receive_bytes_total", SERIES_COUNTER, "Network device statistic receive_bytes.",
     NULL},
    {"node_network_receive_packets_total", SERIES_COUNTER,
     "Network device statistic receive_packets.", NULL},
    {"node_network_receive_errs_total", SERIES_COUNTER, "Network device statistic receive_errs.",
     NULL},
    {"node_network_receive_drop_total", SERIES_COUNTER, "Network device statistic receive_drop.",
     NULL},
    {"node_network_transmit_bytes_total", SERIES_COUNTER,
     "Network device statistic transmit_bytes.", NULL},
    {"node_network_transmit_packets_total", SERIES_COUNTER,
     "Network device statistic transmit_packets.", NULL},
    {"node_network_transmit_errs_total", SERIES_COUNTER, "Network device statistic transmit_errs.",
     NULL},
    {"node_network_transmit_drop_total", SERIES_COUNTER, "Network device statistic transmit_drop.",
     NULL},
    {"node_network_up", SERIES_GAUGE, "Value is 1 if operstate is 'up' or 'unknown', 0 otherwise.",
     NULL},
    {"node_network_speed_bytes", SERIES_GAUGE, "Network device property: speed_bytes.", NULL},
    {"node_network_mtu_bytes", SERIES_GAUGE, "Network device property: mtu_bytes.", NULL},
    {"hydra_network_half_duplex", SERIES_GAUGE,
     "Value is 1 if the cable carries one direction at a time.", NULL},
    {"hydra_network_virtual", SERIES_GAUGE, "Value is 1 if no hardware stands behind the device.",
     NULL},
};
enum {
    SERIES_OF_NETDEV = COUNT_OF(netdev_series),
    COLUMNS = 16, /* receive: bytes packets errs drop …; transmit: the same from SENT on */
    SENT = COLUMNS / 2,
    DIRECTION_COLUMNS = 4,
    UP_AT = 8,
    SPEED_AT,
    MTU_AT,
    HALF_AT,
    VIRTUAL_AT,
};

static const char *const left_out[] = {"veth", "cali", "lxc", "vnet", "fwbr", "fwpr", "fwln"};

struct netdev {
    int fd;
    struct device_set devices;
    VEC(int) state_fds; /* of each device, by its place in `devices`; -1 = none */
    unsigned reads;
};

static bool is_left_out(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(left_out); i++)
        if (str_starts(name, left_out[i]))
            return true;
    return false;
}

static void add_device(struct netdev *n, struct collect *c, struct device *d)
{
    d->ignored = is_left_out(d->name);
    if (d->ignored)
        return;
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "device", d->name);
    d->first = series_add(c->series, netdev_series, SERIES_OF_NETDEV, labels.p);
    series_at(c->series, d->first)[VIRTUAL_AT] =
        !kfile_exists(c->root, "/sys/class/net/%s/device", d->name);
    size_t at = (size_t)(d - n->devices.v.v);
    while (n->state_fds.n <= at)
        *vec_add(&n->state_fds) = -1;
    n->state_fds.v[at] = kfile_open(c->root, "/sys/class/net/%s/operstate", d->name);
}

static void read_device(struct netdev *n, struct collect *c, struct scan *s)
{
    uint64_t v[COLUMNS];
    const char *name;
    bool is_new;
    size_t len = scan_word(s, ':', &name);
    if (*s->p != ':')
        return;
    s->p++;
    struct device *d = device_seen(&n->devices, name, len, &is_new);
    if (d && is_new)
        add_device(n, c, d);
    if (!d || d->ignored || scan_numbers(s, v, COLUMNS) != COLUMNS)
        return;
    double *to = series_at(c->series, d->first);
    for (unsigned i = 0; i < DIRECTION_COLUMNS; i++) {
        to[i] = (double)v[i];
        to[i + DIRECTION_COLUMNS] = (double)v[i + SENT];
    }
}

static double read_up(int fd)
{
    char text[16];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return (double)NAN;
    text[n] = 0;
    return str_starts(text, "up") || str_starts(text, "unknown");
}

static void read_states(struct netdev *n, struct collect *c)
{
    for (size_t i = 0; i < n->state_fds.n; i++)
        if (n->state_fds.v[i] >= 0)
            series_at(c->series, n->devices.v.v[i].first)[UP_AT] = read_up(n->state_fds.v[i]);
}

/* NaN: no cable, or it does not tell. */
static double read_half(struct collect *c, const char *name)
{
    char text[16];
    int n = kfile_text(text, sizeof text, c->root, "/sys/class/net/%s/duplex", name);
    return n < 0 || str_eq(text, "unknown") ? (double)NAN : str_eq(text, "half");
}

static double read_mtu(struct collect *c, const char *name)
{
    int64_t bytes;
    bool known = kfile_number(&bytes, c->root, "/sys/class/net/%s/mtu", name) == 0;
    return known ? (double)bytes : (double)NAN;
}

/* Megabits a second; unknown for what has no cable. */
static void read_speeds(struct netdev *n, struct collect *c)
{
    for (size_t i = 0; i < n->devices.v.n; i++) {
        const struct device *d = &n->devices.v.v[i];
        int64_t mbit;
        if (d->len == 0 || d->ignored)
            continue;
        bool known =
            kfile_number(&mbit, c->root, "/sys/class/net/%s/speed", d->name) == 0 && mbit > 0;
        series_at(c->series, d->first)[SPEED_AT] = known ? (double)mbit * 1e6 / 8 : (double)NAN;
        series_at(c->series, d->first)[MTU_AT] = read_mtu(c, d->name);
        series_at(c->series, d->first)[HALF_AT] = read_half(c, d->name);
    }
}

static void device_gone(void *arg, size_t at)
{
    struct netdev *n = arg;
    if (at < n->state_fds.n)
        kfile_close(&n->state_fds.v[at]);
}

static int netdev_open(void *state, struct collect *c)
{
    struct netdev *n = state;
    n->fd = kfile_open(c->root, "/proc/self/net/dev");
    return n->fd < 0 ? n->fd : 0;
}

static int netdev_read(void *state, struct collect *c)
{
    struct netdev *n = state;
    struct scan s;
    int r = kfile_read(&c->buf, n->fd, &s);
    if (r < 0)
        return r;
    device_round(&n->devices);
    for (; s.p < s.end; scan_next_line(&s))
        read_device(n, c, &s);
    device_sweep(&n->devices, c->series, SERIES_OF_NETDEV, device_gone, n);
    if (n->reads % STATE_EVERY == 0)
        read_states(n, c);
    if (n->reads++ % SPEED_EVERY == 0)
        read_speeds(n, c);
    return 0;
}

static void netdev_close(void *state, struct collect *c)
{
    struct netdev *n = state;
    (void)c;
    kfile_close(&n->fd);
    for (size_t i = 0; i < n->state_fds.n; i++)
        kfile_close(&n->state_fds.v[i]);
    vec_done(&n->state_fds);
    vec_done(&n->devices.v);
}

extern const struct collector collector_netdev;
const struct collector collector_netdev = {"netdev",    1,           sizeof(struct netdev),
                                           netdev_open, netdev_read, netdev_close};
