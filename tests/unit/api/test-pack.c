/* What is packed unpacks to the same; what gains nothing is left alone. */
#include "api/pack.h"

#include "../test.h"

#include <zlib.h>

static void unpack(const struct str *packed, struct str *ret, size_t size)
{
    str_reserve(ret, size + 1);
    z_stream z = {.next_in = (Bytef *)packed->p,
                  .avail_in = (uInt)packed->len,
                  .next_out = (Bytef *)ret->p,
                  .avail_out = (uInt)size + 1};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    ret->len = z.total_out;
    inflateEnd(&z);
}

static void test_unpacks_to_the_same(void **state)
{
    (void)state;
    struct str body = {0}, packed = {0};
    for (int i = 0; i < 2000; i++)
        str_addf(&body, "{\"id\":\"manual/service-%d\",\"state\":\"healthy\"},", i);
    assert_true(pack_gzip(&body, &packed));
    assert_true(packed.len < body.len / 4);
    struct str again = {0};
    unpack(&packed, &again, body.len);
    assert_int_equal(again.len, body.len);
    assert_memory_equal(again.p, body.p, body.len);
    str_done(&again);
    str_done(&packed);
    str_done(&body);
}

/* The window follows the size: around each power of two. */
static void test_every_size(void **state)
{
    (void)state;
    for (size_t around = 1024; around <= 128 * 1024; around *= 2)
        for (size_t size = around; size <= around + 1; size++) {
            struct str body = {0}, packed = {0}, again = {0};
            while (body.len < size)
                str_addf(&body, "{\"pid\":%zu,\"name\":\"x\"},", body.len * 7919);
            body.len = size;
            assert_true(pack_gzip(&body, &packed));
            unpack(&packed, &again, size);
            assert_int_equal(again.len, size);
            assert_memory_equal(again.p, body.p, size);
            str_done(&again);
            str_done(&packed);
            str_done(&body);
        }
}

static void test_leaves_alone_what_gains_nothing(void **state)
{
    (void)state;
    struct str body = {0}, packed = {0};
    str_add(&body, "{}");
    assert_false(pack_gzip(&body, &packed));
    assert_int_equal(packed.len, 0);
    str_clear(&body);
    uint32_t noise = 1;
    for (int i = 0; i < 8192; i++)
        str_add_char(&body, (char)((noise = noise * 1664525 + 1013904223) >> 24));
    assert_false(pack_gzip(&body, &packed));
    assert_int_equal(packed.len, 0);
    str_done(&packed);
    str_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpacks_to_the_same),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_leaves_alone_what_gains_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
