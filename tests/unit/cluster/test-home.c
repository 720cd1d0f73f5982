/* The owner's real cluster: every service found, named, grouped, linked and judged. */
#include "rig.h"

#include <stdio.h>

static const struct expected {
    const char *id, *name, *group, *icon, *url, *state, *check;
} table[] = {
#include "home-expected.h"
};

static const json_t *find(const json_t *services, const char *id)
{
    size_t i;
    json_t *s;
    json_array_foreach (services, i, s) {
        if (str_eq(json_get_str(s, "id", ""), id))
            return s;
    }
    fail_msg("%s was not found", id);
    return NULL;
}

static void assert_text(const json_t *s, const char *key, const char *expected, const char *id)
{
    const char *is = json_get_str(s, key, NULL);
    if (!str_eq(is, expected))
        fail_msg("%s: %s is %s, expected %s", id, key, is ? is : "null",
                 expected ? expected : "null");
}

static void test_every_service(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    rig_file(r, "home-cluster/calm.jsonl");
    rig_after(r, 3000);
    json_t *j = rig_json(cluster_overview(r->c));
    const json_t *services = json_object_get(j, "services");
    assert_int_equal(json_array_size(services), COUNT_OF(table));
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct expected *e = &table[i];
        const json_t *s = find(services, e->id);
        assert_text(s, "display", e->name, e->id);
        assert_text(s, "group", e->group, e->id);
        assert_text(s, "icon", e->icon, e->id);
        assert_text(s, "url", e->url, e->id);
        assert_text(s, "state", e->state, e->id);
        assert_text(s, "check", e->check, e->id);
    }
    json_decref(j);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_service)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
