/* What an engine's things take up on disk, from its own answer. Pure. */
#pragma once

#include "base/json.h"

enum { LIMIT_USAGE_ITEMS = 500 }; /* of each kind; the largest ones */

/* From GET /system/df: appends the members "images", "containers", "volumes" and "build_cache" to
 * an object. `cut`: there was more than LIMIT_USAGE_ITEMS. What can be won is counted as `docker
 * system df` counts it. -EINVAL; nothing was appended then. */
int docker_usage_print(const char *json, size_t len, struct err *e, struct jw *w) MUST_CHECK;
