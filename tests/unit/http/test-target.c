#include "../test.h"

#include "http/target.h"

#include <stdio.h>

static struct query_pair pairs[LIMIT_QUERY_PAIRS];

static int parse(const char *text, struct target *t, char *copy)
{
    const char *why = NULL;
    memcpy(copy, text, strlen(text) + 1);
    *t = (struct target){.pairs = pairs};
    int r = target_parse(t, copy, strlen(text), &why);
    assert_true(r == 0 || why);
    return r;
}

static void decodes_paths_once(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *path;
    } t[] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a/", "/a/"},
        {"/a%20b", "/a b"},
        {"/a+b", "/a+b"},
        {"/%c3%a9", "/\xc3\xa9"},
        {"/%2561", "/%61"},
        {"/...", "/..."},
        {"/.a/..b", "/.a/..b"},
        {"/a:b@c;d=e", "/a:b@c;d=e"},
        {"/a?b", "/a"},
        {"http://example/x?y", "/x"},
        {"HTTPS://example:1/x", "/x"},
        {"*", "*"},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct target target;
        char copy[64];
        assert_int_equal(parse(t[i].raw, &target, copy), 0);
        assert_string_equal(target.path, t[i].path);
        assert_int_equal(target.path_len, strlen(t[i].path));
    }
}

static void refuses_paths(void **state)
{
    (void)state;
    static const char *const t[] = {
        "",         "a",          "/..",        "/../a",  "/a/..",      "/a/../b", "/.",
        "/./a",     "//",         "//a",        "/a//b",  "/%2e%2e",    "/%2E./a", "/a%2fb",
        "/a%2Fb",   "/a%5cb",     "/a%00b",     "/a%0ab", "/a%7f",      "/%",      "/%1",
        "/%zz",     "/%1g",       "/%ff",       "/%c3",   "/%ed%a0%80", "/%c0%ae", "ftp://a/",
        "http://a", "http:///..", "example:80", "**",     "/a?b=%",     "/a?b=%4", "/a?%00",
        "/a?b=%ff", "/a?b=%00",
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct target target;
        char copy[64];
        if (parse(t[i], &target, copy) == 0)
            fail_msg("took %s as %s", t[i], target.path);
    }
}

static void splits_queries(void **state)
{
    (void)state;
    struct target t;
    char copy[128];
    assert_int_equal(parse("/a?x=1&&y=a+b%26c&x=2&flag&z=&%65=%3d/", &t, copy), 0);
    assert_string_equal(target_query(&t, "x"), "1");
    assert_string_equal(target_query(&t, "y"), "a b&c");
    assert_string_equal(target_query(&t, "flag"), "");
    assert_string_equal(target_query(&t, "z"), "");
    assert_string_equal(target_query(&t, "e"), "=/");
    assert_null(target_query(&t, "nothing"));
    assert_int_equal(t.n_pairs, 6);
}

static void bounds_queries(void **state)
{
    (void)state;
    struct target t;
    char raw[1024] = "/?a", copy[1024];
    for (int i = 1; i < LIMIT_QUERY_PAIRS; i++)
        strncat(raw, "&a", 3);
    assert_int_equal(parse(raw, &t, copy), 0);
    strncat(raw, "&a", 3);
    assert_true(parse(raw, &t, copy) < 0);
}

static void finds_the_authority(void **state)
{
    (void)state;
    struct target t;
    char copy[64];
    assert_int_equal(parse("http://example:81/x", &t, copy), 0);
    assert_int_equal(t.form, TARGET_ABSOLUTE);
    assert_int_equal(t.authority_len, 10);
    assert_memory_equal(t.authority, "example:81", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_paths_once),  cmocka_unit_test(refuses_paths),
        cmocka_unit_test(splits_queries),      cmocka_unit_test(bounds_queries),
        cmocka_unit_test(finds_the_authority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
