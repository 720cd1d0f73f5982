#include "../test.h"

#include "node/image-pull.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_images(void **state)
{
    (void)state;
    static const struct {
        const char *image, *name, *tag;
    } cases[] = {
        {"busybox", "busybox", "latest"},
        {"busybox:1.36", "busybox", "1.36"},
        {"ghcr.io/a/b:v2", "ghcr.io/a/b", "v2"},
        {"127.0.0.1:5000/a", "127.0.0.1:5000/a", "latest"},
        {"127.0.0.1:5000/a:b", "127.0.0.1:5000/a", "b"},
        {"sha256:" ID, NULL, NULL},
        {ID, NULL, NULL},
        {"a@sha256:" ID, NULL, NULL},
        {"", NULL, NULL},
        {"a b", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *name = NULL, *tag = NULL;
        assert_int_equal(image_split(cases[i].image, &name, &tag), cases[i].name ? 0 : -EINVAL);
        if (cases[i].name) {
            assert_string_equal(name, cases[i].name);
            assert_string_equal(tag, cases[i].tag);
        }
    }
}

static void test_pull(void **state)
{
    (void)state;
    struct pull p = {0};
    static const char first[] =
        "{\"status\":\"Pulling from a\",\"id\":\"1\"}\r\n"
        "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":102400,"
        "\"total\":1024000},\"id\":\"aa\"}\r\n{\"status\":\"Down";
    static const char second[] = "loading\",\"progressDetail\":{\"current\":1024000,"
                                 "\"total\":1024000},\"id\":\"bb\"}\n";
    static const char third[] =
        "{\"errorDetail\":{\"message\":\"x\"},\"error\":\"no space\\nleft\"}\n";
    assert_int_equal(pull_feed(&p, "", 0), -1);
    assert_int_equal(pull_feed(&p, first, sizeof first - 1), 10);
    assert_int_equal(pull_feed(&p, second, sizeof second - 1), 55);
    assert_string_equal(p.error, "");
    pull_feed(&p, third, sizeof third - 1);
    assert_string_equal(p.error, "no space left");
    pull_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_pull),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
