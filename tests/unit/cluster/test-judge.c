#include "../test.h"

#include "cluster/judge.h"

enum { MIN = 60 * 1000 };

static const struct {
    const char *name;
    struct evidence e;
    enum service_state state;
    enum proof proof;
    const char *reason; /* is contained; NULL = none at all */
} table[] = {
    {"runs, nothing proves more", {.run = RUN_RUNNING}, STATE_UNCHECKED, PROOF_NONE, NULL},
    {"its own process holds the port",
     {.run = RUN_RUNNING, .holds_port = true},
     STATE_HEALTHY,
     PROOF_AUTO,
     NULL},
    {"the engine's check passes",
     {.run = RUN_RUNNING, .health = HEALTH_HEALTHY},
     STATE_HEALTHY,
     PROOF_AUTO,
     NULL},
    {"the engine's check has not passed yet",
     {.run = RUN_RUNNING, .health = HEALTH_STARTING},
     STATE_WORKING,
     PROOF_AUTO,
     "starts"},
    {"the engine's check fails",
     {.run = RUN_RUNNING, .health = HEALTH_UNHEALTHY, .health_text = "curl: not found"},
     STATE_DEGRADED,
     PROOF_AUTO,
     "its own health check fails: curl: not found"},
    {"the engine's check fails, but it answers",
     {.run = RUN_RUNNING, .health = HEALTH_UNHEALTHY, .check = CHECK_GOOD, .check_automatic = true},
     STATE_DEGRADED,
     PROOF_AUTO,
     "(but it answers)"},
    {"identity proved",
     {.run = RUN_RUNNING, .check = CHECK_GOOD, .check_automatic = true},
     STATE_HEALTHY,
     PROOF_AUTO,
     NULL},
    {"a check that a person set",
     {.run = RUN_RUNNING, .check = CHECK_GOOD},
     STATE_HEALTHY,
     PROOF_SET,
     NULL},
    {"one failure is looked into first",
     {.run = RUN_RUNNING, .check = CHECK_RETRYING},
     STATE_HEALTHY,
     PROOF_SET,
     NULL},
    {"does not answer any more",
     {.run = RUN_RUNNING, .check = CHECK_DEAD, .check_text = "connection refused"},
     STATE_DOWN,
     PROOF_SET,
     "connection refused"},
    {"an automatic check alone is no reason to call it down",
     {.run = RUN_RUNNING,
      .check = CHECK_DEAD,
      .check_automatic = true,
      .check_text = "connection refused"},
     STATE_DEGRADED,
     PROOF_AUTO,
     "runs, but connection refused"},
    {"answers with errors",
     {.run = RUN_RUNNING, .check = CHECK_ERRORS, .check_text = "HTTP 503"},
     STATE_DEGRADED,
     PROOF_SET,
     "HTTP 503"},
    {"the check asks somebody else's port",
     {.run = RUN_RUNNING, .check = CHECK_GOOD, .check_asks = "homepage"},
     STATE_UNCHECKED,
     PROOF_SET,
     "belongs to homepage"},
    {"… also when that one is dead",
     {.run = RUN_RUNNING, .check = CHECK_DEAD, .check_asks = "homepage"},
     STATE_UNCHECKED,
     PROOF_SET,
     "belongs to homepage"},
    {"the check could not be tried",
     {.run = RUN_RUNNING, .check = CHECK_UNTRIED, .check_text = "not permitted"},
     STATE_UNCHECKED,
     PROOF_SET,
     "not permitted"},
    {"starts", {.run = RUN_STARTING, .run_ms = MIN}, STATE_WORKING, PROOF_NONE, "starts"},
    {"starts for too long",
     {.run = RUN_STARTING, .run_ms = 7 * MIN},
     STATE_DEGRADED,
     PROOF_NONE,
     "starting for 7 min"},
    {"stops", {.run = RUN_STOPPING}, STATE_WORKING, PROOF_NONE, "stops"},
    {"paused", {.run = RUN_PAUSED}, STATE_STOPPED, PROOF_NONE, "paused"},
    {"off on purpose",
     {.run = RUN_STOPPED, .on_purpose = true, .has_exit = true},
     STATE_STOPPED,
     PROOF_NONE,
     "on purpose"},
    {"on purpose, however it took it",
     {.run = RUN_STOPPED, .on_purpose = true, .has_exit = true, .exit_code = 137},
     STATE_STOPPED,
     PROOF_NONE,
     "on purpose"},
    {"not running, nobody knows why", {.run = RUN_STOPPED}, STATE_DOWN, PROOF_NONE, "does not run"},
    {"ended with an error",
     {.run = RUN_FAILED, .has_exit = true, .exit_code = 3, .why = "disk"},
     STATE_DOWN,
     PROOF_NONE,
     "exit code 3: disk"},
    {"killed",
     {.run = RUN_STOPPED, .has_exit = true, .exit_code = 137},
     STATE_DOWN,
     PROOF_NONE,
     "killed by SIGKILL"},
    {"out of memory",
     {.run = RUN_FAILED, .has_exit = true, .exit_code = 137, .oom_killed = true},
     STATE_DOWN,
     PROOF_NONE,
     "killed by SIGKILL (out of memory)"},
    {"a process that ended",
     {.kind = OBSERVED_PROCESS, .run = RUN_STOPPED, .why = "process 7 (redis-server) ended"},
     STATE_DOWN,
     PROOF_NONE,
     "process 7 (redis-server) ended"},
    {"waits in a restart loop",
     {.run = RUN_RESTARTING, .looping = true, .has_exit = true, .exit_code = 1, .why = "no libc"},
     STATE_DOWN,
     PROOF_NONE,
     "again and again: exit code 1: no libc"},
    {"up for a moment in a restart loop",
     {.run = RUN_RUNNING, .looping = true, .run_ms = 5000, .restarts_10min = 5, .why = "no libc"},
     STATE_DOWN,
     PROOF_NONE,
     "restarted 5 times in 10 min: no libc"},
    {"up for a while after a restart loop",
     {.run = RUN_RUNNING, .looping = true, .run_ms = 2 * MIN, .restarts_10min = 3},
     STATE_DEGRADED,
     PROOF_NONE,
     "restarted 3 times"},
    {"its node is silent",
     {.run = RUN_RUNNING, .node = NODE_AWAY},
     STATE_UNKNOWN,
     PROOF_NONE,
     "not been heard from"},
    {"its node is late, it was down",
     {.run = RUN_FAILED, .node = NODE_LATE},
     STATE_UNKNOWN,
     PROOF_NONE,
     "not been heard from"},
    {"its engine can't be asked",
     {.run = RUN_RUNNING, .source_lost = true, .source_name = "docker"},
     STATE_UNKNOWN,
     PROOF_NONE,
     "docker can't be asked"},
    {"hand-added, nothing to check", {.manual = true}, STATE_UNCHECKED, PROOF_NONE, NULL},
    {"hand-added, first check to come",
     {.manual = true, .check = CHECK_WAITING},
     STATE_UNKNOWN,
     PROOF_SET,
     "first check"},
    {"hand-added, answers", {.manual = true, .check = CHECK_GOOD}, STATE_HEALTHY, PROOF_SET, NULL},
    {"hand-added, error",
     {.manual = true, .check = CHECK_ERRORS, .check_text = "HTTP 500"},
     STATE_DOWN,
     PROOF_SET,
     "HTTP 500"},
    {"hand-added, dead", {.manual = true, .check = CHECK_DEAD}, STATE_DOWN, PROOF_SET, "failed"},
    {"hand-added, can't be tried",
     {.manual = true, .check = CHECK_UNTRIED},
     STATE_UNKNOWN,
     PROOF_SET,
     "could not be tried"},
};

