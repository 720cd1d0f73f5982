/* A library with NVML's symbols and three cards: one tells all, one lacks much, one is lost. Built
 * twice: with FAKE_OLD it has only what a driver of ten years ago had.
 * FAKE_NVML_INIT: what nvmlInit_v2() returns. FAKE_NVML_HANG: milliseconds that a reading takes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long ull;
enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, LOST = 15 };
enum { FULL, POOR, GONE, CARDS };

#define EXPORT __attribute__((visibility("default")))
#define FAKE(name, ...)                                                                            \
    EXPORT int name(__VA_ARGS__);                                                                  \
    int name(__VA_ARGS__)

static uintptr_t card(void *device)
{
    return (uintptr_t)device - 1;
}

static int common(void *device)
{
    return card(device) == GONE ? LOST : SUCCESS;
}

FAKE(nvmlInit_v2, void)
{
    const char *result = getenv("FAKE_NVML_INIT");
    return result ? (int)strtol(result, NULL, 10) : SUCCESS;
}

FAKE(nvmlShutdown, void)
{
    return SUCCESS;
}

FAKE(nvmlDeviceGetCount_v2, unsigned *n)
{
    *n = CARDS;
    return SUCCESS;
}

FAKE(nvmlDeviceGetHandleByIndex_v2, unsigned i, void **device)
{
    *device = (void *)(uintptr_t)(i + 1);
    return SUCCESS;
}

EXPORT const char *nvmlErrorString(int result);
const char *nvmlErrorString(int result)
{
    return result == 18 ? "Driver/library version mismatch" : "Unknown Error";
}

FAKE(nvmlDeviceGetName, void *device, char *name, unsigned size)
{
    static const char *const names[] = {"NVIDIA GeForce RTX 5090", "NVIDIA GeForce RTX 4090",
                                        "Tesla K80"};
    strncpy(name, names[card(device)], size);
    return SUCCESS;
}

FAKE(nvmlDeviceGetUUID, void *device, char *uuid, unsigned size)
{
    strncpy(uuid, "GPU-0", size);
    uuid[4] = (char)('0' + card(device));
    return SUCCESS;
}

FAKE(nvmlDeviceGetUtilizationRates, void *device, unsigned *v)
{
    const char *hang = getenv("FAKE_NVML_HANG");
    if (hang)
        usleep((unsigned)strtol(hang, NULL, 10) * 1000);
    v[0] = 97;
    v[1] = 55;
    return common(device);
}

FAKE(nvmlDeviceGetMemoryInfo, void *device, ull *v)
{
    v[0] = 32607ull << 20;
    v[1] = 2607ull << 20;
    v[2] = 30000ull << 20;
    return common(device);
}

FAKE(nvmlDeviceGetTemperature, void *device, int sensor, unsigned *v)
{
    *v = 71;
    return sensor == 0 ? common(device) : INVALID;
}

struct process1 {
    unsigned pid;
    ull memory;
};

FAKE(nvmlDeviceGetComputeRunningProcesses, void *device, unsigned *n, struct process1 *p)
{
    p[0].pid = 777;
    p[0].memory = 28ull << 30;
    *n = 1;
    return common(device);
}

#ifndef FAKE_OLD
/* How a card answers to what only the first can. */
static int rich(void *device)
{
    return card(device) == FULL ? SUCCESS : card(device) == POOR ? NOT_SUPPORTED : LOST;
}

struct memory2 {
    unsigned version;
    ull total, reserved, free, used;
};

FAKE(nvmlDeviceGetMemoryInfo_v2, void *device, struct memory2 *m)
{
    if (m->version != (sizeof *m | 2u << 24))
        return INVALID;
    m->total = 32607ull << 20;
    m->reserved = 607ull << 20;
    m->free = 3000ull << 20;
    m->used = 29000ull << 20;
    return rich(device);
}

FAKE(nvmlSystemGetDriverVersion, char *text, unsigned size)
{
    strncpy(text, "580.105.08", size);
    return SUCCESS;
}

FAKE(nvmlDeviceGetPowerUsage, void *device, unsigned *v)
{
    *v = 431500;
    return common(device);
}

FAKE(nvmlDeviceGetPowerManagementLimit, void *device, unsigned *v)
{
    *v = 450000;
    return rich(device);
}

FAKE(nvmlDeviceGetTotalEnergyConsumption, void *device, ull *v)
{
    *v = 123456789;
    return rich(device);
}

FAKE(nvmlDeviceGetFanSpeed, void *device, unsigned *v)
{
    *v = 66;
    return rich(device);
}

FAKE(nvmlDeviceGetClockInfo, void *device, int type, unsigned *v)
{
    *v = type == 1 ? 2400 : 14000;
    return rich(device);
}

FAKE(nvmlDeviceGetCurrentClocksEventReasons, void *device, ull *v)
{
    *v = 0x4 | 0x20;
    return rich(device);
}

FAKE(nvmlDeviceGetTotalEccErrors, void *device, int type, int counter, ull *v)
{
    *v = type == 0 ? 5 : 1;
    return counter == 0 ? rich(device) : INVALID;
}

FAKE(nvmlDeviceGetCurrPcieLinkGeneration, void *device, unsigned *v)
{
    *v = 5;
    return rich(device);
}

FAKE(nvmlDeviceGetCurrPcieLinkWidth, void *device, unsigned *v)
{
    *v = 16;
    return rich(device);
}

struct field_value {
    unsigned field, scope;
    long long timestamp, latency;
    int type, result;
    ull value;
};

FAKE(nvmlDeviceGetFieldValues, void *device, int n, struct field_value *f)
{
    for (int i = 0; i < n; i++) {
        f[i].result = f[i].field == 82 ? rich(device) : INVALID;
        f[i].value = 84;
    }
    return common(device);
}

struct process3 {
    unsigned pid;
    ull memory;
    unsigned gpu_instance, compute_instance;
};

FAKE(nvmlDeviceGetComputeRunningProcesses_v3, void *device, unsigned *n, struct process3 *p)
{
    p[0] = (struct process3){.pid = 777, .memory = 28ull << 30};
    p[1] = (struct process3){.pid = 900, .memory = UINT64_MAX};
    *n = card(device) == FULL ? 2 : 1;
    return common(device);
}

FAKE(nvmlDeviceGetGraphicsRunningProcesses_v3, void *device, unsigned *n, struct process3 *p)
{
    p[0] = (struct process3){.pid = 777, .memory = 28ull << 30}; /* the same once more */
    *n = 1;
    return common(device);
}
#endif
