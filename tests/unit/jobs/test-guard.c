/* What must not be interrupted, and when. */
#include "../test.h"

#include "jobs/guard.h"

#include <stdlib.h>
#include <time.h>

static struct guard read_guard(const char *text)
{
    struct err e = {0};
    struct guard g = {0};
    json_error_t ignored;
    AUTO(json_decrefp) json_t *body = json_loads(text, 0, &ignored);
    assert_non_null(body);
    if (guard_read(body, &e, &g) < 0)
        fail_msg("%s: %s", text, e.text);
    return g;
}

static void hours_and_days(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        struct guard_time at;
        bool holds;
    } cases[] = {
        {"{\"services\":[\"x\"]}", {3, 700}, true},
        {"{\"services\":[\"y\",\"?\"]}", {3, 700}, true},
        {"{\"services\":[\"y\"]}", {3, 700}, false},
        {"{\"services\":[\"x\"],\"days\":[\"thu\"]}", {3, 700}, true},
        {"{\"services\":[\"x\"],\"days\":[\"fri\"]}", {3, 700}, false},
        {"{\"services\":[\"x\"],\"from\":\"08:00\",\"to\":\"20:00\"}", {0, 480}, true},
        {"{\"services\":[\"x\"],\"from\":\"08:00\",\"to\":\"20:00\"}", {0, 479}, false},
        {"{\"services\":[\"x\"],\"from\":\"08:00\",\"to\":\"20:00\"}", {0, 1200}, false},
        {"{\"services\":[\"x\"],\"from\":\"22:00\",\"to\":\"02:00\",\"days\":[\"sun\"]}",
         {6, 1330},
         true},
        {"{\"services\":[\"x\"],\"from\":\"22:00\",\"to\":\"02:00\",\"days\":[\"sun\"]}",
         {0, 100},
         true}, /* Monday night belongs to Sunday */
        {"{\"services\":[\"x\"],\"from\":\"22:00\",\"to\":\"02:00\",\"days\":[\"sun\"]}",
         {6, 100},
         false},
        {"{\"services\":[\"x\"],\"from\":\"22:00\",\"to\":\"24:00\"}", {1, 1439}, true},
        {"{\"services\":[\"x\"],\"from\":\"22:00\",\"to\":\"24:00\"}", {1, 0}, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *text = mem_printf("{\"rules\":[%s]}", cases[i].rule);
        struct guard g = read_guard(text);
        if ((guard_find(&g, "x", cases[i].at) != NULL) != cases[i].holds)
            fail_msg("%s on %d at %d", cases[i].rule, cases[i].at.weekday, cases[i].at.minute);
        guard_done(&g);
    }
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "{\"rules\":{}}",
        "{\"rules\":[1]}",
        "{\"rules\":[{}]}",
        "{\"rules\":[{\"services\":[]}]}",
        "{\"rules\":[{\"services\":[1]}]}",
        "{\"rules\":[{\"services\":[\"\"]}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"days\":[\"monday\"]}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"days\":\"mon\"}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"from\":\"08:00\"}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"from\":\"8:00\",\"to\":\"09:00\"}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"from\":\"24:01\",\"to\":\"09:00\"}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"from\":\"08:60\",\"to\":\"09:00\"}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"from\":8,\"to\":9}]}",
        "{\"rules\":[{\"services\":[\"x\"],\"nodes\":[]}]}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err e = {0};
        struct guard g;
        json_error_t ignored;
        AUTO(json_decrefp) json_t *body = json_loads(bad[i], 0, &ignored);
        assert_int_equal(guard_read(body, &e, &g), -EINVAL);
        assert_true(*e.text);
        assert_string_equal(e.field, "rules");
    }
}

static void prints_what_it_read(void **state)
{
    (void)state;
    static const char text[] =
        "{\"rules\":[{\"services\":[\"a\",\"b*\"],\"days\":[\"fri\",\"sat\"],\"from\":\"20:00\","
        "\"to\":\"23:30\"},{\"services\":[\"c\"],\"days\":[\"mon\",\"tue\",\"wed\",\"thu\","
        "\"fri\",\"sat\",\"sun\"],\"from\":null,\"to\":null}]}";
    struct guard g = read_guard(text);
    struct str out = {0};
    struct jw w = jw_begin(&out);
    guard_print(&w, &g);
    assert_string_equal(str_text(&out), text);
    str_done(&out);
    AUTO(mem_freep) char *when = guard_when(&g.v[0]), *always = guard_when(&g.v[1]);
    assert_string_equal(when, "on Fridays and Saturdays from 20:00 to 23:30");
    assert_string_equal(always, "");
    guard_done(&g);
}

static void says_why_not_now(void **state)
{
    (void)state;
    struct guard g =
        read_guard("{\"rules\":[{\"services\":[\"x\"],\"from\":\"08:00\",\"to\":\"22:00\"}]}");
    AUTO(mem_freep) char *now = guard_sentence(&g, "x", (struct guard_time){0, 600});
    assert_string_equal(now,
                        "x is protected by the guard rails from 08:00 to 22:00: it must not be "
                        "interrupted.");
    assert_null(guard_sentence(&g, "x", (struct guard_time){0, 1400}));
    assert_null(guard_sentence(&g, "y", (struct guard_time){0, 600}));
    guard_done(&g);
}

static void a_copy_is_its_own(void **state)
{
    (void)state;
    struct guard g = read_guard("{\"rules\":[{\"services\":[\"a\",\"b\"]}]}"), copy;
    struct str out = {0};
    struct jw w = jw_begin(&out);
    g.version = 1764000000000;
    g.changed_by = mem_strdup("mira");
    guard_copy(&copy, &g);
    guard_done(&g);
    guard_print_full(&w, &copy, "UTC");
    guard_done(&copy);
    assert_non_null(strstr(str_text(&out), "\"services\":[\"a\",\"b\"]"));
    assert_non_null(strstr(str_text(&out), "\"changed_by\":\"mira\""));
    assert_non_null(strstr(str_text(&out), "\"version\":1764000000000"));
    str_done(&out);
}

static void the_clock_is_this_machines(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    struct guard_time t = guard_time_of(1764000000000); /* Monday, 2025-11-24 16:00 */
    assert_int_equal(t.weekday, 0);
    assert_int_equal(t.minute, 16 * 60);
    AUTO(mem_freep) char *zone = guard_zone();
    assert_string_equal(zone, "UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_and_days),      cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(prints_what_it_read), cmocka_unit_test(says_why_not_now),
        cmocka_unit_test(a_copy_is_its_own),   cmocka_unit_test(the_clock_is_this_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
