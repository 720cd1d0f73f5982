/* Checks that the cluster orders: spread over time, a bounded number at once, each with a deadline.
 *
 * A check first runs within two seconds, then at its interval with a phase of its own, so that many
 * checks don't run at the same moment. node_set_checks() and node_check_now() are the way in. One
 * file per kind. For the files of this folder; on the node's loop. */
#pragma once

#include "node/node-private.h"

extern const struct node_module check_module;
