/* A node's summary numbers. */
#include "cluster/numbers.h"

#include <math.h>

static double gauge(const struct numbers *m, unsigned field)
{
    return numbers_value(m, numbers_machine(m), field);
}

bool filesystem_counts(const struct numbers *m, const struct entity *e)
{
    char type[32] = "";
    numbers_label(m, e, "fstype", type, sizeof type);
    static const char *const odd[] = {"tmpfs", "devtmpfs", "squashfs", "iso9660", "overlay",
                                      "ramfs", "efivarfs", "nsfs",     "autofs",  NULL};
    for (const char *const *p = odd; *p; p++)
        if (str_eq(type, *p))
            return false;
    return numbers_value(m, e, FS_SIZE) > 0;
}

static bool is_remote(const struct numbers *m, const struct entity *e)
{
    return numbers_value(m, e, FS_REMOTE) > 0;
}

/* The same device may be mounted at several places: each is counted once. */
static bool counted_before(const struct numbers *m, size_t at)
{
    char device[256] = "", other[256];
    const struct entity *v = m->entities[ENTITY_FILESYSTEM].v;
    if (!numbers_label(m, &v[at], "device", device, sizeof device))
        return false;
    for (size_t i = 0; i < at; i++)
        if (numbers_label(m, &v[i], "device", other, sizeof other) && str_eq(device, other) &&
            filesystem_counts(m, &v[i]))
            return true;
    return false;
}

static void read_filesystems(const struct numbers *m, struct vitals *v)
{
    for (size_t i = 0; i < m->entities[ENTITY_FILESYSTEM].n; i++) {
        const struct entity *e = &m->entities[ENTITY_FILESYSTEM].v[i];
        if (!filesystem_counts(m, e) || counted_before(m, i))
            continue;
        double size = numbers_value(m, e, FS_SIZE), free_bytes = numbers_value(m, e, FS_FREE);
        double used = size - free_bytes, percent = 100 * used / size;
        double avail = numbers_value(m, e, FS_AVAIL);
        if (!isnan(avail) && used + avail > 0)
            percent = 100 * used / (used + avail); /* as df says it */
        if (!is_remote(m, e)) {
            v->disk_used = isnan(v->disk_used) ? used : v->disk_used + used;
            v->disk_total = isnan(v->disk_total) ? size : v->disk_total + size;
            avail = isnan(avail) ? free_bytes : avail;
            v->disk_available = isnan(v->disk_available) ? avail : v->disk_available + avail;
        }
        if (!v->disk_worst_mount || percent > v->disk_worst) {
            v->disk_worst = percent;
            v->disk_worst_mount = e->key;
        }
    }
}

static void read_interfaces(const struct numbers *m, struct vitals *v)
{
    for (size_t i = 0; i < m->entities[ENTITY_INTERFACE].n; i++) {
        const struct entity *e = &m->entities[ENTITY_INTERFACE].v[i];
        double rx = numbers_rate(m, e, NET_RX), tx = numbers_rate(m, e, NET_TX);
        if (isnan(rx) || isnan(tx) || str_eq(e->key, "lo") || numbers_value(m, e, NET_VIRTUAL) > 0)
            continue;
        v->net_rx = (isnan(v->net_rx) ? 0 : v->net_rx) + rx;
        v->net_tx = (isnan(v->net_tx) ? 0 : v->net_tx) + tx;
    }
}

static bool sensor_chip(const struct numbers *m, const struct entity *e, char *ret, size_t size)
{
    ret[0] = '\0';
    return numbers_label(m, e, "chip", ret, size);
}

bool sensor_chip_name(const struct numbers *m, const struct entity *e, char *ret, size_t size)
{
    char chip[128];
    if (!sensor_chip(m, e, chip, sizeof chip))
        return false;
    size_t n = strlen(chip);
    for (size_t i = 0; i < m->entities[ENTITY_SENSOR].n; i++) {
        const struct entity *names = &m->entities[ENTITY_SENSOR].v[i];
        if (!strncmp(names->key, chip, n) && str_eq(names->key + n, "/"))
            return numbers_label(m, names, "chip_name", ret, size);
    }
    return false;
}

static bool is_cpu_sensor(const struct numbers *m, const struct entity *e)
{
    static const char *const chips[] = {"coretemp",     "k10temp", "zenpower", "cpu",
                                        "x86_pkg_temp", "soc",     NULL};
    char chip[128], name[64];
    sensor_chip(m, e, chip, sizeof chip);
    if (!sensor_chip_name(m, e, name, sizeof name))
        name[0] = '\0';
    for (const char *const *p = chips; *p; p++)
        if (strstr(chip, *p) || strstr(name, *p) || strstr(e->key, *p))
            return true;
    return false;
}

