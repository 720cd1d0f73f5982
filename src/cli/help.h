/* Help, made from the table of verbs. Each returns 0. */
#pragma once

#include "cli/options.h"

#include <stdio.h>

int help_all(void);
int help_verb(const struct verb *v, FILE *to);
