/* What nodes told in a database: written, recalled by the next Hydra, gone with its node. */
#include "../store/store-test.h"

#include "hub/told.h"

#include <stdlib.h>

struct hub {
    struct fixture *f;
    struct event_log *log;
    struct cluster *c;
    struct loop *loop;
};

static const struct cluster_now at = {.mono_ms = 1000000, .wall_ms = 1764000000000};

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
    cluster_end(h);
    loop_free(h->loop);
    fixture_free(h->f);
}

static void tell(struct hub *h)
{
    struct node_facts *f = mem_alloc(sizeof *f);
    char **const texts[] = {&f->hostname,  &f->os_name,        &f->os_id,        &f->kernel,
                            &f->arch,      &f->cpu_model,      &f->boot_id,      &f->machine_id,
                            &f->time_zone, &f->virtualization, &f->agent_version};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = mem_strdup("told before");
    cluster_report(h->c, "tower", &(struct node_report){.kind = REPORT_FACTS, .facts = f}, at);
    for (int i = 0; i < 100; i++) {
        struct observed *o = mem_alloc(sizeof *o);
        o->id = mem_printf("docker/%d", i);
        o->engine = mem_strdup("docker");
        o->name = mem_strdup("name");
        o->run_text = mem_strdup("Up 3 hours");
        struct node_report r = {.kind = REPORT_SERVICE, .service = o};
        cluster_report(h->c, "tower", &r, at);
    }
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

int main(void)
{
    static bool sqlite = false, postgresql = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(is_recalled_by_the_next, &sqlite),
        cmocka_unit_test_prestate(is_small_and_one_row, &sqlite),
        cmocka_unit_test_prestate(goes_with_its_node, &sqlite),
        cmocka_unit_test_prestate(what_is_odd_is_passed_over, &sqlite),
    };
    const struct CMUnitTest with_server[] = {
        cmocka_unit_test_prestate(is_recalled_by_the_next, &postgresql),
        cmocka_unit_test_prestate(is_small_and_one_row, &postgresql),
        cmocka_unit_test_prestate(goes_with_its_node, &postgresql),
        cmocka_unit_test_prestate(what_is_odd_is_passed_over, &postgresql),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (getenv("TEST_POSTGRES_URL"))
        failed += cmocka_run_group_tests(with_server, NULL, NULL);
    return failed;
}
