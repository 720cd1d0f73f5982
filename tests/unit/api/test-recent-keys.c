#include "../test.h"

#include "api/recent-keys.h"

#include <errno.h>
#include <stdio.h>

static void same_key_and_body_give_the_same_id(void **state)
{
    (void)state;
    struct recent_keys *k = recent_keys_new();
    char id[EVENT_ID_SIZE] = "";
    assert_int_equal(recent_keys_find(k, "ann", "a", "{}", 2, id), -ENOENT);
    recent_keys_add(k, "ann", "a", "{}", 2, "1-7");
    assert_int_equal(recent_keys_find(k, "ann", "a", "{}", 2, id), 0);
    assert_string_equal(id, "1-7");
    assert_int_equal(recent_keys_find(k, "ann", "a", "[]", 2, id), -EEXIST);
    assert_int_equal(recent_keys_find(k, "bob", "a", "{}", 2, id), -ENOENT);
    recent_keys_free(k);
}

static void the_oldest_key_goes_first(void **state)
{
    (void)state;
    struct recent_keys *k = recent_keys_new();
    char key[16], id[EVENT_ID_SIZE];
    for (int i = 0; i <= LIMIT_RECENT_KEYS; i++) {
        snprintf(key, sizeof key, "k%d", i);
        recent_keys_add(k, "ann", key, "", 0, "1-1");
    }
    assert_int_equal(recent_keys_find(k, "ann", "k0", "", 0, id), -ENOENT);
    assert_int_equal(recent_keys_find(k, "ann", "k1", "", 0, id), 0);
    assert_int_equal(recent_keys_find(k, "ann", key, "", 0, id), 0);
    recent_keys_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_key_and_body_give_the_same_id),
        cmocka_unit_test(the_oldest_key_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
