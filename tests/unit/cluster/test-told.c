/* What a node last told outlives Hydra: shown as it was, its services unknown; the node takes over
 * again without doubles and without news that are none. */
#include "rig.h"

#define NODE "{\"node\":\"n\",\"report\":"
#define COMPLETE NODE "\"source\",\"name\":\"docker\",\"state\":\"ok\",\"services_complete\":true}"

static void container(struct rig *r, const char *name, const char *run, const char *more)
{
    AUTO(mem_freep)
    char *line = mem_printf(NODE "\"service\",\"id\":\"docker/%s\",\"kind\":\"container\","
                                 "\"engine\":\"docker\",\"name\":\"%s\",\"run\":\"%s\"%s%s}",
                            name, name, run, more[0] ? "," : "", more);
    rig_line(r, line);
}

static void facts(struct rig *r)
{
    rig_line(r, NODE "\"facts\",\"hostname\":\"en\",\"os_name\":\"Debian\",\"boot_id\":\"b\","
                     "\"addresses\":[\"eno1 192.168.1.5/24\"]}");
}

static void disk(struct rig *r)
{
    rig_line(r, NODE "\"frame\",\"time_ms\":1764000000000,\"values\":{"
                     "\"node_filesystem_size_bytes{device=\\\"/dev/sda1\\\",fstype=\\\"ext4\\\","
                     "mountpoint=\\\"/\\\"}\":1000,"
                     "\"node_filesystem_free_bytes{device=\\\"/dev/sda1\\\",fstype=\\\"ext4\\\","
                     "mountpoint=\\\"/\\\"}\":400,"
                     "\"node_cpu_seconds_total{cpu=\\\"0\\\",mode=\\\"user\\\"}\":77}}");
}

static void add(struct rig *r)
{
    cluster_node_add(r->c, "n", "agent", r->now);
    cluster_node_agent(r->c, "n", &(struct node_agent){.remote = true}, r->now);
}

/* good and bad as they are, and then some of another node. */
static void tell_all(struct rig *r)
{
    facts(r);
    container(r, "good", "running", "\"health\":\"healthy\",\"restarts\":1");
    container(r, "bad", "failed", "\"exit_code\":1");
    rig_line(r, COMPLETE);
    disk(r);
}

static void after(struct rig *r, int64_t ms)
{
    for (; ms > 0; ms -= 1000) {
        disk(r);
        rig_after(r, 1000);
    }
}

static struct rig *with_node(void)
{
    struct rig *r = rig_new();
    add(r);
    tell_all(r);
    after(r, 6000);
    return r;
}

/* --- keeping and recalling --- */

struct kept {
    unsigned n;
    struct cluster_told last;
};

static void keep(void *arg, struct cluster_told *t)
{
    struct kept *k = arg;
    assert_string_equal(t->node, "n");
    str_done(&k->last.reports);
    k->last = *t;
    k->last.node = "n";
    k->n++;
}

/* Another Hydra, `ms` later, that knows what the one before kept. */
static struct rig *restart(struct rig *before, struct kept *k, int64_t ms)
{
    struct err e = {0};
    struct rig *r = rig_new();
    r->now.wall_ms = before->now.wall_ms + ms;
    cluster_told(before->c, true, keep, k, before->now);
    rig_free(before);
    add(r);
    assert_int_equal(cluster_recall_told(r->c, &k->last, r->now, &e), 0);
    str_done(&k->last.reports);
    return r;
}

static struct rig *restart_away(int64_t ms)
{
    struct kept k = {0};
    struct rig *r = with_node();
    rig_after(r, 120 * 1000);
    cluster_told(r->c, false, keep, &k, r->now);
    assert_true(k.last.away);
    assert_false(k.last.heard);
    struct rig *next = restart(r, &k, ms);
    return next;
}

