/* A node that is played: what it reports, answers and does. The loop runs; time is real. */
#include "demo/player.h"

#include "../test.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static struct loop *loop;
static struct player *player;
static json_t *scenery;
static struct fixture recordings;
/* What it reported last */
static struct command_outcome *outcome;
static struct observed *service;
static unsigned n_frames, n_processes, n_away, n_wakes;

static void keep_report(struct node_report *r)
{
    if (r->kind == REPORT_OUTCOME) {
        command_outcome_free(outcome);
        outcome = r->outcome;
    } else if (r->kind == REPORT_SERVICE) {
        observed_free(service);
        service = r->service;
    } else {
        n_frames += r->kind == REPORT_FRAME;
        n_processes += r->kind == REPORT_PROCESSES;
        node_report_free(r);
    }
}

static void on_report(void *arg, struct node_report *r)
{
    (void)arg;
    keep_report(r);
}

static void on_away(void *arg, unsigned seconds)
{
    (void)arg, (void)seconds;
    n_away++;
    player_sleep(player);
    player_wake(player);
}

static void on_wake(void *arg, const char *macs)
{
    (void)arg, (void)macs;
    n_wakes++;
}

static void play(void *arg, const char *node, struct node_report *r)
{
    (void)arg;
    if (str_eq(node, "hydra-ai"))
        player_take(player, r);
    else
        node_report_free(r);
}

static enum reach_result on_reach(void *arg, const char *host, uint16_t port)
{
    (void)arg, (void)port;
    return str_eq(host, "192.168.1.244") ? REACH_TIMED_OUT : REACH_NOT_RESOLVED;
}

