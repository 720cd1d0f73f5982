/* hydrad.yaml: one mapping of names to scalars or lists of scalars. */
#pragma once

#include "base/err.h"

enum { LIMIT_CONFIG_FILE = 64 * 1024 };

/* Calls `pair` for each setting, lists joined by commas. -EINVAL with file, line and what to do;
 * -ENOENT … from open. */
int config_file_read(const char *path,
                     int (*pair)(void *arg, const char *name, const char *value, unsigned line,
                                 struct err *e),
                     void *arg, struct err *e) MUST_CHECK;

/* The same from memory; `path` is only named in errors. */
int config_text_read(const char *path, const char *text, size_t len,
                     int (*pair)(void *arg, const char *name, const char *value, unsigned line,
                                 struct err *e),
                     void *arg, struct err *e) MUST_CHECK;
