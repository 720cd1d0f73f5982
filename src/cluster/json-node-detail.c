/* What the page of a node shows beside charts: filesystems, disks, interfaces, sensors, pressure,
 * memory, GPUs, processes. What is gone has no values any more and is left out. */
#include "cluster/model.h"

#include <math.h>

#define EACH(m, kind, e)                                                                           \
    for (size_t e##_i = 0; e##_i < (m)->entities[kind].n; e##_i++)                                 \
        for (const struct entity *e = &(m)->entities[kind].v[e##_i]; e; e = NULL)

static bool flag(const struct numbers *m, const struct entity *e, unsigned field)
{
    return numbers_value(m, e, field) > 0;
}

static void key_label(struct jw *w, const char *key, const struct numbers *m,
                      const struct entity *e, const char *label)
{
    char text[512];
    jw_key_str(w, key, numbers_label(m, e, label, text, sizeof text) && text[0] ? text : NULL);
}

static void filesystem_json(struct jw *w, const struct numbers *m, const struct entity *e)
{
    char device[256] = "", type[32] = "";
    double size = numbers_value(m, e, FS_SIZE), files = numbers_value(m, e, FS_FILES);
    numbers_label(m, e, "device", device, sizeof device);
    numbers_label(m, e, "fstype", type, sizeof type);
    jw_object(w);
    jw_key_str(w, "mount", e->key);
    jw_key_str(w, "device", device);
    jw_key_str(w, "type", type);
    jw_key_fixed(w, "size", size, 0);
    jw_key_fixed(w, "used", size - numbers_value(m, e, FS_FREE), 0);
    jw_key_fixed(w, "available", numbers_value(m, e, FS_AVAIL), 0);
    jw_key_fixed(w, "inodes_percent",
                 files > 0 ? 100 * (1 - numbers_value(m, e, FS_FILES_FREE) / files) : (double)NAN,
                 1);
    jw_key_bool(w, "readonly", flag(m, e, FS_READONLY));
    jw_key_bool(w, "stalled", flag(m, e, FS_STALLED));
    jw_key_bool(w, "remote", flag(m, e, FS_REMOTE));
    jw_end_object(w);
}

static void filesystems_json(struct jw *w, const struct numbers *m)
{
    jw_key(w, "filesystems");
    jw_array(w);
    EACH(m, ENTITY_FILESYSTEM, e)
    {
        if (filesystem_counts(m, e) || flag(m, e, FS_STALLED))
            filesystem_json(w, m, e);
    }
    jw_end_array(w);
}

/* Mean time of one operation between the two frames. */
static double disk_latency(const struct numbers *m, const struct entity *e)
{
    double ops = numbers_rate(m, e, DISK_READS) + numbers_rate(m, e, DISK_WRITES);
    double time = numbers_rate(m, e, DISK_READ_TIME) + numbers_rate(m, e, DISK_WRITE_TIME);
    return ops > 0 ? time / ops * 1000 : (double)NAN;
}

static void disk_json(struct jw *w, const struct numbers *m, const struct entity *e)
{
    char rotational[8];
    jw_object(w);
    jw_key_str(w, "name", e->key);
    key_label(w, "model", m, e, "model");
    jw_key_fixed(w, "size", numbers_value(m, e, DISK_SIZE), 0);
    jw_key(w, "rotational");
    if (numbers_label(m, e, "rotational", rotational, sizeof rotational))
        jw_bool(w, rotational[0] == '1');
    else
        jw_null(w);
    jw_key_fixed(w, "read", numbers_rate(m, e, DISK_READ), 0);
    jw_key_fixed(w, "write", numbers_rate(m, e, DISK_WRITTEN), 0);
    double busy = numbers_rate(m, e, DISK_IO_TIME) * 100;
    jw_key_fixed(w, "busy", busy > 100 ? 100 : busy, 1);
    jw_key_fixed(w, "latency_ms", disk_latency(m, e), 2);
    jw_end_object(w);
}

static void disks_json(struct jw *w, const struct numbers *m)
{
    jw_key(w, "disks");
    jw_array(w);
    EACH(m, ENTITY_DISK, e)
    {
        if (numbers_is_live(m, e) && !str_starts(e->key, "loop") && !str_starts(e->key, "ram"))
            disk_json(w, m, e);
    }
    jw_end_array(w);
}

static void interface_addresses(struct jw *w, const struct live_node *n, const char *name)
{
    size_t len = strlen(name);
    jw_key(w, "addresses");
    jw_array(w);
    for (size_t i = 0; n->facts && i < n->facts->addresses.n; i++) {
        const char *a = n->facts->addresses.v[i];
        if (!strncmp(a, name, len) && a[len] == ' ')
            jw_str(w, a + len + 1);
    }
    jw_end_array(w);
}

static double count(const struct numbers *m, const struct entity *e, unsigned field)
{
    double v = numbers_value(m, e, field);
    return isnan(v) ? 0 : v;
}

static void interface_json(struct jw *w, const struct live_node *n, const struct entity *e)
{
    const struct numbers *m = &n->numbers;
    double speed = numbers_value(m, e, NET_SPEED);
    jw_object(w);
    jw_key_str(w, "name", e->key);
    jw_key_bool(w, "up", flag(m, e, NET_UP));
    jw_key_fixed(w, "speed_mbit", speed > 0 ? speed * 8 / 1e6 : (double)NAN, 0);
    jw_key_fixed(w, "mtu", numbers_value(m, e, NET_MTU), 0);
    jw_key_bool(w, "half_duplex", flag(m, e, NET_HALF));
    jw_key_fixed(w, "rx", numbers_rate(m, e, NET_RX), 0);
    jw_key_fixed(w, "tx", numbers_rate(m, e, NET_TX), 0);
    jw_key_fixed(w, "rx_errors", count(m, e, NET_RX_ERRORS), 0);
    jw_key_fixed(w, "tx_errors", count(m, e, NET_TX_ERRORS), 0);
    jw_key_fixed(w, "drops", count(m, e, NET_RX_DROPS) + count(m, e, NET_TX_DROPS), 0);
    interface_addresses(w, n, e->key);
    jw_key_bool(w, "virtual", flag(m, e, NET_VIRTUAL) || str_eq(e->key, "lo"));
    jw_end_object(w);
}

static void interfaces_json(struct jw *w, const struct live_node *n)
{
    jw_key(w, "interfaces");
    jw_array(w);
    EACH(&n->numbers, ENTITY_INTERFACE, e)
    {
        if (numbers_is_live(&n->numbers, e))
            interface_json(w, n, e);
    }
    jw_end_array(w);
}

static void sensor_json(struct jw *w, const struct numbers *m, const struct entity *e,
                        const char *kind, double value)
{
    char chip[128];
    if (isnan(value))
        return;
    jw_object(w);
    bool named =
        sensor_chip_name(m, e, chip, sizeof chip) || numbers_label(m, e, "chip", chip, sizeof chip);
    jw_key_str(w, "chip", named ? chip : e->key);
    jw_key_str(w, "label", e->name ? e->name : e->key);
    jw_key_str(w, "kind", kind);
    bool temp = str_eq(kind, "temp");
    jw_key_fixed(w, "value", value, 1);
    jw_key_fixed(w, "celsius", temp ? value : (double)NAN, 1);
    jw_key_fixed(w, "critical", temp ? numbers_value(m, e, SENSOR_CRITICAL) : (double)NAN, 1);
    jw_end_object(w);
}

static void sensors_json(struct jw *w, const struct numbers *m)
{
    jw_key(w, "sensors");
    jw_array(w);
    EACH(m, ENTITY_SENSOR, e)
    {
        sensor_json(w, m, e, "temp", numbers_value(m, e, SENSOR_TEMP));
        sensor_json(w, m, e, "fan", numbers_value(m, e, SENSOR_FAN));
        sensor_json(w, m, e, "power", numbers_value(m, e, SENSOR_POWER));
        sensor_json(w, m, e, "power", numbers_rate(m, e, SENSOR_JOULES));
    }
    jw_end_array(w);
}

static void psi_json(struct jw *w, const char *key, const struct numbers *m, unsigned resource)
{
    static const char *const names[] = {"some10", "some60", "full10", "full60"};
    const struct entity *e = numbers_machine(m);
    unsigned first = MACHINE_PSI_AVG + resource * 4;
    jw_key(w, key);
    if (isnan(numbers_value(m, e, first)) || isnan(numbers_value(m, e, first + 1))) {
        jw_null(w);
        return;
    }
    jw_object(w);
    for (unsigned i = 0; i < COUNT_OF(names); i++)
        jw_key_fixed(w, names[i], numbers_value(m, e, first + i), 2);
    jw_end_object(w);
}

static void memory_json(struct jw *w, const struct numbers *m)
{
    static const struct {
        const char *name;
        unsigned field;
    } plain[] = {
        {"total", MACHINE_MEM_TOTAL},
        {"cache", MACHINE_CACHED},
        {"buffers", MACHINE_BUFFERS},
        {"free", MACHINE_MEM_FREE},
        {"available", MACHINE_MEM_AVAILABLE},
        {"shared", MACHINE_SHARED},
        {"slab", MACHINE_SLAB},
        {"swap_total", MACHINE_SWAP_TOTAL},
        {"dirty", MACHINE_DIRTY},
    };
    const struct entity *e = numbers_machine(m);
    jw_key(w, "memory");
    jw_object(w);
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        jw_key_fixed(w, plain[i].name, numbers_value(m, e, plain[i].field), 0);
    jw_key_fixed(
        w, "used",
        numbers_value(m, e, MACHINE_MEM_TOTAL) - numbers_value(m, e, MACHINE_MEM_AVAILABLE), 0);
    jw_key_fixed(w, "swap_used",
                 numbers_value(m, e, MACHINE_SWAP_TOTAL) - numbers_value(m, e, MACHINE_SWAP_FREE),
                 0);
    jw_end_object(w);
}

void json_node_detail_fields(struct jw *w, const struct live_node *n)
{
    filesystems_json(w, &n->numbers);
    disks_json(w, &n->numbers);
    interfaces_json(w, n);
    sensors_json(w, &n->numbers);
    jw_key(w, "pressure");
    jw_object(w);
    psi_json(w, "cpu", &n->numbers, 0);
    psi_json(w, "memory", &n->numbers, 1);
    psi_json(w, "io", &n->numbers, 2);
    jw_end_object(w);
    memory_json(w, &n->numbers);
    json_gpus(w, n);
}
