#include "../test.h"

#include "cli/print.h"

static const char table_json[] =
    "{\"columns\":[{\"name\":\"service\",\"title\":\"SERVICE\",\"align\":\"left\",\"kind\":"
    "\"text\"},"
    "{\"name\":\"state\",\"title\":\"STATE\",\"align\":\"left\",\"kind\":\"state\"},"
    "{\"name\":\"since\",\"title\":\"SINCE\",\"align\":\"left\",\"kind\":\"age\"},"
    "{\"name\":\"memory\",\"title\":\"MEMORY\",\"align\":\"right\",\"kind\":\"bytes\"}],"
    "\"rows\":[[\"a\\u001b[2J\",\"down\",\"1970-01-01T00:00:00Z\",1536000],[\"plex, "
    "\\\"big\\\"\",\"healthy\",null,null]],\"next\":null}";

static char *printed(struct invocation v)
{
    json_t *table = json_loads(table_json, 0, NULL);
    struct str out = {0};
    print_table(&v, table, 125000, &out);
    json_decref(table);
    return str_take(&out);
}

static void tables_line_up_and_keep_the_terminal_safe(void **state)
{
    (void)state;
    char *text = printed((struct invocation){0});
    assert_string_equal(text, "SERVICE      STATE    SINCE   MEMORY\n"
                              "a [2J        down     2 min  1.54 MB\n"
                              "plex, \"big\"  healthy  -            -\n");
    mem_free(text);
    text = printed((struct invocation){.color = true});
    assert_non_null(strstr(text, "\033[31mdown\033[0m"));
    mem_free(text);
}

static void programs_get_values_as_they_are(void **state)
{
    (void)state;
    char *text = printed((struct invocation){.output = OUTPUT_CSV});
    assert_non_null(strstr(text, "service,state,since,memory\r\n"));
    assert_non_null(strstr(text, ",down,1970-01-01T00:00:00Z,1536000\r\n"));
    assert_non_null(strstr(text, "\"plex, \"\"big\"\"\",healthy,,\r\n"));
    mem_free(text);
    text = printed((struct invocation){.output = OUTPUT_JSON});
    json_t *back = json_loads(text, 0, NULL);
    assert_int_equal(json_array_size(back), 2);
    assert_int_equal(json_get_int(json_array_get(back, 0), "memory", 0), 1536000);
    json_decref(back);
    mem_free(text);
}

static void one_thing_is_one_row_of_csv(void **state)
{
    (void)state;
    json_t *v = json_pack("{s:i, s:s, s:[s], s:n, s:{s:i}}", "exit", 1, "sentence", "a, b", "list",
                          "x", "none", "inner", "k", 1);
    struct str out = {0};
    print_value(OUTPUT_CSV, v, &out);
    assert_string_equal(out.p, "exit,sentence,none\r\n1,\"a, b\",\r\n");
    json_decref(v);
    str_done(&out);
}

static void yaml_quotes_what_would_be_read_as_something_else(void **state)
{
    (void)state;
    json_t *v = json_pack("{s:s, s:s, s:s, s:s, s:i, s:n, s:b}", "plain", "tabbyapi", "yes", "yes",
                          "number", "1.0", "colon", "a: b", "n", 3, "nothing", "t", 1);
    struct str out = {0};
    print_value(OUTPUT_YAML, v, &out);
    assert_non_null(strstr(out.p, "plain: tabbyapi\n"));
    assert_non_null(strstr(out.p, "\"yes\"\n"));
    assert_non_null(strstr(out.p, "number: \"1.0\"\n"));
    assert_non_null(strstr(out.p, "colon: \"a: b\"\n"));
    assert_non_null(strstr(out.p, "n: 3\n"));
    assert_non_null(strstr(out.p, "nothing: null\n"));
    json_decref(v);
    str_done(&out);
}

static void bytes_have_three_digits(void **state)
{
    (void)state;
    static const struct {
        double bytes;
        const char *text;
    } cases[] = {{0, "0 B"},          {999, "999 B"},       {1000, "1.00 kB"},
                 {999999, "1.00 MB"}, {25.28e9, "25.3 GB"}, {271e9, "271 GB"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = {0};
        print_bytes(cases[i].bytes, &out);
        assert_string_equal(out.p, cases[i].text);
        str_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_line_up_and_keep_the_terminal_safe),
        cmocka_unit_test(programs_get_values_as_they_are),
        cmocka_unit_test(one_thing_is_one_row_of_csv),
        cmocka_unit_test(yaml_quotes_what_would_be_read_as_something_else),
        cmocka_unit_test(bytes_have_three_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
