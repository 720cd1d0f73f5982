/* Folders of one's own. */
#pragma once

#include "base/err.h"

/* Makes `path` (0700) and what is missing above it, and sees that it can be written. `option` names
 * it ("--data"), `program` is whose it is. -EACCES … with what to do. Blocks. */
int folder_make_own(const char *path, const char *option, const char *program,
                    struct err *e) MUST_CHECK;
