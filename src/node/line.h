/* Other people's text as one line that can be shown: reasons, last words, command lines. */
#pragma once

#include "base/mem.h"

enum { LIMIT_LINE = 300 }; /* bytes */

/* No escape sequences, no control characters, runs of blanks as one, at most LIMIT_LINE bytes,
 * valid UTF-8. NULL when nothing is left. The caller frees. */
char *one_line(const char *text, size_t len);
