/* Command lines as people may see them: without the secrets that stand in them. */
#pragma once

#include "base/mem.h"

enum { COMMAND_MAX = 512 };

/* Joins NUL-separated arguments (as of /proc/PID/cmdline) with blanks; secrets become "***",
 * control characters "?". Cut to COMMAND_MAX - 1 bytes, at the end of a character. Secrets are
 * known by the name that stands before them (--api-key=…, TOKEN=…, "Authorization: …",
 * ?password=…), by their place in a URL (//user:secret@) and by the options of well-known programs
 * (mysql -p…). When in doubt it masks. */
void command_mask(const char *args, size_t n, char ret_text[COMMAND_MAX]);
