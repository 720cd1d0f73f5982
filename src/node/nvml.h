/* NVIDIA's management library, opened at run time: no header of it is needed to build, none of it
 * to run. Every function but the first four may be missing, and every one may fail on a given card.
 * Signatures and numbers from NVIDIA's nvml.h (API reference, driver 580). */
#pragma once

#include "node/gpu.h"

enum { NVML_CARDS_MAX = 16, NVML_NAME_MAX = 96 };

struct nvml;

struct nvml_card {
    char name[NVML_NAME_MAX], uuid[NVML_NAME_MAX];
    uint64_t memory_total;
    double values[GPU_SERIES];
    bool lost; /* fell off the bus */
};

struct nvml_process {
    unsigned card;
    int pid;
    uint64_t memory;
};

/* What is known after a reading. */
struct nvml_state {
    char driver[NVML_NAME_MAX];
    unsigned n_cards;
    struct nvml_card cards[NVML_CARDS_MAX];
    struct nvml_process processes[GPU_PROCESSES_MAX];
    size_t n_processes;
};

/* Loads `library`, NULL = where drivers put it. -ENOENT: there is none. -ELIBBAD: it lacks what we
 * cannot do without. */
int nvml_open(const char *library, struct nvml **ret_n) MUST_CHECK;
void nvml_close(struct nvml *n);

/* Starts it and finds the cards; this and what follows may take long. -ENODEV: no driver or no
 * card; -EIO; `why` gets NVML's words. */
int nvml_start(struct nvml *n, struct nvml_state *s, char *why, size_t why_size) MUST_CHECK;

/* Reads all cards; what changes seldom is read each tenth round, processes each third. */
void nvml_read(struct nvml *n, struct nvml_state *s, unsigned round);