static void test_judge(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct judgement j;
        judge(&table[i].e, &j);
        bool reason = table[i].reason ? strstr(j.reason, table[i].reason) != NULL : !j.reason[0];
        if (j.state != table[i].state || j.proof != table[i].proof || !reason)
            fail_msg("%s: %s, proof %d, \"%s\"", table[i].name, service_state_name(j.state),
                     (int)j.proof, j.reason);
    }
}

static void test_exit_meaning(void **state)
{
    static const struct {
        int code;
        bool oom;
        enum observed_kind kind;
        const char *text;
    } cases[] = {
        {0, false, OBSERVED_UNIT, ""},
        {1, false, OBSERVED_UNIT, ""},
        {126, false, OBSERVED_CONTAINER, "its program may not be executed"},
        {127, false, OBSERVED_CONTAINER, "its program was not found"},
        {137, false, OBSERVED_CONTAINER, "killed by SIGKILL"},
        {137, true, OBSERVED_CONTAINER, "killed by SIGKILL (out of memory)"},
        {1, true, OBSERVED_CONTAINER, "killed by SIGKILL (out of memory)"},
        {139, false, OBSERVED_UNIT, "crashed with SIGSEGV (memory error)"},
        {143, false, OBSERVED_CONTAINER, "ended by SIGTERM"},
        {203, false, OBSERVED_UNIT, "its program could not be started"},
        {203, false, OBSERVED_CONTAINER, ""},
        {255, false, OBSERVED_UNIT, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[EXIT_MEANING_SIZE];
        exit_meaning(cases[i].code, cases[i].oom, cases[i].kind, text);
        assert_string_equal(text, cases[i].text);
    }
}

static bool feed(struct health *h, enum service_state s, int64_t mono)
{
    struct judgement j = {.state = s};
    enum service_state from;
    return health_feed(h, &j, (struct cluster_now){mono, mono}, &from);
}

static void test_since_begins_with_the_state(void **state)
{
    (void)state;
    struct health h = {0};
    assert_true(feed(&h, STATE_HEALTHY, 1000));
    assert_false(feed(&h, STATE_HEALTHY, 2000));
    assert_int_equal(h.since_ms, 1000);
    assert_true(feed(&h, STATE_DOWN, 3000));
    assert_int_equal(h.since_ms, 3000);
}

static void test_flapping_is_held(void **state)
{
    (void)state;
    struct health h = {0};
    feed(&h, STATE_HEALTHY, 0);
    for (int i = 1; i <= FLAP_CHANGES; i++)
        feed(&h, i % 2 ? STATE_DOWN : STATE_HEALTHY, i * 10000);
    assert_true(h.flapping);
    assert_int_equal(h.told.state, STATE_DEGRADED); /* well just now, but who knows */
    assert_non_null(strstr(h.told.reason, "comes and goes"));
    feed(&h, STATE_HEALTHY, FLAP_CHANGES * 10000 + FLAP_STEADY_MS - 1);
    assert_int_equal(h.told.state, STATE_DEGRADED);
    feed(&h, STATE_HEALTHY, FLAP_CHANGES * 10000 + FLAP_STEADY_MS);
    assert_int_equal(h.told.state, STATE_HEALTHY);
}

static void test_slow_changes_are_no_flapping(void **state)
{
    (void)state;
    struct health h = {0};
    feed(&h, STATE_HEALTHY, 0);
    for (int i = 1; i <= 4 * FLAP_CHANGES; i++)
        feed(&h, i % 2 ? STATE_DOWN : STATE_HEALTHY, i * (int64_t)FLAP_WINDOW_MS / 4);
    assert_false(h.flapping);
}

static void test_what_people_do_is_no_flapping(void **state)
{
    (void)state;
    struct health h = {0};
    for (int i = 0; i < 20; i++)
        feed(&h, i % 2 ? STATE_STOPPED : STATE_UNCHECKED, i * 1000);
    assert_false(h.flapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_exit_meaning),
        cmocka_unit_test(test_since_begins_with_the_state),
        cmocka_unit_test(test_flapping_is_held),
        cmocka_unit_test(test_slow_changes_are_no_flapping),
        cmocka_unit_test(test_what_people_do_is_no_flapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
