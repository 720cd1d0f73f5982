/* The mounted filesystems that people care about, from /proc/self/mountinfo (proc(5)).
 *
 * Left out: kernel interfaces, what belongs to containers, second mounts of the same device (bind
 * mounts, NixOS's read-only /nix/store), what another mount covers, and the files that a container
 * gets of its host's. */
#pragma once

#include "base/vec.h"
#include "node/scan.h"

struct mount {
    char *point, *device, *type;
    uint64_t id;     /* of the mount, in this namespace */
    uint64_t number; /* major << 32 | minor */
    bool remote;     /* touching it may hang: network, FUSE, or below such a one */
};

struct mount_list {
    VEC(struct mount) v;
};

void mounts_parse(struct mount_list *ret_list, struct scan text);
/* Nothing left out, in the order of the file. */
void mounts_parse_all(struct mount_list *ret_list, struct scan text);
/* Both of them, of what a process sees mounted (0 = this one); either may be NULL. -errno. */
int mounts_read(const char *root, int pid, struct mount_list *ret_known,
                struct mount_list *ret_all) MUST_CHECK;
/* May touching a file system of this type hang? */
bool mount_type_is_remote(const char *type);
bool mount_is_at_or_below(const char *point, const char *parent);
/* What is mounted there now: of several the last one; NULL. Of mounts_parse_all()'s list. */
const struct mount *mount_top(const struct mount_list *l, const char *point);
/* The same, but nothing where only an automount point waits to be touched. */
const struct mount *mount_there(const struct mount_list *l, const char *point);
void mounts_done(struct mount_list *l);