static void an_away_node_is_as_it_was(void **state)
{
    (void)state;
    struct rig *r = restart_away(3 * 3600 * 1000);
    rig_after(r, 3000);
    AUTO(json_decrefp) json_t *j = rig_json(cluster_node(r->c, "n"));
    assert_string_equal(json_get_str(j, "state", ""), "away");
    assert_string_equal(json_get_str(j, "os", ""), "Debian");
    assert_string_equal(json_get_str(json_object_get(j, "facts"), "hostname", ""), "en");
    const json_t *fs = json_array_get(json_object_get(j, "filesystems"), 0);
    assert_string_equal(json_get_str(fs, "mount", ""), "/");
    assert_int_equal(json_get_int(fs, "used", 0), 600);
    assert_int_equal(json_array_size(json_object_get(j, "services_list")), 2);
    assert_int_equal(rig_state(r, "n/docker/good"), STATE_UNKNOWN);
    assert_int_equal(rig_state(r, "n/docker/bad"), STATE_UNKNOWN);
    const struct live_node *n = model_node(r->c, "n");
    const struct live_service *s = model_service(r->c, "n/docker/good");
    assert_int_equal(s->health.since_ms, n->seen_wall_ms);
    assert_int_equal(s->history.n, 0); /* nobody watched it */
    assert_string_equal(rig_sentence(r),
                        "n has not been heard from for 3 h 2 min: 2 services are unknown");
    assert_int_equal(r->c->verdict.counts.down, 0);
    assert_int_equal(r->feed.n, 0);
    rig_after(r, 120 * 1000);
    assert_int_equal(r->feed.n, 0); /* that it is away was told */
    struct str metrics = {0};
    cluster_metrics(r->c, &metrics);
    assert_int_equal(metrics.len, 0);
    rig_free(r);
}

static void it_comes_back_without_news(void **state)
{
    (void)state;
    struct rig *r = restart_away(3600 * 1000);
    rig_after(r, 300 * 1000);
    facts(r);
    assert_int_equal(rig_state(r, "n/docker/good"), STATE_UNKNOWN); /* not a word of it yet */
    container(r, "good", "running", "\"health\":\"healthy\",\"restarts\":9");
    container(r, "bad", "failed", "\"exit_code\":1");
    rig_line(r, COMPLETE);
    after(r, 30 * 1000);
    assert_int_equal(rig_state(r, "n/docker/good"), STATE_HEALTHY);
    assert_int_equal(rig_state(r, "n/docker/bad"), STATE_DOWN);
    assert_int_equal(map_count(&r->c->services), 2);
    assert_int_equal(r->feed.n, 1);
    assert_true(rig_said(r, "ok node.online n is back"));
    rig_free(r);
}

static void what_changed_meanwhile_is_told_once(void **state)
{
    (void)state;
    struct rig *r = restart_away(1000);
    facts(r);
    container(r, "good", "failed", "\"exit_code\":3");
    container(r, "new", "running", "");
    rig_line(r, COMPLETE);
    after(r, 100 * 1000);
    assert_true(rig_said(r, "bad service.down good on n is down: exit code 3"));
    assert_true(rig_said(r, "info service.removed bad on n was removed while the node was out"));
    assert_int_equal(r->feed.n, 3); /* and that it is back */
    assert_false(cluster_has_service(r->c, "n/docker/bad"));
    rig_free(r);
}

static bool needs_attention(struct rig *r, const char *id)
{
    AUTO(json_decrefp) json_t *j = rig_json(cluster_overview(r->c));
    AUTO(mem_freep)
    char *text = json_dumps(json_object_get(j, "attention"), JSON_COMPACT);
    return strstr(text, id) != NULL;
}

static void of_a_silent_node_that_alone_is_said(void **state)
{
    (void)state;
    struct rig *r = with_node();
    container(r, "one", "running", "\"image\":\"plexinc/pms-docker\"");
    container(r, "two", "running", "\"image\":\"plexinc/pms-docker\"");
    after(r, 3000);
    assert_true(needs_attention(r, "warning:n/docker/"));
    rig_after(r, 70 * 1000);
    assert_true(needs_attention(r, "node:n"));
    assert_false(needs_attention(r, "warning:n/docker/"));
    rig_free(r);
}

/* --- a node that was there until Hydra ended --- */

static void one_that_was_there_has_time_to_link(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = restart(with_node(), &k, 2000);
    assert_true(k.last.heard);
    assert_int_equal(model_node(r->c, "n")->state, NODE_LATE);
    assert_int_equal(rig_state(r, "n/docker/good"), STATE_UNKNOWN);
    rig_after(r, 3000);
    assert_string_equal(rig_sentence(r), "Looking around: 2 services found so far");
    cluster_recall(r->c, "n/docker/good", STATE_HEALTHY, 5);
    cluster_recall(r->c, "n/docker/bad", STATE_HEALTHY, 5);
    tell_all(r);
    after(r, 3000);
    assert_int_equal(model_service(r->c, "n/docker/good")->health.since_ms, 5);
    assert_true(rig_said(r, "bad on n went down while Hydra was away"));
    assert_int_equal(r->feed.n, 1);
    rig_free(r);
}

