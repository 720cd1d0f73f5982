/* Who holds files of a mount open, in any namespace of mounts: a container that has it bound, too.
 * From /proc alone, so that nothing is asked of the file system, which may hang. Blocks for a
 * moment. */
#pragma once

#include "base/str.h"
#include "node/mounts.h"

enum { LIMIT_MOUNT_USERS = 64 };

struct mount_user {
    int pid;
    char name[64];
    unsigned files; /* open, and its current folder */
};

struct mount_users {
    VEC(struct mount_user) v; /* by pid; the first LIMIT_MOUNT_USERS */
    size_t more;
};

/* Of `n` mounts, in one pass over the processes: ret_users[i] are those of mounts[i]; NULL has
 * none. -errno, and nothing to free. */
int mount_users_read(const char *root, const struct mount *const *mounts, size_t n,
                     struct mount_users *ret_users) MUST_CHECK;
void mount_users_done(struct mount_users *u);
/* "1234 plex: 3 files", a line for each. */
void mount_users_print(const struct mount_users *u, struct str *out);
