#include "../test.h"

#include "node/docker-usage.h"

static json_t *print(const char *answer)
{
    struct str out = {0};
    struct err e = {0};
    struct jw w = jw_begin(&out);
    json_t *v = NULL;
    jw_object(&w);
    assert_int_equal(docker_usage_print(answer, strlen(answer), &e, &w), 0);
    jw_end_object(&w);
    assert_int_equal(json_parse(out.p, out.len, out.len, &e, &v), 0);
    str_done(&out);
    return v;
}

static int64_t number(const json_t *v, const char *kind, const char *key)
{
    return json_get_int(json_object_get(v, kind), key, -1);
}

static const json_t *item(const json_t *v, const char *kind, size_t i)
{
    return json_array_get(json_object_get(json_object_get(v, kind), "items"), i);
}

/* Two images share 100 bytes of a layer; one is in use. */
static void test_what_can_be_won(void **state)
{
    (void)state;
    AUTO(json_decrefp)
    json_t *v = print(
        "{\"LayersSize\":1100,\"Images\":["
        "{\"Id\":\"sha256:aaaaaaaaaaaabbbb\",\"RepoTags\":[\"plex:1\"],\"Size\":500,"
        "\"SharedSize\":100,\"Containers\":2,\"Created\":1700000000},"
        "{\"Id\":\"sha256:cccccccccccc\",\"RepoTags\":[\"<none>:<none>\"],\"Size\":700,"
        "\"SharedSize\":100,\"Containers\":0},7],"
        "\"Containers\":[{\"Id\":\"d\",\"Names\":[\"/plex\"],\"Image\":\"plex:1\","
        "\"State\":\"running\",\"SizeRw\":10},{\"Id\":\"e\",\"Names\":[\"/old\"],\"State\":"
        "\"exited\",\"SizeRw\":30},{\"Id\":\"f\",\"State\":\"created\"}],"
        "\"Volumes\":[{\"Name\":\"db\",\"Driver\":\"local\",\"UsageData\":{\"Size\":90,"
        "\"RefCount\":1}},{\"Name\":\"left\",\"UsageData\":{\"Size\":40,\"RefCount\":0},"
        "\"CreatedAt\":\"2026-11-01T10:00:00Z\",\"Labels\":{\"com.docker.volume.anonymous\":"
        "\"\"}},{\"Name\":\"far\",\"UsageData\":{\"Size\":-1,\"RefCount\":-1}}],"
        "\"BuildCache\":[{\"ID\":\"x\",\"Size\":5,\"InUse\":true},{\"ID\":\"y\",\"Size\":6}]}");
    assert_int_equal(number(v, "images", "count"), 2);
    assert_int_equal(number(v, "images", "in_use"), 1);
    assert_int_equal(number(v, "images", "bytes"), 1100);
    assert_int_equal(number(v, "images", "reclaimable_bytes"), 700);
    assert_string_equal(json_get_str(item(v, "images", 0), "id", ""), "cccccccccccc");
    assert_int_equal(json_array_size(json_object_get(item(v, "images", 0), "tags")),
                     0); /* largest first */
    assert_string_equal(json_get_str(item(v, "images", 1), "created", ""),
                        "2023-11-14T22:13:20.000Z");
    assert_int_equal(number(v, "containers", "bytes"), 40);
    assert_int_equal(number(v, "containers", "reclaimable_bytes"), 30);
    assert_string_equal(json_get_str(item(v, "containers", 0), "name", ""), "old");
    assert_int_equal(number(v, "volumes", "reclaimable_bytes"), 40);
    assert_int_equal(number(v, "volumes", "in_use"), 2);
    assert_true(json_get_bool(item(v, "volumes", 1), "anonymous", false));
    assert_int_equal(number(v, "build_cache", "reclaimable_bytes"), 6);
}

static void test_nothing_and_nonsense(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "null", "{"};
    AUTO(json_decrefp)
    json_t *v = print("{\"Images\":null,\"Containers\":[],\"Volumes\":{},\"LayersSize\":-1}");
    assert_int_equal(number(v, "images", "bytes"), 0);
    assert_int_equal(number(v, "volumes", "count"), 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(str_done) struct str out = {0};
        struct jw w = jw_begin(&out);
        struct err e = {0};
        assert_int_equal(docker_usage_print(bad[i], strlen(bad[i]), &e, &w), -EINVAL);
        assert_int_equal(out.len, 0);
    }
}

static void test_more_than_fits(void **state)
{
    (void)state;
    AUTO(str_done) struct str answer = {0};
    str_add(&answer, "{\"Images\":[");
    for (int i = 0; i < LIMIT_USAGE_ITEMS + 5; i++)
        str_addf(&answer, "%s{\"Id\":\"sha256:%012d\",\"Size\":%d}", i ? "," : "", i, i);
    str_add(&answer, "]}");
    AUTO(json_decrefp) json_t *v = print(answer.p);
    const json_t *images = json_object_get(v, "images");
    assert_int_equal(json_array_size(json_object_get(images, "items")), LIMIT_USAGE_ITEMS);
    assert_int_equal(number(v, "images", "count"), LIMIT_USAGE_ITEMS + 5);
    assert_true(json_get_bool(images, "cut", false));
    assert_int_equal(json_get_int(item(v, "images", 0), "bytes", 0), LIMIT_USAGE_ITEMS + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_can_be_won),
        cmocka_unit_test(test_nothing_and_nonsense),
        cmocka_unit_test(test_more_than_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
