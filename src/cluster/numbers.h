/* The numbers of one node: its series bound to things (cores, disks, GPUs …), the last two frames,
 * rates, and the window of the last 15 minutes. Pure; belongs to one node of the model.
 *
 * Names are node_exporter's and DCGM exporter's (numbers-bind.c). What is not known is NaN and
 * becomes null: a counter that went back, a gap between frames, a thing that is gone. */
#pragma once

#include "base/json.h"
#include "cluster/trend.h"
#include "node/report.h"

enum {
    WINDOW_POINTS = 900, /* 15 minutes at one a second */
    RATE_GAP_MS = 10 * 1000,
    LIMIT_COLUMNS = 1024,
    LIMIT_ENTITIES = 4096, /* of one kind */
};

/* What a series belongs to, by its key labels. */
enum entity_kind {
    ENTITY_MACHINE,
    ENTITY_CPU,
    ENTITY_FILESYSTEM,
    ENTITY_DISK,
    ENTITY_INTERFACE,
    ENTITY_SENSOR,
    ENTITY_GPU,
    ENTITY_SERVICE,
    ENTITY_KINDS,
};

enum machine_field {
    MACHINE_LOAD1,
    MACHINE_MEM_TOTAL,
    MACHINE_MEM_FREE,
    MACHINE_MEM_AVAILABLE,
    MACHINE_BUFFERS,
    MACHINE_CACHED,
    MACHINE_SHARED,
    MACHINE_SLAB,
    MACHINE_SRECLAIMABLE,
    MACHINE_SWAP_TOTAL,
    MACHINE_SWAP_FREE,
    MACHINE_DIRTY,
    MACHINE_PSI_CPU, /* waiting seconds; the next ones in the order of `pressure` below */
    MACHINE_PSI_MEM,
    MACHINE_PSI_MEM_FULL,
    MACHINE_PSI_IO,
    MACHINE_PSI_IO_FULL,
    MACHINE_PSI_AVG, /* 12 gauges: cpu, memory, io by some10, some60, full10, full60 */
    MACHINE_FIELDS = MACHINE_PSI_AVG + 12,
};
enum cpu_field {
    CPU_USER,
    CPU_NICE,
    CPU_SYSTEM,
    CPU_IRQ,
    CPU_SOFTIRQ,
    CPU_IOWAIT,
    CPU_STEAL,
    CPU_IDLE,
    CPU_FIELDS,
};
enum filesystem_field {
    FS_SIZE,
    FS_FREE,
    FS_AVAIL,
    FS_FILES,
    FS_FILES_FREE,
    FS_READONLY,
    FS_ERROR,
    FS_REMOTE,
    FS_STALLED,
};
enum disk_field {
    DISK_READ,
    DISK_WRITTEN,
    DISK_READS,
    DISK_WRITES,
    DISK_READ_TIME,
    DISK_WRITE_TIME,
    DISK_IO_TIME,
    DISK_SIZE,
    DISK_INFO,
};
enum interface_field {
    NET_RX,
    NET_TX,
    NET_RX_ERRORS,
    NET_TX_ERRORS,
    NET_RX_DROPS,
    NET_TX_DROPS,
    NET_UP,
    NET_SPEED,
    NET_MTU,
    NET_HALF,
    NET_VIRTUAL,
};
enum sensor_field { SENSOR_TEMP, SENSOR_CRITICAL, SENSOR_FAN, SENSOR_POWER, SENSOR_JOULES };
enum gpu_field {
    GPU_UTIL,
    GPU_MEM_USED,
    GPU_MEM_FREE,
    GPU_TEMP,
    GPU_POWER,
    GPU_POWER_LIMIT,
    GPU_FAN,
    GPU_CLOCK_SM,
    GPU_CLOCK_MEM,
    GPU_THROTTLE,
    GPU_ECC,
    GPU_PCIE_GEN,
    GPU_PCIE_WIDTH,
};
enum service_field { SERVICE_CPU, SERVICE_MEMORY };

