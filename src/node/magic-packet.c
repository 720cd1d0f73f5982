#include "node/magic-packet.h"

#include <errno.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *text, unsigned char ret_mac[MAC_BYTES])
{
    unsigned char mac[MAC_BYTES], all = 0xff, any = 0;
    for (size_t i = 0; i < MAC_BYTES; i++, text += 2) {
        if (i && *text != ':' && *text != '-')
            return -EINVAL;
        text += i > 0;
        int high = hex(text[0]), low = high < 0 ? -1 : hex(text[1]);
        if (low < 0)
            return -EINVAL;
        mac[i] = (unsigned char)(high << 4 | low);
        all &= mac[i];
        any |= mac[i];
    }
    if (*text || !any || all == 0xff)
        return -EINVAL;
    memcpy(ret_mac, mac, MAC_BYTES);
    return 0;
}

void magic_packet(const unsigned char mac[MAC_BYTES], unsigned char ret_packet[MAGIC_BYTES])
{
    memset(ret_packet, 0xff, 6);
    for (size_t i = 0; i < 16; i++)
        memcpy(ret_packet + 6 + i * MAC_BYTES, mac, MAC_BYTES);
}
