/* Addresses of controllers, and what ipmitool says. */
#include "../test.h"

#include "node/power.h"

#include <errno.h>

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host, *port;
    } good[] = {{"10.0.0.9", "10.0.0.9", ""},
                {"bmc.lan:6230", "bmc.lan", "6230"},
                {"fd00::9", "fd00::9", ""},
                {"[fd00::9]:6230", "fd00::9", "6230"},
                {"[fe80::1%eth0]", "fe80::1%eth0", ""},
                {"my_bmc", "my_bmc", ""}};
    static const char *const bad[] = {
        "",           "-H",  "a b", "10.0.0.9:", "10.0.0.9:0", "x:70000",  "x:y",
        "[fd00::9]x", "a/b", "a\n", "$(reboot)", "[fd00::9]:", "user@host"};
    struct power_place p;
    struct err e = {0};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(power_address_parse(good[i].text, &e, &p), 0);
        assert_string_equal(p.host, good[i].host);
        assert_string_equal(p.port, good[i].port);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(power_address_parse(bad[i], &e, &p), -EINVAL);
    char long_name[400];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    assert_int_equal(power_address_parse(long_name, &e, &p), -EINVAL);
}

static void words(void **state)
{
    (void)state;
    enum power_word w;
    struct err e = {0};
    for (unsigned i = 0; i < POWER_WORDS; i++) {
        assert_int_equal(power_word_parse(power_word_name((enum power_word)i), &e, &w), 0);
        assert_int_equal(w, i);
    }
    assert_int_equal(power_word_parse("explode", &e, &w), -EINVAL);
    assert_int_equal(power_word_parse(NULL, &e, &w), -EINVAL);
    assert_false(power_word_interrupts(POWER_STATUS));
    assert_false(power_word_interrupts(POWER_ON));
    assert_true(power_word_interrupts(POWER_SOFT));
    assert_true(power_word_interrupts(POWER_CYCLE));
}

static void what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        enum power_fault fault;
        const char *line;
    } faults[] = {
        {"Loading IANA PEN Registry...\n> RAKP 2 HMAC is invalid\nError: Unable to establish IPMI "
         "v2 / RMCP+ session\n",
         POWER_FAULT_PASSWORD, "Error: Unable to establish IPMI v2 / RMCP+ session"},
        {"RAKP 2 message indicates an error : unauthorized name\nError: Unable", POWER_FAULT_USER,
         "Error: Unable"},
        {"Set Chassis Power Control to Up/On failed: Insufficient privilege level\n",
         POWER_FAULT_RIGHT,
         "Set Chassis Power Control to Up/On failed: Insufficient privilege level"},
        {"Get Auth Capabilities error\nError issuing Get Channel Authentication Capabilities "
         "request\n",
         POWER_FAULT_SILENT, "Error issuing Get Channel Authentication Capabilities request"},
        {"Address lookup for nosuch.invalid failed\nCould not open socket!\n", POWER_FAULT_NAME,
         "Could not open socket!"},
        {"Unable to Get Channel Cipher Suites\n\n", POWER_FAULT_OTHER, ""},
    };
    bool on = false;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        AUTO(mem_freep) char *line = power_fault_line(faults[i].said);
        assert_int_equal(power_fault_of(faults[i].said), faults[i].fault);
        assert_string_equal(line, faults[i].line);
    }
    assert_int_equal(power_state_parse("Unable …\nChassis Power is on\n", &on), 0);
    assert_true(on);
    assert_int_equal(power_state_parse("Chassis Power is off\n", &on), 0);
    assert_false(on);
    assert_int_equal(power_state_parse("Chassis Power Control: Up/On", &on), -ENOENT);
    assert_true(power_guessed_cipher("Unable to Get Channel Cipher Suites\n"));
    assert_false(power_guessed_cipher("Chassis Power is on\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(words),
        cmocka_unit_test(what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
