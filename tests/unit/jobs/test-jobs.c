/* A job's way, from the order to the outcome. */
#include "rig.h"

static void one_command_and_its_outcome(void **state)
{
    struct rig *g = *state;
    char id[RAND_ID_SIZE];
    rig_container(g, "tower", "plex");
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/plex"));
    assert_int_equal(g->commands.n, 1);
    const struct told_command *c = &g->commands.v[0];
    assert_string_equal(c->id, id);
    assert_string_equal(c->node, "tower");
    assert_string_equal(c->target, "docker/plex");
    assert_string_equal(c->user, "ada");
    assert_int_equal(c->verb, COMMAND_CONTAINER_RESTART);
    assert_true(c->expires_ms > rig_now(g).wall_ms);
    rig_outcome(g, "tower", id, OUTCOME_RUNNING, "stopping");
    assert_string_equal(rig_job(g, id)->step, "stopping");
    rig_outcome(g, "shed", id, OUTCOME_FAILED, "not yours");
    assert_int_equal(rig_job(g, id)->state, JOB_RUNNING);
    rig_outcome(g, "tower", id, OUTCOME_DONE, "restarted in 1.2 s");
    rig_settle(g);
    struct job row = rig_row(g, id);
    assert_int_equal(row.state, JOB_DONE);
    assert_string_equal(row.text, "restarted in 1.2 s");
    assert_string_equal(row.output, "last line");
    assert_string_equal(row.step, "");
    assert_true(row.started_ms && row.ended_ms >= row.started_ms);
    job_done(&row);
    assert_int_equal(rig_count(g, "SELECT COUNT(*) FROM audit_log WHERE action = 'job.begin' AND "
                                  "target = 'tower/docker/plex' AND actor = 'ada'"),
                     1);
    assert_int_equal(rig_count(g, "SELECT COUNT(*) FROM audit_log WHERE action = 'job.end' AND "
                                  "outcome = 'done' AND target = 'tower/docker/plex'"),
                     1);
    rig_outcome(g, "tower", id, OUTCOME_FAILED, "too late");
    assert_int_equal(rig_job(g, id)->state, JOB_DONE);
}

static void written_before_it_is_sent(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], first[RAND_ID_SIZE], second[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "stop", "tower/docker/a,tower/docker/b"));
    str_copy(first, sizeof first, rig_job(g, id)->children.v[0]);
    str_copy(second, sizeof second, rig_job(g, id)->children.v[1]);
    rig_outcome(g, "tower", first, OUTCOME_DONE, "");
    assert_int_equal(g->commands.n, 1); /* the second is being written */
    assert_int_equal(rig_job(g, second)->state, JOB_RUNNING);
    rig_settle(g);
    assert_int_equal(g->commands.n, 2);
    struct job row = rig_row(g, second);
    assert_int_equal(row.state, JOB_RUNNING);
    job_done(&row);
    assert_true(g->commands.v[1].sequence > g->commands.v[0].sequence);
}

static void several_run_one_after_another(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "shed", "b");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,shed/docker/b"));
    const struct job *parent = rig_job(g, id);
    assert_string_equal(parent->step, "1 of 2: Restart a on tower");
    assert_string_equal(parent->node, "");
    rig_outcome(g, "tower", parent->children.v[0], OUTCOME_DONE, "");
    rig_settle(g);
    assert_string_equal(rig_job(g, id)->step, "2 of 2: Restart b on shed");
    rig_outcome(g, "shed", parent->children.v[1], OUTCOME_DONE, "");
    rig_settle(g);
    struct job row = rig_row(g, id);
    assert_int_equal(row.state, JOB_DONE);
    assert_string_equal(row.text, "All 2 done.");
    assert_int_equal(row.children.n, 2);
    job_done(&row);
    assert_int_equal(g->jobs->n_unfinished, 0);
}

static void several_stop_at_the_first_failure(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    rig_container(g, "tower", "c");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b,tower/docker/c"));
    const struct job *parent = rig_job(g, id);
    rig_outcome(g, "tower", parent->children.v[0], OUTCOME_DONE, "");
    rig_settle(g);
    rig_outcome(g, "tower", parent->children.v[1], OUTCOME_FAILED, "no such image");
    rig_settle(g);
    parent = rig_job(g, id);
    assert_int_equal(parent->state, JOB_FAILED);
    assert_string_equal(parent->text, "1 of 3 done. Restart b on tower: no such image");
    assert_int_equal(rig_job(g, parent->children.v[2])->state, JOB_CANCELLED);
    assert_int_equal(g->commands.n, 2);
    assert_int_equal(g->jobs->n_unfinished, 0);
}

