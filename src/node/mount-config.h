/* How a mount point comes to be mounted by the machine's own word: a line of /etc/fstab, or a unit
 * of systemd's (which makes one of each line). Touches nothing that is mounted. */
#pragma once

#include "node/mounts.h"

struct mount_line {
    char *device, *point, *type;
    bool remote; /* over the network, or it may hang for another reason */
};

struct mount_lines {
    VEC(struct mount_line) v;
};

/* -ENOENT: there is no fstab. Lines without a mount point (swap) are left out. */
int fstab_read(const char *root, struct mount_lines *ret_l) MUST_CHECK;
void mount_lines_done(struct mount_lines *l);
const struct mount_line *mount_line_find(const struct mount_lines *l, const char *point);

/* Absolute, without "..", "//" or a slash at its end, and not "/". */
bool mount_point_is_valid(const char *point);
/* "mnt-my\x2dnas.mount", as systemd.unit(5) writes paths. mem_free(). */
char *mount_unit_name(const char *point);
/* Where the unit's file is, so that systemd knows how to mount it; NULL. mem_free(). */
char *mount_unit_file(const char *root, const char *point);

/* What is mounted below a mount point and would not come back with it: NULL, or one of them. Comes
 * back by itself: a part of the same server's tree that the kernel mounted when it was touched, and
 * an automount point of autofs(8)'s; but nothing that the machine mounts by a line or unit of its
 * own. Of mounts_parse_all()'s list. */
const struct mount *mount_lost_below(const char *root, const struct mount_list *l,
                                     const struct mount_lines *fstab, const char *point);
