#include "../test.h"

#include "node/unraid.h"

static json_t *take(const char *text)
{
    json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(unraid_take(text, strlen(text), &e, &v), 0);
    return v;
}

static json_t *print(json_t *data[UNRAID_PARTS], char *troubles[UNRAID_PARTS])
{
    struct str out = {0};
    json_t *v = NULL;
    struct jw w = jw_begin(&out);
    unraid_print(data, troubles, &w);
    assert_int_equal(json_parse(out.p, out.len, out.len, NULL, &v), 0);
    str_done(&out);
    for (size_t i = 0; i < UNRAID_PARTS; i++)
        json_decref(data[i]);
    return v;
}

static void test_questions(void **state)
{
    (void)state;
    for (unsigned p = 0; p < UNRAID_PARTS; p++)
        for (unsigned s = 0; s <= UNRAID_SPELLINGS; s++) {
            const char *body = unraid_question((enum unraid_part)p, s);
            json_t *v = NULL;
            if (!body)
                continue;
            assert_int_equal(json_parse(body, strlen(body), 4096, NULL, &v), 0);
            assert_true(str_starts(json_get_str(v, "query", ""), "query{"));
            assert_null(strstr(body, "mutation"));
            json_decref(v);
        }
    assert_non_null(unraid_question(UNRAID_DISKS, 1));
    assert_null(unraid_question(UNRAID_DISKS, UNRAID_SPELLINGS));
}

static void test_parts(void **state)
{
    (void)state;
    char *troubles[UNRAID_PARTS] = {[UNRAID_PARITY] = (char *)"Unraid refuses: no such field"};
    json_t *data[UNRAID_PARTS] = {
        take("{\"data\":{\"info\":{\"versions\":{\"core\":{\"unraid\":\"7.2.0\"}}}}}"),
        take("{\"data\":{\"array\":{\"state\":\"STARTED\",\"capacity\":{\"kilobytes\":{\"free\":"
             "\"1000\",\"used\":\"3000\",\"total\":\"4000\"}}}}}"),
        NULL,
        take("{\"data\":{\"array\":{\"parities\":[{\"name\":\"parity\",\"device\":\"sdb\",\"size\":"
             "100,\"status\":\"DISK_OK\",\"isSpinning\":false,\"temp\":null}],\"disks\":[{\"name\":"
             "\"disk1\",\"status\":\"DISK_DSBL\",\"color\":\"RED_ON\",\"temp\":34,\"numErrors\":5},"
             "{\"name\":\"disk2\",\"status\":\"DISK_OK\",\"color\":\"GREEN_BLINK\",\"temp\":0},7],"
             "\"caches\":null}}}"),
        take("{\"data\":{\"shares\":[{\"name\":\"media\",\"comment\":\"films\",\"free\":10,"
             "\"used\":\"20\",\"cache\":true}]}}")};
    AUTO(json_decrefp) json_t *v = print(data, troubles);
    const json_t *disks = json_object_get(v, "disks"), *array = json_object_get(v, "array");
    assert_string_equal(json_get_str(v, "version", ""), "7.2.0");
    assert_true(json_get_num(array, "total_bytes", 0) == 4000.0 * 1024);
    assert_true(json_is_null(json_object_get(v, "parity")));
    assert_int_equal(json_array_size(disks), 3);
    assert_string_equal(json_get_str(json_array_get(disks, 0), "role", ""), "parity");
    assert_true(json_get_bool(json_array_get(disks, 0), "asleep", false));
    assert_false(json_get_bool(json_array_get(disks, 1), "asleep", true));
    assert_false(json_get_bool(json_array_get(disks, 1), "ok", true));
    assert_true(json_get_num(json_array_get(disks, 1), "errors", 0) == 5);
    assert_true(json_get_bool(json_array_get(disks, 2), "asleep", false)); /* by its light */
    const json_t *trouble = json_array_get(json_object_get(v, "troubles"), 0);
    assert_string_equal(json_get_str(trouble, "what", ""), "parity");
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int r;
    } cases[] = {{"", -EBADMSG},
                 {"<html>", -EBADMSG},
                 {"[]", -EBADMSG},
                 {"{}", -EINVAL},
                 {"{\"errors\":[{\"message\":\"Cannot query field \\\"x\\\"\"}]}", -EINVAL},
                 {"{\"data\":{},\"errors\":[{}]}", -EINVAL}};
    struct err e = {0};
    json_t *v = NULL;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(unraid_take(cases[i].text, strlen(cases[i].text), &e, &v), cases[i].r);
    assert_int_equal(unraid_take(cases[4].text, strlen(cases[4].text), &e, &v), -EINVAL);
    assert_string_equal(e.text, "Unraid refuses: Cannot query field \"x\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
