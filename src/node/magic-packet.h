/* Addresses of network cards, and the packet that wakes one. Pure. */
#pragma once

#include "base/mem.h"

enum { MAC_BYTES = 6, MAGIC_BYTES = 6 + 16 * MAC_BYTES };

/* "aa:bb:cc:dd:ee:ff", also with "-". -EINVAL; the address of nobody and of all is none. */
int mac_parse(const char *text, unsigned char ret_mac[MAC_BYTES]) MUST_CHECK;

/* Six times ff, sixteen times the address. */
void magic_packet(const unsigned char mac[MAC_BYTES], unsigned char ret_packet[MAGIC_BYTES]);
