#include "node/nvml.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

enum {
    NVML_SUCCESS = 0,
    NVML_DRIVER_NOT_LOADED = 9,
    NVML_INSUFFICIENT_SIZE = 7,
    NVML_LIBRARY_NOT_FOUND = 12,
    NVML_GPU_IS_LOST = 15,
    NVML_CLOCK_SM = 1,
    NVML_CLOCK_MEM = 2,
    NVML_FI_DEV_MEMORY_TEMP = 82,
    SELDOM_EVERY = 10,
    PROCESSES_EVERY = 3,
    PROCESSES_OF_CARD_MAX = 128,
};
static const double MIB = 1048576;

typedef void *device; /* nvmlDevice_t */
typedef unsigned long long ull;

struct utilization {
    unsigned gpu, memory;
};
struct memory1 {
    ull total, free, used;
};
struct memory2 {
    unsigned version;
    ull total, reserved, free, used;
};
struct process1 {
    unsigned pid;
    ull memory;
};
struct process3 {
    unsigned pid;
    ull memory;
    unsigned gpu_instance, compute_instance;
};
struct field_value {
    unsigned field, scope;
    long long timestamp, latency_us;
    int type, result;
    union {
        double d;
        unsigned ui;
        unsigned long ul;
        ull ull;
        long long ll;
    } value;
};
typedef int processes1_fn(device, unsigned *, struct process1 *);
typedef int processes3_fn(device, unsigned *, struct process3 *);

struct nvml {
    void *library;
    bool started;
    device devices[NVML_CARDS_MAX];

    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *);
    int (*handle)(unsigned, device *);
    const char *(*error_string)(int);
    int (*driver)(char *, unsigned);
    int (*name)(device, char *, unsigned);
    int (*uuid)(device, char *, unsigned);
    int (*utilization)(device, struct utilization *);
    int (*memory1)(device, struct memory1 *);
    int (*memory2)(device, struct memory2 *);
    int (*temperature)(device, int, unsigned *);
    int (*fields)(device, int, struct field_value *);
    int (*power)(device, unsigned *);
    int (*power_limit)(device, unsigned *);
    int (*energy)(device, ull *);
    int (*fan)(device, unsigned *);
    int (*clock)(device, int, unsigned *);
    int (*throttle)(device, ull *);
    int (*throttle_new)(device, ull *);
    int (*ecc)(device, int, int, ull *);
    int (*pcie_gen)(device, unsigned *);
    int (*pcie_width)(device, unsigned *);
    processes3_fn *compute3, *graphics3;
    processes1_fn *compute1, *graphics1;
};