#define END_OF_B                                                                                   \
    "SELECT COUNT(*) FROM audit_log WHERE action = 'job.end' AND target = 'tower/docker/b'"

static void what_has_not_begun_can_be_cancelled(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct job_list changed = {0};
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], first[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    str_copy(first, sizeof first, rig_job(g, id)->children.v[0]);
    assert_int_equal(jobs_cancel(g->jobs, first, "bob", rig_now(g), &e, &changed), -EBUSY);
    must(jobs_cancel(g->jobs, id, "bob", rig_now(g), &e, &changed), &e);
    assert_int_equal(changed.n, 1);
    assert_string_equal(changed.v[0].text, "Cancelled by bob.");
    jobs_cancelled(g->jobs, &changed, true);
    job_list_done(&changed);
    assert_int_equal(rig_job(g, id)->state, JOB_RUNNING);
    rig_outcome(g, "tower", first, OUTCOME_DONE, "");
    rig_settle(g);
    assert_int_equal(rig_job(g, id)->state, JOB_CANCELLED);
    assert_int_equal(g->commands.n, 1);
    assert_int_equal(jobs_cancel(g->jobs, id, "bob", rig_now(g), &e, &changed), -EBUSY);
    assert_int_equal(jobs_cancel(g->jobs, "none", "bob", rig_now(g), &e, &changed), -ENOENT);
    assert_int_equal(rig_count(g, END_OF_B), 0); /* the entry of who cancelled stands for it */
}

static void a_cancelling_that_was_not_written_is_audited_later(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct job_list changed = {0};
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], second[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    str_copy(second, sizeof second, rig_job(g, id)->children.v[1]);
    rig_settle(g);
    must(jobs_cancel(g->jobs, id, "bob", rig_now(g), &e, &changed), &e);
    jobs_tick(g->jobs, rig_now(g));
    while (g->jobs->busy) { /* what else there was to write */
        uv_run(loop_uv(g->loop), UV_RUN_NOWAIT);
        uv_sleep(1);
    }
    struct job row = rig_row(g, second);
    assert_int_equal(row.state, JOB_WAITING); /* not without its entry */
    job_done(&row);
    jobs_cancelled(g->jobs, &changed, false);
    job_list_done(&changed);
    rig_settle(g);
    row = rig_row(g, second);
    assert_int_equal(row.state, JOB_CANCELLED);
    assert_string_equal(row.text, "Cancelled by bob.");
    job_done(&row);
    assert_int_equal(rig_count(g, END_OF_B), 1);
}

static void a_node_that_is_away_gets_nothing(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    int r;
    rig_container(g, "tower", "plex");
    g->away = true; /* just now: nobody has noticed */
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/plex"));
    assert_int_equal(rig_job(g, id)->state, JOB_REFUSED);
    assert_non_null(strstr(rig_job(g, id)->text, "tower is away"));
    assert_non_null(strstr(rig_job(g, id)->text, "nothing was sent."));
    for (int i = 0; i < 200; i++) { /* silent for longer, second by second */
        g->ahead_ms += 1000;
        cluster_tick(g->cluster, rig_now(g));
    }
    rig_order(g, "restart", "tower/docker/plex", NULL, &r, &e);
    assert_int_equal(r, -ENOTCONN);
    assert_string_equal(e.text, "tower is away since 3 min: nothing was sent.");
    assert_int_equal(g->commands.n, 0);
}

static void a_refusal_is_told(void **state)
{
    struct rig *g = *state;
    g->refusal = "The policy of tower does not allow it.";
    rig_container(g, "tower", "plex");
    const char *id = rig_do(g, "restart", "tower/docker/plex");
    assert_int_equal(rig_job(g, id)->state, JOB_REFUSED);
    assert_string_equal(rig_job(g, id)->text, g->refusal);
    rig_settle(g);
    assert_int_equal(rig_count(g, "SELECT COUNT(*) FROM audit_log WHERE action = 'job.end' AND "
                                  "outcome = 'refused'"),
                     1);
}

