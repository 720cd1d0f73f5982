/* Temperatures, fans, power: /sys/class/hwmon, /sys/class/thermal (kernel,
 * Documentation/hwmon/sysfs-interface.rst). Chips of graphics cards are left to their collectors;
 * asking a disk (drivetemp) could wake it. Sensors that are slow to read are read seldom. */
#include "node/collector.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOW_US = 500,
    SLOW_EVERY = 15, /* reads */
    RESCAN_MS = 60000,
    NAME_MAX_CHIP = 96,
};

static const char *const other_chips[] = {"amdgpu",  "radeon", "i915",     "xe",
                                          "nouveau", "nvidia", "drivetemp"};

/* What is read of a sensor; the file is its name and the suffix. */
static const struct quantity {
    const char *prefix, *suffix;
    double scale;
    struct series_tmpl series;
} quantities[] = {
    {"temp",
     "_input",
     1e-3,
     {"node_hwmon_temp_celsius", SERIES_GAUGE, "Hardware monitor for temperature (input).", NULL}},
    {"fan",
     "_input",
     1,
     {"node_hwmon_fan_rpm", SERIES_GAUGE,
      "Hardware monitor for fan revolutions per minute (input).", NULL}},
    {"power",
     "_average",
     1e-6,
     {"node_hwmon_power_average_watt", SERIES_GAUGE, "Hardware monitor for power usage in watts.",
      NULL}},
    {"power",
     "_input",
     1e-6,
     {"node_hwmon_power_watt", SERIES_GAUGE, "Hardware monitor for power usage in watts (input).",
      NULL}},
};

static const struct series_tmpl critical_series[] = {
    {"node_hwmon_temp_crit_celsius", SERIES_GAUGE, "Hardware monitor for temperature (crit).",
     NULL},
};
static const struct series_tmpl max_series[] = {
    {"node_hwmon_temp_max_celsius", SERIES_GAUGE, "Hardware monitor for temperature (max).", NULL},
};
static const struct series_tmpl label_series[] = {
    {"node_hwmon_sensor_label", SERIES_GAUGE, "Label for given chip and sensor.", NULL},
};
static const struct series_tmpl chip_series[] = {
    {"node_hwmon_chip_names", SERIES_GAUGE, "Annotation metric for human-readable chip names.",
     NULL},
};
static const struct series_tmpl zone_series[] = {
    {"node_thermal_zone_temp", SERIES_GAUGE, "Zone temperature in Celsius.", NULL},
};

struct sensor {
    int fd;
    bool slow;
    double scale;
    uint32_t series;
};

struct hwmon {
    VEC(struct sensor) sensors;
    VEC(uint32_t) constants; /* series that stay as they are: labels, limits */
    unsigned n_chips;
    unsigned reads;
    int64_t rescan_ms;
};

struct looking {
    struct hwmon *h;
    struct collect *c;
    const char *dir;              /* "hwmon3" */
    char chip[NAME_MAX_CHIP];     /* as node_exporter calls it */
    char sensor[DEVICE_NAME_MAX]; /* "temp1" */
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void read_sensor(const struct sensor *s, struct series *series)
{
    int64_t v;
    *series_at(series, s->series) = kfile_i64(s->fd, &v) == 0 ? (double)v * s->scale : (double)NAN;
}

static void add_sensor(struct looking *l, int fd, double scale, const struct series_tmpl *t,
                       const char *labels)
{
    struct sensor *s = vec_add(&l->h->sensors);
    *s = (struct sensor){.fd = fd, .scale = scale};
    s->series = series_add(l->c->series, t, 1, labels);
    int64_t before = now_us();
    read_sensor(s, l->c->series);
    s->slow = now_us() - before > SLOW_US;
}

static void add_constant(struct looking *l, const struct series_tmpl *t, const char *labels,
                         double v)
{
    uint32_t number = series_add(l->c->series, t, 1, labels);
    *series_at(l->c->series, number) = v;
    *vec_add(&l->h->constants) = number;
}

static void add_limit(struct looking *l, const char *suffix, const struct series_tmpl *t,
                      const char *labels)
{
    int64_t milli;
    if (kfile_number(&milli, l->c->root, "/sys/class/hwmon/%s/%s%s", l->dir, l->sensor, suffix) ==
            0 &&
        milli > 0)
        add_constant(l, t, labels, (double)milli / 1000);
}

static void add_label(struct looking *l)
{
    char label[64];
    if (kfile_text(label, sizeof label, l->c->root, "/sys/class/hwmon/%s/%s_label", l->dir,
                   l->sensor) < 0 ||
        !*label)
        return;
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "chip", l->chip);
    label_add(&labels, "label", label);
    label_add(&labels, "sensor", l->sensor);
    add_constant(l, label_series, labels.p, 1);
}

static const struct quantity *quantity_of(const char *file)
{
    for (size_t i = 0; i < COUNT_OF(quantities); i++)
        if (str_starts(file, quantities[i].prefix) && str_ends(file, quantities[i].suffix))
            return &quantities[i];
    return NULL;
}

static void look_at_file(void *arg, const char *file)
{
    struct looking *l = arg;
    const struct quantity *q = quantity_of(file);
    int64_t v;
    if (!q)
        return;
    int fd = kfile_open(l->c->root, "/sys/class/hwmon/%s/%s", l->dir, file);
    if (fd < 0 || kfile_i64(fd, &v) < 0) { /* a socket without a sensor or fan */
        kfile_close(&fd);
        return;
    }
    size_t len = strlen(file) - strlen(q->suffix);
    snprintf(l->sensor, sizeof l->sensor, "%.*s", (int)len, file);
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "chip", l->chip);
    label_add(&labels, "sensor", l->sensor);
    add_sensor(l, fd, q->scale, &q->series, labels.p);
    add_label(l);
    if (q == &quantities[0]) {
        add_limit(l, "_crit", critical_series, labels.p);
        add_limit(l, "_max", max_series, labels.p);
    }
}

