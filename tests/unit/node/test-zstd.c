#include "../test.h"

#include "node/zstd-library.h"

static const char plain[] =
    "the same and the same and the same and the same and the same and the same";
static const unsigned char packed[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x49, 0xa5, 0x00, 0x00, 0x68,
                                       0x74, 0x68, 0x65, 0x20, 0x73, 0x61, 0x6d, 0x65, 0x20, 0x61,
                                       0x6e, 0x64, 0x20, 0x01, 0x00, 0x01, 0x69, 0x7e, 0x01};

static void gives_the_beginning(void **state)
{
    (void)state;
    char out[128];
    struct zstd *z = zstd_new();
    assert_non_null(z);
    for (size_t size = sizeof out; size; size /= 2) { /* one after the other with the same */
        size_t n = size < sizeof plain - 1 ? size : sizeof plain - 1;
        assert_int_equal(zstd_begin(z, packed, sizeof packed, out, size), n);
        assert_memory_equal(out, plain, n);
    }
    zstd_free(z);
}

static void tells_what_is_none(void **state)
{
    (void)state;
    struct err e = {0};
    char out[128];
    assert_int_equal(zstd_library_check(&e), 0); /* ./dev installs it */
    struct zstd *z = zstd_new();
    assert_int_equal(zstd_begin(z, "no such thing", 13, out, sizeof out), -EBADMSG);
    assert_int_equal(zstd_begin(z, packed, sizeof packed - 1, out, sizeof out), -EBADMSG);
    assert_int_equal(zstd_begin(z, packed, 0, out, sizeof out), -EBADMSG);
    zstd_free(z);
    zstd_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_beginning),
        cmocka_unit_test(tells_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