static void a_broken_link_is_asked_after(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/plex"));
    g->away = true;
    jobs_node_away(g->jobs, "tower", rig_now(g));
    assert_string_equal(rig_job(g, id)->step,
                        "tower is away: asked for the outcome once it is back");
    g->away = false;
    jobs_node_back(g->jobs, "shed", rig_now(g));
    assert_int_equal(g->queries.n, 0);
    jobs_node_back(g->jobs, "tower", rig_now(g));
    assert_int_equal(g->queries.n, 1);
    assert_string_equal(g->queries.v[0], id);
    rig_outcome(g, "tower", id, OUTCOME_DONE, "restarted");
    assert_int_equal(rig_job(g, id)->state, JOB_DONE);
    assert_int_equal(g->commands.n, 1); /* never sent again */
}

static void a_node_that_was_away_for_long_has_time_to_answer(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "a");
    rig_container(g, "tower", "b");
    char id[RAND_ID_SIZE], first[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/a,tower/docker/b"));
    str_copy(first, sizeof first, rig_job(g, id)->children.v[0]);
    g->away = true;
    for (int64_t t = 0; t < 2 * JOB_SILENCE_MS; t += 1000) { /* second by second */
        g->ahead_ms += 1000;
        cluster_tick(g->cluster, rig_now(g));
        jobs_tick(g->jobs, rig_now(g));
    }
    assert_int_equal(rig_job(g, first)->state, JOB_RUNNING);
    g->away = false;
    jobs_node_back(g->jobs, "tower", rig_now(g));
    rig_container(g, "tower", "a"); /* its first report: it is away no more */
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(rig_job(g, first)->state, JOB_RUNNING);
    rig_outcome(g, "tower", first, OUTCOME_DONE, "restarted");
    rig_settle(g);
    assert_int_equal(g->commands.n, 2);
}

static void silence_is_asked_after_and_ends_as_lost(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/plex"));
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(g->queries.n, 0);
    g->ahead_ms = JOB_QUIET_MS + 1000;
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(g->queries.n, 1);
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(g->queries.n, 1);
    rig_outcome(g, "tower", id, OUTCOME_RUNNING, "pulling");
    g->ahead_ms += JOB_SILENCE_MS - 1000;
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(rig_job(g, id)->state, JOB_RUNNING);
    g->ahead_ms += 2000;
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(rig_job(g, id)->state, JOB_LOST);
    assert_non_null(strstr(rig_job(g, id)->text, "Look there whether it was done."));
    rig_settle(g);
    /* It may be told after all. */
    rig_outcome(g, "tower", id, OUTCOME_DONE, "restarted");
    rig_settle(g);
    struct job row = rig_row(g, id);
    assert_int_equal(row.state, JOB_DONE);
    job_done(&row);
    assert_int_equal(g->jobs->n_unfinished, 0);
}

static void what_its_node_never_heard_of_is_lost(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    const char *id = rig_do(g, "restart", "tower/docker/plex");
    rig_outcome(g, "tower", id, OUTCOME_UNKNOWN, "");
    assert_int_equal(rig_job(g, id)->state, JOB_LOST);
    assert_string_equal(rig_job(g, id)->text,
                        "tower knows nothing of it: it was most likely never begun.");
}

static void one_that_can_not_tell_yet_is_asked_again(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    const char *id = rig_do(g, "restart", "tower/docker/plex");
    rig_outcome(g, "tower", id, OUTCOME_RUNNING, "this node can't tell yet: its disk is full");
    assert_int_equal(rig_job(g, id)->state, JOB_RUNNING);
    g->ahead_ms += JOB_QUIET_MS;
    rig_container(g, "tower", "plex");
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(g->queries.n, 1);
    rig_outcome(g, "tower", id, OUTCOME_DONE, "restarted");
    assert_int_equal(rig_job(g, id)->state, JOB_DONE);
}