enum { ENTITY_FIELDS = MACHINE_FIELDS };
struct entity {
    char *key;
    char *name;                 /* for people; of sensors: their label. May be NULL */
    uint32_t labels;            /* number + 1 of the series whose labels say most */
    uint32_t at[ENTITY_FIELDS]; /* number + 1 of the series; 0 = none */
    bool was_writable;          /* a filesystem that was seen so */
    uint32_t columns;           /* bit: that row of the column table was made */
};

struct column {
    char *name;
    const char *unit; /* "%", "B", "B/s", "°C", "W", "MHz", "" */
    int decimals;
    enum entity_kind kind;
    uint32_t entity, row;
    float *ring; /* WINDOW_POINTS, by numbers.head */
};

/* Shares of the time of all cores between the two frames, in percent; NaN when not known. */
struct cpu_split {
    double busy, user, system, iowait, steal;
};

struct numbers {
    VEC(struct series_def) defs;
    VEC(struct entity) entities[ENTITY_KINDS];
    VEC(struct column) columns;
    uint32_t schema; /* grows with each new column */
    struct frame *last, *before;
    struct frame *past; /* the latest of those that came late */
    bool filled;        /* since the last frame: readers of the window read it anew */
    struct cpu_split cpu;
    int64_t t[WINDOW_POINTS];
    unsigned head, n_points; /* head: where the next point goes */
    struct trend trend;
};

void numbers_done(struct numbers *m);
/* Takes the definitions (emptied, not freed). What is known already may come again: an agent that
 * lost its link tells its whole table. Out of order ones are ignored: -EINVAL. */
int numbers_announce(struct numbers *m, struct series_defs *defs) MUST_CHECK;
void numbers_feed(struct numbers *m, struct frame *f); /* ownership moves in */
/* The last frame before a restart: its values stand until a new one comes, the window and rates
 * know nothing of it. Ownership moves in. */
void numbers_recall(struct numbers *m, struct frame *f);
/* A frame of the past, told late: it fills a gap of the window, and nothing else changes. Those of
 * one gap come in order. Ownership moves in. */
void numbers_feed_past(struct numbers *m, struct frame *f);

/* NaN when the series or its value is not known. */
double numbers_value(const struct numbers *m, const struct entity *e, unsigned field);
double numbers_rate(const struct numbers *m, const struct entity *e, unsigned field); /* per s */
const struct entity *numbers_machine(const struct numbers *m); /* NULL when nothing is known */
/* Has any known value in the last frame: what is gone has none. */
bool numbers_is_live(const struct numbers *m, const struct entity *e);
/* A label of the entity's series; false when absent. */
bool numbers_label(const struct numbers *m, const struct entity *e, const char *name, char *ret,
                   size_t size);
bool series_label(const char *labels, const char *name, char *ret, size_t size);

/* --- columns.c --- */
void columns_make(struct numbers *m);                         /* for what was announced */
void columns_insert(struct numbers *m);                       /* the same, where its time belongs */
void columns_sample(struct numbers *m);                       /* the last frame into the window */
void columns_json(struct jw *w, const struct numbers *m);     /* `columns` */
void columns_json_now(struct jw *w, const struct numbers *m); /* `v` */
void columns_json_window(struct jw *w, const struct numbers *m); /* `t`, `columns`, `values` */

/* --- vitals.c --- */
struct vitals {
    int64_t t;
    double cpu, load1, mem_used, mem_total, swap_used, disk_used, disk_total, disk_available,
        disk_worst;
    const char *disk_worst_mount; /* borrowed; NULL = none */
    double net_rx, net_tx, temp, power, psi[3];
};
void vitals_read(const struct numbers *m, struct vitals *ret);
/* The members of Vitals, into an open object. */
void vitals_json(struct jw *w, const struct numbers *m);
/* A filesystem that people care for: real, and of a size. */
bool filesystem_counts(const struct numbers *m, const struct entity *e);
/* "k10temp": how the driver calls the chip of a sensor. */
bool sensor_chip_name(const struct numbers *m, const struct entity *e, char *ret, size_t size);
double gpu_memory_used(const struct numbers *m, const struct entity *e); /* bytes */
/* Rounded, at most 2 decimals; what is no number is null. */
void str_add_fixed(struct str *out, double v, int decimals);
void jw_decimal(struct jw *w, double v, int decimals);
void jw_key_fixed(struct jw *w, const char *key, double v, int decimals);
