#include "access/network.h"

#include <arpa/inet.h>
#include <stdio.h>

static void key_of_ipv6(struct in6_addr in, char ret_key[NETWORK_KEY_SIZE])
{
    char text[INET6_ADDRSTRLEN];
    if (IN6_IS_ADDR_V4MAPPED(&in)) {
        inet_ntop(AF_INET, &in.s6_addr[12], ret_key, NETWORK_KEY_SIZE);
        return;
    }
    memset(&in.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &in, text, sizeof text);
    snprintf(ret_key, NETWORK_KEY_SIZE, "%s/64", text);
}

void network_key(const char *address, char ret_key[NETWORK_KEY_SIZE])
{
    char bare[NETWORK_KEY_SIZE];
    struct in6_addr in;
    str_copy(bare, sizeof bare, address ? address : "");
    bare[strcspn(bare, "%")] = 0; /* fe80::1%eth0 */
    if (inet_pton(AF_INET6, bare, &in) == 1)
        key_of_ipv6(in, ret_key);
    else
        str_copy(ret_key, NETWORK_KEY_SIZE, bare);
}
