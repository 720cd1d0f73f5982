/* Intel graphics by sysfs: drivers i915 and xe. Neither tells how busy the card is without
 * privileges; the share of time outside its deepest idle state (RC6) comes near. Power is the
 * growth of the energy counter. */
#include "node/drm.h"

#include <errno.h>
#include <math.h>

/* The first that is there counts; %s is the card. */
static const char *const frequency_files[] = {
    "/sys/class/drm/%s/gt/gt0/rps_act_freq_mhz",
    "/sys/class/drm/%s/gt_act_freq_mhz",
    "/sys/class/drm/%s/device/tile0/gt0/freq0/act_freq",
};
static const char *const idle_files[] = {
    "/sys/class/drm/%s/gt/gt0/rc6_residency_ms",
    "/sys/class/drm/%s/power/rc6_residency_ms",
    "/sys/class/drm/%s/device/tile0/gt0/gtidle/idle_residency_ms",
};
static const char *const power_throttle_files[] = {
    "/sys/class/drm/%s/gt/gt0/throttle_reason_pl1",
    "/sys/class/drm/%s/device/tile0/gt0/freq0/throttle/reason_pl1",
};
static const char *const heat_throttle_files[] = {
    "/sys/class/drm/%s/gt/gt0/throttle_reason_thermal",
    "/sys/class/drm/%s/device/tile0/gt0/freq0/throttle/reason_thermal",
};
enum { THROTTLE_POWER = 0x4, THROTTLE_HEAT = 0x20 }; /* as NVML's */

enum intel_file { FREQUENCY, IDLE, POWER_THROTTLE, HEAT_THROTTLE, ENERGY, LIMIT, TEMP, FILES };

struct intel_card {
    int fds[FILES], status_fd;
    char id[8];
    uint32_t first;
    int64_t at_ms, idle_ms, energy_uj; /* of the last reading; at_ms 0 = none */
};

struct intel {
    struct intel_card cards[DRM_CARDS_MAX];
    size_t n;
};

static int open_first(const char *const *formats, size_t n, const struct drm_card *card,
                      const char *root)
{
    for (size_t i = 0; i < n; i++) {
        const char *hole = strstr(formats[i], "%s");
        int fd = kfile_open(root, "%.*s%s%s", (int)(hole - formats[i]), formats[i], card->name,
                            hole + 2);
        if (fd >= 0)
            return fd;
    }
    return -1;
}
#define OPEN_FIRST(list, card, root) open_first(list, COUNT_OF(list), card, root)

/* xe numbers the package's sensor 2. */
static int open_temperature(const struct drm_card *card, const char *root)
{
    int fd = kfile_open(root, "%s/temp1_input", card->hwmon);
    return fd >= 0 ? fd : kfile_open(root, "%s/temp2_input", card->hwmon);
}

static void open_files(struct intel_card *a, const struct drm_card *card, const char *root)
{
    a->fds[FREQUENCY] = OPEN_FIRST(frequency_files, card, root);
    a->fds[IDLE] = OPEN_FIRST(idle_files, card, root);
    a->fds[POWER_THROTTLE] = OPEN_FIRST(power_throttle_files, card, root);
    a->fds[HEAT_THROTTLE] = OPEN_FIRST(heat_throttle_files, card, root);
    a->fds[ENERGY] = kfile_open(root, "%s/energy1_input", card->hwmon);
    a->fds[LIMIT] = kfile_open(root, "%s/power1_max", card->hwmon);
    a->fds[TEMP] = open_temperature(card, root);
    a->status_fd = kfile_open(root, "/sys/class/drm/%s/device/power/runtime_status", card->name);
}

static void announce(struct intel_card *a, const struct drm_card *card, struct collect *c, size_t i)
{
    char model[160], uuid[64];
    drm_model(c->root, card, "Intel", model, sizeof model);
    drm_address(c->root, card, uuid, sizeof uuid);
    snprintf(a->id, sizeof a->id, "intel%u", (unsigned)i);
    struct gpu_facts f = {
        .id = a->id,
        .uuid = uuid,
        .name = model,
        .vendor = "Intel",
        .driver = (char *)card->driver,
    };
    a->first = gpu_series_add(c->series, &f);
    gpus_set(c->gpus, &f);
}

static int intel_open(void *state, struct collect *c)
{
    struct intel *a = state;
    struct drm_card cards[DRM_CARDS_MAX];
    a->n = drm_list(c->root, (const char *const[]){"i915", "xe"}, 2, cards);
    for (size_t i = 0; i < a->n; i++) {
        open_files(&a->cards[i], &cards[i], c->root);
        announce(&a->cards[i], &cards[i], c, i);
    }
    return a->n ? 0 : -ENOENT;
}

static bool get(const struct intel_card *a, enum intel_file which, int64_t *ret_v)
{
    return a->fds[which] >= 0 && kfile_i64(a->fds[which], ret_v) == 0;
}

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

static void read_rates(struct intel_card *a, double *to, int64_t now_ms)
{
    int64_t idle = 0, energy = 0, passed = now_ms - a->at_ms;
    bool has_idle = get(a, IDLE, &idle), has_energy = get(a, ENERGY, &energy);
    bool started = a->at_ms && passed > 0;
    if (started && has_idle)
        to[GPU_UTIL] = clamp(100.0 - 100.0 * (double)(idle - a->idle_ms) / (double)passed, 0, 100);
    if (started && has_energy && energy >= a->energy_uj)
        to[GPU_POWER] = (double)(energy - a->energy_uj) / 1000 / (double)passed;
    if (has_energy)
        to[GPU_ENERGY] = (double)energy / 1000;
    a->at_ms = now_ms;
    a->idle_ms = idle;
    a->energy_uj = energy;
}

static void read_throttle(const struct intel_card *a, double *to)
{
    int64_t power = 0, heat = 0;
    bool has_power = get(a, POWER_THROTTLE, &power), has_heat = get(a, HEAT_THROTTLE, &heat);
    if (has_power || has_heat)
        to[GPU_THROTTLE] = (power ? THROTTLE_POWER : 0) + (heat ? THROTTLE_HEAT : 0);
}

static void read_card(struct intel_card *a, double *to, int64_t now_ms)
{
    int64_t v;
    for (size_t i = 0; i < GPU_SERIES; i++)
        to[i] = (double)NAN;
    if (drm_is_asleep(a->status_fd)) {
        to[GPU_UTIL] = 0;
        a->at_ms = 0;
        return;
    }
    read_rates(a, to, now_ms);
    read_throttle(a, to);
    if (get(a, FREQUENCY, &v))
        to[GPU_SM_CLOCK] = (double)v;
    if (get(a, LIMIT, &v) && v > 0)
        to[GPU_POWER_LIMIT] = (double)v / 1e6;
    if (get(a, TEMP, &v))
        to[GPU_TEMP] = (double)v / 1000;
}

static int intel_read(void *state, struct collect *c)
{
    struct intel *a = state;
    for (size_t i = 0; i < a->n; i++)
        read_card(&a->cards[i], series_at(c->series, a->cards[i].first), c->now_ms);
    return 0;
}

static void intel_close(void *state, struct collect *c)
{
    struct intel *a = state;
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < FILES; k++)
            kfile_close(&a->cards[i].fds[k]);
        kfile_close(&a->cards[i].status_fd);
        gpus_remove(c->gpus, a->cards[i].id);
    }
}

extern const struct collector collector_intel;
const struct collector collector_intel = {"intelgpu", 1,          sizeof(struct intel),
                                          intel_open, intel_read, intel_close};
