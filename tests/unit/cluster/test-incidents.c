/* What broke in the owner's cluster, and what Hydra must say of it. */
#include "rig.h"

static struct rig *calm(void)
{
    struct rig *r = rig_new();
    rig_file(r, "home-cluster/calm.jsonl");
    rig_line(r,
             "{\"node\":\"hydra-storage\",\"report\":\"service\",\"id\":\"docker/hydra-litellm\","
             "\"kind\":\"container\",\"engine\":\"docker\",\"name\":\"hydra-litellm\","
             "\"image\":\"ghcr.io/berriai/litellm:main-stable\",\"health\":\"healthy\"}");
    rig_after(r, 5000);
    return r;
}

static const json_t *attention(const json_t *overview, const char *id)
{
    size_t i;
    json_t *a;
    json_array_foreach (json_object_get(overview, "attention"), i, a) {
        if (str_eq(json_get_str(a, "id", ""), id))
            return a;
    }
    fail_msg("nothing said about %s", id);
    return NULL;
}

static void test_restart_loop(void **state)
{
    (void)state;
    struct rig *r = calm();
    assert_string_equal(r->c->verdict.severity, "ok");
    rig_file(r, "home-cluster/loop.jsonl");
    assert_int_equal(rig_state(r, "hydra-ai/systemd/tabbyapi.service"), STATE_DOWN);
    assert_non_null(strstr(rig_reason(r, "hydra-ai/systemd/tabbyapi.service"), "libstdc++"));
    assert_true(rig_said(r, "bad service.looping tabbyapi on hydra-ai restarts again and again"));
    rig_after(r, 3000);
    assert_non_null(strstr(rig_sentence(r), "tabbyapi on hydra-ai has been down for 2 s"));
    json_t *j = rig_json(cluster_overview(r->c));
    const json_t *a = attention(j, "service:hydra-ai/systemd/tabbyapi.service");
    assert_non_null(strstr(json_get_str(a, "hint", ""), "another restart won't"));
    json_decref(j);
    rig_free(r);
}

static void test_second_copy(void **state)
{
    (void)state;
    struct rig *r = calm();
    rig_file(r, "home-cluster/copy.jsonl");
    rig_after(r, 2000);
    json_t *j = rig_json(cluster_service(r->c, "hydra-ai/systemd/tabbyapi.service"));
    const json_t *w = json_object_get(j, "warnings");
    assert_int_equal(json_array_size(w), 1);
    assert_string_equal(json_string_value(json_array_get(w, 0)),
                        "A second copy runs: hydra-ai/process/python3:5001.");
    json_decref(j);
    rig_free(r);
}

static void test_full_and_dead_filesystems(void **state)
{
    (void)state;
    struct rig *r = calm();
    rig_file(r, "home-cluster/full.jsonl");
    rig_after(r, 3000);
    json_t *j = rig_json(cluster_overview(r->c));
    const json_t *array = attention(j, "filesystem:hydra-storage:/mnt/user");
    assert_string_equal(json_get_str(array, "title", ""),
                        "/mnt/user on hydra-storage is 91 % full");
    assert_string_equal(json_get_str(array, "severity", ""), "warn");
    const json_t *image = attention(j, "filesystem:hydra-storage:/var/lib/docker");
    assert_string_equal(json_get_str(image, "severity", ""), "bad");
    assert_non_null(strstr(json_get_str(image, "hint", ""), "docker system df"));
    const json_t *nfs = attention(j, "filesystem:hydra-ai:/mnt/models");
    assert_string_equal(json_get_str(nfs, "title", ""), "/mnt/models on hydra-ai does not answer");
    assert_non_null(strstr(rig_sentence(r), ", but "));
    assert_string_equal(r->c->verdict.severity, "bad");
    json_decref(j);
    rig_free(r);
}

/* adguard was "healthy" for months: its probe asked Homepage's port. */
static void test_check_that_asks_another(void **state)
{
    (void)state;
    struct rig *r = calm();
    struct service_record record = {.id = "hydra-storage/docker/adguard",
                                    .check_kind = "http",
                                    .check_target = "http://localhost:3333/"};
    cluster_set_record(r->c, &record, r->now);
    rig_after(r, 1000);
    rig_line(r, "{\"node\":\"hydra-storage\",\"report\":\"check\",\"state\":\"up\",\"code\":200,"
                "\"service\":\"hydra-storage/docker/adguard\",\"text\":\"HTTP 200\"}");
    assert_int_equal(rig_state(r, record.id), STATE_UNCHECKED);
    assert_string_equal(rig_reason(r, record.id), "its check asks a port that belongs to homepage");
    rig_free(r);
}

/* … and where the probe itself sees that somebody else answers. */
static void test_somebody_else_answers(void **state)
{
    (void)state;
    struct rig *r = calm();
    struct service_record record = {.id = "manual/adguard",
                                    .manual = true,
                                    .name = "adguard",
                                    .check_kind = "http",
                                    .check_target = "http://192.168.1.244:3333/",
                                    .expect_body = "AdGuard",
                                    .retries = 1};
    cluster_set_record(r->c, &record, r->now);
    for (int i = 0; i < 2; i++)
        rig_line(r, "{\"node\":\"hydra-ai\",\"report\":\"check\",\"state\":\"down\",\"code\":200,"
                    "\"service\":\"manual/adguard\","
                    "\"text\":\"answers, but it is Homepage: the body lacks AdGuard\"}");
    assert_int_equal(rig_state(r, record.id), STATE_DOWN);
    assert_true(rig_said(r, "adguard is down: answers, but it is Homepage"));
    rig_free(r);
}

static void test_silent_node(void **state)
{
    (void)state;
    struct rig *r = calm();
    for (int i = 0; i < 61; i++) {
        rig_line(r, "{\"node\":\"hydra-storage\",\"report\":\"frame\",\"values\":{}}");
        rig_line(r, "{\"node\":\"hydra-compute\",\"report\":\"frame\",\"values\":{}}");
        rig_after(r, 1000);
    }
    assert_int_equal(rig_state(r, "hydra-ai/systemd/tabbyapi.service"), STATE_UNKNOWN);
    assert_true(rig_said(r, "bad node.away hydra-ai has not been heard from"));
    assert_non_null(strstr(rig_sentence(r), "hydra-ai has not been heard from for 1 min"));
    assert_false(rig_said(r, "tabbyapi on hydra-ai is down"));
    json_t *j = rig_json(cluster_node(r->c, "hydra-ai"));
    assert_string_equal(json_get_str(j, "state", ""), "away");
    assert_true(json_is_null(json_object_get(j, "vitals")));
    json_decref(j);
    rig_line(r, "{\"node\":\"hydra-ai\",\"report\":\"frame\",\"values\":{}}");
    rig_after(r, 3000);
    assert_true(rig_said(r, "ok node.online hydra-ai is back"));
    assert_int_equal(rig_state(r, "hydra-ai/systemd/tabbyapi.service"), STATE_HEALTHY);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart_loop),
        cmocka_unit_test(test_second_copy),
        cmocka_unit_test(test_full_and_dead_filesystems),
        cmocka_unit_test(test_check_that_asks_another),
        cmocka_unit_test(test_somebody_else_answers),
        cmocka_unit_test(test_silent_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