static void one_that_stays_silent_goes_away(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = restart(with_node(), &k, 2000);
    cluster_recall(r->c, "n/docker/good", STATE_HEALTHY, 5);
    rig_after(r, 59 * 1000);
    assert_int_equal(r->feed.n, 0);
    rig_after(r, 3 * 1000);
    assert_int_equal(r->feed.n, 1);
    assert_true(rig_said(r, "bad node.away n has not been heard from"));
    rig_after(r, 300 * 1000);
    tell_all(r);
    after(r, 3000);
    assert_int_equal(r->feed.n, 2);
    assert_true(rig_said(r, "is back"));
    assert_int_equal(model_service(r->c, "n/docker/good")->health.since_ms, 5);
    rig_free(r);
}

/* Hydra ends twice while it is silent: until when it was heard does not move along. */
static void how_long_it_is_silent_is_kept(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = with_node();
    int64_t seen = r->now.wall_ms;
    r = restart(r, &k, 2000);
    rig_after(r, 8000);
    r = restart(r, &k, 2000);
    assert_false(k.last.heard);
    assert_false(k.last.away);
    assert_true(k.last.seen_ms <= seen);
    assert_int_equal(model_node(r->c, "n")->seen_wall_ms, k.last.seen_ms);
    assert_int_equal(rig_state(r, "n/docker/good"), STATE_UNKNOWN);
    rig_free(r);
}

/* Its source is not told any more by an agent of today. */
static void what_nobody_tells_of_is_forgotten(void **state)
{
    (void)state;
    struct rig *r = restart_away(1000);
    facts(r);
    after(r, 50 * 1000);
    assert_true(cluster_has_service(r->c, "n/docker/good"));
    after(r, 20 * 1000);
    assert_false(cluster_has_service(r->c, "n/docker/good"));
    rig_free(r);
}

static void a_source_that_is_lost_says_so(void **state)
{
    (void)state;
    struct rig *r = restart_away(1000);
    facts(r);
    rig_line(r, NODE "\"source\",\"name\":\"docker\",\"state\":\"failed\",\"text\":\"gone\"}");
    after(r, 120 * 1000);
    assert_int_equal(rig_state(r, "n/docker/good"), STATE_UNKNOWN);
    assert_string_equal(rig_reason(r, "n/docker/good"), "docker can't be asked");
    rig_line(r, NODE "\"source\",\"name\":\"docker\",\"state\":\"ok\"}");
    container(r, "good", "running", "\"health\":\"healthy\"");
    rig_line(r, COMPLETE);
    after(r, 1000);
    assert_int_equal(rig_state(r, "n/docker/good"), STATE_HEALTHY);
    rig_free(r);
}

static void source(struct rig *r, const char *name, const char *state)
{
    AUTO(mem_freep)
    char *line = mem_printf(NODE "\"source\",\"name\":\"%s\",\"state\":\"%s\"}", name, state);
    rig_line(r, line);
}

/* Podman was removed while Hydra was away: however it was, nothing of it stays. */
static void a_source_that_nobody_tells_of_is_forgotten(void **state)
{
    static const char *const was[] = {"ok", "failed", "denied"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(was); i++) {
        struct kept k = {0};
        struct rig *r = with_node();
        rig_line(r, NODE "\"service\",\"id\":\"podman/old\",\"kind\":\"container\","
                         "\"engine\":\"podman\",\"name\":\"old\",\"run\":\"running\"}");
        source(r, "podman", was[i]);
        rig_after(r, 120 * 1000);
        r = restart(r, &k, 1000);
        assert_non_null(model_source(model_node(r->c, "n"), "podman"));
        tell_all(r);
        after(r, 50 * 1000);
        assert_true(cluster_has_service(r->c, "n/podman/old"));
        after(r, 20 * 1000);
        assert_false(cluster_has_service(r->c, "n/podman/old"));
        assert_null(model_source(model_node(r->c, "n"), "podman"));
        assert_false(needs_attention(r, "source:n:podman"));
        assert_non_null(model_source(model_node(r->c, "n"), "docker"));
        assert_int_equal(map_count(&r->c->services), 2);
        cluster_told(r->c, true, keep, &k, r->now);
        assert_null(memmem(k.last.reports.p, k.last.reports.len, "podman", 6));
        str_done(&k.last.reports);
        rig_free(r);
    }
}

static void tell_of_too_many_sources(struct rig *r)
{
    for (int i = 0; i < LIMIT_NODE_SOURCES; i++) { /* and docker */
        AUTO(mem_freep) char *name = mem_printf("source%d", i);
        source(r, name, "ok");
    }
}

