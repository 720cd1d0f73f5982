/* The model as a whole: dependencies, the sentence and its damping, feed, checks, recall, gone. */
#include "rig.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

#define SOURCE_DONE                                                                                \
    "{\"node\":\"n\",\"report\":\"source\",\"name\":\"docker\",\"state\":\"ok\","                  \
    "\"services_complete\":true}"

/* A container `name` on node n; `more` are further members. */
static void container(struct rig *r, const char *name, const char *run, const char *more)
{
    char *line = mem_printf("{\"node\":\"n\",\"report\":\"service\",\"id\":\"docker/%s\","
                            "\"kind\":\"container\",\"engine\":\"docker\",\"name\":\"%s\","
                            "\"run\":\"%s\"%s%s}",
                            name, name, run, more[0] ? "," : "", more);
    rig_line(r, line);
    mem_free(line);
}

static void heartbeat(struct rig *r)
{
    rig_line(r, "{\"node\":\"n\",\"report\":\"frame\",\"values\":{}}");
}

/* Later, the node being heard from all the time. */
static void after(struct rig *r, int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        heartbeat(r);
        rig_after(r, ms < 1000 ? ms : 1000);
    }
}

/* app needs api needs db; lone stands alone. All healthy. */
static struct rig *stack(void)
{
    struct rig *r = rig_new();
    rig_line(r, "{\"node\":\"n\",\"report\":\"facts\",\"hostname\":\"n\"}");
    container(r, "db", "running", "\"health\":\"healthy\"");
    container(r, "api", "running", "\"health\":\"healthy\",\"depends_on\":[\"docker/db\"]");
    container(r, "app", "running", "\"health\":\"healthy\",\"depends_on\":[\"docker/api\"]");
    container(r, "lone", "running", "\"health\":\"healthy\"");
    rig_line(r, SOURCE_DONE);
    after(r, 4000);
    return r;
}

static void test_a_removed_node_takes_its_services_along(void **state)
{
    (void)state;
    struct rig *r = stack();
    rig_line(r, "{\"node\":\"m\",\"report\":\"facts\",\"hostname\":\"m\"}");
    rig_line(r, "{\"node\":\"m\",\"report\":\"service\",\"id\":\"docker/x\",\"kind\":\"container\","
                "\"engine\":\"docker\",\"name\":\"x\",\"run\":\"failed\"}");
    assert_true(cluster_has_service(r->c, "m/docker/x"));
    cluster_node_remove(r->c, "m", r->now);
    assert_false(cluster_has_service(r->c, "m/docker/x"));
    assert_true(rig_said(r, "m was removed"));
    assert_null(cluster_node(r->c, "m"));
    after(r, 3000);
    assert_string_equal(rig_sentence(r), "All 4 services healthy on 1 node");
    cluster_node_remove(r->c, "n", r->now); /* the one that hydrad itself watches stays */
    assert_true(cluster_has_service(r->c, "n/docker/db"));
    rig_free(r);
}

static void test_all_well(void **state)
{
    (void)state;
    struct rig *r = stack();
    assert_string_equal(rig_sentence(r), "All 4 services healthy on 1 node");
    assert_string_equal(r->c->verdict.severity, "ok");
    assert_int_equal(r->feed.n, 0); /* finding things is no news */
    rig_free(r);
}

static void test_unchecked_is_not_called_healthy(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "lone", "running", "");
    after(r, 3000);
    assert_string_equal(rig_sentence(r), "All 4 services running on 1 node");
    assert_string_equal(r->c->verdict.detail, "3 proven healthy, 1 without a check");
    rig_free(r);
}

