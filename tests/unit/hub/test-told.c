/* What nodes told in a database: written, recalled by the next Hydra, gone with its node. */
#include "../store/store-test.h"

#include "base/clock.h"
#include "hub/told.h"

#include <stdlib.h>

struct hub {
    struct fixture *f;
    struct event_log *log;
    struct cluster *c;
    struct loop *loop;
};

/* Long ago for told_tick(), which looks at the clock. */
static const struct cluster_now at = {.mono_ms = 1, .wall_ms = 1764000000000};

static void cluster_begin(struct hub *h)
{
    struct event_log_limits limits = event_log_limits_default();
    h->log = event_log_new(&limits, 1);
    h->c = cluster_new(h->log, NULL);
    cluster_node_add(h->c, "tower", "agent", at);
    cluster_node_agent(h->c, "tower", &(struct node_agent){.remote = true}, at);
}

static void cluster_end(struct hub *h)
{
    cluster_free(h->c);
    event_log_free(h->log);
}

static struct hub hub_start(const bool *postgresql)
{
    struct err e = {0};
    struct hub h = {.f = fixture_new(*postgresql, true)};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(h.f->store, &e, &db), &e);
    must(db_exec(db, &e,
                 "INSERT INTO nodes (id, public_key, serial, until_ms, enrolled_ms) VALUES "
                 "('tower', 'k', 's', 1, 1)",
                 ""),
         &e);
    h.loop = loop_new("hub");
    cluster_begin(&h);
    return h;
}

static void hub_stop(struct hub *h)
{
    loop_free(h->loop); /* what is left there reads the cluster */
    cluster_end(h);
    fixture_free(h->f);
}

static void tell_of(struct hub *h, const char *node)
{
    struct node_facts *f = mem_alloc(sizeof *f);
    char **const texts[] = {&f->hostname,  &f->os_name,        &f->os_id,        &f->kernel,
                            &f->arch,      &f->cpu_model,      &f->boot_id,      &f->machine_id,
                            &f->time_zone, &f->virtualization, &f->agent_version};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = mem_strdup("told before");
    cluster_report(h->c, node, &(struct node_report){.kind = REPORT_FACTS, .facts = f}, at);
    for (int i = 0; i < 100; i++) {
        struct observed *o = mem_alloc(sizeof *o);
        o->id = mem_printf("docker/%d", i);
        o->engine = mem_strdup("docker");
        o->name = mem_strdup("name");
        o->run_text = mem_strdup("Up 3 hours");
        struct node_report r = {.kind = REPORT_SERVICE, .service = o};
        cluster_report(h->c, node, &r, at);
    }
}

static void tell(struct hub *h)
{
    tell_of(h, "tower");
}

/* As hydrad does at its end. */
static void keep(struct hub *h)
{
    told_free(told_new(h->loop, NULL, h->f->store, h->c));
}

static struct db *take(struct hub *h)
{
    struct err e = {0};
    struct db *db = NULL;
    must(store_take(h->f->store, &e, &db), &e);
    return db;
}

static bool is_recalled(struct hub *h, int64_t watched_ms)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = take(h);
    cluster_end(h);
    cluster_begin(h);
    must(told_recall(db, h->c, watched_ms, at, &e), &e);
    return cluster_has_service(h->c, "tower/docker/99");
}

static void write_sql(struct hub *h, const char *sql)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = take(h);
    must(db_exec(db, &e, sql, ""), &e);
}

static void is_recalled_by_the_next(void **state)
{
    struct hub h = hub_start(*state);
    struct err e = {0};
    struct node_look look;
    tell(&h);
    keep(&h);
    assert_true(is_recalled(&h, at.wall_ms + 5000 - 60000));
    must(cluster_look_node(h.c, "tower", &e, &look), &e);
    assert_int_equal(look.seen_ms, at.wall_ms);
    write_sql(&h, "UPDATE node_told SET seen_ms = 5");
    assert_true(is_recalled(&h, 7000)); /* it was heard until Hydra ended */
    must(cluster_look_node(h.c, "tower", &e, &look), &e);
    assert_int_equal(look.seen_ms, 7000);
    assert_false(look.away);
    write_sql(&h, "UPDATE node_told SET heard = 0, away = 1");
    assert_true(is_recalled(&h, 7000));
    must(cluster_look_node(h.c, "tower", &e, &look), &e);
    assert_int_equal(look.seen_ms, 5);
    assert_true(look.away);
    hub_stop(&h);
}

