/* A switch of systems waits for health, and is confirmed by its hub. */
#include "rig.h"

static const struct told_command *last(const struct rig *g)
{
    return &g->commands.v[g->commands.n - 1];
}

static void tick_later(struct rig *g, int64_t ms)
{
    g->ahead_ms += ms;
    rig_unit(g, "tower", "web", RUN_RUNNING); /* it is heard */
    jobs_tick(g->jobs, rig_now(g));
    rig_settle(g);
}

static void begin(struct rig *g, char id[RAND_ID_SIZE])
{
    int r;
    struct err e = {0};
    rig_unit(g, "tower", "web", RUN_RUNNING);
    rig_unit(g, "tower", "other", RUN_RUNNING);
    rig_unit(g, "tower", "broken", RUN_FAILED);
    str_copy(id, RAND_ID_SIZE, rig_order(g, "generation.rollback", NULL, "tower", &r, &e));
    if (r < 0)
        fail_msg("%s", e.text);
    assert_int_equal(last(g)->verb, COMMAND_GENERATION_ROLLBACK);
    assert_string_equal(rig_job(g, id)->state == JOB_RUNNING ? "runs" : "", "runs");
}

static void steps(struct rig *g, const char *id, const char *step)
{
    rig_outcome(g, "tower", id, OUTCOME_RUNNING, step);
}

/* To switch over a reboot takes the right to reboot, too. */
static void a_reboot_is_a_right_of_its_own(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct job_list jobs = {0};
    struct subject by = subject_local();
    by.permissions &= ~permission_bit(PERM_NODE_REBOOT);
    struct job_order o = {.by = &by,
                          .verb = "generation.rollback",
                          .node = "tower",
                          .argument = "reboot",
                          .actor = "ada",
                          .via = "web"};
    rig_unit(g, "tower", "web", RUN_RUNNING);
    assert_int_equal(jobs_plan(g->jobs, &o, rig_now(g), &e, &jobs), -EPERM);
    assert_non_null(strstr(e.text, "node:reboot"));
    by.permissions = PERMISSIONS_ALL;
    must(jobs_plan(g->jobs, &o, rig_now(g), &e, &jobs), &e);
    jobs_abandon(g->jobs, &jobs);
}

static void confirmed_when_well_for_a_while(void **state)
{
    struct rig *g = *state;
    char id[RAND_ID_SIZE];
    begin(g, id);
    steps(g, id, "switching");
    tick_later(g, 20000);
    assert_int_equal(g->commands.n, 1);
    steps(g, id, COMMAND_STEP_HEALTH);
    tick_later(g, 100);
    assert_int_equal(g->commands.n, 1);
    rig_unit(g, "tower", "other", RUN_FAILED);
    tick_later(g, 6000);
    assert_int_equal(g->commands.n, 1);
    assert_string_equal(rig_job(g, id)->step,
                        "waiting for health: other ran before, and does not now");
    rig_unit(g, "tower", "other", RUN_RUNNING);
    rig_unit(g, "tower", "newcomer", RUN_FAILED);
    tick_later(g, 1000);
    assert_string_equal(rig_job(g, id)->step, "waiting for health: newcomer has failed");
    rig_unit(g, "tower", "newcomer", RUN_RUNNING);
    tick_later(g, 100);
    assert_int_equal(g->commands.n, 1); /* it has to last */
    tick_later(g, 5000);
    assert_int_equal(g->commands.n, 2);
    assert_int_equal(last(g)->verb, COMMAND_GENERATION_CONFIRM);
    assert_string_equal(last(g)->target, id);
    assert_string_not_equal(last(g)->id, id);
    assert_true(last(g)->sequence > g->commands.v[0].sequence);
    tick_later(g, 1000);
    assert_int_equal(g->commands.n, 2);
    tick_later(g, 10000); /* it may have been lost */
    assert_int_equal(g->commands.n, 3);
    rig_outcome(g, "tower", id, OUTCOME_DONE, "Generation 41 runs, and starts next time.");
    tick_later(g, 20000);
    assert_int_equal(g->commands.n, 3);
}

static void a_node_that_is_silent_is_not_well(void **state)
{
    struct rig *g = *state;
    char id[RAND_ID_SIZE];
    begin(g, id);
    steps(g, id, COMMAND_STEP_HEALTH);
    g->ahead_ms += 8000;
    jobs_tick(g->jobs, rig_now(g));
    assert_string_equal(rig_job(g, id)->step, "waiting for health: tower is not back yet");
    assert_int_equal(g->commands.n, 1);
}

static void what_ran_before_outlives_a_restart(void **state)
{
    struct rig *g = *state;
    char id[RAND_ID_SIZE];
    begin(g, id);
    rig_kill(g);
    rig_start(g);
    steps(g, id, COMMAND_STEP_HEALTH);
    rig_unit(g, "tower", "other", RUN_STOPPED);
    tick_later(g, 100);
    assert_string_equal(rig_job(g, id)->step,
                        "waiting for health: other ran before, and does not now");
    rig_unit(g, "tower", "other", RUN_RUNNING);
    tick_later(g, 100);
    tick_later(g, 5000);
    tick_later(g, 1000);
    assert_int_equal(last(g)->verb, COMMAND_GENERATION_CONFIRM);
    struct job row = rig_row(g, id);
    assert_non_null(strstr(row.ran_before, "+tower/systemd/web"));
    assert_non_null(strstr(row.ran_before, "-tower/systemd/broken"));
    job_done(&row);
}

/* The rig sees to it that no number comes twice, and none is above what is written. */
static void numbers_are_written_before_they_are_used(void **state)
{
    struct rig *g = *state;
    char id[RAND_ID_SIZE];
    begin(g, id);
    for (size_t start = 1; start <= 3; start++) {
        rig_kill(g);
        rig_start(g);
        steps(g, id, COMMAND_STEP_HEALTH);
        tick_later(g, 100);
        tick_later(g, 5000);
        tick_later(g, 1000);
        assert_int_equal(g->commands.n, 1 + start);
        assert_int_equal(last(g)->verb, COMMAND_GENERATION_CONFIRM);
    }
    for (size_t again = 1; again <= 20; again++) { /* and past the clock of the ceiling */
        tick_later(g, 10000);
        tick_later(g, 1000);
    }
    assert_int_equal(g->commands.n, 24);
}

static void orders(void **state)
{
    struct rig *g = *state;
    char id[RAND_ID_SIZE];
    int r;
    struct err e = {0};
    begin(g, id);
    static const struct {
        const char *verb, *says;
        int r;
    } cases[] = {
        {"generation.collect", "under way already: Roll back tower", -EEXIST},
        {"generation.switch", "needs a \"target\": the number of a generation", -EINVAL},
        {"generation.rebuild", "which flake", -EINVAL},
        {"generation.confirm", "Hydra confirms a switch itself", -EINVAL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        rig_order(g, cases[i].verb, NULL, "tower", &r, &e);
        if (r != cases[i].r || !strstr(e.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].verb, r, e.text);
    }
    assert_int_equal(g->commands.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reboot_is_a_right_of_its_own),
        cmocka_unit_test(confirmed_when_well_for_a_while),
        cmocka_unit_test(a_node_that_is_silent_is_not_well),
        cmocka_unit_test(what_ran_before_outlives_a_restart),
        cmocka_unit_test(numbers_are_written_before_they_are_used),
        cmocka_unit_test(orders),
    };
    return RUN_ON_BOTH(tests);
}