static void orders_are_checked(void **state)
{
    struct rig *g = *state;
    static const struct {
        const char *verb, *services, *node;
        int r;
        const char *text;
    } cases[] = {
        {"restart", "tower/docker/none", NULL, -ENOENT, "There is no service with the id"},
        {"restart", NULL, NULL, -EINVAL, "a service or a node"},
        {"restart", "tower/docker/plex", "tower", -EINVAL, "a service or a node"},
        {"explode", "tower/docker/plex", NULL, -EINVAL, "there is no container.explode"},
        {"unit.restart", "tower/docker/plex", NULL, -EINVAL, "plex is a container"},
        {"kill", "tower/systemd/nginx.service", NULL, -EINVAL, "nginx is a unit"},
        {"rename", "tower/docker/plex", NULL, -EINVAL, "what shall it be called?"},
        {"project.up", "tower/docker/plex", NULL, -EINVAL, "no compose project"},
        {"restart", "tower/docker/plex,tower/docker/plex", NULL, -EINVAL, "twice"},
        {"machine.reboot", NULL, "nowhere", -ENOENT, "There is no node"},
        {"unit.restart", NULL, "tower", -EINVAL, "is done to a service"},
        {"process.signal", NULL, "tower", -EINVAL, "PID:START"},
        {"nothing", NULL, "tower", -EINVAL, "There is no verb"},
    };
    rig_container(g, "tower", "plex");
    rig_unit(g, "tower", "nginx.service", RUN_RUNNING);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        int r;
        rig_order(g, cases[i].verb, cases[i].services, cases[i].node, &r, &e);
        assert_int_equal(r, cases[i].r);
        if (!strstr(e.text, cases[i].text))
            fail_msg("%s: %s", cases[i].text, e.text);
    }
    assert_int_equal(g->commands.n, 0);
    assert_int_equal(map_count(&g->jobs->live), 0);
}

static void a_second_click_is_refused(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    int r;
    rig_container(g, "tower", "plex");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/plex"));
    rig_order(g, "restart", "tower/docker/plex", NULL, &r, &e);
    assert_int_equal(r, -EEXIST);
    assert_string_equal(e.text,
                        "That is under way already: Restart plex on tower, ordered by ada.");
    rig_outcome(g, "tower", id, OUTCOME_DONE, "");
    rig_do(g, "restart", "tower/docker/plex");
}

static void what_is_being_written_counts_as_under_way(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct job_list first = {0}, second = {0};
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "other");
    must(rig_plan(g, "restart", "tower/docker/plex", NULL, &e, &first), &e);
    assert_int_equal(rig_plan(g, "restart", "tower/docker/plex", NULL, &e, &second), -EEXIST);
    assert_string_equal(e.text,
                        "That is under way already: Restart plex on tower, ordered by ada.");
    unsigned n = g->jobs->n_unfinished;
    g->jobs->n_unfinished = LIMIT_JOBS_RUNNING - 1;
    assert_int_equal(rig_plan(g, "restart", "tower/docker/other", NULL, &e, &second), -EAGAIN);
    jobs_abandon(g->jobs, &first);
    must(rig_plan(g, "restart", "tower/docker/other", NULL, &e, &second), &e);
    jobs_abandon(g->jobs, &second);
    g->jobs->n_unfinished = n;
    rig_do(g, "restart", "tower/docker/plex,tower/docker/other");
    assert_int_equal(map_count(&g->jobs->planned), 0);
}

static void set_guard(struct rig *g, const char *pattern)
{
    struct err e = {0};
    struct guard guard = {0};
    AUTO(json_decrefp) json_t *body = json_pack("{s:[{s:[s]}]}", "rules", "services", pattern);
    must(guard_read(body, &e, &guard), &e);
    jobs_set_guard(g->jobs, &guard);
    guard_done(&guard);
}

