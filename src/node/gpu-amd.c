/* AMD cards by sysfs (kernel, Documentation/gpu/amdgpu/driver-misc.rst, thermal.rst). */
#include "node/drm.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

/* Files of one number. */
static const struct amd_file {
    enum gpu_series at;
    bool in_hwmon;
    const char *name;
    double scale;
} files[] = {
    {GPU_UTIL, false, "gpu_busy_percent", 1},
    {GPU_MEM_UTIL, false, "mem_busy_percent", 1},
    {GPU_FB_TOTAL, false, "mem_info_vram_total", 1.0 / 1048576},
    {GPU_FB_USED, false, "mem_info_vram_used", 1.0 / 1048576},
    {GPU_TEMP, true, "temp1_input", 1e-3},
    {GPU_MEMORY_TEMP, true, "temp3_input", 1e-3},
    {GPU_POWER, true, "power1_input", 1e-6}, /* older cards and kernels have but one of the two */
    {GPU_POWER, true, "power1_average", 1e-6},
    {GPU_POWER_LIMIT, true, "power1_cap", 1e-6},
    {GPU_FAN, true, "pwm1", 100.0 / 255},
    {GPU_SM_CLOCK, true, "freq1_input", 1e-6},
    {GPU_MEM_CLOCK, true, "freq2_input", 1e-6},
    {GPU_PCIE_WIDTH, false, "current_link_width", 1},
};
enum { FILES = COUNT_OF(files) };

struct amd_card {
    int fds[FILES], speed_fd, status_fd;
    char id[8];
    uint32_t first;
};

struct amd {
    struct amd_card cards[DRM_CARDS_MAX];
    size_t n;
};

static void open_files(struct amd_card *a, const struct drm_card *card, const char *root)
{
    for (size_t i = 0; i < FILES; i++)
        a->fds[i] = files[i].in_hwmon ? kfile_open(root, "%s/%s", card->hwmon, files[i].name)
                                      : kfile_open(root, "/sys/class/drm/%s/device/%s", card->name,
                                                   files[i].name);
    a->speed_fd = kfile_open(root, "/sys/class/drm/%s/device/current_link_speed", card->name);
    a->status_fd = kfile_open(root, "/sys/class/drm/%s/device/power/runtime_status", card->name);
}

static void announce(struct amd_card *a, const struct drm_card *card, struct collect *c, size_t i)
{
    char model[160], uuid[64], driver[64] = "";
    int64_t vram = 0;
    drm_model(c->root, card, "AMD", model, sizeof model);
    if (kfile_text(uuid, sizeof uuid, c->root, "/sys/class/drm/%s/device/unique_id", card->name) <
            0 ||
        !*uuid)
        drm_address(c->root, card, uuid, sizeof uuid);
    if (kfile_text(driver, sizeof driver, c->root, "/sys/module/amdgpu/version") < 0)
        str_copy(driver, sizeof driver, card->driver);
    (void)!kfile_number(&vram, c->root, "/sys/class/drm/%s/device/mem_info_vram_total", card->name);
    snprintf(a->id, sizeof a->id, "amd%u", (unsigned)i);
    struct gpu_facts f = {
        .id = a->id,
        .uuid = uuid,
        .name = model,
        .vendor = "AMD",
        .driver = driver,
        .memory_total = (uint64_t)vram,
    };
    a->first = gpu_series_add(c->series, &f);
    gpus_set(c->gpus, &f);
}

static int amd_open(void *state, struct collect *c)
{
    struct amd *a = state;
    struct drm_card cards[DRM_CARDS_MAX];
    a->n = drm_list(c->root, (const char *const[]){"amdgpu"}, 1, cards);
    for (size_t i = 0; i < a->n; i++) {
        open_files(&a->cards[i], &cards[i], c->root);
        announce(&a->cards[i], &cards[i], c, i);
    }
    return a->n ? 0 : -ENOENT;
}

/* "16.0 GT/s PCIe": the generation by its speed. */
static double link_generation(int fd)
{
    static const double speeds[] = {2.5, 5, 8, 16, 32, 64};
    char text[32];
    double speed;
    ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return (double)NAN;
    text[n] = 0;
    struct scan s = {text, text + n};
    if (!scan_decimal(&s, &speed))
        return (double)NAN;
    for (size_t i = 0; i < COUNT_OF(speeds); i++)
        if (speed <= speeds[i])
            return (double)(i + 1);
    return (double)NAN;
}

static void read_card(const struct amd_card *a, double *to)
{
    for (size_t i = 0; i < GPU_SERIES; i++)
        to[i] = (double)NAN;
    if (drm_is_asleep(a->status_fd)) {
        to[GPU_UTIL] = 0;
        return;
    }
    for (size_t i = 0; i < FILES; i++) {
        int64_t v;
        if (a->fds[i] >= 0 && isnan(to[files[i].at]) && kfile_i64(a->fds[i], &v) == 0)
            to[files[i].at] = (double)v * files[i].scale;
    }
    to[GPU_FB_FREE] = to[GPU_FB_TOTAL] - to[GPU_FB_USED];
    to[GPU_PCIE_GEN] = link_generation(a->speed_fd);
}

static int amd_read(void *state, struct collect *c)
{
    struct amd *a = state;
    for (size_t i = 0; i < a->n; i++)
        read_card(&a->cards[i], series_at(c->series, a->cards[i].first));
    return 0;
}

static void amd_close(void *state, struct collect *c)
{
    struct amd *a = state;
    for (size_t i = 0; i < a->n; i++) {
        struct amd_card *card = &a->cards[i];
        for (size_t k = 0; k < FILES; k++)
            kfile_close(&card->fds[k]);
        kfile_close(&card->speed_fd);
        kfile_close(&card->status_fd);
        gpus_remove(c->gpus, card->id);
    }
}

extern const struct collector collector_amd;
const struct collector collector_amd = {"amdgpu", 1,        sizeof(struct amd),
                                        amd_open, amd_read, amd_close};
