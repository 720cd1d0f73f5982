#include "rig.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static bool use_postgresql;

struct cluster_now rig_now(const struct rig *g)
{
    return (struct cluster_now){.mono_ms = clock_mono_ms() + g->ahead_ms,
                                .wall_ms = clock_wall_ms() + g->ahead_ms};
}

static void must_be_new(struct rig *g, uint64_t sequence)
{
    for (size_t i = 0; i < g->commands.n; i++)
        assert_true(sequence > g->commands.v[i].sequence);
    assert_true(sequence <= (uint64_t)rig_count(g, "SELECT changed_ms FROM settings WHERE key = "
                                                   "'jobs.sequence'"));
}

static int on_command(void *arg, const char *node, const struct command *c, struct err *e)
{
    struct rig *g = arg;
    if (g->away)
        return -ENOTCONN;
    if (g->refusal)
        return err_set(e, -EPERM, "%s", g->refusal);
    must_be_new(g, c->sequence);
    struct told_command *t = vec_add(&g->commands);
    str_copy(t->id, sizeof t->id, c->id);
    str_copy(t->node, sizeof t->node, node);
    str_copy(t->target, sizeof t->target, c->target);
    str_copy(t->user, sizeof t->user, c->user);
    t->verb = c->verb;
    t->sequence = c->sequence;
    t->expires_ms = c->expires_ms;
    return 0;
}

static int on_query(void *arg, const char *node, const char *id, struct err *e)
{
    struct rig *g = arg;
    (void)node;
    (void)e;
    if (g->away)
        return -ENOTCONN;
    str_list_add(&g->queries, id);
    return 0;
}

static int on_subject(void *arg, const char *user, const char *token, int64_t wall_ms,
                      struct subject *ret_subject)
{
    struct rig *g = arg;
    (void)wall_ms;
    snprintf(g->asked, sizeof g->asked, "%s %s", user, token);
    *ret_subject = g->may;
    return g->may_result;
}

void rig_start(struct rig *g)
{
    struct err e = {0};
    g->loop = loop_new("jobs");
    g->workers = workers_new(2, 64, 0);
    g->jobs =
        jobs_new(g->loop, g->workers, g->f->store, g->cluster, g->log,
                 &(struct jobs_hooks){
                     .arg = g, .command = on_command, .query = on_query, .subject = on_subject});
    must(jobs_recall(g->jobs, rig_now(g), &e), &e);
}

/* Everything is forgotten that is not in the database. */
void rig_kill(struct rig *g)
{
    workers_free(g->workers);
    MAP_FOREACH (&g->jobs->live, entry) {
        struct live_job *l = entry->value;
        job_done(&l->job);
        mem_free(l);
    }
    map_done(&g->jobs->live, NULL);
    g->jobs->live = (struct map){0};
    jobs_free(g->jobs);
    loop_free(g->loop);
}

struct rig *rig_new(bool postgresql)
{
    struct rig *g = mem_alloc(sizeof *g);
    g->f = fixture_new(postgresql, true);
    g->may = subject_local();
    g->log = event_log_new(NULL, (uint64_t)clock_wall_ms());
    static const struct cluster_hooks none;
    struct cluster_hooks hooks = none;
    hooks.arg = g;
    g->cluster = cluster_new(g->log, &hooks);
    cluster_node_add(g->cluster, "tower", "", rig_now(g));
    cluster_node_add(g->cluster, "shed", "", rig_now(g));
    rig_start(g);
    return g;
}

void rig_free(struct rig *g)
{
    workers_free(g->workers);
    jobs_free(g->jobs);
    loop_free(g->loop);
    cluster_free(g->cluster);
    event_log_free(g->log);
    fixture_free(g->f);
    vec_done(&g->commands);
    str_list_done(&g->queries);
    mem_free(g);
}

static void report(struct rig *g, const char *node, const char *engine, const char *name,
                   enum observed_kind kind, enum observed_run run)
{
    struct observed *o = mem_alloc(sizeof *o);
    *o = (struct observed){.id = mem_printf("%s/%s", engine, name),
                           .kind = kind,
                           .engine = mem_strdup(engine),
                           .name = mem_strdup(name),
                           .run = run,
                           .run_text = mem_strdup(""),
                           .enabled = true};
    struct node_report r = {.kind = REPORT_SERVICE, .service = o};
    cluster_report(g->cluster, node, &r, rig_now(g));
}

void rig_container(struct rig *g, const char *node, const char *name)
{
    report(g, node, "docker", name, OBSERVED_CONTAINER, RUN_RUNNING);
}

