/* Command lines as people may see them: without the secrets that stand in them. */
#pragma once

#include "base/str.h"

enum { COMMAND_MAX = 512 };

/* Joins NUL-separated arguments (as of /proc/PID/cmdline) with blanks; secrets become "***",
 * control characters "?". Cut to COMMAND_MAX - 1 bytes, at the end of a character. Secrets are
 * known by the name that stands before them (--api-key=…, TOKEN=…, "Authorization: …",
 * ?password=…), by their place in a URL (//user:secret@) and by the options of well-known programs
 * (mysql -p…). When in doubt it masks. */
void command_mask(const char *args, size_t n, char ret_text[COMMAND_MAX]);

/* A line of a log. Where it holds a secret that is marked as one (TOKEN=…, "password":"…",
 * "Authorization: …", //user:secret@), appends it with "***" instead and returns true; else appends
 * nothing. Unlike a command line it is prose: "token: unexpected" stays. */
bool text_mask(const char *text, size_t n, struct str *out);