static void guard_rails_hold(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    int r;
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "other");
    set_guard(g, "tower/docker/plex");
    rig_order(g, "restart", "tower/docker/plex", NULL, &r, &e);
    assert_int_equal(r, -EKEYREJECTED);
    assert_non_null(strstr(e.text, "tower/docker/plex is protected by the guard rails"));
    rig_order(g, "restart", "tower/docker/other,tower/docker/plex", NULL, &r, &e);
    assert_int_equal(r, -EKEYREJECTED);
    rig_order(g, "machine.reboot", NULL, "tower", &r, &e);
    assert_int_equal(r, -EKEYREJECTED);
    rig_do(g, "start", "tower/docker/plex"); /* interrupts nothing */
    rig_do(g, "restart", "tower/docker/other");
    struct str_list ids = {0};
    str_list_add(&ids, "tower/docker/plex");
    struct subject by = subject_local();
    struct job_order o = {.by = &by,
                          .verb = "container.rename",
                          .argument = "x",
                          .services = &ids,
                          .actor = "ada",
                          .via = "web"};
    struct job_list jobs = {0};
    assert_int_equal(jobs_plan(g->jobs, &o, rig_now(g), &e, &jobs), -EKEYREJECTED);
    o = (struct job_order){.by = &by,
                           .verb = "restart",
                           .services = &ids,
                           .actor = "ada",
                           .via = "web",
                           .force = true};
    assert_int_equal(jobs_plan(g->jobs, &o, rig_now(g), &e, &jobs), -EKEYREJECTED);
    o.may_force = true;
    must(jobs_plan(g->jobs, &o, rig_now(g), &e, &jobs), &e);
    jobs_abandon(g->jobs, &jobs);
    str_list_done(&ids);
    o = (struct job_order){.by = &by,
                           .verb = "mount.remount",
                           .node = "tower",
                           .target = "/mnt/nas",
                           .actor = "ada",
                           .via = "web"};
    assert_int_equal(jobs_plan(g->jobs, &o, rig_now(g), &e, &jobs), -EKEYREJECTED);
}

/* Of three the second's turn comes when it is protected, or too late. */
static void each_is_looked_at_when_its_turn_comes(void **state)
{
    struct rig *g = *state;
    char id[RAND_ID_SIZE];
    for (int late = 0; late < 2; late++) {
        char name[8];
        AUTO(str_done) struct str all = {0};
        for (int i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "%c%d", 'a' + i, late);
            rig_container(g, "tower", name);
            str_addf(&all, "%stower/docker/%s", i ? "," : "", name);
        }
        str_copy(id, sizeof id, rig_do(g, "restart", str_text(&all)));
        if (late)
            g->ahead_ms += JOB_FAMILY_MS + 1000;
        else
            set_guard(g, "tower/docker/b0");
        rig_outcome(g, "tower", rig_job(g, id)->children.v[0], OUTCOME_DONE, "");
        rig_settle(g);
        const struct job *parent = rig_job(g, id);
        assert_int_equal(parent->state, JOB_CANCELLED);
        assert_non_null(strstr(parent->text, late ? "ordered more than two hours ago"
                                                  : "is protected by the guard rails"));
        assert_int_equal(rig_job(g, parent->children.v[1])->state, JOB_CANCELLED);
        assert_int_equal(rig_job(g, parent->children.v[2])->state, JOB_CANCELLED);
        assert_int_equal(g->commands.n, late + 1);
    }
    assert_int_equal(g->jobs->n_unfinished, 0);
}

/* Orders two, and lets the first end: the second's turn comes. */
static const struct job *second_turn(struct rig *g, const char *verb)
{
    const struct job *parent = rig_job(g, rig_do(g, verb, "tower/docker/plex,tower/docker/redis"));
    rig_outcome(g, "tower", parent->children.v[0], OUTCOME_DONE, "");
    rig_settle(g);
    return rig_job(g, parent->children.v[1]);
}

