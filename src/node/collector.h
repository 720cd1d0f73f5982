/* Collectors: each reads one family of metrics from /proc and /sys into series.
 *
 * One file and one entry in the table of collectors.c each. A collector keeps its files open,
 * parses in one pass and writes into series->values; it allocates only in open() and when something
 * comes or goes. It never judges, never blocks, never forks (collect-filesystem.c lets probe.h do
 * it). One that fails is closed, its series become NaN, and it is opened again after a pause that
 * doubles from 1 s to 60 s; one that is absent is looked for every 60 s. */
#pragma once

#include "node/kfile.h"
#include "node/owners.h"
#include "node/series.h"

struct loop;

/* As long as neither changes, no process has come or gone. Zeros = not known. */
struct census {
    uint64_t forks;    /* since boot, threads too (/proc/stat) */
    uint64_t tasks;    /* that exist, threads too (/proc/loadavg) */
    uint64_t last_pid; /* that was given out (the same) */
};

/* What collectors work with; one per node, outlives them. */
struct collect {
    struct series *series;
    const char *root;      /* prefix of /proc, /sys …; "" or a recorded tree */
    struct kbuf buf;       /* valid until the next kfile_read() */
    struct owners *owners; /* services, for their cgroups */
    struct loop *loop;     /* for probes; NULL = none can be made */
    const char *nvml_library;
    struct gpus *gpus;
    void (*on_processes)(void *arg, struct process_table *t); /* takes it; NULL = not wanted */
    void *arg;
    struct census census; /* of this tick */
    int64_t now_ms;       /* monotonic, of this tick */
    uint64_t tick;        /* counts from 0 */
    /* A collector's own sentence: why it failed, or with success what it could not read. Empty
     * before each call. */
    char why[256];
};

struct collector {
    const char *name; /* source "collector/NAME" */
    unsigned every;   /* ticks between two reads */
    size_t size;      /* of its state, which comes zeroed */

    /* 0; -ENOENT = this machine has none of it; else what failed. After an error close() is called
     * all the same. */
    int (*open)(void *state, struct collect *c);
    int (*read)(void *state, struct collect *c);
    void (*close)(void *state, struct collect *c);
};

/* Runs all collectors. `source` hears of each change of state. */
struct collectors;
typedef void collectors_source_fn(void *arg, const char *name, enum source_state state,
                                  const char *text, const char *hint);
struct collectors *collectors_new(struct collect *c, collectors_source_fn *source, void *arg);
void collectors_free(struct collectors *cs);
void collectors_tick(struct collectors *cs, int64_t now_ms);

/* The table of the house's own. */
const struct collector *const *collectors_house(size_t *ret_n);

/* Runs these instead of the house's own: for tests. The table must outlive `cs`. */
struct collectors *collectors_new_of(struct collect *c, const struct collector *const *table,
                                     size_t n, collectors_source_fn *source, void *arg);

/* Things that are listed in a file, one a line, and come and go: disks, interfaces. Each has a
 * group of series. As long as the file lists the same in the same order, a lookup is one compare.
 */
enum { DEVICE_NAME_MAX = 32 };
struct device {
    char name[DEVICE_NAME_MAX]; /* "" = it is gone and the place is free */
    unsigned char len;
    bool ignored;   /* seen before, and of no interest */
    unsigned round; /* last round it was seen in */
    uint32_t first; /* its series */
};
struct device_set {
    VEC(struct device) v;
    size_t next; /* where the next one is expected */
    unsigned round;
};

/* The device of that name; *ret_new tells that it was unknown until now: then the caller fills the
 * rest. NULL when the name is too long. Valid until the next call. */
struct device *device_seen(struct device_set *set, const char *name, size_t len, bool *ret_new);
void device_round(struct device_set *set); /* before the first of a pass */
/* After the last: those not seen are forgotten, their `n` series lost; gone(arg, d) may be NULL. */
void device_sweep(struct device_set *set, struct series *s, size_t n,
                  void (*gone)(void *arg, size_t index), void *arg);
