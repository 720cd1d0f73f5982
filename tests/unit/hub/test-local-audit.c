/* What nodes tell of their own people, in a database: once, and not without bound. */
#include "../store/store-test.h"

#include "hub/local-audit.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct hub {
    struct fixture *f;
    struct loop *loop;
    struct workers *workers;
    struct local_audit *audit;
    unsigned from, to;  /* ids to be told */
    size_t text_length; /* of each result */
    atomic_uint settled;
};

static void on_settled(void *arg, const char *node, bool all_written)
{
    struct hub *h = arg;
    assert_string_equal(node, "tower");
    if (all_written)
        atomic_fetch_add(&h->settled, 1);
}

static void begin(void *arg)
{
    struct hub *h = arg;
    h->audit = local_audit_new(&(struct local_audit_settings){.loop = h->loop,
                                                              .workers = h->workers,
                                                              .store = h->f->store,
                                                              .settled = on_settled,
                                                              .arg = h,
                                                              .left_out_ms = 1});
}

static struct local_action *action(unsigned number, size_t text_length)
{
    struct local_action *a = mem_alloc(sizeof *a);
    struct command_outcome *o = mem_alloc(sizeof *o);
    *o = (struct command_outcome){.state = OUTCOME_DONE,
                                  .time_ms = 1000,
                                  .step = mem_strdup(""),
                                  .text = mem_alloc(text_length + 1),
                                  .output = mem_strdup("what it said")};
    memset(o->text, 1, text_length); /* six bytes each in JSON */
    snprintf(o->id, sizeof o->id, "local-%u", number);
    *a = (struct local_action){.user = mem_strdup("ada"),
                               .uid = 1000,
                               .verb = mem_strdup("unit.restart"),
                               .target = mem_strdup("systemd/a.service"),
                               .argument = mem_strdup(""),
                               .outcome = o};
    return a;
}

static void tell(void *arg)
{
    struct hub *h = arg;
    for (unsigned i = h->from; i < h->to; i++)
        local_audit_add(h->audit, "tower", action(i, h->text_length));
}

static void tick(void *arg)
{
    local_audit_tick(((struct hub *)arg)->audit);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void end(void *arg)
{
    local_audit_free(((struct hub *)arg)->audit);
}

static struct hub hub_start(const bool *postgresql)
{
    struct hub h = {.f = fixture_new(*postgresql, true)};
    h.loop = loop_new("hub");
    h.workers = workers_new(1, 10, 0);
    return h;
}

static void hub_stop(struct hub *h)
{
    workers_free(h->workers);
    loop_call(h->loop, end, h);
    loop_call(h->loop, nothing, h); /* after what that left for later */
    loop_stop(h->loop);
    loop_join(h->loop);
    loop_free(h->loop);
    fixture_free(h->f);
}

static int64_t count(struct hub *h, const char *sql)
{
    struct err e = {0};
    struct db *db = NULL;
    must(store_take(h->f->store, &e, &db), &e);
    int64_t n = ask(db, sql);
    store_give(db);
    return n;
}

/* Ticks as the hub does, until that many rows are there. */
static void wait_for(struct hub *h, const char *sql, int64_t n)
{
    for (int i = 0; i < 6000 && count(h, sql) < n; i++) {
        loop_call(h->loop, tick, h);
        usleep(10000);
    }
    assert_true(count(h, sql) >= n);
}

static void is_written_once_however_long(void **state)
{
    struct hub h = hub_start(*state);
    loop_start_thread(h.loop);
    loop_call(h.loop, begin, &h);
    h.to = 1;
    h.text_length = 40000;
    for (unsigned i = 1; i <= 3; i++) {
        loop_call(h.loop, tell, &h);
        for (int k = 0; k < 6000 && atomic_load(&h.settled) < i; k++)
            usleep(10000);
        assert_int_equal(atomic_load(&h.settled), i);
    }
    assert_int_equal(count(&h, "SELECT count(*) FROM audit_log"), 1);
    assert_int_equal(count(&h, "SELECT count(*) FROM audit_log WHERE detail LIKE "
                               "'{\"id\":\"local-0\",%\"text\":%'"),
                     1);
    hub_stop(&h);
}

static void a_flood_is_bounded_and_told(void **state)
{
    static const char left_out[] =
        "SELECT count(*) FROM audit_log WHERE action = 'audit.left-out' AND address = 'tower'";
    static const char actions[] = "SELECT count(*) FROM audit_log WHERE action = 'unit.restart'";
    struct hub h = hub_start(*state);
    loop_start_thread(h.loop);
    loop_call(h.loop, begin, &h);
    h.to = 3 * LIMIT_LOCAL_AUDIT_BURST;
    loop_call(h.loop, tell, &h);
    wait_for(&h, actions, LIMIT_LOCAL_AUDIT_BURST);
    wait_for(&h, left_out, 1);
    assert_true(count(&h, actions) < INT64_C(2) * LIMIT_LOCAL_AUDIT_BURST);
    assert_int_equal(count(&h, left_out), 1);
    for (int k = 0; k < 6000 && !atomic_load(&h.settled); k++)
        usleep(10000);
    assert_true(atomic_load(&h.settled) > 0);
    hub_stop(&h);
}

int main(void)
{
    static bool sqlite = false, postgresql = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(is_written_once_however_long, &sqlite),
        cmocka_unit_test_prestate(a_flood_is_bounded_and_told, &sqlite),
    };
    const struct CMUnitTest with_server[] = {
        cmocka_unit_test_prestate(is_written_once_however_long, &postgresql),
        cmocka_unit_test_prestate(a_flood_is_bounded_and_told, &postgresql),
    };
    if (sodium_init() < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (getenv("TEST_POSTGRES_URL"))
        failed += cmocka_run_group_tests(with_server, NULL, NULL);
    return failed;
}