static const struct symbol {
    const char *name;
    size_t at;
    bool needed;
} symbols[] = {
    {"nvmlInit_v2", offsetof(struct nvml, init), true},
    {"nvmlShutdown", offsetof(struct nvml, shutdown), true},
    {"nvmlDeviceGetCount_v2", offsetof(struct nvml, count), true},
    {"nvmlDeviceGetHandleByIndex_v2", offsetof(struct nvml, handle), true},
    {"nvmlErrorString", offsetof(struct nvml, error_string), false},
    {"nvmlSystemGetDriverVersion", offsetof(struct nvml, driver), false},
    {"nvmlDeviceGetName", offsetof(struct nvml, name), false},
    {"nvmlDeviceGetUUID", offsetof(struct nvml, uuid), false},
    {"nvmlDeviceGetUtilizationRates", offsetof(struct nvml, utilization), false},
    {"nvmlDeviceGetMemoryInfo", offsetof(struct nvml, memory1), false},
    {"nvmlDeviceGetMemoryInfo_v2", offsetof(struct nvml, memory2), false},
    {"nvmlDeviceGetTemperature", offsetof(struct nvml, temperature), false},
    {"nvmlDeviceGetFieldValues", offsetof(struct nvml, fields), false},
    {"nvmlDeviceGetPowerUsage", offsetof(struct nvml, power), false},
    {"nvmlDeviceGetPowerManagementLimit", offsetof(struct nvml, power_limit), false},
    {"nvmlDeviceGetTotalEnergyConsumption", offsetof(struct nvml, energy), false},
    {"nvmlDeviceGetFanSpeed", offsetof(struct nvml, fan), false},
    {"nvmlDeviceGetClockInfo", offsetof(struct nvml, clock), false},
    {"nvmlDeviceGetCurrentClocksThrottleReasons", offsetof(struct nvml, throttle), false},
    {"nvmlDeviceGetCurrentClocksEventReasons", offsetof(struct nvml, throttle_new), false},
    {"nvmlDeviceGetTotalEccErrors", offsetof(struct nvml, ecc), false},
    {"nvmlDeviceGetCurrPcieLinkGeneration", offsetof(struct nvml, pcie_gen), false},
    {"nvmlDeviceGetCurrPcieLinkWidth", offsetof(struct nvml, pcie_width), false},
    {"nvmlDeviceGetComputeRunningProcesses_v3", offsetof(struct nvml, compute3), false},
    {"nvmlDeviceGetGraphicsRunningProcesses_v3", offsetof(struct nvml, graphics3), false},
    {"nvmlDeviceGetComputeRunningProcesses", offsetof(struct nvml, compute1), false},
    {"nvmlDeviceGetGraphicsRunningProcesses", offsetof(struct nvml, graphics1), false},
};

static const char *const usual_places[] = {
    "libnvidia-ml.so.1", "/run/opengl-driver/lib/libnvidia-ml.so.1", /* NixOS */
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",                            /* Windows' Linux */
};

static bool find_symbols(struct nvml *n)
{
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        void *symbol = dlsym(n->library, symbols[i].name);
        if (!symbol && symbols[i].needed)
            return false;
        memcpy((char *)n + symbols[i].at, &symbol, sizeof symbol);
    }
    return true;
}

int nvml_open(const char *library, struct nvml **ret_n)
{
    struct nvml *n = mem_alloc(sizeof *n);
    if (library)
        n->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; !library && !n->library && i < COUNT_OF(usual_places); i++)
        n->library = dlopen(usual_places[i], RTLD_NOW | RTLD_LOCAL);
    int r = !n->library ? -ENOENT : !find_symbols(n) ? -ELIBBAD : 0;
    if (r < 0) {
        nvml_close(n);
        return r;
    }
    *ret_n = n;
    return 0;
}

void nvml_close(struct nvml *n)
{
    if (!n)
        return;
    if (n->started)
        n->shutdown();
    if (n->library)
        dlclose(n->library);
    mem_free(n);
}

static void say(const struct nvml *n, int result, char *why, size_t size)
{
    const char *text = n->error_string ? n->error_string(result) : NULL;
    if (text)
        snprintf(why, size, "NVML: %s.", text);
    else
        snprintf(why, size, "NVML: error %d.", result);
}

static uint64_t memory_total(const struct nvml *n, device d)
{
    struct memory1 m1;
    return n->memory1 && n->memory1(d, &m1) == NVML_SUCCESS ? m1.total : 0;
}

static void describe(const struct nvml *n, struct nvml_state *s, unsigned i)
{
    struct nvml_card *c = &s->cards[i];
    if (!n->name || n->name(n->devices[i], c->name, sizeof c->name) != NVML_SUCCESS)
        str_copy(c->name, sizeof c->name, "NVIDIA GPU");
    if (!n->uuid || n->uuid(n->devices[i], c->uuid, sizeof c->uuid) != NVML_SUCCESS)
        snprintf(c->uuid, sizeof c->uuid, "GPU-%u", i);
    c->memory_total = memory_total(n, n->devices[i]);
    for (size_t k = 0; k < GPU_SERIES; k++)
        c->values[k] = (double)NAN;
}

