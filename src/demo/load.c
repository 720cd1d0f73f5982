/* What services use: processor, memory, memory of GPUs. Who does not run uses nothing. */
#include "demo/player-private.h"

#include <math.h>
#include <stdio.h>

enum { MIB = 1 << 20, GPU_IDLE_MIB = 420, GPU_IDLE_WATT = 22, GPU_IDLE_DEGREES = 36 };

/* How a GPU stands while somebody uses it, as recorded. */
struct gpu_load {
    double util, watt, degrees;
};

static char *series_of(const char *name, const char *label, const char *value)
{
    return mem_printf("%s{%s=\"%s\"}", name, label, value);
}

static bool uses(const struct played *s)
{
    return s->now->run == RUN_RUNNING || s->now->run == RUN_PAUSED;
}

/* Of all its processes. */
static double sum(const json_t *cast, const char *key)
{
    const json_t *children = json_object_get(cast, "children");
    double v = json_get_num(cast, key, 0);
    for (size_t i = 0; i < json_array_size(children); i++)
        v += json_get_num(json_array_get(children, i), key, 0);
    return v;
}

static double get(const struct player *p, const char *name, const char *gpu)
{
    AUTO(mem_freep) char *series = series_of(name, "gpu", gpu);
    return figures_get(p->figures, series);
}

static void set(struct player *p, const char *name, const char *gpu, double value)
{
    AUTO(mem_freep) char *series = series_of(name, "gpu", gpu);
    figures_set(p->figures, series, value);
}

static void define_gpus(struct player *p)
{
    for (size_t i = 0; p->facts && i < p->facts->gpus.n; i++) {
        const char *id = p->facts->gpus.v[i].id;
        struct gpu_load *g = mem_alloc(sizeof *g);
        g->util = get(p, "DCGM_FI_DEV_GPU_UTIL", id);
        g->watt = get(p, "DCGM_FI_DEV_POWER_USAGE", id);
        g->degrees = get(p, "DCGM_FI_DEV_GPU_TEMP", id);
        mem_free(map_set(&p->gpus, id, g));
    }
}

/* Recordings have two modes of a processor only. */
static void define_processors(struct player *p)
{
    static const struct {
        const char *mode;
        double rate;
    } modes[] = {{"system", 0.014}, {"iowait", 0.003}, {"softirq", 0.001}};
    unsigned n = p->facts ? p->facts->cpu_threads : 0;
    for (unsigned i = 0; i < n * COUNT_OF(modes); i++) {
        unsigned m = i % COUNT_OF(modes);
        AUTO(mem_freep)
        char *series = mem_printf("node_cpu_seconds_total{cpu=\"%u\",mode=\"%s\"}",
                                  i / (unsigned)COUNT_OF(modes), modes[m].mode);
        figures_add(p->figures, series, 100, modes[m].rate, 0.9);
    }
}

void load_define(struct player *p)
{
    define_processors(p);
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        if (!s->cast)
            continue;
        AUTO(mem_freep)
        char *cpu = series_of("hydra_service_cpu_seconds_total", "service", e->key);
        AUTO(mem_freep)
        char *memory = series_of("hydra_service_memory_bytes", "service", e->key);
        figures_add(p->figures, cpu, 1000, sum(s->cast, "cpu") / 100, 0.5);
        figures_add(p->figures, memory, sum(s->cast, "memory"), 0, 0.01);
    }
    define_gpus(p);
}

static void follow_gpu(struct player *p, const char *id, const struct gpu_load *g)
{
    double bytes = 0;
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        if (uses(s))
            bytes += json_get_num(json_object_get(s->cast, "gpu"), id, 0);
    }
    if (isnan(get(p, "DCGM_FI_DEV_FB_USED", id)))
        return;
    set(p, "DCGM_FI_DEV_FB_USED", id, bytes / MIB + GPU_IDLE_MIB);
    set(p, "DCGM_FI_DEV_GPU_UTIL", id, bytes > 0 ? g->util : 0);
    set(p, "DCGM_FI_DEV_POWER_USAGE", id, bytes > 0 ? g->watt : GPU_IDLE_WATT);
    set(p, "DCGM_FI_DEV_GPU_TEMP", id, bytes > 0 ? g->degrees : GPU_IDLE_DEGREES);
}

void load_follow(struct player *p)
{
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        bool on = uses(s);
        AUTO(mem_freep)
        char *cpu = series_of("hydra_service_cpu_seconds_total", "service", e->key);
        AUTO(mem_freep)
        char *memory = series_of("hydra_service_memory_bytes", "service", e->key);
        figures_set(p->figures, cpu, on ? sum(s->cast, "cpu") / 100 : 0);
        figures_set(p->figures, memory, on ? sum(s->cast, "memory") : 0);
    }
    MAP_FOREACH (&p->gpus, g)
        follow_gpu(p, g->key, g->value);
}

void load_done(struct player *p)
{
    map_done(&p->gpus, mem_free);
}
