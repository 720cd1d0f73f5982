/* Graphics cards in /sys/class/drm: what AMD's and Intel's collectors share. */
#pragma once

#include "node/collector.h"
#include "node/gpu.h"

enum { DRM_CARDS_MAX = 8 };

struct drm_card {
    char name[16];   /* "card0" */
    char driver[16]; /* "amdgpu", "i915", "xe" */
    char hwmon[64];  /* "/sys/class/drm/card0/device/hwmon/hwmon3", "" = none */
};

/* Cards of these drivers, in the order of their numbers; returns how many. */
size_t drm_list(const char *root, const char *const *drivers, size_t n_drivers,
                struct drm_card ret_cards[DRM_CARDS_MAX]);

/* What people call it: from the driver, else from pci.ids, else "VENDOR GPU 744c". */
void drm_model(const char *root, const struct drm_card *card, const char *vendor, char *ret_text,
               size_t size);

/* "domain:bus:device.function", the `UUID` of cards that have none. */
void drm_address(const char *root, const struct drm_card *card, char *ret_text, size_t size);

/* Asleep: reading its sensors would wake it. `fd`: of its power/runtime_status. */
bool drm_is_asleep(int fd);