int nvml_start(struct nvml *n, struct nvml_state *s, char *why, size_t why_size)
{
    unsigned count = 0;
    int result = n->init();
    if (result == NVML_SUCCESS) {
        n->started = true;
        result = n->count(&count);
    }
    if (result != NVML_SUCCESS)
        say(n, result, why, why_size);
    if (result == NVML_DRIVER_NOT_LOADED || result == NVML_LIBRARY_NOT_FOUND)
        return -ENODEV;
    if (result != NVML_SUCCESS)
        return -EIO;
    *s = (struct nvml_state){.n_cards = count < NVML_CARDS_MAX ? count : NVML_CARDS_MAX};
    if (n->driver)
        n->driver(s->driver, sizeof s->driver);
    for (unsigned i = 0; i < s->n_cards; i++) {
        if (n->handle(i, &n->devices[i]) != NVML_SUCCESS)
            n->devices[i] = NULL;
        else
            describe(n, s, i);
        s->cards[i].lost = !n->devices[i];
    }
    return s->n_cards ? 0 : -ENODEV;
}

/* --- one card --- */

/* Calls `fn` when there is one; remembers that the card is lost. */
#define CALL(n, c, fn, ...) ((n)->fn && note((c), (n)->fn(__VA_ARGS__)) == NVML_SUCCESS)

static int note(struct nvml_card *c, int result)
{
    c->lost |= result == NVML_GPU_IS_LOST;
    return result;
}

static void read_load(const struct nvml *n, device d, struct nvml_card *c)
{
    struct utilization u;
    bool ok = CALL(n, c, utilization, d, &u);
    c->values[GPU_UTIL] = ok ? u.gpu : (double)NAN;
    c->values[GPU_MEM_UTIL] = ok ? u.memory : (double)NAN;
}

/* The second version tells what the driver reserves apart from what is used, as nvidia-smi does. */
static void read_memory(const struct nvml *n, device d, struct nvml_card *c)
{
    struct memory2 m = {.version = (unsigned)sizeof m | 2u << 24};
    struct memory1 old;
    bool ok = CALL(n, c, memory2, d, &m);
    if (!ok && CALL(n, c, memory1, d, &old)) {
        m = (struct memory2){.total = old.total, .free = old.free, .used = old.used};
        ok = true;
    }
    c->values[GPU_FB_USED] = ok ? (double)m.used / MIB : (double)NAN;
    c->values[GPU_FB_FREE] = ok ? (double)m.free / MIB : (double)NAN;
    c->values[GPU_FB_TOTAL] = ok ? (double)m.total / MIB : (double)NAN;
}

static void read_often(const struct nvml *n, device d, struct nvml_card *c)
{
    unsigned v;
    ull bits;
    read_load(n, d, c);
    read_memory(n, d, c);
    c->values[GPU_TEMP] = CALL(n, c, temperature, d, 0, &v) ? v : (double)NAN;
    c->values[GPU_POWER] = CALL(n, c, power, d, &v) ? v / 1000.0 : (double)NAN;
    c->values[GPU_SM_CLOCK] = CALL(n, c, clock, d, NVML_CLOCK_SM, &v) ? v : (double)NAN;
    c->values[GPU_MEM_CLOCK] = CALL(n, c, clock, d, NVML_CLOCK_MEM, &v) ? v : (double)NAN;
    c->values[GPU_FAN] = CALL(n, c, fan, d, &v) ? v : (double)NAN;
    bool ok = CALL(n, c, throttle_new, d, &bits) || CALL(n, c, throttle, d, &bits);
    c->values[GPU_THROTTLE] = ok ? (double)bits : (double)NAN;
}

static double memory_temperature(const struct nvml *n, device d, struct nvml_card *c)
{
    struct field_value f = {.field = NVML_FI_DEV_MEMORY_TEMP};
    if (!CALL(n, c, fields, d, 1, &f) || f.result != NVML_SUCCESS || f.value.ui == 0)
        return (double)NAN;
    return f.value.ui;
}

