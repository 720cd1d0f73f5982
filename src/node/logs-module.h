/* Readers of logs that run, as a module of the node: reaped each tick, ended with it. For the files
 * of this folder. */
#pragma once

#include "node/node-private.h"

extern const struct node_module logs_module;
