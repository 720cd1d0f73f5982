/* Is the clock kept in step? adjtimex(2) tells; where a sandbox forbids even reading (systemd's
 * ProtectClock=, as in hydrad's own unit), the file that systemd-timesyncd touches each time. */
#include "node/collector.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/timex.h>

static const struct series_tmpl timex_series[] = {
    {"node_timex_sync_status", SERIES_GAUGE,
     "Is clock synchronized to a reliable server (1 = yes, 0 = no).", NULL},
    {"node_timex_offset_seconds", SERIES_GAUGE,
     "Time offset in between local system and reference clock.", NULL},
    {"node_timex_maxerror_seconds", SERIES_GAUGE, "Maximum error in seconds.", NULL},
    {"node_timex_estimated_error_seconds", SERIES_GAUGE, "Estimated error in seconds.", NULL},
};

enum { SYNC_STATUS, OFFSET, MAXERROR, ESTIMATED_ERROR };

/* timesyncd asks its servers every 34 minutes at the least (PollIntervalMaxSec=). */
static const int64_t touched_max_ms = 3ll * 2048 * 1000;

struct clock_state {
    uint32_t first;
};

static int timex_open(void *state, struct collect *c)
{
    struct clock_state *t = state;
    t->first = series_add(c->series, timex_series, COUNT_OF(timex_series), "");
    return 0;
}

static int read_file(const struct clock_state *t, struct collect *c)
{
    char path[KFILE_PATH_MAX];
    struct stat st;
    if (!kfile_exists(c->root, "/run/systemd/timesync")) {
        if (!*c->root)
            snprintf(
                c->why, sizeof c->why,
                "hydrad's sandbox keeps it from the clock, and systemd-timesyncd does not run. "
                "To allow it: systemctl edit hydrad, [Service] ProtectClock=no "
                "SystemCallFilter=clock_adjtime");
        return -ENOENT;
    }
    snprintf(path, sizeof path, "%s/run/systemd/timesync/synchronized", c->root);
    bool lately = stat(path, &st) == 0 &&
                  clock_wall_ms() - (int64_t)st.st_mtim.tv_sec * 1000 < touched_max_ms;
    series_at(c->series, t->first)[SYNC_STATUS] = lately;
    return 0;
}

/* A recorded tree has no clock. */
static int timex_read(void *state, struct collect *c)
{
    struct clock_state *t = state;
    struct timex x = {.modes = 0};
    int status = *c->root ? -1 : adjtimex(&x);
    if (*c->root || (status < 0 && errno == EPERM))
        return read_file(t, c);
    if (status < 0)
        return -errno;
    double *to = series_at(c->series, t->first);
    to[SYNC_STATUS] = status != TIME_ERROR;
    to[OFFSET] = (double)x.offset / (x.status & STA_NANO ? 1e9 : 1e6);
    to[MAXERROR] = (double)x.maxerror / 1e6;
    to[ESTIMATED_ERROR] = (double)x.esterror / 1e6;
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