static void test_root_explains_the_rest(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "db", "stopped", "\"exit_code\":137");
    assert_string_equal(rig_sentence(r), "db on n has been down for 0 s: 1 service depends on it");
    container(r, "api", "failed", "\"exit_code\":1,\"depends_on\":[\"docker/db\"]");
    after(r, 40000);
    assert_string_equal(rig_sentence(r), "db on n has been down for 40 s: 2 services depend on it");
    assert_string_equal(r->c->verdict.severity, "bad");
    assert_string_equal(rig_reason(r, "n/docker/db"), "killed by SIGKILL");
    assert_string_equal(rig_reason(r, "n/docker/app"), "runs, but needs db, which is down");
    assert_int_equal(rig_state(r, "n/docker/app"), STATE_DEGRADED);
    assert_int_equal(rig_state(r, "n/docker/api"), STATE_DOWN);
    assert_int_equal(r->c->verdict.counts.problems, 1);
    json_t *j = rig_json(cluster_overview(r->c));
    const json_t *a = json_array_get(json_object_get(j, "attention"), 0);
    assert_int_equal(json_array_size(json_object_get(j, "attention")), 1);
    assert_int_equal(json_array_size(json_object_get(a, "breaks")), 2);
    json_decref(j);
    container(r, "db", "running", "\"health\":\"healthy\"");
    container(r, "api", "running", "\"health\":\"healthy\",\"depends_on\":[\"docker/db\"]");
    after(r, 3000);
    assert_string_equal(rig_sentence(r), "All 4 services healthy on 1 node");
    assert_true(rig_said(r, "bad service.down db on n is down: killed by SIGKILL"));
    assert_true(rig_said(r, "ok service.healthy db on n is healthy again after 40 s"));
    rig_free(r);
}

static void test_rings_and_stopped_needs(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "a", "failed", "\"exit_code\":1,\"depends_on\":[\"docker/b\"]");
    container(r, "b", "failed", "\"exit_code\":1,\"depends_on\":[\"docker/a\"]");
    after(r, 3000);
    assert_int_equal(rig_state(r, "n/docker/a"), STATE_DOWN);
    assert_true(r->c->verdict.counts.problems >= 1);
    container(r, "db", "stopped", "\"on_purpose\":true");
    container(r, "api", "failed", "\"exit_code\":1,\"depends_on\":[\"docker/db\"]");
    after(r, 1000);
    const struct live_service *api = model_service(r->c, "n/docker/api");
    assert_null(api->cause); /* somebody's doing explains, but excuses nothing */
    assert_true(service_is_problem(api));
    assert_string_equal(rig_reason(r, "n/docker/api"), "needs db, which is stopped; exit code 1");
    rig_free(r);
}

static void test_many_down(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "lone", "failed", "\"exit_code\":1");
    container(r, "db", "failed", "\"exit_code\":1");
    after(r, 3000);
    assert_string_equal(rig_sentence(r), "2 services are down on 1 node");
    rig_free(r);
}

static void test_stopping_on_purpose_is_no_trouble(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "lone", "stopped", "\"on_purpose\":true,\"exit_code\":137");
    after(r, 3000);
    assert_string_equal(rig_sentence(r), "All 3 services healthy on 1 node");
    assert_string_equal(r->c->verdict.detail, "1 stopped on purpose");
    assert_true(rig_said(r, "info service.stopped lone on n was stopped"));
    container(r, "lone", "running", "\"health\":\"healthy\"");
    assert_true(rig_said(r, "info service.started lone on n was started"));
    rig_free(r);
}

static void test_good_news_waits_bad_news_does_not(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "lone", "failed", "\"exit_code\":1");
    assert_string_equal(rig_sentence(r), "lone on n has been down for 0 s");
    container(r, "lone", "running", "\"health\":\"healthy\"");
    assert_string_equal(rig_sentence(r), "lone on n has been down for 0 s");
    after(r, 2000);
    assert_string_equal(rig_sentence(r), "All 4 services healthy on 1 node");
    rig_free(r);
}

static void test_looking_around(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    container(r, "db", "running", "");
    assert_string_equal(r->c->verdict.severity, "unknown");
    after(r, 3000);
    assert_string_equal(rig_sentence(r), "Looking around: 1 service found so far");
    json_t *j = rig_json(cluster_status(r->c));
    assert_int_equal(json_get_int(j, "exit", -1), 2);
    json_decref(j);
    rig_free(r);
}

