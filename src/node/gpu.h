/* The graphics cards of a node: what the collectors for NVIDIA, AMD and Intel share.
 *
 * All of them fill the same series, under DCGM exporter's names, units and labels. What a card or a
 * driver does not tell is NaN. */
#pragma once

#include "base/vec.h"
#include "node/report.h"
#include "node/series.h"

enum gpu_series {
    GPU_UTIL,        /* % */
    GPU_MEM_UTIL,    /* % of the time that memory was read or written */
    GPU_FB_USED,     /* MiB */
    GPU_FB_FREE,     /* MiB */
    GPU_FB_TOTAL,    /* MiB */
    GPU_TEMP,        /* °C */
    GPU_MEMORY_TEMP, /* °C */
    GPU_POWER,       /* W */
    GPU_POWER_LIMIT, /* W */
    GPU_ENERGY,      /* mJ since the driver was loaded */
    GPU_FAN,         /* % */
    GPU_SM_CLOCK,    /* MHz */
    GPU_MEM_CLOCK,   /* MHz */
    GPU_THROTTLE,    /* bits, see gpu_throttle_names */
    GPU_ECC_SINGLE,  /* corrected errors since the driver was loaded */
    GPU_ECC_DOUBLE,  /* the same, not corrected */
    GPU_PCIE_GEN,
    GPU_PCIE_WIDTH,
    GPU_SERIES,
};
extern const struct series_tmpl gpu_series[GPU_SERIES];

/* NVML's reasons why the clock is lower than it could be; the bit's value stands first. */
struct gpu_throttle {
    uint64_t bit;
    const char *name;
};
extern const struct gpu_throttle gpu_throttle_names[];
extern const size_t gpu_n_throttle_names;

enum { GPU_PROCESSES_MAX = 256 };
struct gpu_process {
    int pid;
    uint64_t memory; /* bytes */
    const char *gpu; /* id of its card; its collector's */
};

/* What is known of the cards beyond their series. */
struct gpus {
    VEC(struct gpu_facts) facts;
    unsigned generation; /* grows with each change of `facts` */
    struct gpu_process processes[GPU_PROCESSES_MAX];
    size_t n_processes;
};

/* Adds a card, or changes what is known of it; strings are copied. */
void gpus_set(struct gpus *g, const struct gpu_facts *facts);
void gpus_remove(struct gpus *g, const char *id);
void gpus_done(struct gpus *g);

/* Adds the series of a card. */
uint32_t gpu_series_add(struct series *s, const struct gpu_facts *facts);
