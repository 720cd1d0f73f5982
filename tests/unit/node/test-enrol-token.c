#include "../test.h"

#include "node/enrol-token.h"

#include <errno.h>

static struct enrol_token sample(void)
{
    struct enrol_token t = {.secret = "00112233445566778899aabbccddeeff",
                            .address = "192.168.1.10:7771"};
    for (size_t i = 0; i < sizeof t.pin; i++)
        t.pin[i] = (unsigned char)(255 - i);
    return t;
}

static void test_comes_back(void **state)
{
    (void)state;
    static const char *const addresses[] = {"192.168.1.10:7771", "[fe80::1]:1", "hub.lan:65535"};
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        struct enrol_token t = sample(), back;
        struct str text = {0};
        memset(t.address, 0, sizeof t.address);
        str_copy(t.address, sizeof t.address, addresses[i]);
        str_add(&text, " ");
        enrol_token_print(&t, &text);
        str_add(&text, "\n");
        assert_int_equal(enrol_token_parse(str_text(&text), NULL, &back), 0);
        assert_memory_equal(&t, &back, sizeof t);
        str_done(&text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    struct enrol_token t = sample(), back;
    struct str text = {0};
    struct err e = {0};
    enrol_token_print(&t, &text);
    for (size_t n = 0; n < text.len; n++) { /* cut anywhere in its fixed part */
        char *cut = mem_strndup(str_text(&text), n);
        if (n < 70)
            assert_int_equal(enrol_token_parse(cut, &e, &back), -EINVAL);
        else
            (void)!enrol_token_parse(cut, &e, &back);
        mem_free(cut);
    }
    static const char *const bad[] = {"", "hyn_", "hyd_abc", "hyn_AAAA AAAA", "hyn_!!!!"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(enrol_token_parse(bad[i], &e, &back), -EINVAL);
    assert_non_null(strstr(e.text, "copy it whole"));
    str_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