static void test_engine_lost_and_back(void **state)
{
    (void)state;
    struct rig *r = stack();
    rig_line(r, "{\"node\":\"n\",\"report\":\"source\",\"name\":\"docker\",\"state\":\"failed\","
                "\"text\":\"it does not answer\"}");
    after(r, 3000);
    assert_int_equal(rig_state(r, "n/docker/db"), STATE_UNKNOWN);
    assert_string_equal(rig_sentence(r), "Can't tell about 4 of 4 services");
    /* lone was removed meanwhile */
    container(r, "db", "running", "\"health\":\"healthy\"");
    container(r, "api", "running", "\"health\":\"healthy\"");
    container(r, "app", "running", "\"health\":\"healthy\"");
    rig_line(r, SOURCE_DONE);
    after(r, 6000);
    assert_false(cluster_has_service(r->c, "n/docker/lone"));
    assert_string_equal(rig_sentence(r), "All 3 services healthy on 1 node");
    assert_true(rig_said(r, "info service.removed lone on n was removed"));
    rig_free(r);
}

static void test_recreated_container_is_the_same_service(void **state)
{
    (void)state;
    struct rig *r = stack();
    rig_line(r, "{\"node\":\"n\",\"report\":\"gone\",\"id\":\"docker/lone\"}");
    assert_int_equal(rig_state(r, "n/docker/lone"), STATE_WORKING);
    after(r, 2000);
    container(r, "lone", "running", "\"health\":\"healthy\",\"container_id\":\"new\"");
    after(r, 6000);
    assert_int_equal(rig_state(r, "n/docker/lone"), STATE_HEALTHY);
    assert_false(rig_said(r, "removed"));
    rig_free(r);
}

static void listener(struct rig *r, unsigned port)
{
    char *line = mem_printf("{\"node\":\"n\",\"report\":\"service\",\"id\":\"process/python3:%u\","
                            "\"kind\":\"process\",\"engine\":\"process\",\"name\":\"python3\","
                            "\"run\":\"running\",\"command\":\"python3 app.py\"}",
                            port);
    rig_line(r, line);
    mem_free(line);
}

static void test_copies_need_attention_once(void **state)
{
    (void)state;
    struct rig *r = stack();
    for (unsigned port = 9001; port <= 9003; port++)
        listener(r, port);
    after(r, 3000);
    json_t *j = rig_json(cluster_overview(r->c));
    const json_t *list = json_object_get(j, "attention");
    assert_int_equal(json_array_size(list), 1);
    const char *title = json_get_str(json_array_get(list, 0), "title", "");
    assert_non_null(strstr(title, "runs 3 times on n"));
    json_decref(j);
    rig_free(r);
}

static void test_killed_process_is_down(void **state)
{
    (void)state;
    struct rig *r = stack();
    rig_line(r, "{\"node\":\"n\",\"report\":\"service\",\"id\":\"process/redis-server:6379\","
                "\"kind\":\"process\",\"engine\":\"process\",\"name\":\"redis-server\","
                "\"ports\":[{\"port\":6379,\"pid\":7,\"process\":\"redis-server\"}]}");
    assert_int_equal(rig_state(r, "n/process/redis-server:6379"), STATE_HEALTHY);
    after(r, 1000);
    rig_line(r, "{\"node\":\"n\",\"report\":\"service\",\"id\":\"process/redis-server:6379\","
                "\"kind\":\"process\",\"engine\":\"process\",\"name\":\"redis-server\","
                "\"run\":\"failed\",\"exit_code\":137,"
                "\"why\":\"process 7 (redis-server) ended\"}");
    assert_int_equal(rig_state(r, "n/process/redis-server:6379"), STATE_DOWN);
    assert_string_equal(rig_reason(r, "n/process/redis-server:6379"),
                        "killed by SIGKILL: process 7 (redis-server) ended");
    assert_string_equal(rig_sentence(r), "redis-server on n has been down for 0 s");
    rig_line(r, "{\"node\":\"n\",\"report\":\"gone\",\"id\":\"process/redis-server:6379\"}");
    after(r, 1000);
    assert_false(cluster_has_service(r->c, "n/process/redis-server:6379"));
    rig_free(r);
}

