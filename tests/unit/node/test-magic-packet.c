#include "../test.h"

#include "node/magic-packet.h"

#include <errno.h>

static void test_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "aa:bb:cc:dd:ee",
                                      "aa:bb:cc:dd:ee:ff:00",
                                      "aa:bb:cc:dd:ee:f",
                                      "aabbccddeeff",
                                      "ga:bb:cc:dd:ee:ff",
                                      "00:00:00:00:00:00",
                                      "ff:ff:ff:ff:ff:ff",
                                      "aa:bb:cc:dd:ee:ff "};
    static const unsigned char want[MAC_BYTES] = {0xaa, 0xbb, 0x0c, 0xdd, 0x1e, 0xff};
    unsigned char mac[MAC_BYTES];
    assert_int_equal(mac_parse("aa:BB:0c-dd:1e:ff", mac), 0);
    assert_memory_equal(mac, want, MAC_BYTES);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(mac_parse(bad[i], mac), -EINVAL);
}

static void test_packet(void **state)
{
    (void)state;
    static const unsigned char mac[MAC_BYTES] = {1, 2, 3, 4, 5, 6};
    unsigned char packet[MAGIC_BYTES];
    magic_packet(mac, packet);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(packet[i], 0xff);
    for (size_t i = 0; i < 16; i++)
        assert_memory_equal(packet + 6 + 6 * i, mac, MAC_BYTES);
    assert_int_equal(sizeof packet, 102);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