/* Lower case; what is no letter, digit, ':' or '_' becomes '_', none at the ends. */
static void add_clean(struct str *to, const char *p, size_t n)
{
    size_t start = to->len;
    for (size_t i = 0; i < n; i++) {
        char c = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] - 'A' + 'a') : p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_';
        if (plain ? c != '_' || to->len > start : to->len > start)
            str_add_char(to, plain ? c : '_');
    }
    while (to->len > start && to->p[to->len - 1] == '_')
        to->p[--to->len] = 0;
}

/* node_exporter's rule: the last two parts of the device's path, else the chip's own name. */
static void name_chip(struct looking *l, const char *own_name)
{
    char path[KFILE_PATH_MAX];
    AUTO(str_done) struct str name = {0};
    AUTO(mem_freep) char *link = mem_printf("%s/sys/class/hwmon/%s/device", l->c->root, l->dir);
    if (str_copy(path, sizeof path, link)) {
        AUTO(mem_freep) char *real = realpath(path, NULL);
        const char *dev = real ? strrchr(real, '/') : NULL;
        const char *bus = dev && dev > real ? memrchr(real, '/', (size_t)(dev - real)) : NULL;
        if (bus) {
            add_clean(&name, bus + 1, (size_t)(dev - bus) - 1);
            str_add_char(&name, '_');
            add_clean(&name, dev + 1, strlen(dev + 1));
        }
    }
    if (name.len == 0)
        add_clean(&name, own_name, strlen(own_name));
    str_copy(l->chip, sizeof l->chip, str_text(&name));
}

static void look_at_chip(void *arg, const char *dir)
{
    struct looking *l = arg;
    char name[64];
    l->h->n_chips++;
    if (kfile_text(name, sizeof name, l->c->root, "/sys/class/hwmon/%s/name", dir) < 0)
        return;
    for (size_t i = 0; i < COUNT_OF(other_chips); i++)
        if (str_eq(name, other_chips[i]))
            return;
    l->dir = dir;
    name_chip(l, name);
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "chip", l->chip);
    label_add(&labels, "chip_name", name);
    add_constant(l, chip_series, labels.p, 1);
    AUTO(mem_freep) char *path = mem_printf("/sys/class/hwmon/%s", dir);
    kfile_list(l->c->root, path, look_at_file, l);
}

static void look_at_zone(void *arg, const char *dir)
{
    struct looking *l = arg;
    char type[64];
    int64_t v;
    if (!str_starts(dir, "thermal_zone") ||
        kfile_text(type, sizeof type, l->c->root, "/sys/class/thermal/%s/type", dir) < 0)
        return;
    int fd = kfile_open(l->c->root, "/sys/class/thermal/%s/temp", dir);
    if (fd < 0 || kfile_i64(fd, &v) < 0) {
        kfile_close(&fd);
        return;
    }
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "type", type);
    label_add(&labels, "zone", dir + strlen("thermal_zone"));
    add_sensor(l, fd, 1e-3, zone_series, labels.p);
}

static void forget(struct hwmon *h, struct series *s)
{
    for (size_t i = 0; i < h->sensors.n; i++) {
        kfile_close(&h->sensors.v[i].fd);
        series_lose(s, h->sensors.v[i].series, 1);
    }
    for (size_t i = 0; i < h->constants.n; i++)
        series_lose(s, h->constants.v[i], 1);
    vec_done(&h->sensors);
    vec_done(&h->constants);
    h->n_chips = 0;
}

static void look_around(struct hwmon *h, struct collect *c)
{
    struct looking l = {.h = h, .c = c};
    forget(h, c->series);
    kfile_list(c->root, "/sys/class/hwmon", look_at_chip, &l);
    kfile_list(c->root, "/sys/class/thermal", look_at_zone, &l);
    h->rescan_ms = c->now_ms + RESCAN_MS;
}

static void count_chip(void *arg, const char *dir)
{
    (void)dir;
    ++*(unsigned *)arg;
}

/* Chips come with modules and docks; seldom enough for a look each minute. */
static bool has_changed(struct hwmon *h, struct collect *c)
{
    unsigned n = 0;
    if (c->now_ms < h->rescan_ms)
        return false;
    h->rescan_ms = c->now_ms + RESCAN_MS;
    kfile_list(c->root, "/sys/class/hwmon", count_chip, &n);
    return n != h->n_chips;
}

static int hwmon_open(void *state, struct collect *c)
{
    struct hwmon *h = state;
    look_around(h, c);
    return h->sensors.n ? 0 : -ENOENT;
}

static int hwmon_read(void *state, struct collect *c)
{
    struct hwmon *h = state;
    if (has_changed(h, c))
        look_around(h, c);
    bool slow_too = h->reads++ % SLOW_EVERY == 0;
    for (size_t i = 0; i < h->sensors.n; i++)
        if (slow_too || !h->sensors.v[i].slow)
            read_sensor(&h->sensors.v[i], c->series);
    return 0;
}

static void hwmon_close(void *state, struct collect *c)
{
    forget(state, c->series);
}

extern const struct collector collector_hwmon;
const struct collector collector_hwmon = {"hwmon",    2,          sizeof(struct hwmon),
                                          hwmon_open, hwmon_read, hwmon_close};
