/* Between policy.c and policy-file.c. */
#pragma once

#include "node/policy.h"

/* With the rules that hold under any policy, and no others. */
struct policy *policy_new(const char *path);
