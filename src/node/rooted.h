/* Files below a root of one's own: "" is this machine, anything else a recorded tree whose symbolic
 * links, absolute ones too, stay inside it. Any thread. */
#pragma once

#include "base/str.h"

/* A descriptor, or -errno. O_CLOEXEC is added. */
int rooted_open(const char *root, const char *path, int flags) MUST_CHECK;
/* The first `max` bytes of a file, or -errno. */
int rooted_read(const char *root, const char *path, size_t max, struct str *ret_text) MUST_CHECK;
/* Where a path leads to in the end, seen from the root; NULL when it leads nowhere. mem_free(). */
char *rooted_real(const char *root, const char *path);
/* The names in a folder, sorted, without those that begin with a dot. -errno. */
int rooted_list(const char *root, const char *path, size_t max,
                struct str_list *ret_names) MUST_CHECK;