static void read_sensors(const struct numbers *m, struct vitals *v)
{
    for (size_t i = 0; i < m->entities[ENTITY_SENSOR].n; i++) {
        const struct entity *e = &m->entities[ENTITY_SENSOR].v[i];
        double temp = numbers_value(m, e, SENSOR_TEMP), watts = numbers_rate(m, e, SENSOR_JOULES);
        if (!isnan(temp) && is_cpu_sensor(m, e) && !(temp <= v->temp))
            v->temp = temp;
        if (!isnan(watts))
            v->power = (isnan(v->power) ? 0 : v->power) + watts;
    }
    for (size_t i = 0; i < m->entities[ENTITY_GPU].n; i++) {
        double watts = numbers_value(m, &m->entities[ENTITY_GPU].v[i], GPU_POWER);
        if (!isnan(watts))
            v->power = (isnan(v->power) ? 0 : v->power) + watts;
    }
}

static double pressure(const struct numbers *m, unsigned resource, unsigned counter)
{
    double avg = gauge(m, MACHINE_PSI_AVG + resource * 4);
    if (!isnan(avg))
        return avg;
    double share = numbers_rate(m, numbers_machine(m), counter) * 100;
    return share > 100 ? 100 : share;
}

void vitals_read(const struct numbers *m, struct vitals *ret)
{
    double none = (double)NAN;
    *ret = (struct vitals){.t = m->last ? m->last->time_ms : 0,
                           .cpu = m->cpu.busy,
                           .load1 = gauge(m, MACHINE_LOAD1),
                           .mem_total = gauge(m, MACHINE_MEM_TOTAL),
                           .disk_used = none,
                           .disk_total = none,
                           .disk_available = none,
                           .net_rx = none,
                           .net_tx = none,
                           .temp = none,
                           .power = none};
    ret->mem_used = ret->mem_total - gauge(m, MACHINE_MEM_AVAILABLE);
    ret->swap_used = gauge(m, MACHINE_SWAP_TOTAL) - gauge(m, MACHINE_SWAP_FREE);
    ret->psi[0] = pressure(m, 0, MACHINE_PSI_CPU);
    ret->psi[1] = pressure(m, 1, MACHINE_PSI_MEM);
    ret->psi[2] = pressure(m, 2, MACHINE_PSI_IO);
    read_filesystems(m, ret);
    read_interfaces(m, ret);
    read_sensors(m, ret);
}

void jw_decimal(struct jw *w, double v, int decimals)
{
    jw_raw(w, "", 0); /* the comma */
    str_add_fixed(w->out, v, decimals);
}

void jw_key_fixed(struct jw *w, const char *key, double v, int decimals)
{
    jw_key(w, key);
    jw_decimal(w, v, decimals);
}

double gpu_memory_used(const struct numbers *m, const struct entity *e)
{
    return numbers_value(m, e, GPU_MEM_USED) * 1048576; /* DCGM tells MiB */
}

static void gpus_json(struct jw *w, const struct numbers *m)
{
    jw_key(w, "gpus");
    jw_array(w);
    for (size_t i = 0; i < m->entities[ENTITY_GPU].n; i++) {
        const struct entity *e = &m->entities[ENTITY_GPU].v[i];
        jw_object(w);
        jw_key_str(w, "id", e->key);
        jw_key_fixed(w, "util", numbers_value(m, e, GPU_UTIL), 0);
        jw_key_fixed(w, "mem_used", gpu_memory_used(m, e), 0);
        jw_key_fixed(w, "temp", numbers_value(m, e, GPU_TEMP), 0);
        jw_key_fixed(w, "power", numbers_value(m, e, GPU_POWER), 1);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void worst_disk_json(struct jw *w, const struct vitals *v)
{
    jw_key(w, "disk_worst");
    if (!v->disk_worst_mount) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "mount", v->disk_worst_mount);
    jw_key_fixed(w, "percent", v->disk_worst, 1);
    jw_end_object(w);
}

void vitals_json(struct jw *w, const struct numbers *m)
{
    struct vitals v;
    vitals_read(m, &v);
    jw_key_int(w, "t", v.t);
    jw_key_fixed(w, "cpu", v.cpu, 1);
    jw_key_fixed(w, "load1", v.load1, 2);
    jw_key_fixed(w, "mem_used", v.mem_used, 0);
    jw_key_fixed(w, "mem_total", v.mem_total, 0);
    jw_key_fixed(w, "swap_used", v.swap_used, 0);
    jw_key_fixed(w, "disk_used", v.disk_used, 0);
    jw_key_fixed(w, "disk_total", v.disk_total, 0);
    jw_key_fixed(w, "disk_available", v.disk_available, 0);
    worst_disk_json(w, &v);
    jw_key_fixed(w, "net_rx", v.net_rx, 0);
    jw_key_fixed(w, "net_tx", v.net_tx, 0);
    jw_key_fixed(w, "temp", v.temp, 1);
    jw_key_fixed(w, "power", v.power, 1);
    jw_key_fixed(w, "psi_cpu", v.psi[0], 1);
    jw_key_fixed(w, "psi_mem", v.psi[1], 1);
    jw_key_fixed(w, "psi_io", v.psi[2], 1);
    gpus_json(w, m);
}
