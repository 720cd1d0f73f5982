/* kill -9 in the middle, and what a restart makes of it. */
#include "rig.h"

static void what_runs_is_asked_for_and_never_sent_again(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/plex"));
    rig_kill(g);
    rig_start(g);
    assert_int_equal(rig_job(g, id)->state, JOB_RUNNING);
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(g->queries.n, 1);
    assert_string_equal(g->queries.v[0], id);
    assert_int_equal(g->commands.n, 1);
    rig_outcome(g, "tower", id, OUTCOME_DONE, "restarted");
    rig_settle(g);
    struct job row = rig_row(g, id);
    assert_int_equal(row.state, JOB_DONE);
    job_done(&row);
    assert_int_equal(g->commands.n, 1);
    rig_kill(g);
    rig_start(g);
    assert_null(jobs_find(g->jobs, id)); /* over */
}

static void a_family_goes_on(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], first[RAND_ID_SIZE], second[RAND_ID_SIZE];
    g->token = "t-1";
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    str_copy(first, sizeof first, rig_job(g, id)->children.v[0]);
    str_copy(second, sizeof second, rig_job(g, id)->children.v[1]);
    rig_kill(g);
    rig_start(g);
    assert_int_equal(rig_job(g, id)->children.n, 2);
    assert_string_equal(rig_job(g, id)->children.v[0], first);
    assert_int_equal(rig_job(g, second)->state, JOB_WAITING);
    rig_outcome(g, "tower", first, OUTCOME_DONE, "");
    rig_settle(g);
    assert_string_equal(g->asked, "u-ada t-1"); /* whose rights count */
    assert_int_equal(g->commands.n, 2);
    assert_string_equal(g->commands.v[1].id, second);
    rig_kill(g);
    rig_start(g);
    rig_outcome(g, "tower", second, OUTCOME_DONE, "");
    rig_settle(g);
    assert_int_equal(g->commands.n, 2);
    struct job row = rig_row(g, id);
    assert_int_equal(row.state, JOB_DONE);
    job_done(&row);
}

static void a_child_that_ended_last_leads_to_the_next(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    rig_kill(g);
    {
        AUTO(store_givep) struct db *db = NULL;
        must(store_take(g->f->store, &e, &db), &e);
        must(db_exec(db, &e,
                     "UPDATE jobs SET state = 'done', ended_ms = 5 WHERE state = 'running' AND "
                     "parent = $1",
                     "s", id),
             &e);
    }
    rig_start(g);
    rig_settle(g);
    assert_int_equal(g->commands.n, 2);
    assert_string_equal(g->commands.v[1].target, "docker/b");
}

static void what_waited_too_long_is_cancelled(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], first[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    str_copy(first, sizeof first, rig_job(g, id)->children.v[0]);
    rig_kill(g);
    g->ahead_ms = JOB_STALE_MS + 1000;
    rig_start(g);
    rig_outcome(g, "tower", first, OUTCOME_DONE, "");
    rig_settle(g);
    assert_int_equal(rig_job(g, id)->state, JOB_CANCELLED);
    assert_int_equal(g->commands.n, 1);
}

static void an_orderly_end_sends_later_what_was_not_sent(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], first[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    str_copy(first, sizeof first, rig_job(g, id)->children.v[0]);
    rig_outcome(g, "tower", first, OUTCOME_DONE, "");
    workers_free(g->workers);
    jobs_free(g->jobs);
    loop_free(g->loop);
    assert_int_equal(g->commands.n, 1);
    rig_start(g);
    rig_settle(g);
    assert_int_equal(g->commands.n, 2);
    assert_string_equal(g->commands.v[1].target, "docker/b");
}

static void sequences_grow_even_when_the_clock_is_set_back(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "other");
    rig_do(g, "restart", "tower/docker/plex");
    rig_do(g, "restart", "tower/docker/other");
    assert_true(g->commands.v[1].sequence > g->commands.v[0].sequence);
    rig_kill(g);
    g->ahead_ms = -24LL * 3600 * 1000;
    rig_start(g);
    rig_do(g, "stop", "tower/docker/plex");
    assert_int_equal(g->commands.n, 3);
    assert_true(g->commands.v[2].sequence > g->commands.v[1].sequence);
    /* And over one more start, while the clock is still behind. */
    rig_do(g, "stop", "tower/docker/other");
    rig_kill(g);
    rig_start(g);
    rig_do(g, "start", "tower/docker/plex");
    assert_int_equal(g->commands.n, 5);
    assert_true(g->commands.v[4].sequence > g->commands.v[3].sequence);
}

static void none_given_out_passes_the_ceiling(void **state)
{
    struct rig *g = *state;
    struct job_list jobs = {0};
    struct err e = {0};
    rig_container(g, "tower", "plex");
    must(rig_plan(g, "restart", "tower/docker/plex", NULL, &e, &jobs), &e);
    int64_t ceiling = jobs.ceiling;
    assert_true(ceiling >= rig_now(g).wall_ms);
    rig_write(g, &jobs);
    g->ahead_ms = 3600LL * 1000; /* set ahead while it is written */
    jobs_begin(g->jobs, &jobs, rig_now(g));
    assert_int_equal(g->commands.n, 1);
    assert_true(g->commands.v[0].sequence <= (uint64_t)ceiling);
}