static void test_what_comes_and_goes_is_no_news(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "probe", "running", "");
    after(r, 2000);
    rig_line(r, "{\"node\":\"n\",\"report\":\"gone\",\"id\":\"docker/probe\"}");
    after(r, 6000);
    assert_int_equal(r->feed.n, 0);
    container(r, "stays", "running", "");
    after(r, 6000);
    assert_true(rig_said(r, "info service.added stays on n was added"));
    rig_free(r);
}

static void test_restarts_by_itself(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "lone", "restarting", "\"exit_code\":1,\"why\":\"boom\",\"restarts\":0");
    container(r, "lone", "running", "\"restarts\":1");
    assert_true(
        rig_said(r, "warn service.restarted lone on n restarted by itself: exit code 1: boom"));
    after(r, 700000);
    assert_int_equal(service_restarts_10min(model_service(r->c, "n/docker/lone"), r->now.mono_ms),
                     0);
    rig_free(r);
}

static const char *order_of(struct rig *r, const char *service)
{
    return strstr(str_text(&r->checks), service);
}

static void result(struct rig *r, const char *service, const char *state, const char *text)
{
    char *line =
        mem_printf("{\"node\":\"n\",\"report\":\"check\",\"service\":\"%s\",\"state\":\"%s\","
                   "\"text\":\"%s\",\"latency_us\":1200}",
                   service, state, text);
    rig_line(r, line);
    mem_free(line);
}

static void test_automatic_identity_check(void **state)
{
    (void)state;
    struct rig *r = stack();
    container(r, "web", "running",
              "\"image\":\"grafana/grafana:11\",\"ports\":[{\"port\":3003,\"inner\":3000}]");
    assert_non_null(order_of(r, "n/docker/web http http://localhost:3003/api/health 30000"));
    result(r, "n/docker/web", "down", "connection refused");
    result(r, "n/docker/web", "down", "connection refused");
    result(r, "n/docker/web", "down", "connection refused");
    assert_int_equal(rig_state(r, "n/docker/web"), STATE_UNCHECKED); /* it never proved a thing */
    result(r, "n/docker/web", "up", "HTTP 200");
    assert_int_equal(rig_state(r, "n/docker/web"), STATE_HEALTHY);
    result(r, "n/docker/web", "down", "connection refused");
    assert_int_equal(rig_state(r, "n/docker/web"), STATE_HEALTHY);
    assert_non_null(order_of(r, "n/docker/web http http://localhost:3003/api/health 300\n"));
    result(r, "n/docker/web", "down", "connection refused");
    result(r, "n/docker/web", "down", "connection refused");
    assert_int_equal(rig_state(r, "n/docker/web"), STATE_DEGRADED);
    assert_non_null(order_of(r, "n/docker/web http http://localhost:3003/api/health 30000"));
    container(r, "web", "stopped", "\"on_purpose\":true,\"image\":\"grafana/grafana:11\"");
    assert_null(order_of(r, "n/docker/web"));
    rig_free(r);
}

/* A node can't tell how the services of others are. */
static void test_checks_of_others(void **state)
{
    (void)state;
    struct rig *r = stack();
    struct service_record record = {.id = "manual/router",
                                    .manual = true,
                                    .name = "Router",
                                    .check_kind = "tcp",
                                    .check_target = "192.168.1.1:443"};
    cluster_set_record(r->c, &record, r->now);
    cluster_node_add(r->c, "evil", NULL, r->now);
    rig_line(r, "{\"node\":\"evil\",\"report\":\"check\",\"service\":\"manual/router\","
                "\"state\":\"up\",\"text\":\"connected\",\"latency_us\":1}");
    assert_int_equal(rig_state(r, "manual/router"), STATE_UNKNOWN);
    result(r, "manual/router", "up", "connected");
    assert_int_equal(rig_state(r, "manual/router"), STATE_HEALTHY);
    rig_free(r);
}