static void is_small_and_one_row(void **state)
{
    struct hub h = hub_start(*state);
    tell(&h);
    keep(&h);
    tell(&h);
    keep(&h);
    struct db *db = take(&h);
    assert_int_equal(ask(db, "SELECT count(*) FROM node_told"), 1);
    assert_true(ask(db, "SELECT length(reports) FROM node_told") < 3000); /* packed */
    store_give(db);
    hub_stop(&h);
}

static void goes_with_its_node(void **state)
{
    struct hub h = hub_start(*state);
    tell(&h);
    keep(&h);
    write_sql(&h, "DELETE FROM nodes");
    struct db *db = take(&h);
    assert_int_equal(ask(db, "SELECT count(*) FROM node_told"), 0);
    store_give(db);
    tell(&h);
    keep(&h); /* it was removed by another process a moment ago */
    db = take(&h);
    assert_int_equal(ask(db, "SELECT count(*) FROM node_told"), 0);
    store_give(db);
    hub_stop(&h);
}

static void what_is_odd_is_passed_over(void **state)
{
    static const char *const odd[] = {
        "UPDATE node_told SET version = 99",
        "UPDATE node_told SET version = 1, reports = '/// no base64'",
        "UPDATE node_told SET reports = ''",
        "UPDATE node_told SET reports = 'H4sIAAAAAAAAAwMAAAAAAAAAAAA'", /* gzip of nothing */
        "UPDATE node_told SET reports = 'H4sIAAAAAAAA'",                /* cut off */
        "UPDATE node_told SET reports = '_____w'",                      /* no message */
    };
    struct hub h = hub_start(*state);
    tell(&h);
    keep(&h);
    assert_true(is_recalled(&h, 0));
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        write_sql(&h, odd[i]);
        assert_false(is_recalled(&h, 0));
    }
    hub_stop(&h);
}

/* --- by workers --- */

static int64_t ask_once(struct hub *h, const char *sql)
{
    AUTO(store_givep) struct db *db = take(h);
    return ask(db, sql);
}

static void go_away(struct hub *h)
{
    struct cluster_now later = {.mono_ms = at.mono_ms + 90000, .wall_ms = at.wall_ms + 90000};
    cluster_tick(h->c, later);
}

/* Ticks until the row says that the node is away. */
static void until_away(struct hub *h, struct told *t)
{
    int64_t end = clock_mono_ms() + 120000;
    while (ask_once(h, "SELECT count(*) FROM node_told WHERE away = 1") != 1) {
        assert_true(clock_mono_ms() < end);
        told_tick(t);
        uv_run(loop_uv(h->loop), UV_RUN_NOWAIT);
        uv_sleep(10);
    }
}

static void a_later_word_waits_for_the_earlier_one(void **state)
{
    struct hub h = hub_start(*state);
    struct err e = {0};
    struct workers *workers = workers_new(2, 10, 0);
    struct told *t = told_new(h.loop, workers, h.f->store, h.c);
    struct db *other = take(&h);
    must(db_begin(other, &e), &e); /* holds up who writes */
    tell(&h);
    told_tick(t);
    go_away(&h);
    for (int i = 0; i < 3; i++)
        told_tick(t);
    struct workers_stats s = workers_stats(workers);
    assert_int_equal(s.busy + s.queued + s.done, 1);
    db_rollback(other);
    store_give(other);
    until_away(&h, t);
    assert_int_equal(ask_once(&h, "SELECT heard FROM node_told"), 0);
    workers_free(workers);
    told_free(t);
    hub_stop(&h);
}

