/* Which network an address belongs to, for limits: whoever has one IPv6 address has a /64 of them.
 * Pure. */
#pragma once

#include "base/str.h"

enum { NETWORK_KEY_SIZE = 64 };

/* "192.0.2.7" (also from "::ffff:192.0.2.7"), "2001:db8:0:1::/64"; what is no address stays as it
 * is, cut to the size. */
void network_key(const char *address, char ret_key[NETWORK_KEY_SIZE]);
