#include "../test.h"

#include "node/action-engine.h"

static int parse(const char *json, struct container_state *ret_s)
{
    return container_state_parse(json, strlen(json), ret_s);
}

static void test_state(void **state)
{
    (void)state;
    struct container_state s;
    assert_int_equal(
        parse("{\"State\":{\"Status\":\"running\",\"Running\":true,\"StartedAt\":\"t\","
              "\"Health\":{\"Status\":\"unhealthy\"}},\"RestartCount\":3,"
              "\"Config\":{\"Tty\":true}}",
              &s),
        0);
    assert_true(s.running && s.tty && !s.paused && !s.restarting);
    assert_int_equal(s.health, HEALTH_UNHEALTHY);
    assert_int_equal(s.restarts, 3);
    assert_string_equal(s.started, "t");
    assert_int_equal(parse("{\"State\":{\"Status\":\"paused\",\"ExitCode\":7}}", &s), 0);
    assert_true(s.paused && !s.running); /* Podman says only the word */
    assert_int_equal(s.exit_code, 7);
    assert_int_equal(s.health, HEALTH_NONE);
    assert_int_equal(parse("{}", &s), -EINVAL);
    assert_int_equal(parse("{\"State\":\"running\"}", &s), -EINVAL);
    assert_true(parse("nonsense", &s) < 0);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "0", "my_app.web-1", "A9"};
    static const char *const bad[] = {"", "-a", ".a", "a/b", "a?b", "a b", "ä", "a\n"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(container_name_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(container_name_is_valid(bad[i]));
    char longest[130];
    memset(longest, 'a', sizeof longest - 1);
    longest[129] = 0;
    assert_false(container_name_is_valid(longest));
    longest[128] = 0;
    assert_true(container_name_is_valid(longest));
    assert_false(
        container_is_own("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
}

static void test_signal_to_query(void **state)
{
    (void)state;
    struct str s = {0};
    signal_to_query("RTMIN+1", &s);
    assert_string_equal(s.p, "RTMIN%2B1");
    str_clear(&s);
    signal_to_query("RTMAX-2", &s);
    assert_string_equal(s.p, "RTMAX-2");
    str_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signal_to_query),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