/* Two orders of one moment, whose writing took so long that the clock has passed both ceilings. */
static void what_finds_no_number_waits_for_one(void **state)
{
    struct rig *g = *state;
    struct job_list first = {0}, second = {0};
    struct err e = {0};
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "other");
    must(rig_plan(g, "restart", "tower/docker/plex", NULL, &e, &first), &e);
    must(rig_plan(g, "restart", "tower/docker/other", NULL, &e, &second), &e);
    second.ceiling = first.ceiling;
    rig_write(g, &first);
    rig_write(g, &second);
    g->ahead_ms = 3600LL * 1000;
    jobs_begin(g->jobs, &first, rig_now(g));
    assert_int_equal(g->commands.n, 1);
    jobs_begin(g->jobs, &second, rig_now(g));
    assert_int_equal(g->commands.n, 1);
    rig_settle(g);
    assert_int_equal(g->commands.n, 2);
    assert_string_equal(g->commands.v[1].target, "docker/other");
}

static void a_family_with_a_gap_does_not_end_well(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    rig_container(g, "tower", "c");
    char id[RAND_ID_SIZE], first[RAND_ID_SIZE], third[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b,tower/docker/c"));
    str_copy(first, sizeof first, rig_job(g, id)->children.v[0]);
    str_copy(third, sizeof third, rig_job(g, id)->children.v[2]);
    rig_kill(g);
    rig_sql(g, "UPDATE jobs SET kind = 'unit.later' WHERE target = 'docker/b'");
    rig_start(g);
    rig_outcome(g, "tower", first, OUTCOME_DONE, "");
    rig_settle(g);
    assert_int_equal(rig_job(g, id)->state, JOB_LOST);
    assert_non_null(strstr(rig_job(g, id)->text, "1 of 3 done. Nothing is known of the next one"));
    assert_int_equal(rig_job(g, third)->state, JOB_CANCELLED);
    assert_int_equal(g->commands.n, 1);
    assert_int_equal(g->jobs->n_unfinished, 0);
}

static void what_waits_for_nobody_is_cancelled(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], second[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    str_copy(second, sizeof second, rig_job(g, id)->children.v[1]);
    rig_kill(g);
    rig_sql(g, "UPDATE jobs SET state = 'failed', ended_ms = 5 WHERE state = 'running'");
    rig_start(g);
    rig_settle(g);
    struct job row = rig_row(g, second);
    assert_int_equal(row.state, JOB_CANCELLED);
    assert_string_equal(row.text, "Not begun: what it was a part of is over.");
    job_done(&row);
    assert_int_equal(g->jobs->n_unfinished, 0);
}

static void guard_rails_are_kept(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct guard guard = {0};
    AUTO(json_decrefp) json_t *body = json_pack("{s:[{s:[s]}]}", "rules", "services", "*/db*");
    must(guard_read(body, &e, &guard), &e);
    {
        AUTO(store_givep) struct db *db = NULL;
        must(store_take(g->f->store, &e, &db), &e);
        must(guard_save(db, &guard, -1, 1, &e), &e);
        must(guard_save(db, &guard, -1, 2, &e), &e);
    }
    guard_done(&guard);
    rig_kill(g);
    rig_start(g);
    assert_int_equal(jobs_guard(g->jobs)->n, 1);
    assert_string_equal(jobs_guard(g->jobs)->v[0].services.v[0], "*/db*");
}

static void guard_rails_saved_last_hold(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct guard before = {0}, after = {0};
    AUTO(json_decrefp) json_t *body = json_pack("{s:[{s:[s]}]}", "rules", "services", "*/db*");
    must(guard_read(body, &e, &after), &e);
    {
        AUTO(store_givep) struct db *db = NULL;
        must(store_take(g->f->store, &e, &db), &e);
        must(guard_save(db, &before, -1, 1000, &e), &e);
        must(guard_save(db, &after, before.version, 10, &e), &e); /* the clock was set back */
        struct guard late = {0};
        assert_int_equal(guard_save(db, &late, before.version, 2000, &e), -EEXIST);
    }
    assert_true(after.version > before.version);
    jobs_set_guard(g->jobs, &after);
    jobs_set_guard(g->jobs, &before);
    assert_int_equal(jobs_guard(g->jobs)->n, 1);
    rig_kill(g);
    rig_start(g);
    jobs_set_guard(g->jobs, &before);
    assert_int_equal(jobs_guard(g->jobs)->n, 1);
    guard_done(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_is_asked_for_and_never_sent_again),
        cmocka_unit_test(a_family_goes_on),
        cmocka_unit_test(a_child_that_ended_last_leads_to_the_next),
        cmocka_unit_test(what_waited_too_long_is_cancelled),
        cmocka_unit_test(an_orderly_end_sends_later_what_was_not_sent),
        cmocka_unit_test(sequences_grow_even_when_the_clock_is_set_back),
        cmocka_unit_test(none_given_out_passes_the_ceiling),
        cmocka_unit_test(what_finds_no_number_waits_for_one),
        cmocka_unit_test(a_family_with_a_gap_does_not_end_well),
        cmocka_unit_test(what_waits_for_nobody_is_cancelled),
        cmocka_unit_test(guard_rails_are_kept),
        cmocka_unit_test(guard_rails_saved_last_hold),
    };
    return RUN_ON_BOTH(tests);
}
