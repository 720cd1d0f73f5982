/* /proc/loadavg. */
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
    return scan_decimal(&s, &to[0]) && scan_decimal(&s, &to[1]) && scan_decimal(&s, &to[2])
               ? 0
               : -EBADMSG;
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