static void test_ceilings(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    cluster_node_add(r->c, "n", NULL, r->now);
    struct live_node *n = map_get(&r->c->nodes, "n");
    assert_non_null(n);
    n->n_held = LIMIT_NODE_SERVICES - 1; /* as if so many were there */
    container(r, "last", "running", "\"image\":\"x\"");
    container(r, "more", "running", "\"image\":\"x\"");
    assert_non_null(model_service(r->c, "n/docker/last"));
    assert_null(model_service(r->c, "n/docker/more"));
    const struct live_source *told = model_source(n, "limits");
    assert_non_null(told);
    assert_int_equal(told->state, SOURCE_FAILED);
    assert_non_null(strstr(told->text, "Too many services"));
    n->n_held = 1;
    for (int i = 0; i < 2 * LIMIT_NODE_SOURCES; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        struct source_report *s = mem_alloc(sizeof *s);
        *s = (struct source_report){.name = mem_strdup(name), .state = SOURCE_OK};
        struct node_report report = {.kind = REPORT_SOURCE, .source = s};
        cluster_report(r->c, "n", &report, r->now);
    }
    assert_true(n->sources.n <= LIMIT_NODE_SOURCES + 1);
    rig_free(r);
}

static void test_hand_added_service(void **state)
{
    (void)state;
    struct rig *r = stack();
    struct service_record record = {.id = "manual/router",
                                    .manual = true,
                                    .name = "Router",
                                    .group = "Network",
                                    .check_kind = "tcp",
                                    .check_target = "192.168.1.1:443",
                                    .interval_ms = 5000};
    cluster_set_record(r->c, &record, r->now);
    assert_non_null(order_of(r, "manual/router tcp 192.168.1.1:443 5000"));
    assert_int_equal(rig_state(r, "manual/router"), STATE_UNKNOWN);
    result(r, "manual/router", "up", "connected");
    assert_int_equal(rig_state(r, "manual/router"), STATE_HEALTHY);
    for (int i = 0; i < 3; i++)
        result(r, "manual/router", "down", "connection refused");
    assert_int_equal(rig_state(r, "manual/router"), STATE_DOWN);
    assert_true(rig_said(r, "bad service.down Router is down: connection refused"));
    json_t *j = rig_json(cluster_service(r->c, "manual/router"));
    assert_string_equal(json_get_str(j, "check", ""), "set");
    assert_true(json_get_bool(j, "manual", false));
    assert_int_equal(
        json_array_size(json_object_get(json_array_get(json_object_get(j, "checks"), 0), "last")),
        4);
    json_decref(j);
    cluster_drop_record(r->c, "manual/router", r->now);
    assert_false(cluster_has_service(r->c, "manual/router"));
    assert_null(order_of(r, "manual/router"));
    rig_free(r);
}

static void test_overrides(void **state)
{
    (void)state;
    struct rig *r = stack();
    struct service_record record = {
        .id = "n/docker/lone", .name = "Loner", .group = "Mine", .hidden = true};
    cluster_set_record(r->c, &record, r->now);
    after(r, 3000);
    assert_string_equal(model_service(r->c, "n/docker/lone")->who.name, "Loner");
    assert_string_equal(rig_sentence(r), "All 3 services healthy on 1 node");
    container(r, "lone", "failed", "\"exit_code\":1");
    after(r, 3000);
    assert_string_equal(r->c->verdict.severity, "ok"); /* hidden: no trouble of anybody's */
    cluster_drop_record(r->c, "n/docker/lone", r->now);
    after(r, 1000);
    assert_string_equal(rig_sentence(r), "lone on n has been down for 3 s");
    rig_free(r);
}

static void test_override_before_discovery(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    struct service_record record = {.id = "n/docker/db", .name = "Base"};
    cluster_set_record(r->c, &record, r->now);
    assert_false(cluster_has_service(r->c, "n/docker/db"));
    container(r, "db", "running", "");
    assert_string_equal(model_service(r->c, "n/docker/db")->who.name, "Base");
    rig_free(r);
}

