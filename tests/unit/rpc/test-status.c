#include "../test.h"

#include "rpc/status.h"

#include <errno.h>

static void test_codes(void **state)
{
    (void)state;
    assert_int_equal(rpc_code_parse("0", 1), RPC_OK);
    assert_int_equal(rpc_code_parse("16", 2), RPC_UNAUTHENTICATED);
    static const char *const bad[] = {"", "17", "99", "-1", "1x", "100", " 1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(rpc_code_parse(bad[i], strlen(bad[i])), RPC_UNKNOWN);
    assert_string_equal(rpc_code_name(RPC_UNAVAILABLE), "UNAVAILABLE");
    assert_string_equal(rpc_code_name((enum rpc_code)99), "UNKNOWN");
    assert_int_equal(rpc_code_of_http(503), RPC_UNAVAILABLE);
    assert_int_equal(rpc_code_of_http(404), RPC_UNIMPLEMENTED);
    assert_int_equal(rpc_code_of_http(200), RPC_UNKNOWN);
    assert_int_equal(rpc_code_of_reset(8), RPC_CANCELLED);
    assert_int_equal(rpc_code_of_reset(7), RPC_UNAVAILABLE);
    assert_int_equal(rpc_code_of_reset(2), RPC_INTERNAL);
}

static void test_messages_come_back(void **state)
{
    (void)state;
    static const char *const samples[] = {"",    "plain", "100 % of it", "zwei Wörter\nund mehr",
                                          "%41", "\x7f"};
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct str out = {0};
        char back[RPC_MESSAGE_MAX];
        rpc_message_print(samples[i], &out);
        for (size_t k = 0; k < out.len; k++)
            assert_true(out.p[k] >= 0x20 && out.p[k] < 0x7f);
        rpc_message_parse(str_text(&out), out.len, back);
        assert_string_equal(back, samples[i]);
        str_done(&out);
    }
}

static void test_bad_messages_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"%", "%"}, {"%4", "%4"}, {"%zz", "%zz"}, {"a%00b", "a b"}, {"%4g%41", "%4gA"}};
    char back[RPC_MESSAGE_MAX];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        rpc_message_parse(rows[i].in, strlen(rows[i].in), back);
        assert_string_equal(back, rows[i].out);
    }
    char *longer = mem_alloc(2000);
    memset(longer, 'x', 1999);
    rpc_message_parse(longer, 1999, back);
    assert_int_equal(strlen(back), RPC_MESSAGE_MAX - 1);
    mem_free(longer);
}

static void test_timeouts(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int r;
        uint64_t ms;
    } rows[] = {{"1S", 0, 1000},
                {"100m", 0, 100},
                {"2M", 0, 120000},
                {"1H", 0, 3600000},
                {"1n", 0, 1},
                {"1500u", 0, 2},
                {"0m", 0, 0},
                {"", -EINVAL, 0},
                {"S", -EINVAL, 0},
                {"1", -EINVAL, 0},
                {"1x", -EINVAL, 0},
                {"-1S", -EINVAL, 0},
                {"999999999S", -EINVAL, 0}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t ms = 0;
        assert_int_equal(rpc_timeout_parse(rows[i].in, strlen(rows[i].in), &ms), rows[i].r);
        assert_int_equal(ms, rows[i].ms);
    }
    static const uint64_t whole[] = {1, 5000, 99999999, 100000000, 86400000000};
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        struct str out = {0};
        uint64_t ms = 0;
        rpc_timeout_print(whole[i], &out);
        assert_int_equal(rpc_timeout_parse(str_text(&out), out.len, &ms), 0);
        assert_int_equal(ms, whole[i]);
        str_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes), cmocka_unit_test(test_messages_come_back),
        cmocka_unit_test(test_bad_messages_are_kept), cmocka_unit_test(test_timeouts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
