#include "../test.h"

#include "access/network.h"

static void keys_of_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address, *key;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8:0:1:aaaa:bbbb:cccc:dddd", "2001:db8:0:1::/64"},
        {"2001:db8:0:1::2", "2001:db8:0:1::/64"},
        {"2001:db8:0:2::2", "2001:db8:0:2::/64"},
        {"::1", "::/64"},
        {"fe80::1%eth0", "fe80::/64"},
        {"", ""},
        {NULL, ""},
        {"unix", "unix"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char key[NETWORK_KEY_SIZE];
        network_key(cases[i].address, key);
        assert_string_equal(key, cases[i].key);
    }
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char address[500], key[NETWORK_KEY_SIZE];
    memset(address, 'a', sizeof address);
    address[sizeof address - 1] = 0;
    network_key(address, key);
    assert_int_equal(strlen(key), NETWORK_KEY_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys_of_addresses),
                                       cmocka_unit_test(long_texts_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
