/* adjtimex(2): is the clock kept in step? */
#include "node/collector.h"

#include <errno.h>
#include <stdio.h>
#include <sys/timex.h>

static const struct series_tmpl timex_series[] = {
    {"node_timex_sync_status", SERIES_GAUGE,
     "Is clock synchronized to a reliable server (1 = yes, 0 = no).", NULL},
    {"node_timex_offset_seconds", SERIES_GAUGE,
     "Time offset in between local system and reference clock.", NULL},
    {"node_timex_maxerror_seconds", SERIES_GAUGE, "Maximum error in seconds.", NULL},
    {"node_timex_estimated_error_seconds", SERIES_GAUGE, "Estimated error in seconds.", NULL},
};

struct clock_state {
    uint32_t first;
};

/* A recorded tree has no clock. */
static int timex_open(void *state, struct collect *c)
{
    struct clock_state *t = state;
    if (*c->root)
        return -ENOENT;
    t->first = series_add(c->series, timex_series, COUNT_OF(timex_series), "");
    return 0;
}

static int timex_read(void *state, struct collect *c)
{
    struct clock_state *t = state;
    struct timex x = {.modes = 0};
    int status = adjtimex(&x);
    if (status < 0 &&
        errno == EPERM) { /* only a sandbox forbids reading: systemd's ProtectClock= */
        snprintf(c->why, sizeof c->why, "hydrad's sandbox keeps it from the clock.");
        return -ENOENT;
    }
    if (status < 0)
        return -errno;
    double *to = series_at(c->series, t->first);
    to[0] = status != TIME_ERROR;
    to[1] = (double)x.offset / (x.status & STA_NANO ? 1e9 : 1e6);
    to[2] = (double)x.maxerror / 1e6;
    to[3] = (double)x.esterror / 1e6;
    return 0;
}

static void timex_close(void *state, struct collect *c)
{
    (void)state;
    (void)c;
}

extern const struct collector collector_timex;
const struct collector collector_timex = {"timex",    15,         sizeof(struct clock_state),
                                          timex_open, timex_read, timex_close};
