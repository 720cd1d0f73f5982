#include "../test.h"

#include "agent/trim.h"

#include "base/mem.h"

static const char kept[] = "read-only data comes back as it was";
static int counter = 7; /* data that was written stays */

static void test_nothing_is_lost(void **state)
{
    (void)state;
    char *heap = mem_strdup("on the heap");
    counter++;
    trim_memory();
    assert_string_equal(kept, "read-only data comes back as it was");
    assert_string_equal(heap, "on the heap");
    assert_int_equal(counter, 8);
    trim_memory();
    assert_int_equal(counter, 8);
    mem_free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