static void rights_are_looked_at_when_its_turn_comes(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "redis");
    const struct job *second = second_turn(g, "restart");
    assert_int_equal(second->state, JOB_RUNNING);
    assert_string_equal(g->asked, "u-ada ");

    g->may.permissions = role_permissions(ROLE_VIEWER); /* what runs goes on */
    rig_outcome(g, "tower", second->id, OUTCOME_DONE, "");
    assert_int_equal(second->state, JOB_DONE);
    second = second_turn(g, "restart");
    assert_int_equal(second->state, JOB_REFUSED);
    assert_string_equal(second->text, "Not begun: ada may no longer restart redis on tower.");
    assert_int_equal(rig_job(g, second->parent)->state, JOB_FAILED);
    assert_int_equal(rig_count(g, "SELECT count(*) FROM audit_log WHERE action = 'job.end' AND "
                                  "actor = 'ada' AND target = 'tower/docker/redis' AND outcome = "
                                  "'refused' AND detail LIKE '%may no longer restart%'"),
                     1);

    g->may = subject_local();
    str_copy(g->may.limits, sizeof g->may.limits, "node:shed");
    assert_int_equal(second_turn(g, "restart")->state, JOB_REFUSED);
    str_copy(g->may.limits, sizeof g->may.limits, "node:tow*");
    second = second_turn(g, "stop");
    assert_int_equal(second->state, JOB_RUNNING);
    rig_outcome(g, "tower", second->id, OUTCOME_DONE, "");

    g->token = "t-1";
    g->may_result = -EACCES;
    second = second_turn(g, "pause");
    assert_string_equal(g->asked, "u-ada t-1");
    assert_int_equal(second->state, JOB_REFUSED);
    assert_string_equal(
        second->text,
        "Not begun: the API token with which ada ordered it does not count any more.");
    g->token = NULL;
    g->may_result = -ENOENT;
    assert_string_equal(second_turn(g, "kill")->text,
                        "Not begun: ada may no longer kill redis on tower.");
    assert_int_equal(g->jobs->n_unfinished, 0);
}

/* Who insisted must still be allowed to. */
static void insisting_is_a_right_of_that_moment(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "redis");
    set_guard(g, "tower/docker/redis");
    for (int may = 0; may < 2; may++) {
        g->force = true;
        g->may = subject_local();
        if (!may)
            g->may.permissions &= ~permission_bit(PERM_SETTINGS_WRITE);
        const struct job *second = second_turn(g, "restart");
        assert_int_equal(second->state, may ? JOB_RUNNING : JOB_CANCELLED);
        if (!may)
            assert_non_null(strstr(second->text, "protected by the guard rails"));
    }
}

static void one_thing_of_two_names_is_done_once(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct job_list jobs = {0};
    AUTO(str_list_done) struct str_list ids = {0};
    struct subject by = subject_local();
    rig_container(g, "tower", "plex");
    str_list_add(&ids, "plex");
    str_list_add(&ids, "tower/docker/plex");
    const struct job_order o = {.by = &by,
                                .verb = "restart",
                                .services = &ids,
                                .by_end = true,
                                .actor = "ada",
                                .via = "cli"};
    must(jobs_plan(g->jobs, &o, rig_now(g), &e, &jobs), &e);
    assert_int_equal(jobs.n, 1);
    jobs_abandon(g->jobs, &jobs);
}

static void limits_hold_orders_back(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    int r;
    rig_container(g, "tower", "plex");
    rig_container(g, "shed", "plex");
    g->limits = "node:shed";
    rig_order(g, "restart", "tower/docker/plex", NULL, &r, &e);
    assert_int_equal(r, -EPERM);
    assert_non_null(strstr(e.text, "node:shed"));
    rig_order(g, "restart", "shed/docker/plex,tower/docker/plex", NULL, &r, &e);
    assert_int_equal(r, -EPERM);
    rig_order(g, "machine.reboot", NULL, "tower", &r, &e);
    assert_int_equal(r, -EPERM);
    rig_do(g, "restart", "shed/docker/plex");
    rig_order(g, "machine.reboot", NULL, "shed", &r, &e);
    assert_int_equal(r, 0);
}

static void ids_may_be_short_for_the_command_line(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    char id[256];
    rig_container(g, "tower", "plex");
    rig_container(g, "shed", "redis");
    rig_container(g, "tower", "redis");
    rig_unit(g, "tower", "nginx.service", RUN_RUNNING);
    must(cluster_find_service(g->cluster, "plex", &e, id), &e);
    assert_string_equal(id, "tower/docker/plex");
    must(cluster_find_service(g->cluster, "nginx", &e, id), &e);
    assert_string_equal(id, "tower/systemd/nginx.service");
    must(cluster_find_service(g->cluster, "shed/docker/redis", &e, id), &e);
    assert_int_equal(cluster_find_service(g->cluster, "redis", &e, id), -EEXIST);
    assert_non_null(strstr(e.text, "shed/docker/redis, tower/docker/redis"));
    assert_int_equal(cluster_find_service(g->cluster, "lex", &e, id), -ENOENT);
}

