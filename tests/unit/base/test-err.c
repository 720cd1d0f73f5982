#include "../test.h"

#include "base/err.h"
#include "base/str.h"

static void test_cut_between_characters(void **state)
{
    (void)state;
    struct err e = {0};
    char long_text[2 * ERR_TEXT_MAX + 1] = "";
    for (size_t i = 0; i < ERR_TEXT_MAX; i++)
        memcpy(long_text + 2 * i, "\xc3\xa4", 3);
    for (int shift = 0; shift < 2; shift++) {
        assert_int_equal(err_set(&e, -EINVAL, "%.*s%s", shift, "x", long_text), -EINVAL);
        assert_true(str_is_utf8(e.text, strlen(e.text)));
        assert_true(strlen(e.text) >= ERR_TEXT_MAX - 2);
    }
}

static void test_odd_bytes(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, -ENOENT, "There is no %s.", "caf\xe9");
    assert_string_equal(e.text, "There is no caf?.");
    assert_int_equal(err_prefix(&e, -EIO, "na\xefve"), -ENOENT);
    assert_string_equal(e.text, "na?ve: There is no caf?.");
    assert_int_equal(err_prefix(NULL, -EIO, "x"), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_odd_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
