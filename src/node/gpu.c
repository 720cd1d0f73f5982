#include "node/gpu.h"

#define G(name, help)                                                                              \
    {                                                                                              \
        "DCGM_FI_DEV_" name, SERIES_GAUGE, help, NULL                                              \
    }
#define C(name, help)                                                                              \
    {                                                                                              \
        "DCGM_FI_DEV_" name, SERIES_COUNTER, help, NULL                                            \
    }
const struct series_tmpl gpu_series[GPU_SERIES] = {
    [GPU_UTIL] = G("GPU_UTIL", "GPU utilization (in %)."),
    [GPU_MEM_UTIL] = G("MEM_COPY_UTIL", "Memory utilization (in %)."),
    [GPU_FB_USED] = G("FB_USED", "Framebuffer memory used (in MiB)."),
    [GPU_FB_FREE] = G("FB_FREE", "Framebuffer memory free (in MiB)."),
    [GPU_FB_TOTAL] = G("FB_TOTAL", "Framebuffer memory total (in MiB)."),
    [GPU_TEMP] = G("GPU_TEMP", "GPU temperature (in C)."),
    [GPU_MEMORY_TEMP] = G("MEMORY_TEMP", "Memory temperature (in C)."),
    [GPU_POWER] = G("POWER_USAGE", "Power draw (in W)."),
    [GPU_POWER_LIMIT] = G("POWER_MGMT_LIMIT", "Current power limit (in W)."),
    [GPU_ENERGY] = C("TOTAL_ENERGY_CONSUMPTION", "Total energy consumption since boot (in mJ)."),
    [GPU_FAN] = G("FAN_SPEED", "Fan speed (in % of its maximum)."),
    [GPU_SM_CLOCK] = G("SM_CLOCK", "SM clock frequency (in MHz)."),
    [GPU_MEM_CLOCK] = G("MEM_CLOCK", "Memory clock frequency (in MHz)."),
    [GPU_THROTTLE] = G("CLOCK_THROTTLE_REASONS", "Current clock throttle reasons (bitmask)."),
    [GPU_ECC_SINGLE] = C("ECC_SBE_VOL_TOTAL", "Total number of single-bit volatile ECC errors."),
    [GPU_ECC_DOUBLE] = C("ECC_DBE_VOL_TOTAL", "Total number of double-bit volatile ECC errors."),
    [GPU_PCIE_GEN] = G("PCIE_LINK_GEN", "PCIe current link generation."),
    [GPU_PCIE_WIDTH] = G("PCIE_LINK_WIDTH", "PCIe current link width."),
};

/* nvml.h, nvmlClocksEventReasons: 1 (idle) and 2 (clocks set by the user) are no complaint. */
const struct gpu_throttle gpu_throttle_names[] = {
    {0x4, "power cap"},       {0x8, "hardware slowdown"},     {0x10, "sync boost"},
    {0x20, "temperature"},    {0x40, "hardware temperature"}, {0x80, "power brake"},
    {0x100, "display clock"},
};
const size_t gpu_n_throttle_names = COUNT_OF(gpu_throttle_names);

static void facts_clear(struct gpu_facts *f)
{
    mem_free(f->id);
    mem_free(f->uuid);
    mem_free(f->name);
    mem_free(f->vendor);
    mem_free(f->driver);
    *f = (struct gpu_facts){0};
}

static struct gpu_facts *find(const struct gpus *g, const char *id)
{
    for (size_t i = 0; i < g->facts.n; i++)
        if (str_eq(g->facts.v[i].id, id))
            return &g->facts.v[i];
    return NULL;
}

void gpus_set(struct gpus *g, const struct gpu_facts *facts)
{
    struct gpu_facts *f = find(g, facts->id);
    bool changed = !f;
    if (!f)
        f = vec_add(&g->facts);
    changed |= mem_set_str(&f->id, facts->id);
    changed |= mem_set_str(&f->uuid, facts->uuid);
    changed |= mem_set_str(&f->name, facts->name);
    changed |= mem_set_str(&f->vendor, facts->vendor);
    changed |= mem_set_str(&f->driver, facts->driver);
    changed |= f->memory_total != facts->memory_total;
    f->memory_total = facts->memory_total;
    g->generation += changed;
}

void gpus_remove(struct gpus *g, const char *id)
{
    struct gpu_facts *f = find(g, id);
    if (!f)
        return;
    g->n_processes = 0; /* they point to its id; the next reading brings the others back */
    facts_clear(f);
    vec_remove_at(&g->facts, (size_t)(f - g->facts.v));
    g->generation++;
}

void gpus_done(struct gpus *g)
{
    for (size_t i = 0; i < g->facts.n; i++)
        facts_clear(&g->facts.v[i]);
    vec_done(&g->facts);
}

uint32_t gpu_series_add(struct series *s, const struct gpu_facts *facts)
{
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "UUID", facts->uuid);
    label_add(&labels, "gpu", facts->id);
    label_add(&labels, "modelName", facts->name);
    return series_add(s, gpu_series, GPU_SERIES, labels.p);
}
