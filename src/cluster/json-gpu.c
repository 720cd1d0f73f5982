/* The GPUs of a node and its processes, as JSON. */
#include "cluster/model.h"

#include <math.h>

/* Bits of nvmlClocksThrottleReasons (nvml.h). */
static void throttle_json(struct jw *w, double bits)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } reasons[] = {
        {0x2, "clocks set by a person"}, {0x4, "power cap"},
        {0x8, "hardware slowdown"},      {0x10, "sync boost"},
        {0x20, "software thermal"},      {0x40, "hardware thermal"},
        {0x80, "hardware power brake"},  {0x100, "display clock"},
    };
    jw_key(w, "throttle");
    jw_array(w);
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (bits > 0 && (uint64_t)bits & reasons[i].bit)
            jw_str(w, reasons[i].name);
    jw_end_array(w);
}

static void gpu_processes_json(struct jw *w, const struct live_node *n, const char *gpu)
{
    jw_key(w, "processes");
    jw_array(w);
    for (size_t i = 0; n->processes && i < n->processes->gpu_rows.n; i++) {
        const struct gpu_process_row *r = &n->processes->gpu_rows.v[i];
        if (!str_eq(r->gpu, gpu))
            continue;
        jw_object(w);
        jw_key_int(w, "pid", r->pid);
        jw_key_str(w, "name", r->name);
        jw_key_uint(w, "memory", r->memory);
        jw_key_service(w, "service", n, r->service);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static const struct entity *gpu_entity(const struct numbers *m, const char *id)
{
    for (size_t i = 0; i < m->entities[ENTITY_GPU].n; i++)
        if (str_eq(m->entities[ENTITY_GPU].v[i].key, id))
            return &m->entities[ENTITY_GPU].v[i];
    return NULL;
}

static void gpu_numbers_json(struct jw *w, const struct numbers *m, const struct entity *e)
{
    static const struct {
        const char *name;
        unsigned field;
    } plain[] = {
        {"util", GPU_UTIL},
        {"temp", GPU_TEMP},
        {"power", GPU_POWER},
        {"power_limit", GPU_POWER_LIMIT},
        {"fan", GPU_FAN},
        {"clock_sm", GPU_CLOCK_SM},
        {"clock_mem", GPU_CLOCK_MEM},
        {"ecc_errors", GPU_ECC},
        {"pcie_gen", GPU_PCIE_GEN},
        {"pcie_width", GPU_PCIE_WIDTH},
    };
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        jw_key_fixed(w, plain[i].name, numbers_value(m, e, plain[i].field), 1);
    jw_key_fixed(w, "mem_used", e ? gpu_memory_used(m, e) : (double)NAN, 0);
    throttle_json(w, numbers_value(m, e, GPU_THROTTLE));
}

void json_gpus(struct jw *w, const struct live_node *n)
{
    jw_key(w, "gpus_detail");
    jw_array(w);
    for (size_t i = 0; n->facts && i < n->facts->gpus.n; i++) {
        const struct gpu_facts *g = &n->facts->gpus.v[i];
        jw_object(w);
        json_gpu(w, g);
        gpu_numbers_json(w, &n->numbers, gpu_entity(&n->numbers, g->id));
        gpu_processes_json(w, n, g->id);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void process_json(struct jw *w, const struct live_node *n, const struct process_row *r)
{
    char state[2] = {r->state, '\0'};
    char *command = mask_command(r->command);
    jw_object(w);
    jw_key_int(w, "pid", r->pid);
    jw_key_int(w, "parent", r->parent);
    jw_key_str(w, "user", r->user);
    jw_key_str(w, "name", r->name);
    jw_key_str(w, "command", command);
    jw_key_str(w, "state", state);
    jw_key_fixed(w, "cpu", (double)r->cpu_percent, 1);
    jw_key_uint(w, "memory", r->memory);
    jw_key(w, "gpu_memory");
    if (r->gpu_memory)
        jw_uint(w, r->gpu_memory);
    else
        jw_null(w);
    jw_key_uint(w, "threads", r->threads);
    jw_key_time(w, "started", r->started_ms);
    jw_key_uint(w, "start_ticks", r->start_ticks);
    jw_key_service(w, "service", n, r->service);
    jw_end_object(w);
    mem_free(command);
}

void json_processes(struct jw *w, const struct live_node *n)
{
    static const struct process_table none;
    const struct process_table *t = n->processes ? n->processes : &none;
    jw_object(w);
    jw_key_str(w, "id", n->id);
    jw_key_time(w, "time", t->time_ms);
    jw_key_uint(w, "total", t->total);
    jw_key_uint(w, "running", t->running);
    jw_key_uint(w, "threads", t->threads);
    jw_key(w, "rows");
    jw_array(w);
    for (size_t i = 0; i < t->rows.n; i++)
        process_json(w, n, &t->rows.v[i]);
    jw_end_array(w);
    jw_end_object(w);
}
