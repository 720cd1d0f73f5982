/* An order for a job, given and followed: of verb-jobs.c, for the verbs that order something. */
#pragma once

#include "cli/options.h"

#include <jansson.h>

/* Its body: the verb, and what --force and --signal say. The caller decrefs. */
json_t *order_of(const struct invocation *v, const char *verb);
/* Gives it, and waits for what came of it unless --no-wait. Returns the exit code: 0 done, 1
 * failed, 2 refused. */
int order_give(struct invocation *v, const json_t *body);
