/* A list from the API, printed once or, with --watch, again whenever something changes. */
#pragma once

#include "cli/client.h"

/* GET `path` (a Table of the contract) and print. `topics`: the event topics that --watch listens
 * to. */
int list_show(struct invocation *v, const char *path, const char *topics);

/* Appends "name=value", percent-encoded, with '?' or '&' before it; nothing when value is NULL. */
void query_add(struct str *path, const char *name, const char *value);
/* Appends an id with its slashes as they are and everything else percent-encoded. */
void path_add(struct str *path, const char *id);
