#include "../test.h"

#include "base/json.h"

#include <math.h>

static void writer_makes_valid_json(void **state)
{
    (void)state;
    struct str s = {0};
    struct jw w = jw_begin(&s);
    jw_object(&w);
    jw_key_str(&w, "a\"b", "x\n\x01\xffy");
    jw_key(&w, "list");
    jw_array(&w);
    jw_int(&w, -1);
    jw_fixed(&w, 2.5, 2);
    jw_fixed(&w, -0.005, 1);
    jw_num(&w, NAN);
    jw_num(&w, 0.1);
    jw_array(&w);
    jw_end_array(&w);
    jw_object(&w);
    jw_end_object(&w);
    jw_end_array(&w);
    jw_key_bool(&w, "t", true);
    jw_key_time(&w, "at", 0);
    jw_end_object(&w);
    assert_string_equal(s.p, "{\"a\\\"b\":\"x\\n\\u0001\xef\xbf\xbdy\",\"list\":[-1,2.5,0,null,0.1,"
                             "[],{}],\"t\":true,\"at\":null}");
    json_t *back = NULL;
    assert_int_equal(json_parse(s.p, s.len, 1000, NULL, &back), 0);
    struct str again = {0};
    w = jw_begin(&again);
    jw_array(&w);
    jw_json(&w, json_object_get(back, "at"));
    jw_json(&w, NULL);
    jw_json(&w, json_object_get(back, "a\"b"));
    jw_end_array(&w);
    assert_string_equal(again.p, "[null,null,\"x\\n\\u0001\xef\xbf\xbdy\"]");
    json_decref(back);
    str_done(&again);
    str_done(&s);
}

static void parser_refuses_what_is_too_much(void **state)
{
    (void)state;
    struct err e = {0};
    json_t *v = NULL;
    char deep[400];
    memset(deep, '[', sizeof deep);
    assert_int_equal(json_parse(deep, sizeof deep, 1000, &e, &v), -EINVAL);
    assert_int_equal(json_parse("[1,2]", 5, 4, &e, &v), -E2BIG);
    assert_int_equal(json_parse("{\"a\":1,\"a\":2}", 13, 100, &e, &v), -EINVAL);
    assert_int_equal(json_parse("{\"a\":}", 6, 100, &e, &v), -EINVAL);
    assert_non_null(strstr(e.text, "line 1"));
    assert_null(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_makes_valid_json),
        cmocka_unit_test(parser_refuses_what_is_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
