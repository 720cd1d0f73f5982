/* What is offered, from kind, state and rights. */
#include "../cluster/rig.h"

#include "base/vec.h"
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
    if (actions_print(r->c, NULL,
                      &(struct action_query){.id = id, .permissions = permissions, .now = r->now},
                      &w, &e) < 0)
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
    assert_offers(r, "tower/docker/plex", PERMISSIONS_ALL,
                  "restart,stop,update,pause,kill,rename,connect,disconnect,truncate-log");
    assert_offers(r, "tower/docker/off", PERMISSIONS_ALL,
                  "start,update,rename,connect,disconnect,truncate-log,remove");
    assert_offers(r, "tower/docker/still", PERMISSIONS_ALL, "unpause,restart,stop,truncate-log");
    assert_offers(r, "tower/docker/loop", PERMISSIONS_ALL, "stop,restart,update,kill,truncate-log");
    assert_offers(r, "tower/systemd/nginx.service", PERMISSIONS_ALL, "restart,reload,stop");
    assert_offers(r, "tower/systemd/bad.service", PERMISSIONS_ALL,
                  "start,restart,reset-failed,mask,unmask");
    assert_offers(r, "tower", PERMISSIONS_ALL, "reboot,power-off,vacuum");
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
    assert_true(actions_print(r->c, NULL,
                              &(struct action_query){.id = "tower/docker/db",
                                                     .permissions = PERMISSIONS_ALL,
                                                     .now = r->now},
                              &w, &e) >= 0);
    assert_non_null(
        strstr(str_text(&out), "db will be away for a moment. 1 service depends on it: app."));
    str_done(&out);
    rig_free(r);
}

static bool warns_of(struct rig *r, const char *id)
{
    struct err e = {0};
    AUTO(str_done) struct str out = {0};
    struct jw w = jw_begin(&out);
    const struct action_query q = {.id = id, .permissions = PERMISSIONS_ALL, .now = r->now};
    if (actions_print(r->c, NULL, &q, &w, &e) < 0)
        fail_msg("%s", e.text);
    return strstr(str_text(&out), "Make a backup first.\",\"warning\":\"It is a database");
}

static void a_new_version_of_a_database_warns(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    add(r, "docker", "store", ",\"run\":\"running\",\"image\":\"docker.io/library/postgres:16\"");
    add(r, "docker", "plex", ",\"run\":\"running\",\"image\":\"plexinc/pms-docker\"");
    assert_true(warns_of(r, "tower/docker/store"));
    assert_false(warns_of(r, "tower/docker/plex"));
    rig_free(r);
}