static int set_up(void **state)
{
    const char *data = getenv("TEST_DATA");
    AUTO(mem_freep) char *path = mem_printf("%s/home-cluster/demo/hydra-ai.json", data);
    AUTO(mem_freep) char *calm = mem_printf("%s/home-cluster/calm.jsonl", data);
    struct err e = {0};
    (void)state;
    loop = loop_new("test");
    scenery = json_load_file(path, 0, NULL);
    player = player_new(&(struct player_settings){.loop = loop,
                                                  .node = "hydra-ai",
                                                  .scenery = scenery,
                                                  .report = on_report,
                                                  .away = on_away,
                                                  .wake = on_wake,
                                                  .reach = on_reach});
    assert_int_equal(fixture_file(&recordings, calm, play, NULL, &e), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    player_free(player);
    fixture_done(&recordings);
    recordings = (struct fixture){0};
    json_decref(scenery);
    loop_free(loop);
    command_outcome_free(TAKE(outcome));
    observed_free(TAKE(service));
    return 0;
}

static void run_until(bool (*enough)(void))
{
    while (!enough())
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static bool is_over(void)
{
    return outcome && outcome->state != OUTCOME_RUNNING;
}

static const struct command_outcome *done(enum command_verb verb, const char *target,
                                          const char *argument)
{
    static unsigned n;
    struct command c = {
        .verb = verb, .target = (char *)target, .argument = (char *)argument, .user = (char *)"me"};
    snprintf(c.id, sizeof c.id, "c%u", ++n);
    command_outcome_free(TAKE(outcome));
    player_command(player, &c);
    run_until(is_over);
    return outcome;
}

static json_t *asked(enum inspect_kind kind, const char *target, const char *argument);

static int asked_code;
static json_t *answer_json;

static void on_answer(void *arg, uint64_t id, const struct inspect_answer *a)
{
    (void)arg, (void)id;
    asked_code = a->code;
    answer_json = NULL;
    if (a->code == 0)
        assert_int_equal(json_parse(a->json, a->len, LIMIT_INSPECT_ANSWER, NULL, &answer_json), 0);
}

static json_t *asked(enum inspect_kind kind, const char *target, const char *argument)
{
    struct inspection q = {kind, (char *)target, (char *)argument, 0};
    player_inspect(player, 7, &q, on_answer, NULL);
    return answer_json;
}

static void test_restart(void **state)
{
    (void)state;
    int64_t before = clock_wall_ms();
    const struct command_outcome *o = done(COMMAND_UNIT_RESTART, "systemd/tabbyapi.service", "");
    assert_int_equal(o->state, OUTCOME_DONE);
    assert_non_null(strstr(o->text, "(demonstration)"));
    assert_string_equal(service->id, "systemd/tabbyapi.service");
    assert_int_equal(service->run, RUN_RUNNING);
    assert_true(service->started_ms >= before);
    assert_int_equal(done(COMMAND_UNIT_STOP, "systemd/tabbyapi.service", "")->state, OUTCOME_DONE);
    assert_int_equal(service->run, RUN_STOPPED);
    assert_int_equal(done(COMMAND_UNIT_START, "systemd/nothing.service", "")->state,
                     OUTCOME_FAILED);
}

static void test_refuses(void **state)
{
    (void)state;
    const struct command_outcome *o = done(COMMAND_MACHINE_REBOOT, "", "");
    assert_int_equal(o->state, OUTCOME_REFUSED);
    assert_int_equal(n_away, 0);
    assert_int_equal(done(COMMAND_AGENT_UPGRADE, "", "1")->state, OUTCOME_REFUSED);
    assert_int_equal(done(COMMAND_MACHINE_WAKE, "aa:bb:cc:dd:ee:ff", "")->state, OUTCOME_DONE);
    assert_int_equal(n_wakes, 1);
}

static bool went_away(void)
{
    return n_away > 0;
}

static void test_goes_away_and_forgets_what_was_done(void **state)
{
    (void)state;
    /* Its own policy would refuse it: another node's. */
    json_t *other = json_pack("{ss}", "policy", "allow:\n  - do: machine.*\n");
    player_free(player);
    player = player_new(&(struct player_settings){.loop = loop,
                                                  .node = "other",
                                                  .scenery = other,
                                                  .report = on_report,
                                                  .away = on_away,
                                                  .wake = on_wake});
    assert_int_equal(done(COMMAND_MACHINE_POWER_OFF, "", "")->state, OUTCOME_DONE);
    run_until(went_away);
    assert_int_equal(done(COMMAND_MACHINE_WAKE, "aa:bb:cc:dd:ee:ff", "")->state, OUTCOME_DONE);
    json_decref(other);
}

static bool restarts(void)
{
    return service && service->run == RUN_RESTARTING;
}

static void test_rebuild_breaks_and_rollback_mends(void **state)
{
    (void)state;
    player_rebuild(player, "systemd/tabbyapi.service");
    run_until(restarts);
    assert_string_equal(service->id, "systemd/tabbyapi.service");
    assert_non_null(strstr(service->why, "libstdc++"));
    const struct command_outcome *o = done(COMMAND_UNIT_RESTART, "systemd/tabbyapi.service", "");
    assert_int_equal(o->state, OUTCOME_FAILED);
    assert_non_null(strstr(o->output, "libstdc++"));
    json_t *list = asked(INSPECT_GENERATIONS, "", "");
    const json_t *first = json_array_get(json_object_get(list, "generations"), 0);
    assert_true(json_get_bool(first, "running", false));
    json_decref(list);
    player_repair(player);
    assert_int_equal(service->run, RUN_RUNNING);
}

static void test_answers(void **state)
{
    (void)state;
    for (unsigned k = 0; k < INSPECT_COUNT; k++) {
        const char *target = k == INSPECT_FOLDERS           ? "/"
                             : k == INSPECT_GENERATION_DIFF ? "previous"
                                                            : "current";
        const char *argument = k == INSPECT_GARBAGE                       ? "30"
                               : k == INSPECT_PORTS || k == INSPECT_REACH ? ""
                                                                          : "current";
        json_t *j = asked((enum inspect_kind)k, target, argument);
        if (k == INSPECT_UNRAID)
            assert_int_equal(asked_code, -EOPNOTSUPP);
        else if (k < INSPECT_COUNT)
            assert_non_null(j);
        json_decref(j);
    }
    (void)asked(INSPECT_FOLDERS, "/nowhere", "");
    assert_int_equal(asked_code, -ENOENT);
}

static const char *met(const char *host, const char *argument)
{
    static char result[24];
    json_t *j = asked(INSPECT_REACH, host, argument);
    str_copy(result, sizeof result, json_get_str(j, "result", ""));
    json_decref(j);
    return result;
}

static void test_network(void **state)
{
    (void)state;
    json_t *all = asked(INSPECT_PORTS, "", "");
    const json_t *list = json_object_get(all, "ports");
    assert_true(json_array_size(list) > 3);
    char port[8];
    snprintf(port, sizeof port, "%lld",
             (long long)json_get_int(json_array_get(list, 0), "port", 0));
    json_t *one = asked(INSPECT_PORTS, "", port);
    assert_true(json_array_size(json_object_get(one, "ports")) >= 1);
    json_decref(one);
    json_decref(all);
    one = asked(INSPECT_PORTS, "", "65000");
    assert_string_equal(json_get_str(one, "text", ""), "Nobody listens on port 65000 here.");
    json_decref(one);
    assert_string_equal(met("localhost", "65000 1"), "refused");
    assert_string_equal(met("hydra-ai", ""), "reached");
    assert_string_equal(met("192.168.1.244", ""), "timed-out"); /* on_reach() says it is off */
    assert_string_equal(met("192.168.1.1", ""), "reached");
    assert_string_equal(met("192.168.1.99", "80 2"), "timed-out");
    assert_string_equal(met("nowhere", ""), "not-resolved");
    assert_true(player_is_called(player, "192.168.1.250"));
    assert_false(player_is_called(player, "192.168.1.25"));
}

static void test_signal_ends_a_process(void **state)
{
    (void)state;
    json_t *tree = asked(INSPECT_PROCESSES, "", "");
    const json_t *list = json_object_get(tree, "processes");
    char target[64] = "";
    for (size_t i = 0; i < json_array_size(list); i++)
        if (str_eq(json_get_str(json_array_get(list, i), "name", ""), "agetty"))
            str_copy(target, sizeof target, json_get_str(json_array_get(list, i), "target", ""));
    size_t before = json_array_size(list);
    json_decref(tree);
    assert_int_equal(done(COMMAND_PROCESS_SIGNAL, target, "TERM")->state, OUTCOME_DONE);
    tree = asked(INSPECT_PROCESSES, "", "");
    assert_int_equal(json_array_size(json_object_get(tree, "processes")), before - 1);
    json_decref(tree);
    assert_int_equal(done(COMMAND_PROCESS_SIGNAL, target, "TERM")->state, OUTCOME_FAILED);
}

static void test_prune(void **state)
{
    (void)state;
    const struct command_outcome *o = done(COMMAND_DOCKER_PRUNE, "docker", "images");
    assert_int_equal(o->state, OUTCOME_DONE);
    assert_non_null(strstr(o->text, "Removed 1 image: "));
    assert_non_null(strstr(done(COMMAND_DOCKER_PRUNE, "docker", "images")->text, "nothing"));
}

static bool reported(void)
{
    return n_frames > 1 && n_processes;
}

static void test_reports(void **state)
{
    (void)state;
    run_until(reported);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_goes_away_and_forgets_what_was_done, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_rebuild_breaks_and_rollback_mends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signal_ends_a_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_prune, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reports, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