static void test_recall(void **state)
{
    (void)state;
    struct rig *r = rig_new();
    int64_t since = r->now.wall_ms - 3600000;
    cluster_recall(r->c, "n/docker/same", STATE_UNCHECKED, since);
    cluster_recall(r->c, "n/docker/fell", STATE_HEALTHY, since);
    cluster_recall(r->c, "n/docker/rose", STATE_DOWN, since);
    cluster_recall(r->c, "n/docker/left", STATE_HEALTHY, since);
    container(r, "same", "running", "");
    container(r, "fell", "failed", "\"exit_code\":1");
    container(r, "rose", "running", "");
    rig_line(r, SOURCE_DONE);
    assert_int_equal(model_service(r->c, "n/docker/same")->health.since_ms, since);
    assert_true(
        rig_said(r, "bad service.down fell on n went down while Hydra was away: exit code 1"));
    assert_true(rig_said(r, "ok service.healthy rose on n recovered while Hydra was away"));
    assert_true(rig_said(r, "info service.removed left on n was removed while Hydra was away"));
    assert_int_equal(r->feed.n, 3);
    rig_free(r);
}

static void test_recalled_feed_is_in_order(void **state)
{
    (void)state;
    struct rig *r = stack();
    static const int64_t times[] = {300, 100, 200};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct feed_entry e = {.time_ms = times[i], .severity = "info", .kind = "k", .text = "t"};
        cluster_recall_feed(r->c, &e);
    }
    json_t *j = rig_json(cluster_overview(r->c));
    const json_t *feed = json_object_get(j, "feed");
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        char time[CLOCK_RFC3339_SIZE];
        clock_rfc3339(300 - 100 * (int64_t)i, time);
        assert_string_equal(json_get_str(json_array_get(feed, i), "time", ""), time);
    }
    json_decref(j);
    rig_free(r);
}

static void test_notice(void **state)
{
    (void)state;
    struct rig *r = stack();
    cluster_set_notice(r->c, "database", "bad", "The database is read-only", "Free its disk",
                       r->now);
    after(r, 3000);
    assert_string_equal(rig_sentence(r),
                        "All 4 services healthy on 1 node, but The database is read-only");
    cluster_set_notice(r->c, "database", NULL, NULL, NULL, r->now);
    after(r, 3000);
    assert_string_equal(rig_sentence(r), "All 4 services healthy on 1 node");
    rig_free(r);
}

static void test_time_that_stood_still_is_no_silence(void **state)
{
    (void)state;
    struct rig *r = stack();
    r->now.mono_ms += 3600000;
    r->now.wall_ms += 3600000;
    cluster_tick(r->c, r->now);
    assert_int_equal(model_node(r->c, "n")->state, NODE_ONLINE);
    rig_free(r);
}

static void test_snapshot_is_cut_to_permissions(void **state)
{
    (void)state;
    struct rig *r = stack();
    uint64_t sequence;
    uint64_t all = PERMS_STATE | permission_bit(PERM_EVENTS_READ);
    json_t *j = rig_json(cluster_snapshot(r->c, all, &sequence));
    assert_int_equal(json_array_size(json_object_get(j, "services")), 4);
    assert_non_null(json_object_get(j, "verdict"));
    json_decref(j);
    j = rig_json(cluster_snapshot(r->c, permission_bit(PERM_NODES_READ), &sequence));
    assert_int_equal(json_array_size(json_object_get(j, "nodes")), 1);
    assert_int_equal(json_array_size(json_object_get(j, "services")), 0);
    assert_null(json_object_get(j, "verdict"));
    assert_null(json_object_get(j, "attention"));
    json_decref(j);
    j = rig_json(cluster_snapshot(r->c, PERMS_STATE, &sequence));
    assert_non_null(json_object_get(j, "verdict"));
    assert_int_equal(json_array_size(json_object_get(j, "feed")), 0);
    json_decref(j);
    rig_free(r);
}

static atomic_bool reading;

