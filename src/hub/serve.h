/* `hydrad serve`: wires every part together and runs until told to stop. */
#pragma once

#include "hub/config.h"

/* Exit code for main(). */
int serve(const struct config *c);
