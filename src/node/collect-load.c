/* /proc/loadavg: "0.20 0.18 0.12 1/80 11206", the loads, tasks running and existing, the last pid.
 */
#include "node/collector.h"

#include <errno.h>

static const struct series_tmpl load_series[] = {
    {"node_load1", SERIES_GAUGE, "1m load average.", NULL},
    {"node_load5", SERIES_GAUGE, "5m load average.", NULL},
    {"node_load15", SERIES_GAUGE, "15m load average.", NULL},
};

struct load {
    int fd;
    uint32_t first;
};

static int load_open(void *state, struct collect *c)
{
    struct load *l = state;
    l->fd = kfile_open(c->root, "/proc/loadavg");
    if (l->fd < 0)
        return l->fd;
    l->first = series_add(c->series, load_series, COUNT_OF(load_series), "");
    return 0;
}

static int load_read(void *state, struct collect *c)
{
    struct load *l = state;
    struct scan s;
    int r = kfile_read(&c->buf, l->fd, &s);
    if (r < 0)
        return r;
    double *to = series_at(c->series, l->first);
    if (!scan_decimal(&s, &to[0]) || !scan_decimal(&s, &to[1]) || !scan_decimal(&s, &to[2]))
        return -EBADMSG;
    uint64_t running;
    if (!scan_u64(&s, &running) || !scan_text(&s, "/") || !scan_u64(&s, &c->census.tasks))
        c->census.tasks = 0;
    if (!scan_u64(&s, &c->census.last_pid))
        c->census.last_pid = 0;
    return 0;
}

static void load_close(void *state, struct collect *c)
{
    struct load *l = state;
    (void)c;
    kfile_close(&l->fd);
}

extern const struct collector collector_load;
const struct collector collector_load = {"load",    1,         sizeof(struct load),
                                         load_open, load_read, load_close};
