/* What comes back over ICMP. The first byte says which kind of socket it came by. */
#include "fuzz.h"

#include "node/ping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct ping_form f = {.v6 = data[0] & 1, .raw = data[0] & 2, .token = 0x1122334455667788};
    uint16_t sequence = 0xabcd;
    uint8_t own[PING_PACKET_SIZE];
    bool answered = ping_read(&f, data + 1, size - 1, &sequence);
    FUZZ_CHECK(!answered || size - 1 >= PING_PACKET_SIZE);
    ping_write(&f, sequence, own);
    FUZZ_CHECK(!ping_read(&(struct ping_form){.v6 = f.v6, .token = f.token}, own, sizeof own,
                          &sequence)); /* a question is no answer */
    return 0;
}
