/* What the kernel gives out only so many of: open files, tracked connections. */
#include "node/collector.h"

#include <errno.h>

static const struct series_tmpl file_series[] = {
    {"node_filefd_allocated", SERIES_GAUGE, "File descriptor statistics: allocated.", NULL},
    {"node_filefd_maximum", SERIES_GAUGE, "File descriptor statistics: maximum.", NULL},
};
static const struct series_tmpl conntrack_series[] = {
    {"node_nf_conntrack_entries", SERIES_GAUGE,
     "Number of currently allocated flow entries for connection tracking.", NULL},
    {"node_nf_conntrack_entries_limit", SERIES_GAUGE, "Maximum size of connection tracking table.",
     NULL},
};

struct limits {
    int files_fd, entries_fd, limit_fd; /* conntrack's: -1 = not loaded */
    uint32_t files, conntrack;
};

static int limits_open(void *state, struct collect *c)
{
    struct limits *l = state;
    l->entries_fd = kfile_open(c->root, "/proc/sys/net/netfilter/nf_conntrack_count");
    l->limit_fd = kfile_open(c->root, "/proc/sys/net/netfilter/nf_conntrack_max");
    l->files_fd = kfile_open(c->root, "/proc/sys/fs/file-nr");
    if (l->files_fd < 0)
        return l->files_fd;
    l->files = series_add(c->series, file_series, COUNT_OF(file_series), "");
    if (l->entries_fd >= 0)
        l->conntrack = series_add(c->series, conntrack_series, COUNT_OF(conntrack_series), "");
    return 0;
}

/* "allocated free maximum" */
static int read_files(const struct limits *l, struct collect *c)
{
    uint64_t v[3];
    struct scan s;
    int r = kfile_read(&c->buf, l->files_fd, &s);
    if (r < 0)
        return r;
    if (scan_numbers(&s, v, 3) != 3)
        return -EBADMSG;
    double *to = series_at(c->series, l->files);
    to[0] = (double)v[0];
    to[1] = (double)v[2];
    return 0;
}

static void read_conntrack(const struct limits *l, struct collect *c)
{
    int64_t entries, limit;
    double *to = series_at(c->series, l->conntrack);
    if (kfile_i64(l->entries_fd, &entries) == 0)
        to[0] = (double)entries;
    if (kfile_i64(l->limit_fd, &limit) == 0)
        to[1] = (double)limit;
}

static int limits_read(void *state, struct collect *c)
{
    struct limits *l = state;
    if (l->entries_fd >= 0)
        read_conntrack(l, c);
    return read_files(l, c);
}

static void limits_close(void *state, struct collect *c)
{
    struct limits *l = state;
    (void)c;
    kfile_close(&l->files_fd);
    kfile_close(&l->entries_fd);
    kfile_close(&l->limit_fd);
}

extern const struct collector collector_limits;
const struct collector collector_limits = {"limits",    5,           sizeof(struct limits),
                                           limits_open, limits_read, limits_close};
