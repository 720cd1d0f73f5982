/* Zstandard's decompression, found with dlopen(): libsystemd brings it along where journals are
 * compressed with it. */
#pragma once

#include "base/err.h"

/* Is the library there? -ENOPKG with what to install. Any thread. */
int zstd_library_check(struct err *e) MUST_CHECK;

struct zstd;                 /* what one thread decompresses with */
struct zstd *zstd_new(void); /* NULL: the library is not there */
void zstd_free(struct zstd *z);
/* The first `size` bytes, or all, of what `bytes` were: how many. -EBADMSG. */
int zstd_begin(struct zstd *z, const void *bytes, size_t n, void *ret, size_t size) MUST_CHECK;
