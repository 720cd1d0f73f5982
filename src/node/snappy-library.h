/* Snappy's compression, found with dlopen(): only who pushes logs to Loki pays for it. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* Is the library there? -ENOPKG with what to install. Any thread. */
int snappy_library_check(struct err *e) MUST_CHECK;
/* Appends `n` bytes in snappy's block format. -ENOPKG. Any thread. */
int snappy_library_compress(const void *bytes, size_t n, struct err *e, struct str *out) MUST_CHECK;