static void add_state(void *arg, const char *group, enum service_state s)
{
    struct str *out = arg;
    str_addf(out, "%s %s\n", group, service_state_name(s));
}

static void test_states_are_those_of_the_overview(void **state)
{
    (void)state;
    struct rig *r = stack();
    AUTO(str_done) struct str told = {0};
    AUTO(str_done) struct str shown = {0};
    container(r, "lone", "failed", "");
    container(r, "lone", "stopped", "\"on_purpose\":true"); /* too soon to be told again */
    assert_int_equal(service_state(model_service(r->c, "n/docker/lone")), STATE_STOPPED);
    cluster_states(r->c, add_state, &told);
    json_t *o = rig_json(cluster_overview(r->c)), *row;
    size_t i;
    json_array_foreach (json_object_get(o, "services"), i, row) {
        str_addf(&shown, "%s %s\n", json_string_value(json_object_get(row, "group")),
                 json_string_value(json_object_get(row, "state")));
    }
    json_decref(o);
    assert_non_null(strstr(told.p, " down\n"));
    assert_string_equal(told.p, shown.p);
    rig_free(r);
}

static void *read_snapshots(void *arg)
{
    struct rig *r = arg;
    size_t read = 0;
    do {
        uint64_t sequence;
        struct buf *b = cluster_snapshot(r->c, ~0ull, &sequence);
        read += b->len > 2 && b->bytes[b->len - 1] == '}';
        buf_unref(b);
    } while (atomic_load(&reading));
    return (void *)read;
}

static void test_snapshot_from_another_thread(void **state)
{
    (void)state;
    struct rig *r = stack();
    pthread_t thread;
    void *read;
    atomic_store(&reading, true);
    assert_int_equal(pthread_create(&thread, NULL, read_snapshots, r), 0);
    for (int i = 0; i < 200; i++) {
        container(r, "lone", i % 2 ? "running" : "failed", "\"health\":\"healthy\"");
        after(r, 1000);
    }
    atomic_store(&reading, false);
    assert_int_equal(pthread_join(thread, &read), 0);
    assert_true((size_t)read > 0);
    rig_free(r);
}

static void test_nothing_changed_nothing_told(void **state)
{
    (void)state;
    struct rig *r = stack();
    uint64_t before = event_log_last(r->log);
    for (int i = 0; i < 5; i++) {
        container(r, "db", "running", "\"health\":\"healthy\"");
        rig_after(r, 1000);
    }
    assert_int_equal(event_log_last(r->log), before);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_well),
        cmocka_unit_test(test_a_removed_node_takes_its_services_along),
        cmocka_unit_test(test_unchecked_is_not_called_healthy),
        cmocka_unit_test(test_root_explains_the_rest),
        cmocka_unit_test(test_rings_and_stopped_needs),
        cmocka_unit_test(test_many_down),
        cmocka_unit_test(test_stopping_on_purpose_is_no_trouble),
        cmocka_unit_test(test_good_news_waits_bad_news_does_not),
        cmocka_unit_test(test_looking_around),
        cmocka_unit_test(test_engine_lost_and_back),
        cmocka_unit_test(test_recreated_container_is_the_same_service),
        cmocka_unit_test(test_copies_need_attention_once),
        cmocka_unit_test(test_killed_process_is_down),
        cmocka_unit_test(test_what_comes_and_goes_is_no_news),
        cmocka_unit_test(test_restarts_by_itself),
        cmocka_unit_test(test_checks_of_others),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_automatic_identity_check),
        cmocka_unit_test(test_hand_added_service),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_override_before_discovery),
        cmocka_unit_test(test_recall),
        cmocka_unit_test(test_recalled_feed_is_in_order),
        cmocka_unit_test(test_notice),
        cmocka_unit_test(test_time_that_stood_still_is_no_silence),
        cmocka_unit_test(test_snapshot_is_cut_to_permissions),
        cmocka_unit_test(test_states_are_those_of_the_overview),
        cmocka_unit_test(test_snapshot_from_another_thread),
        cmocka_unit_test(test_nothing_changed_nothing_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