void rig_unit(struct rig *g, const char *node, const char *name, enum observed_run run)
{
    report(g, node, "systemd", name, OBSERVED_UNIT, run);
}

int rig_plan(struct rig *g, const char *verb, const char *services, const char *node, struct err *e,
             struct job_list *ret_jobs)
{
    struct str_list ids = {0};
    if (services)
        str_list_split(&ids, services, ',');
    struct subject by = subject_local();
    str_copy(by.limits, sizeof by.limits, g->limits ? g->limits : "");
    str_copy(by.user_id, sizeof by.user_id, "u-ada");
    if (g->token) {
        by.kind = SUBJECT_TOKEN;
        str_copy(by.id, sizeof by.id, g->token);
    }
    struct job_order o = {.by = &by,
                          .verb = verb,
                          .services = &ids,
                          .node = node,
                          .actor = "ada",
                          .via = "web",
                          .force = g->force,
                          .may_force = g->force};
    int r = jobs_plan(g->jobs, &o, rig_now(g), e, ret_jobs);
    str_list_done(&ids);
    return r;
}

void rig_write(struct rig *g, const struct job_list *jobs)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    struct audit_entry entry = {.time_ms = clock_wall_ms(),
                                .actor = "ada",
                                .via = "web",
                                .address = "",
                                .action = "job.begin",
                                .outcome = "done"};
    must(store_take(g->f->store, &e, &db), &e);
    must(db_begin(db, &e), &e);
    must(jobs_write(db, jobs, &entry, &e), &e);
    must(db_commit(db, &e), &e);
}

const char *rig_order(struct rig *g, const char *verb, const char *services, const char *node,
                      int *ret_r, struct err *e)
{
    static char id[RAND_ID_SIZE];
    struct job_list jobs = {0};
    int r = rig_plan(g, verb, services, node, e, &jobs);
    *id = 0;
    if (r >= 0) {
        str_copy(id, sizeof id, jobs.v[0].id);
        rig_write(g, &jobs);
        jobs_begin(g->jobs, &jobs, rig_now(g));
    }
    *ret_r = r;
    return id;
}

const char *rig_do(struct rig *g, const char *verb, const char *services)
{
    struct err e = {0};
    int r;
    const char *id = rig_order(g, verb, services, NULL, &r, &e);
    must(r, &e);
    return id;
}

void rig_outcome(struct rig *g, const char *node, const char *id, enum outcome_state s,
                 const char *text)
{
    struct command_outcome o = {.state = s,
                                .step = (char *)text,
                                .text = (char *)text,
                                .output = (char *)"last line",
                                .time_ms = clock_wall_ms()};
    str_copy(o.id, sizeof o.id, id);
    jobs_outcome(g->jobs, node, &o, rig_now(g));
}

static bool all_written(const struct rig *g)
{
    MAP_FOREACH (&g->jobs->live, entry) {
        const struct live_job *l = entry->value;
        if (l->dirty || l->to_send)
            return false;
    }
    return !g->jobs->busy;
}

void rig_settle(struct rig *g)
{
    do {
        jobs_flush(g->jobs);
        uv_run(loop_uv(g->loop), UV_RUN_NOWAIT);
        if (g->jobs->busy)
            uv_sleep(1);
    } while (!all_written(g));
}

const struct job *rig_job(struct rig *g, const char *id)
{
    const struct job *j = jobs_find(g->jobs, id);
    assert_non_null(j);
    return j;
}

struct job rig_row(struct rig *g, const char *id)
{
    struct err e = {0};
    struct job j;
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    must(job_db_get(db, id, &e, &j), &e);
    return j;
}

void rig_sql(struct rig *g, const char *sql)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    must(db_exec(db, &e, sql, ""), &e);
}

int64_t rig_count(struct rig *g, const char *sql)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    return ask(db, sql);
}

int rig_setup(void **state)
{
    *state = rig_new(use_postgresql);
    return 0;
}

int rig_teardown(void **state)
{
    rig_free(*state);
    return 0;
}

int run_on(bool postgresql, const struct CMUnitTest *tests, size_t n)
{
    use_postgresql = postgresql;
    if (postgresql && !getenv("TEST_POSTGRES_URL"))
        return 0;
    struct CMUnitTest own[64];
    assert_true(n <= COUNT_OF(own));
    for (size_t i = 0; i < n; i++) {
        own[i] = tests[i];
        own[i].setup_func = rig_setup;
        own[i].teardown_func = rig_teardown;
    }
    return _cmocka_run_group_tests(postgresql ? "jobs on PostgreSQL" : "jobs on SQLite", own, n,
                                   NULL, NULL);
}
