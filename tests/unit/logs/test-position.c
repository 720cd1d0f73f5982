#include "../test.h"

#include "logs/logs-private.h"

static void test_there_and_back(void **state)
{
    (void)state;
    struct position p = {.time_us = 1795531991123456}, q = {0};
    position_set(&p, "tower/docker/plex", "17.0.4");
    position_set(&p, "tower", "s=abc;i=1");
    position_set(&p, "tower", "s=abc;i=2");
    AUTO(mem_freep) char *text = position_print(&p);
    assert_int_equal(position_parse(text, &q), 0);
    assert_true(q.time_us == p.time_us);
    assert_int_equal(q.places.n, 2);
    assert_string_equal(position_of(&q, "tower"), "s=abc;i=2");
    assert_string_equal(position_of(&q, "tower/docker/plex"), "17.0.4");
    assert_null(position_of(&q, "nas"));
    position_done(&p);
    position_done(&q);
}

static void refuse(const char *plain)
{
    char text[4096];
    struct position p;
    str_base64url(plain, strlen(plain), text);
    assert_int_equal(position_parse(text, &p), -EINVAL);
}

static void test_refuses_what_is_not_ours(void **state)
{
    (void)state;
    struct position p;
    assert_int_equal(position_parse("", &p), -EINVAL);
    assert_int_equal(position_parse("!!", &p), -EINVAL);
    refuse("x");
    refuse("-1");
    refuse("99999999999999999999999");
    refuse("1\nid");
    refuse("1\n\ncursor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_refuses_what_is_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
