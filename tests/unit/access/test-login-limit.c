#include "../test.h"

#include "access/login-limit.h"

#include <stdio.h>

enum { START = 1000000000 };

static void networks_wait_longer_and_longer(void **state)
{
    (void)state;
    struct login_limit *l = login_limit_new();
    int64_t now = START;
    for (int i = 0; i < LIMIT_LOGIN_NETWORK_FREE; i++)
        assert_int_equal(login_limit_try(l, "anna", "192.0.2.1", false, now), 0);
    static const int64_t waits[] = {1000, 2000, 4000, 8000, 16000};
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        assert_int_equal(login_limit_try(l, "anna", "192.0.2.1", false, now), 0);
        assert_int_equal(login_limit_try(l, "anna", "192.0.2.1", false, now), waits[i]);
        /* Another account from there waits too; another network does not. */
        assert_int_equal(login_limit_try(l, "bert", "192.0.2.1", false, now + 1), waits[i] - 1);
        now += waits[i];
    }
    assert_int_equal(login_limit_try(l, "bert", "192.0.2.2", false, now), 0);
    login_limit_free(l);
}

static void nobody_waits_longer_than_the_maximum(void **state)
{
    (void)state;
    struct login_limit *l = login_limit_new();
    int64_t now = START, longest = 0;
    for (int i = 0; i < 200; i++) {
        int64_t wait = login_limit_try(l, "anna", "192.0.2.1", false, now);
        longest = wait > longest ? wait : longest;
        now += wait;
    }
    assert_int_equal(longest, LIMIT_LOGIN_NETWORK_WAIT_MS);
    /* Time forgives everything. */
    now += 100ll * LIMIT_LOGIN_FORGIVE_MS;
    for (int i = 0; i < LIMIT_LOGIN_NETWORK_FREE; i++)
        assert_int_equal(login_limit_try(l, "anna", "192.0.2.1", false, now), 0);
    login_limit_free(l);
}

/* A botnet at one account: strangers wait, at most 30 s; the owner's own network does not. */
static void accounts_are_limited_over_all_networks(void **state)
{
    (void)state;
    struct login_limit *l = login_limit_new();
    char network[32];
    int64_t wait = 0, longest = 0, now = START;
    for (int i = 0; i < 200; i++) {
        snprintf(network, sizeof network, "198.51.100.%d", i);
        wait = login_limit_try(l, "anna", network, false, now);
        assert_true(i < LIMIT_LOGIN_ACCOUNT_FREE + 1 ? wait == 0 : true);
        longest = wait > longest ? wait : longest;
        now += wait;
    }
    assert_int_equal(longest, LIMIT_LOGIN_ACCOUNT_WAIT_MS);
    assert_true(login_limit_try(l, "anna", "203.0.113.9", false, now) >= 0);
    assert_true(login_limit_try(l, "anna", "203.0.113.9", false, now) > 0);
    assert_int_equal(login_limit_try(l, "anna", "203.0.113.9", true, now), 0);
    assert_int_equal(login_limit_try(l, "bert", "203.0.113.9", false, now), 0);
    login_limit_free(l);
}

static void right_passwords_cost_nothing(void **state)
{
    (void)state;
    struct login_limit *l = login_limit_new();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(login_limit_try(l, "anna", "192.0.2.1", false, START), 0);
        login_limit_refund(l, "anna", "192.0.2.1", false, START);
    }
    login_limit_free(l);
}

/* Signing in to an account of one's own does not wipe out wrong tries at another's. */
static void a_right_password_buys_no_guesses(void **state)
{
    (void)state;
    struct login_limit *l = login_limit_new();
    int64_t now = START;
    int guesses = 0;
    while (now < START + 3600 * 1000) {
        int64_t wait = login_limit_try(l, "admin", "192.0.2.1", false, now);
        guesses += wait == 0;
        now += wait;
        if (login_limit_try(l, "mallory", "192.0.2.1", true, now) == 0)
            login_limit_refund(l, "mallory", "192.0.2.1", true, now);
        now += 500;
    }
    assert_in_range(guesses, LIMIT_LOGIN_NETWORK_FREE, 90); /* about one a minute */
    login_limit_free(l);
}

static void a_clock_set_back_locks_nobody_out(void **state)
{
    (void)state;
    struct login_limit *l = login_limit_new();
    int64_t now = START;
    for (int i = 0; i < 40; i++)
        now += login_limit_try(l, "anna", "192.0.2.1", false, now);
    now -= 24 * 3600 * 1000;
    int64_t wait = login_limit_try(l, "anna", "192.0.2.1", false, now);
    assert_in_range(wait, 0, LIMIT_LOGIN_NETWORK_WAIT_MS);
    assert_int_equal(login_limit_try(l, "anna", "192.0.2.1", false, now + wait), 0);
    login_limit_free(l);
}

/* The entry used longest ago makes room: a recent offender stays known. */
static void the_table_is_bounded(void **state)
{
    (void)state;
    struct login_limit *l = login_limit_new();
    char network[32], account[32];
    for (int i = 0; i < LIMIT_LOGIN_NETWORKS + 100; i++) {
        snprintf(network, sizeof network, "n%d", i);
        snprintf(account, sizeof account, "a%d", i);
        for (int n = 0; n < LIMIT_LOGIN_NETWORK_FREE + 1; n++)
            assert_int_equal(login_limit_try(l, account, network, false, START + i), 0);
    }
    int64_t now = START + LIMIT_LOGIN_NETWORKS + 100;
    assert_true(login_limit_try(l, "x", network, false, now) > 0);
    assert_true(login_limit_try(l, "x", "n200", false, now) > 0);
    assert_int_equal(login_limit_try(l, "x", "n0", false, now), 0); /* forgotten */
    login_limit_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_wait_longer_and_longer),
        cmocka_unit_test(nobody_waits_longer_than_the_maximum),
        cmocka_unit_test(accounts_are_limited_over_all_networks),
        cmocka_unit_test(right_passwords_cost_nothing),
        cmocka_unit_test(a_right_password_buys_no_guesses),
        cmocka_unit_test(a_clock_set_back_locks_nobody_out),
        cmocka_unit_test(the_table_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
