/* How much each folder below a path takes up, as du(1) tells it: blocks on the disk, a file with
 * several names once, one filesystem. No link is followed and no mount is entered: a network share
 * that hangs is never touched. */
#pragma once

#include "base/json.h"

enum {
    LIMIT_FOLDERS = 200,          /* listed; the biggest */
    LIMIT_FOLDER_DEPTH = 200,     /* what lies deeper is not counted */
    LIMIT_FOLDER_LINKS = 1 << 20, /* files with several names that are told apart */
    FOLDERS_MS = 60000,           /* then it says what it has seen */
};

/* Writes an object (FolderUsage in api/openapi.yaml). `path` is absolute, below `root`. -EINVAL,
 * -ENOENT, -EACCES with what to do. Blocks. */
int folders_print(const char *root, const char *path, int64_t max_ms, struct jw *w,
                  struct err *e) MUST_CHECK;
