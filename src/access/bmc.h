/* What is known of a node's management controller, but for its password. */
#pragma once

#include <stdint.h>

enum { BMC_NODE_SIZE = 128, BMC_ADDRESS_SIZE = 272, BMC_USER_SIZE = 17 }; /* terminated */

struct fleet_bmc {
    char node[BMC_NODE_SIZE], address[BMC_ADDRESS_SIZE], user[BMC_USER_SIZE];
    char via[BMC_NODE_SIZE]; /* the node that asks it; "" = the hub's own */
    int64_t changed_ms;
    char changed_by[64];
};