static void read_seldom(const struct nvml *n, device d, struct nvml_card *c)
{
    unsigned v;
    ull big;
    c->values[GPU_MEMORY_TEMP] = memory_temperature(n, d, c);
    c->values[GPU_POWER_LIMIT] = CALL(n, c, power_limit, d, &v) ? v / 1000.0 : (double)NAN;
    c->values[GPU_ENERGY] = CALL(n, c, energy, d, &big) ? (double)big : (double)NAN;
    c->values[GPU_ECC_SINGLE] = CALL(n, c, ecc, d, 0, 0, &big) ? (double)big : (double)NAN;
    c->values[GPU_ECC_DOUBLE] = CALL(n, c, ecc, d, 1, 0, &big) ? (double)big : (double)NAN;
    c->values[GPU_PCIE_GEN] = CALL(n, c, pcie_gen, d, &v) ? v : (double)NAN;
    c->values[GPU_PCIE_WIDTH] = CALL(n, c, pcie_width, d, &v) ? v : (double)NAN;
}

/* --- processes --- */

static void add_process(struct nvml_state *s, unsigned card, unsigned pid, ull memory)
{
    for (size_t i = 0; i < s->n_processes; i++) /* one that computes and draws is told twice */
        if (s->processes[i].card == card && s->processes[i].pid == (int)pid)
            return;
    if (s->n_processes < GPU_PROCESSES_MAX)
        s->processes[s->n_processes++] = (struct nvml_process){
            .card = card,
            .pid = (int)pid,
            .memory = memory == UINT64_MAX ? 0 : memory, /* not available */
        };
}

static void read_processes3(struct nvml_state *s, unsigned card, device d, processes3_fn *fn)
{
    struct process3 p[PROCESSES_OF_CARD_MAX];
    unsigned n = COUNT_OF(p);
    int result = fn ? fn(d, &n, p) : NVML_INSUFFICIENT_SIZE;
    for (unsigned i = 0; result == NVML_SUCCESS && i < n && i < COUNT_OF(p); i++)
        add_process(s, card, p[i].pid, p[i].memory);
}

static void read_processes1(struct nvml_state *s, unsigned card, device d, processes1_fn *fn)
{
    struct process1 p[PROCESSES_OF_CARD_MAX];
    unsigned n = COUNT_OF(p);
    int result = fn ? fn(d, &n, p) : NVML_INSUFFICIENT_SIZE;
    for (unsigned i = 0; result == NVML_SUCCESS && i < n && i < COUNT_OF(p); i++)
        add_process(s, card, p[i].pid, p[i].memory);
}

static void read_processes(const struct nvml *n, struct nvml_state *s)
{
    s->n_processes = 0;
    for (unsigned i = 0; i < s->n_cards; i++) {
        if (s->cards[i].lost)
            continue;
        if (n->compute3)
            read_processes3(s, i, n->devices[i], n->compute3);
        else
            read_processes1(s, i, n->devices[i], n->compute1);
        if (n->graphics3)
            read_processes3(s, i, n->devices[i], n->graphics3);
        else
            read_processes1(s, i, n->devices[i], n->graphics1);
    }
}

static void read_card(const struct nvml *n, device d, struct nvml_card *c, bool seldom_too)
{
    if (!c->lost)
        read_often(n, d, c);
    if (!c->lost && seldom_too)
        read_seldom(n, d, c);
    for (size_t k = 0; c->lost && k < GPU_SERIES; k++)
        c->values[k] = (double)NAN;
}

void nvml_read(struct nvml *n, struct nvml_state *s, unsigned round)
{
    for (unsigned i = 0; i < s->n_cards; i++)
        read_card(n, n->devices[i], &s->cards[i], round % SELDOM_EVERY == 0);
    if (round % PROCESSES_EVERY == 0)
        read_processes(n, s);
}
