/* Patterns of lines: what is read of a file, and that the same comes of it each time. */
#include "demo/lines.h"

#include "../test.h"

#include <stdio.h>
#include <stdlib.h>

static const char patterns[] =
    "# comment\n"
    "= docker/a ai/docker/* docker/multi-?\n"
    "~ 2\n"
    "> up {name}\n"
    "> @4 second\n"
    "< down\n"
    "! failed\n"
    "3 n={1..3} x={x4} w={red|blue} f={0.5..1.5} {\"json\": {7..7}} \\e[1m\n"
    "| follows at {%Y}\n";

static struct lines *parsed(void)
{
    struct lines *l = lines_new();
    struct err e = {0};
    assert_int_equal(lines_parse(l, "test", patterns, &e), 0);
    return l;
}

static void test_same_each_time(void **state)
{
    (void)state;
    AUTO(lines_freep) struct lines *l = parsed();
    const struct patterns *p = lines_of(l, "ai", "docker/a");
    struct writings one = {0}, two = {0};
    int64_t from = 1764000000000000, to = from + 600000000;
    lines_between(p, "docker/a", from, to, &one);
    lines_between(p, "docker/a", from, from + 123456789, &two);
    size_t first = two.lines.n;
    lines_between(p, "docker/a", from + 123456789, to, &two);
    assert_true(first > 0 && one.lines.n > 300);
    assert_int_equal(one.lines.n, two.lines.n);
    for (size_t i = 0; i < one.lines.n; i++) {
        assert_string_equal(one.lines.v[i].text, two.lines.v[i].text);
        assert_true(one.lines.v[i].us == two.lines.v[i].us);
        assert_true(one.lines.v[i].us >= from && one.lines.v[i].us < to);
    }
    writings_done(&one);
    writings_done(&two);
}

static void test_fields(void **state)
{
    (void)state;
    AUTO(lines_freep) struct lines *l = parsed();
    struct writings w = {0};
    int n, f;
    char hex[8], colour[8];
    lines_between(lines_of(l, "ai", "docker/a"), "docker/a", 1764000000000000, 1764000060000000,
                  &w);
    assert_true(w.lines.n >= 2);
    assert_int_equal(
        sscanf(w.lines.v[0].text, "n=%d x=%4[0-9a-f] w=%4[a-z] f=%d.", &n, hex, colour, &f), 4);
    assert_true(n >= 1 && n <= 3 && strlen(hex) == 4 && f <= 1);
    assert_non_null(strstr(w.lines.v[0].text, "{\"json\": 7} \033[1m"));
    assert_string_equal(w.lines.v[1].text, "follows at 2025");
    writings_done(&w);
}

static void test_moments(void **state)
{
    (void)state;
    AUTO(lines_freep) struct lines *l = parsed();
    struct writings w = {0};
    int64_t end = lines_say(lines_of(l, "ai", "docker/a"), "docker/a", LINES_START, 1000, &w);
    assert_int_equal(w.lines.n, 2);
    assert_string_equal(w.lines.v[0].text, "up a");
    assert_int_equal(w.lines.v[1].level, LINE_WARNING);
    assert_string_equal(w.lines.v[1].text, "second");
    assert_true(w.lines.v[1].us > 1000 && end > w.lines.v[1].us);
    writings_done(&w);
}

static void test_who(void **state)
{
    (void)state;
    AUTO(lines_freep) struct lines *l = parsed();
    assert_non_null(lines_of(l, "other", "docker/a"));
    assert_non_null(lines_of(l, "ai", "docker/b"));
    assert_null(lines_of(l, "other", "docker/b"));
    assert_non_null(lines_of(l, "other", "docker/multi-1"));
}

static void test_faults(void **state)
{
    static const char *const bad[] = {"1 text\n",   "= a\n| first\n", "= a\n~ 0\n",
                                      "= a\n~ x\n", "= a\n0 text\n",  "= a\nword text\n",
                                      "= a\n7\n"};
    AUTO(lines_freep) struct lines *l = lines_new();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err e = {0};
        assert_int_equal(lines_parse(l, "bad", bad[i], &e), -EINVAL);
        assert_non_null(strstr(e.text, "bad line "));
    }
}

static void test_shipped(void **state)
{
    (void)state;
    AUTO(lines_freep) struct lines *l = NULL;
    AUTO(mem_freep) char *folder = mem_printf("%s/home-cluster/demo/logs", getenv("TEST_DATA"));
    struct err e = {0};
    assert_int_equal(lines_load(folder, &e, &l), 0);
    assert_non_null(lines_of(l, "hydra-ai", "systemd/tabbyapi.service"));
    assert_int_equal(lines_load("/nowhere", &e, &l), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_each_time), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_moments),        cmocka_unit_test(test_who),
        cmocka_unit_test(test_faults),         cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