static void unknown_and_unmanaged_things(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct err e = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    assert_int_equal(
        actions_print(r->c, NULL,
                      &(struct action_query){.id = "none", .permissions = PERMISSIONS_ALL}, &w, &e),
        -ENOENT);
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
    assert_true(actions_print(r->c, j,
                              &(struct action_query){.id = "tower/docker/plex",
                                                     .permissions = PERMISSIONS_ALL,
                                                     .now = r->now},
                              &w, &e) >= 0);
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

static char *answer_of(struct rig *r, const struct jobs *j, struct action_query q)
{
    struct err e = {0};
    struct str out = {0};
    struct jw w = jw_begin(&out);
    q.permissions = q.permissions ? q.permissions : PERMISSIONS_ALL;
    q.now = r->now;
    if (actions_print(r->c, j, &q, &w, &e) < 0) {
        str_done(&out);
        return mem_strdup(e.text);
    }
    return str_take(&out);
}

static void assert_says(struct rig *r, const struct jobs *j, struct action_query q,
                        const char *text)
{
    AUTO(mem_freep) char *answer = answer_of(r, j, q);
    if (!strstr(answer, text))
        fail_msg("\"%s\" is not in %s", text, answer);
}

static void of_a_project(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    const struct action_query shop = {.id = "tower", .project = "docker/shop"};
    add(r, "docker", "web",
        ",\"run\":\"running\",\"project\":\"shop\",\"depends_on\":[\"docker/db\"]");
    add(r, "docker", "admin",
        ",\"run\":\"running\",\"project\":\"shop\",\"depends_on\":[\"docker/web\"]");
    add(r, "docker", "db", ",\"run\":\"running\",\"project\":\"shop\"");
    add(r, "docker", "films", ",\"run\":\"running\",\"depends_on\":[\"docker/web\"]");
    add(r, "docker", "other", ",\"run\":\"stopped\",\"project\":\"other\"");
    rig_after(r, 2000);
    assert_says(r, NULL, shop, "3 services are restarted, what others need first");
    assert_says(r, NULL, shop, "for a moment: db, web, admin. 1 service depends on it: films.");
    assert_says(r, NULL, shop, "none is removed: admin, web, db. 1 service");
    AUTO(mem_freep) char *running = answer_of(r, NULL, shop);
    assert_null(strstr(running, "project.up"));
    assert_non_null(strstr(running, "project.pull"));
    assert_says(r, NULL, (struct action_query){.id = "tower", .project = "docker/other"},
                "project.up");
    assert_says(r, NULL, (struct action_query){.id = "tower", .project = "podman/shop"},
                "There is no compose project podman/shop on tower.");
    AUTO(mem_freep)
    char *none =
        answer_of(r, NULL,
                  (struct action_query){.id = "tower",
                                        .project = "docker/shop",
                                        .permissions = permission_bit(PERM_SERVICE_RESTART)});
    assert_string_equal(none, "{\"actions\":[]}");
    rig_free(r);
}

static void of_a_process(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct loop *loop = loop_new("jobs");
    struct jobs *j = jobs_new(loop, NULL, NULL, r->c, r->log, &(struct jobs_hooks){0});
    const struct action_query process = {.id = "tower", .process = "4711:83021"};
    add(r, "docker", "plex", ",\"run\":\"running\"");
    assert_says(r, j, process, "\"verb\":\"process.signal\",\"label\":\"Send signal\"");
    AUTO(policy_freep) struct policy *p = policy_default();
    jobs_set_policy(j, "tower", p);
    assert_says(r, j, process, "The policy of this node does not allow process.signal");
    jobs_free(j);
    loop_free(loop);
    rig_free(r);
}

static void of_a_mount(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct loop *loop = loop_new("jobs");
    struct jobs *j = jobs_new(loop, NULL, NULL, r->c, r->log, &(struct jobs_hooks){0});
    const struct action_query mount = {.id = "tower", .mount = "/mnt/nas"};
    static const char text[] = "allow:\n- do: mount.remount\n  on: [/mnt/nas]\n- do: \"*\"\n";
    struct policy *p = NULL;
    add(r, "docker", "plex", ",\"run\":\"running\"");
    assert_int_equal(policy_parse("p", text, sizeof text - 1, NULL, &p), 0);
    jobs_set_policy(j, "tower", p);
    policy_free(p);
    assert_says(r, j, mount,
                "\"verb\":\"mount.remount\",\"label\":\"Remount\",\"permission\":"
                "\"service:restart\",\"allowed\":true");
    const struct action_query other = {.id = "tower", .mount = "/mnt/other"};
    assert_says(r, j, other, "does not name the mount /mnt/other");
    jobs_free(j);
    loop_free(loop);
    rig_free(r);
}

static void says_which_guard_stands_against_it(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct loop *loop = loop_new("jobs");
    struct jobs *j = jobs_new(loop, NULL, NULL, r->c, r->log, &(struct jobs_hooks){0});
    struct guard g = {.version = 1};
    struct guard_rule *rule = vec_add(&g);
    rule->days = GUARD_ALL_DAYS;
    str_list_add(&rule->services, "*/docker/db");
    jobs_set_guard(j, &g);
    guard_done(&g);
    add(r, "docker", "db", ",\"run\":\"running\",\"project\":\"shop\"");
    add(r, "docker", "web", ",\"run\":\"running\",\"project\":\"shop\"");
    const char *says = "\"guard\":\"tower/docker/db is protected by the guard rails: it must not "
                       "be interrupted.\"";
    assert_says(r, j, (struct action_query){.id = "tower/docker/db"}, says);
    assert_says(r, j, (struct action_query){.id = "tower"}, says);
    assert_says(r, j, (struct action_query){.id = "tower", .project = "docker/shop"}, says);
    assert_says(r, j, (struct action_query){.id = "tower", .mount = "/mnt/nas"}, says);
    AUTO(mem_freep) char *web = answer_of(r, j, (struct action_query){.id = "tower/docker/web"});
    assert_null(strstr(web, "protected"));
    struct action_query process = {.id = "tower", .process = "4711:83021"};
    assert_says(r, j, process, says); /* nobody can tell whose it is */
    process.process_of = "tower/docker/db";
    assert_says(r, j, process, says);
    process.process_of = "tower/docker/web";
    assert_says(r, j, process, "\"guard\":null");
    process.process_of = "";
    assert_says(r, j, process, "\"guard\":null");
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
        cmocka_unit_test(a_new_version_of_a_database_warns),
        cmocka_unit_test(unknown_and_unmanaged_things),
        cmocka_unit_test(says_what_the_node_does_not_allow),
        cmocka_unit_test(of_a_project),
        cmocka_unit_test(of_a_process),
        cmocka_unit_test(of_a_mount),
        cmocka_unit_test(says_which_guard_stands_against_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
