/* The verbs of hydra-agent that do something. Exit codes for main(). */
#pragma once

#include "agent/options.h"

int verb_enroll(const struct options *o);
int verb_run(const struct options *o);