/* What Hydra itself says of a node is said anew, or is over. */
static void that_there_are_too_many_is_said_anew(void **state)
{
    (void)state;
    for (int still = 0; still < 2; still++) {
        struct kept k = {0};
        struct rig *r = with_node();
        tell_of_too_many_sources(r);
        r = restart(r, &k, 1000);
        assert_non_null(model_source(model_node(r->c, "n"), "limits"));
        tell_all(r);
        if (still)
            tell_of_too_many_sources(r);
        after(r, 70 * 1000);
        assert_int_equal(model_source(model_node(r->c, "n"), "limits") != NULL, still);
        rig_free(r);
    }
}

/* --- when, and what not --- */

static void it_is_kept_rarely(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = rig_new();
    add(r);
    tell_all(r);
    cluster_told(r->c, false, keep, &k, r->now);
    assert_int_equal(k.n, 0); /* more may follow */
    for (int64_t ms = 0; ms < TOLD_GAP_MS + TOLD_QUIET_MS; ms += 1000) {
        container(r, "good", ms / 1000 % 2 ? "running" : "restarting", "");
        after(r, 1000);
        cluster_told(r->c, false, keep, &k, r->now);
    }
    assert_int_equal(k.n, 2);
    for (int64_t ms = 0; ms < TOLD_EVERY_MS; ms += 1000) {
        after(r, 1000);
        cluster_told(r->c, false, keep, &k, r->now);
    }
    assert_int_equal(k.n, 3); /* numbers */
    cluster_told_again(r->c, "n", r->now);
    after(r, TOLD_GAP_MS + 1000);
    cluster_told(r->c, false, keep, &k, r->now);
    assert_int_equal(k.n, 4);
    rig_after(r, AWAY_MS + 1000);
    cluster_told(r->c, false, keep, &k, r->now);
    assert_int_equal(k.n, 5); /* at once */
    rig_after(r, 2 * TOLD_EVERY_MS);
    cluster_told(r->c, true, keep, &k, r->now);
    assert_int_equal(k.n, 5); /* one that is away has nothing new */
    str_done(&k.last.reports);
    rig_free(r);
}

static void what_it_watches_itself_is_not_kept(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = rig_new();
    cluster_node_add(r->c, "n", "this machine", r->now);
    tell_all(r);
    after(r, 10 * 1000);
    cluster_told(r->c, true, keep, &k, r->now);
    assert_int_equal(k.n, 0);
    rig_free(r);
}

static void secrets_are_left_out(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = with_node();
    container(r, "good", "running",
              "\"labels\":{\"api_token\":\"hunter22\",\"tier\":\"gold\"},"
              "\"command\":\"serve --password=hunter22\"");
    cluster_told(r->c, true, keep, &k, r->now);
    assert_null(memmem(k.last.reports.p, k.last.reports.len, "hunter22", 8));
    assert_non_null(memmem(k.last.reports.p, k.last.reports.len, "gold", 4));
    const struct observed *o = model_service(r->c, "n/docker/good")->seen; /* is as it was told */
    assert_string_equal(o->command, "serve --password=hunter22");
    assert_string_equal(o->labels.v[0].value, "hunter22");
    str_done(&k.last.reports);
    rig_free(r);
}

static void secrets_in_commands_of_processes_are_left_out(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = with_node();
    struct process_table *t = mem_alloc(sizeof *t);
    *vec_add(&t->rows) =
        (struct process_row){.pid = 7,
                             .user = mem_strdup("anna"),
                             .name = mem_strdup("serve"),
                             .command = mem_strdup("serve --token hunter22 --fast")};
    cluster_report(r->c, "n", &(struct node_report){.kind = REPORT_PROCESSES, .processes = t},
                   r->now);
    r = restart(r, &k, 1000);
    t = model_node(r->c, "n")->processes;
    assert_int_equal(t->rows.n, 1);
    assert_string_equal(t->rows.v[0].user, "anna");
    assert_string_equal(t->rows.v[0].command, "serve --token *** --fast");
    rig_free(r);
}

/* --- many nodes --- */

static void keep_own(void *arg, struct cluster_told *t)
{
    AUTO(mem_freep) char *own = mem_printf("docker/of-%s", t->node);
    unsigned *n = arg;
    const char *p = t->reports.p, *end = p + t->reports.len;
    unsigned services = 0;
    for (; (p = memmem(p, (size_t)(end - p), "docker/of-", 10)); p++, services++)
        assert_memory_equal(p, own, strlen(own));
    assert_true(services > 0);
    str_done(&t->reports);
    ++*n;
}