static void the_oldest_are_forgotten(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    char first[RAND_ID_SIZE] = "";
    for (int i = 0; i < LIMIT_JOBS_REMEMBERED + 5; i++) {
        const char *id = rig_do(g, "restart", "tower/docker/plex");
        if (!*first)
            str_copy(first, sizeof first, id);
        rig_outcome(g, "tower", id, OUTCOME_DONE, "");
    }
    rig_settle(g);
    jobs_tick(g->jobs, rig_now(g));
    assert_int_equal(map_count(&g->jobs->live), LIMIT_JOBS_REMEMBERED);
    assert_null(jobs_find(g->jobs, first));
    struct job row = rig_row(g, first);
    assert_int_equal(row.state, JOB_DONE);
    job_done(&row);
}

static void what_is_being_written_is_not_forgotten(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    rig_container(g, "tower", "plex");
    rig_container(g, "tower", "other");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/other"));
    for (int i = 0; i < LIMIT_JOBS_REMEMBERED + 5; i++)
        rig_outcome(g, "tower", rig_do(g, "restart", "tower/docker/plex"), OUTCOME_DONE, "");
    rig_settle(g);
    {
        AUTO(store_givep) struct db *db = NULL;
        must(store_take(g->f->store, &e, &db), &e);
        must(db_begin(db, &e), &e); /* nobody else writes */
        rig_outcome(g, "tower", id, OUTCOME_DONE, "restarted");
        jobs_tick(g->jobs, rig_now(g));
        assert_non_null(jobs_find(g->jobs, id));
        assert_int_equal(map_count(&g->jobs->live), LIMIT_JOBS_REMEMBERED);
        db_rollback(db);
    }
    rig_settle(g);
    struct job row = rig_row(g, id);
    assert_int_equal(row.state, JOB_DONE);
    job_done(&row);
    assert_false(jobs_live(g->jobs, id)->writing);
}

static void a_text_that_no_database_takes_is_mended(void **state)
{
    struct rig *g = *state;
    rig_container(g, "tower", "plex");
    char id[RAND_ID_SIZE];
    str_copy(id, sizeof id, rig_do(g, "restart", "tower/docker/plex"));
    rig_outcome(g, "tower", id, OUTCOME_FAILED, "caf\xe9 is closed");
    rig_settle(g);
    struct job row = rig_row(g, id);
    assert_int_equal(row.state, JOB_FAILED);
    assert_string_equal(row.text, "caf? is closed");
    assert_string_equal(row.output, "last line");
    job_done(&row);
    assert_string_equal(rig_job(g, id)->text, "caf? is closed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_command_and_its_outcome),
        cmocka_unit_test(written_before_it_is_sent),
        cmocka_unit_test(several_run_one_after_another),
        cmocka_unit_test(several_stop_at_the_first_failure),
        cmocka_unit_test(what_has_not_begun_can_be_cancelled),
        cmocka_unit_test(a_cancelling_that_was_not_written_is_audited_later),
        cmocka_unit_test(a_node_that_is_away_gets_nothing),
        cmocka_unit_test(a_refusal_is_told),
        cmocka_unit_test(limits_hold_orders_back),
        cmocka_unit_test(a_broken_link_is_asked_after),
        cmocka_unit_test(a_node_that_was_away_for_long_has_time_to_answer),
        cmocka_unit_test(silence_is_asked_after_and_ends_as_lost),
        cmocka_unit_test(what_its_node_never_heard_of_is_lost),
        cmocka_unit_test(one_that_can_not_tell_yet_is_asked_again),
        cmocka_unit_test(orders_are_checked),
        cmocka_unit_test(a_second_click_is_refused),
        cmocka_unit_test(what_is_being_written_counts_as_under_way),
        cmocka_unit_test(guard_rails_hold),
        cmocka_unit_test(each_is_looked_at_when_its_turn_comes),
        cmocka_unit_test(rights_are_looked_at_when_its_turn_comes),
        cmocka_unit_test(insisting_is_a_right_of_that_moment),
        cmocka_unit_test(one_thing_of_two_names_is_done_once),
        cmocka_unit_test(ids_may_be_short_for_the_command_line),
        cmocka_unit_test(the_oldest_are_forgotten),
        cmocka_unit_test(what_is_being_written_is_not_forgotten),
        cmocka_unit_test(a_text_that_no_database_takes_is_mended),
    };
    return RUN_ON_BOTH(tests);
}
