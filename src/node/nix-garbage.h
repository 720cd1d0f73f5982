/* What a clean-up of the Nix store would win. Blocks: another thread. */
#pragma once

#include "node/nix-generations.h"

enum { GARBAGE_DAYS_MAX = 3650, GARBAGE_DAYS_USUAL = 30 };

/* "30", "" = GARBAGE_DAYS_USUAL. -EINVAL with a sentence. */
int garbage_days(const char *text, struct err *e, unsigned *ret_days) MUST_CHECK;

/* Is it old enough to go? Never the current, the booted or the running one. */
bool garbage_is_old(const struct generation *g, unsigned days, int64_t now_ms);

/* Members "older_than_days", "generations", "paths", "bytes". */
int garbage_print(const char *root, unsigned days, int64_t now_ms, struct jw *w,
                  struct err *e) MUST_CHECK;