static void each_of_many_has_its_own(void **state)
{
    enum { MANY = LIMIT_TOLD_NODES + 9 };
    (void)state;
    struct rig *r = rig_new();
    unsigned n = 0;
    for (int i = 0; i < MANY; i++) {
        AUTO(mem_freep) char *node = mem_printf("x%d_", i);
        AUTO(mem_freep)
        char *line = mem_printf("{\"node\":\"%s\",\"report\":\"service\",\"id\":\"docker/of-%s\","
                                "\"kind\":\"container\",\"engine\":\"docker\",\"name\":\"s\","
                                "\"run\":\"running\"}",
                                node, node);
        AUTO(mem_freep)
        char *names = mem_printf("{\"node\":\"%s\",\"report\":\"facts\",\"hostname\":\"h\"}", node);
        cluster_node_add(r->c, node, "agent", r->now);
        cluster_node_agent(r->c, node, &(struct node_agent){.remote = true}, r->now);
        rig_line(r, names);
        rig_line(r, line);
    }
    r->now.mono_ms += TOLD_QUIET_MS;
    cluster_told(r->c, false, keep_own, &n, r->now);
    assert_int_equal(n, LIMIT_TOLD_NODES);
    cluster_told(r->c, false, keep_own, &n, r->now);
    assert_int_equal(n, MANY);
    cluster_told(r->c, false, keep_own, &n, r->now);
    assert_int_equal(n, MANY);
    cluster_told(r->c, true, keep_own, &n, r->now);
    assert_int_equal(n, 2 * MANY);
    rig_free(r);
}

static void it_is_bounded(void **state)
{
    (void)state;
    struct kept k = {0};
    struct rig *r = with_node();
    AUTO(mem_freep) char *much = mem_alloc(60001);
    memset(much, 'x', 60000);
    for (int i = 0; i < 200; i++) {
        AUTO(mem_freep) char *name = mem_printf("big%d", i);
        AUTO(mem_freep) char *more = mem_printf("\"image\":\"%s\"", much);
        container(r, name, "running", more);
    }
    container(r, "last", "running", "");
    cluster_told(r->c, true, keep, &k, r->now);
    assert_true(k.last.reports.len <= LIMIT_TOLD);
    struct rig *next = restart(r, &k, 1000);
    assert_true(cluster_has_service(next->c, "n/docker/good"));
    assert_true(cluster_has_service(next->c, "n/docker/last"));
    assert_false(cluster_has_service(next->c, "n/docker/big199"));
    rig_free(next);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    struct rig *r = rig_new();
    struct cluster_told t = {.node = "n"};
    add(r);
    str_add(&t.reports, "\xff\xff no message");
    assert_int_equal(cluster_recall_told(r->c, &t, r->now, &e), -EBADMSG);
    assert_non_null(strstr(e.text, "n can't be read"));
    str_clear(&t.reports);
    str_add_n(&t.reports, "\x0a\x03\x7a\x7f\x01", 5); /* a report that is cut off */
    assert_int_equal(cluster_recall_told(r->c, &t, r->now, &e), 0);
    t.node = "stranger";
    assert_int_equal(cluster_recall_told(r->c, &t, r->now, &e), 0);
    str_done(&t.reports);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_away_node_is_as_it_was),
        cmocka_unit_test(it_comes_back_without_news),
        cmocka_unit_test(what_changed_meanwhile_is_told_once),
        cmocka_unit_test(of_a_silent_node_that_alone_is_said),
        cmocka_unit_test(one_that_was_there_has_time_to_link),
        cmocka_unit_test(one_that_stays_silent_goes_away),
        cmocka_unit_test(how_long_it_is_silent_is_kept),
        cmocka_unit_test(what_nobody_tells_of_is_forgotten),
        cmocka_unit_test(a_source_that_is_lost_says_so),
        cmocka_unit_test(a_source_that_nobody_tells_of_is_forgotten),
        cmocka_unit_test(that_there_are_too_many_is_said_anew),
        cmocka_unit_test(it_is_kept_rarely),
        cmocka_unit_test(what_it_watches_itself_is_not_kept),
        cmocka_unit_test(secrets_are_left_out),
        cmocka_unit_test(secrets_in_commands_of_processes_are_left_out),
        cmocka_unit_test(each_of_many_has_its_own),
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
