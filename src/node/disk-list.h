/* The disks of a machine and what is mounted from them, from /sys and mountinfo. Reads files, so
 * not on a loop; touches no disk. */
#pragma once

#include "base/str.h"
#include "base/vec.h"

enum { LIMIT_DISKS = 128 };

struct disk_mount {
    char *device, *point, *type; /* "sda1", or what lies on it: "dm-0", "md0" */
};

struct disk {
    char *name;                       /* "sda" */
    char *model, *serial, *transport; /* NULL = not told */
    uint64_t bytes;
    bool spins, is_virtual, removable, read_only;
    VEC(struct disk_mount) mounts;
};

struct disk_list {
    VEC(struct disk) v;
};

int disk_list_read(const char *root, struct disk_list *ret_l) MUST_CHECK; /* -errno */
void disk_list_done(struct disk_list *l);
