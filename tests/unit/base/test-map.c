#include "../test.h"

#include "base/map.h"

#include <stdio.h>

static void keeps_order_through_removals(void **state)
{
    (void)state;
    struct map m = {0};
    static int values[1000];
    char key[16];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            snprintf(key, sizeof key, "k%d", i);
            assert_null(map_set(&m, key, &values[i]));
        }
        assert_ptr_equal(map_set(&m, "k5", &values[5]), &values[5]);
        assert_int_equal(map_count(&m), 1000);
        int seen = 0;
        MAP_FOREACH (&m, e)
            assert_ptr_equal(e->value, &values[seen++]);
        for (int i = 0; i < 1000; i++) {
            snprintf(key, sizeof key, "k%d", i);
            assert_ptr_equal(map_remove(&m, key), &values[i]);
            assert_null(map_get(&m, key));
        }
        assert_int_equal(map_count(&m), 0);
    }
    assert_null(map_remove(&m, "absent"));
    map_done(&m, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_order_through_removals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
