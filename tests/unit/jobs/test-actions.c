/* What is offered, from kind, state and rights. */
#include "../cluster/rig.h"

#include "jobs/actions.h"

static char *service_line(const char *engine, const char *name, const char *rest)
{
    return mem_printf("{\"node\":\"tower\",\"report\":\"service\",\"id\":\"%s/%s\",\"kind\":\"%s\","
                      "\"engine\":\"%s\",\"name\":\"%s\"%s}",
                      engine, name, str_eq(engine, "docker") ? "container" : "unit", engine, name,
                      rest);
}

static void add(struct rig *r, const char *engine, const char *name, const char *rest)
{
    AUTO(mem_freep) char *line = service_line(engine, name, rest);
    rig_line(r, line);
}

/* The verbs in their order, "restart,stop". */
static char *verbs_of(struct rig *r, const char *id, uint64_t permissions)
{
    struct err e = {0};
    struct str out = {0}, verbs = {0};
    struct jw w = jw_begin(&out);
    size_t i;
    json_t *a;
    if (actions_print(r->c, NULL, id, permissions, r->now.mono_ms, &w, &e) < 0)
        fail_msg("%s", e.text);
    AUTO(json_decrefp) json_t *all = json_loads(str_text(&out), 0, NULL);
    json_array_foreach (json_object_get(all, "actions"), i, a) {
        const char *verb = json_get_str(a, "verb", "");
        str_addf(&verbs, "%s%s", i ? "," : "", strchr(verb, '.') + 1);
        assert_true(json_get_bool(a, "allowed", false));
        assert_true(*json_get_str(a, "confirm", ""));
    }
    str_done(&out);
    return str_take(&verbs);
}

static void assert_offers(struct rig *r, const char *id, uint64_t permissions, const char *want)
{
    AUTO(mem_freep) char *verbs = verbs_of(r, id, permissions);
    assert_string_equal(verbs, want);
}

static void by_kind_and_state(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    add(r, "docker", "plex", ",\"run\":\"running\"");
    add(r, "docker", "off", ",\"run\":\"stopped\"");
    add(r, "docker", "still", ",\"run\":\"paused\"");
    add(r, "docker", "loop", ",\"run\":\"restarting\"");
    add(r, "systemd", "nginx.service", ",\"run\":\"running\"");
    add(r, "systemd", "bad.service", ",\"run\":\"failed\"");
    assert_offers(r, "tower/docker/plex", PERMISSIONS_ALL, "restart,stop,update,pause,kill,rename");
    assert_offers(r, "tower/docker/off", PERMISSIONS_ALL, "start,update,rename,remove");
    assert_offers(r, "tower/docker/still", PERMISSIONS_ALL, "unpause,restart,stop");
    assert_offers(r, "tower/docker/loop", PERMISSIONS_ALL, "stop,restart,update,kill");
    assert_offers(r, "tower/systemd/nginx.service", PERMISSIONS_ALL, "restart,reload,stop");
    assert_offers(r, "tower/systemd/bad.service", PERMISSIONS_ALL,
                  "start,restart,reset-failed,mask,unmask");
    assert_offers(r, "tower", PERMISSIONS_ALL, "reboot,power-off");
    rig_free(r);
}

static void by_rights(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    add(r, "docker", "plex", ",\"run\":\"running\"");
    assert_offers(r, "tower/docker/plex", permission_bit(PERM_SERVICE_RESTART),
                  "restart,stop,pause,kill");
    assert_offers(r, "tower/docker/plex", permission_bit(PERM_SERVICES_READ), "");
    assert_offers(r, "tower", permission_bit(PERM_SERVICE_RESTART), "");
    rig_free(r);
}

static void says_what_depends_on_it(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct err e = {0};
    struct str out = {0};
    add(r, "docker", "db", ",\"run\":\"running\"");
    add(r, "docker", "app", ",\"run\":\"running\",\"depends_on\":[\"docker/db\"]");
    rig_after(r, 2000);
    struct jw w = jw_begin(&out);
    assert_true(
        actions_print(r->c, NULL, "tower/docker/db", PERMISSIONS_ALL, r->now.mono_ms, &w, &e) >= 0);
    assert_non_null(
        strstr(str_text(&out), "db will be away for a moment. 1 service depends on it: app."));
    str_done(&out);
    rig_free(r);
}

static void unknown_and_unmanaged_things(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct err e = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    assert_int_equal(actions_print(r->c, NULL, "none", PERMISSIONS_ALL, 0, &w, &e), -ENOENT);
    assert_int_equal(out.len, 0);
    str_done(&out);
    cluster_set_record(
        r->c,
        &(struct service_record){.id = "manual/router", .manual = true, .name = (char *)"router"},
        r->now);
    assert_offers(r, "manual/router", PERMISSIONS_ALL, "");
    struct service_look look;
    enum command_verb v;
    assert_int_equal(cluster_look(r->c, "manual/router", r->now.mono_ms, &e, &look), 0);
    assert_int_equal(action_verb(&look, "restart", &e, &v), -EINVAL);
    assert_non_null(strstr(e.text, "added by hand"));
    service_look_done(&look);
    rig_free(r);
}

static void says_what_the_node_does_not_allow(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct err e = {0};
    struct str out = {0};
    struct loop *loop = loop_new("jobs");
    struct jobs *j = jobs_new(loop, NULL, NULL, r->c, r->log, &(struct jobs_hooks){0});
    struct policy *p = policy_default();
    jobs_set_policy(j, "tower", p);
    jobs_set_policy(j, "tower", p); /* told again */
    policy_free(p);
    add(r, "docker", "plex", ",\"run\":\"running\"");
    struct jw w = jw_begin(&out);
    assert_true(
        actions_print(r->c, j, "tower/docker/plex", PERMISSIONS_ALL, r->now.mono_ms, &w, &e) >= 0);
    AUTO(json_decrefp) json_t *all = json_loads(str_text(&out), 0, NULL);
    const json_t *restart = json_array_get(json_object_get(all, "actions"), 0);
    const json_t *update = json_array_get(json_object_get(all, "actions"), 2);
    assert_string_equal(json_get_str(restart, "verb", ""), "container.restart");
    assert_true(json_get_bool(restart, "allowed", false));
    assert_string_equal(json_get_str(update, "verb", ""), "container.update");
    assert_false(json_get_bool(update, "allowed", true));
    assert_non_null(strstr(json_get_str(update, "why", ""), "policy"));
    str_done(&out);
    assert_non_null(jobs_policy(j, "tower"));
    jobs_node_removed(j, "tower");
    assert_null(jobs_policy(j, "tower"));
    jobs_node_removed(j, "nowhere");
    jobs_free(j);
    loop_free(loop);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_kind_and_state),
        cmocka_unit_test(by_rights),
        cmocka_unit_test(says_what_depends_on_it),
        cmocka_unit_test(unknown_and_unmanaged_things),
        cmocka_unit_test(says_what_the_node_does_not_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
