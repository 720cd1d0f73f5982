/* Time: clocks for those who decide, formats and durations for everyone. Domain code takes `now` as
 * an argument. */
#pragma once

#include "base/mem.h"

/* Milliseconds. Monotonic time never goes back and counts no suspend; wall time is UTC since 1970.
 */
int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void);

enum { CLOCK_RFC3339_SIZE = 40 };

/* "2026-11-24T14:53:11.042Z" (RFC 3339, UTC). Returns `ret_text`. */
char *clock_rfc3339(int64_t wall_ms, char ret_text[CLOCK_RFC3339_SIZE]);

/* Any RFC 3339 instant with `Z` or an offset, to wall milliseconds. -EINVAL. */
int clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms) MUST_CHECK;

/* "500ms", "30s", "15m", "2h", "90d", "1h30m"; a bare number is seconds. To milliseconds. -EINVAL,
 * -ERANGE. */
int clock_parse_duration(const char *text, int64_t *ret_ms) MUST_CHECK;

enum { CLOCK_AGE_SIZE = 24 };

/* "40 s", "2 min", "3 h 5 min", "23 d 4 h": how people say a duration. Returns `ret_text`. */
char *clock_age(int64_t ms, char ret_text[CLOCK_AGE_SIZE]);
