#include "../test.h"

#include "base/str.h"

#include <errno.h>

static void append_grows_and_terminates(void **state)
{
    (void)state;
    struct str s = {0};
    assert_string_equal(str_text(&s), "");
    for (int i = 0; i < 100; i++)
        str_addf(&s, "%d,", i);
    str_add_u64(&s, UINT64_MAX);
    str_add_char(&s, ' ');
    str_add_i64(&s, INT64_MIN);
    assert_non_null(strstr(s.p, "99,18446744073709551615 -9223372036854775808"));
    assert_int_equal(strlen(s.p), s.len);
    str_done(&s);
}

static void bytes_as_people_say_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {{0, "0 bytes"},          {999, "999 bytes"},  {1000, "1.0 kB"},
                 {4096, "4.1 kB"},        {52428800, "52 MB"}, {1234567890, "1.2 GB"},
                 {UINT64_MAX, "18447 PB"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(str_done) struct str s = {0};
        str_add_bytes(&s, cases[i].n);
        assert_string_equal(s.p, cases[i].text);
    }
}

static void numbers_are_whole_strings(void **state)
{
    (void)state;
    uint64_t u = 7;
    int64_t i = 7;
    double d = 7;
    assert_int_equal(str_to_u64("18446744073709551615", &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(str_to_u64("18446744073709551616", &u), -ERANGE);
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1e3"};
    for (size_t k = 0; k < COUNT_OF(bad); k++)
        assert_int_equal(str_to_u64(bad[k], &u), -EINVAL);
    assert_true(u == UINT64_MAX);
    assert_int_equal(str_to_i64("-9223372036854775808", &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(str_to_i64("-9223372036854775809", &i), -ERANGE);
    assert_int_equal(str_to_double("1.5e3", &d), 0);
    assert_true(d == 1500);
    assert_int_equal(str_to_double("nan", &d), -EINVAL);
}

static void globs(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool match;
    } cases[] = {
        {"*", "", true},
        {"a*c", "abc", true},
        {"a*c", "abd", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"*.service", "x.service", true},
        {"**a**b", "xaxxb", true},
        {"", "a", false},
        {"a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(str_glob(cases[i].pattern, cases[i].text), cases[i].match);
}

static void hex_and_base64_round_trip(void **state)
{
    (void)state;
    unsigned char bytes[64], back[64];
    char text[129];
    for (size_t n = 0; n <= sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)(i * 37 + n);
        str_hex(bytes, n, text);
        assert_int_equal(str_unhex(text, back, sizeof back), n);
        assert_memory_equal(bytes, back, n);
        str_base64url(bytes, n, text);
        assert_int_equal(str_unbase64url(text, back, sizeof back), n);
        assert_memory_equal(bytes, back, n);
    }
    assert_int_equal(str_unhex("abc", back, sizeof back), -EINVAL);
    assert_int_equal(str_unhex("zz", back, sizeof back), -EINVAL);
    assert_int_equal(str_unbase64url("a+b/", back, sizeof back), -EINVAL);
    assert_int_equal(str_unbase64url("AAAAA", back, sizeof back), -EINVAL);
    assert_int_equal(str_unbase64url("AAAAAAAA", back, 5), -ENOSPC);
}

static void utf8_is_strict(void **state)
{
    (void)state;
    assert_true(str_is_utf8("häß\xf0\x9f\x90\x89", 9));
    static const char *const bad[] = {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\x80",     "\xe2\x82",     "\xff"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(str_is_utf8(bad[i], strlen(bad[i])));
}

static void utf8_is_mended(void **state)
{
    (void)state;
    static const struct {
        const char *text, *mended;
    } cases[] = {
        {"", ""},
        {"h\xc3\xa4\xc3\x9f \xf0\x9f\x90\x89", "h\xc3\xa4\xc3\x9f \xf0\x9f\x90\x89"},
        {"caf\xe9 au lait", "caf? au lait"},
        {"\xff\xfe", "??"},
        {"a\x80", "a?"},
        {"a\xc0\xaf", "a??"},
        {"a\xed\xa0\x80z", "a???z"},
        {"cut \xc3", "cut "},
        {"cut \xe2\x82", "cut "},
        {"cut \xf0\x9f\x90", "cut "},
        {"cut \xe0", "cut "},
        {"cut \xf4", "cut "},
        {"never \xed\xa0", "never ??"},
        {"\xc3z", "?z"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *s = mem_strdup(cases[i].text);
        assert_ptr_equal(str_mend_utf8(s), s);
        assert_string_equal(s, cases[i].mended);
        assert_true(str_is_utf8(s, strlen(s)));
        mem_free(s);
    }
    assert_null(str_mend_utf8(NULL));
}

static void nearest_name(void **state)
{
    (void)state;
    static const char *const names[] = {"listen", "data", "database", NULL};
    assert_string_equal(str_nearest("lisen", names), "listen");
    assert_string_equal(str_nearest("databse", names), "database");
    assert_null(str_nearest("zzzzzzzz", names));
}

static void lists_split_and_own(void **state)
{
    (void)state;
    struct str_list l = {0};
    str_list_split(&l, " a, b ,,c ", ',');
    assert_int_equal(l.n, 3);
    assert_string_equal(l.v[1], "b");
    assert_true(str_list_has(&l, "c"));
    assert_false(str_list_has(&l, ""));
    str_list_done(&l);
}

/* The published values of FNV-1a. */
static void hashes_as_published(void **state)
{
    (void)state;
    assert_int_equal(str_hash(STR_HASH, NULL), 0x811c9dc5);
    assert_int_equal(str_hash(STR_HASH, ""), 0x811c9dc5);
    assert_int_equal(str_hash(STR_HASH, "a"), 0xe40c292c);
    assert_int_equal(str_hash(STR_HASH, "foobar"), 0xbf9cf968);
    assert_int_equal(str_hash(str_hash(STR_HASH, "foo"), "bar"), 0xbf9cf968);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_grows_and_terminates),
        cmocka_unit_test(bytes_as_people_say_them),
        cmocka_unit_test(numbers_are_whole_strings),
        cmocka_unit_test(globs),
        cmocka_unit_test(hex_and_base64_round_trip),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(utf8_is_mended),
        cmocka_unit_test(nearest_name),
        cmocka_unit_test(lists_split_and_own),
        cmocka_unit_test(hashes_as_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