static void break_rows_of(struct hub *h, const char *node)
{
    AUTO(mem_freep)
    char *sql = mem_printf("CREATE TRIGGER broken BEFORE INSERT ON node_told WHEN new.node = '%s' "
                           "BEGIN SELECT RAISE(ABORT, 'broken'); END",
                           node);
    write_sql(h, sql);
}

/* A worker's failure whose answer the loop has not read yet when hydrad ends. */
static void what_failed_last_is_written_at_the_end(void **state)
{
    struct hub h = hub_start(*state);
    struct workers *workers = workers_new(1, 10, 0);
    struct told *t = told_new(h.loop, workers, h.f->store, h.c);
    break_rows_of(&h, "tower");
    tell(&h);
    go_away(&h);
    told_tick(t);
    workers_free(workers);
    assert_int_equal(ask_once(&h, "SELECT count(*) FROM node_told"), 0);
    write_sql(&h, "DROP TRIGGER broken");
    told_free(t);
    assert_int_equal(ask_once(&h, "SELECT away FROM node_told"), 1);
    hub_stop(&h);
}

static void what_the_workers_refuse_waits(void **state)
{
    struct hub h = hub_start(*state);
    struct workers *none = workers_new(1, 0, 0);
    struct told *t = told_new(h.loop, none, h.f->store, h.c);
    tell(&h);
    go_away(&h);
    told_tick(t);
    told_tick(t);
    assert_int_equal(workers_stats(none).refused, 1); /* not each second */
    workers_free(none);
    told_free(t);
    assert_int_equal(ask_once(&h, "SELECT away FROM node_told"), 1);
    hub_stop(&h);
}

static void the_end_is_one_transaction(void **state)
{
    struct hub h = hub_start(*state);
    write_sql(&h, "INSERT INTO nodes (id, public_key, serial, until_ms, enrolled_ms) VALUES "
                  "('attic', 'l', 't', 1, 1)");
    cluster_node_add(h.c, "attic", "agent", at);
    cluster_node_agent(h.c, "attic", &(struct node_agent){.remote = true}, at);
    tell(&h);
    tell_of(&h, "attic");
    break_rows_of(&h, "attic");
    keep(&h);
    assert_int_equal(ask_once(&h, "SELECT count(*) FROM node_told"), 0);
    write_sql(&h, "DROP TRIGGER broken");
    keep(&h);
    assert_int_equal(ask_once(&h, "SELECT count(*) FROM node_told"), 2);
    hub_stop(&h);
}

int main(void)
{
    static bool sqlite = false, postgresql = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(is_recalled_by_the_next, &sqlite),
        cmocka_unit_test_prestate(is_small_and_one_row, &sqlite),
        cmocka_unit_test_prestate(goes_with_its_node, &sqlite),
        cmocka_unit_test_prestate(what_is_odd_is_passed_over, &sqlite),
        cmocka_unit_test_prestate(a_later_word_waits_for_the_earlier_one, &sqlite),
        cmocka_unit_test_prestate(what_failed_last_is_written_at_the_end, &sqlite),
        cmocka_unit_test_prestate(what_the_workers_refuse_waits, &sqlite),
        cmocka_unit_test_prestate(the_end_is_one_transaction, &sqlite),
    };
    const struct CMUnitTest with_server[] = {
        cmocka_unit_test_prestate(is_recalled_by_the_next, &postgresql),
        cmocka_unit_test_prestate(is_small_and_one_row, &postgresql),
        cmocka_unit_test_prestate(goes_with_its_node, &postgresql),
        cmocka_unit_test_prestate(what_is_odd_is_passed_over, &postgresql),
        cmocka_unit_test_prestate(a_later_word_waits_for_the_earlier_one, &postgresql),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (getenv("TEST_POSTGRES_URL"))
        failed += cmocka_run_group_tests(with_server, NULL, NULL);
    return failed;
}
