/* The text of /proc/net/{tcp,udp}{,6}. */
#include "fuzz.h"

#include "node/sockets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct socket_table t = {0};
    if (size < 1)
        return 0;
    sockets_parse((const char *)data + 1, size - 1, data[0] & 1, data[0] & 2, &t);
    for (size_t i = 0; i < t.v.n; i++) {
        char text[SOCKET_ADDRESS_SIZE];
        FUZZ_CHECK(t.v.v[i].port && t.v.v[i].inode);
        FUZZ_CHECK(*socket_address(&t.v.v[i], text));
    }
    vec_done(&t.v);
    return 0;
}
