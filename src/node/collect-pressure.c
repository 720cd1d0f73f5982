/* /proc/pressure (kernel, Documentation/accounting/psi.rst): how much of the time work waited. */
#include "node/collector.h"

#include <errno.h>

#define SOME(resource, window)                                                                     \
    {                                                                                              \
        "hydra_pressure_percent", SERIES_GAUGE,                                                    \
            "Share of the time in which some or all work waited for the resource.",                \
            "kind=\"some\",resource=\"" resource "\",window=\"" window "\""                        \
    }
#define FULL(resource, window)                                                                     \
    {                                                                                              \
        "hydra_pressure_percent", SERIES_GAUGE,                                                    \
            "Share of the time in which some or all work waited for the resource.",                \
            "kind=\"full\",resource=\"" resource "\",window=\"" window "\""                        \
    }
#define TOTAL(name, what)                                                                          \
    {                                                                                              \
        "node_pressure_" name "_seconds_total", SERIES_COUNTER,                                    \
            "Total time in seconds that " what ".", NULL                                           \
    }

enum { SERIES_OF_KIND = 3, RESOURCES = 3 };

/* avg10, avg60 and total of "some", then of "full". */
static const struct series_tmpl cpu_series[] = {
    SOME("cpu", "10s"),
    SOME("cpu", "60s"),
    TOTAL("cpu_waiting", "processes have waited for CPU time"),
};
static const struct series_tmpl memory_series[] = {
    SOME("memory", "10s"),
    SOME("memory", "60s"),
    TOTAL("memory_waiting", "processes have waited for memory"),
    FULL("memory", "10s"),
    FULL("memory", "60s"),
    TOTAL("memory_stalled", "no process could make progress due to memory congestion"),
};
static const struct series_tmpl io_series[] = {
    SOME("io", "10s"),
    SOME("io", "60s"),
    TOTAL("io_waiting", "processes have waited due to IO congestion"),
    FULL("io", "10s"),
    FULL("io", "60s"),
    TOTAL("io_stalled", "no process could make progress due to IO congestion"),
};

static const struct resource {
    const char *path;
    const struct series_tmpl *series;
    size_t n;
} resources[RESOURCES] = {
    {"/proc/pressure/cpu", cpu_series, COUNT_OF(cpu_series)},
    {"/proc/pressure/memory", memory_series, COUNT_OF(memory_series)},
    {"/proc/pressure/io", io_series, COUNT_OF(io_series)},
};

struct pressure {
    int fds[RESOURCES];
    uint32_t first[RESOURCES];
};

static int pressure_open(void *state, struct collect *c)
{
    struct pressure *p = state;
    int error = 0;
    for (size_t i = 0; i < RESOURCES; i++) {
        p->fds[i] = kfile_open(c->root, "%s", resources[i].path);
        if (p->fds[i] < 0)
            error = p->fds[i];
        else
            p->first[i] = series_add(c->series, resources[i].series, resources[i].n, "");
    }
    return error;
}

/* "some avg10=0.12 avg60=0.05 avg300=0.01 total=123456" */
static bool read_kind(struct scan *s, const char *kind, double *to)
{
    double avg300;
    uint64_t total_us;
    if (!scan_text(s, kind) || !scan_text(s, " avg10=") || !scan_decimal(s, &to[0]) ||
        !scan_text(s, " avg60=") || !scan_decimal(s, &to[1]) || !scan_text(s, " avg300=") ||
        !scan_decimal(s, &avg300) || !scan_text(s, " total=") || !scan_u64(s, &total_us))
        return false;
    to[2] = (double)total_us / 1e6;
    scan_next_line(s);
    return true;
}

static int read_resource(struct collect *c, int fd, const struct resource *r, double *to)
{
    struct scan s;
    int error = kfile_read(&c->buf, fd, &s);
    if (error < 0)
        return error == -EOPNOTSUPP ? -ENOENT : error; /* switched off at boot: psi=0 */
    if (!read_kind(&s, "some", to))
        return -EBADMSG;
    return r->n > SERIES_OF_KIND && !read_kind(&s, "full", to + SERIES_OF_KIND) ? -EBADMSG : 0;
}

static int pressure_read(void *state, struct collect *c)
{
    struct pressure *p = state;
    for (size_t i = 0; i < RESOURCES; i++) {
        int r = read_resource(c, p->fds[i], &resources[i], series_at(c->series, p->first[i]));
        if (r < 0)
            return r;
    }
    return 0;
}

static void pressure_close(void *state, struct collect *c)
{
    struct pressure *p = state;
    (void)c;
    for (size_t i = 0; i < RESOURCES; i++)
        kfile_close(&p->fds[i]);
}

extern const struct collector collector_pressure;
const struct collector collector_pressure = {
    "pressure", 1, sizeof(struct pressure), pressure_open, pressure_read, pressure_close};
