/* What is packed unpacks to the same; what gains nothing is left alone. */
#include "api/pack.h"

#include "../test.h"

#include <zlib.h>

static void test_unpacks_to_the_same(void **state)
{
    (void)state;
    struct str body = {0}, packed = {0};
    for (int i = 0; i < 2000; i++)
        str_addf(&body, "{\"id\":\"manual/service-%d\",\"state\":\"healthy\"},", i);
    assert_true(pack_gzip(&body, &packed));
    assert_true(packed.len < body.len / 4);
    struct str again = {0};
    str_reserve(&again, body.len + 1);
    z_stream z = {.next_in = (Bytef *)packed.p,
                  .avail_in = (uInt)packed.len,
                  .next_out = (Bytef *)again.p,
                  .avail_out = (uInt)body.len + 1};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, body.len);
    assert_memory_equal(again.p, body.p, body.len);
    inflateEnd(&z);
    str_done(&again);
    str_done(&packed);
    str_done(&body);
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
        cmocka_unit_test(test_leaves_alone_what_gains_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
