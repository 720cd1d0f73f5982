/* What of the services' states goes to the database and comes back, on SQLite and PostgreSQL. */
#include "../store/store-test.h"
#include "cluster/journal.h"

#include <stdlib.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };
#define AT(ms) (INT64_C(1764000000000) + (ms))

static int setup(void **state)
{
    *state = fixture_new(getenv("TEST_POSTGRES_URL") != NULL, true);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static void note(struct journal_batch *b, const char *service, enum service_state s, int64_t from,
                 const char *reason)
{
    journal_add_state(
        b,
        &(struct state_note){
            .service = service, .state = s, .since_ms = from, .from_ms = from, .reason = reason});
}

static void write_at(struct db *db, struct journal_batch *b, int64_t now)
{
    struct err e = {0};
    must(journal_write(db, b, now, &e), &e);
    journal_done(b);
}

/* "service@minutes state reason", one line per stretch. */
static void print_note(void *arg, const struct state_note *n)
{
    str_addf(arg, "%s@%lld %s%s%s\n", n->service, (long long)((n->from_ms - AT(0)) / MINUTE),
             n->unwatched ? "unwatched" : service_state_name(n->state), n->reason ? " " : "",
             n->reason ? n->reason : "");
}

static void assert_history(struct db *db, int64_t since, const char *expected)
{
    struct err e = {0};
    struct str out = {0};
    must(journal_history(db, since, print_note, &out, &e), &e);
    assert_string_equal(str_text(&out), expected);
    str_done(&out);
}

static void test_database(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    struct journal_batch b = {0};
    int64_t watched = -1;
    must(store_take(f->store, &e, &db), &e);
    must(journal_watched(db, &watched, &e), &e);
    assert_int_equal(watched, 0);

    note(&b, "a", STATE_HEALTHY, AT(0), NULL);
    note(&b, "a", STATE_DOWN, AT(10 * MINUTE), NULL);
    note(&b, "a", STATE_DOWN, AT(10 * MINUTE), "exit code 1"); /* the same, its reason known */
    note(&b, "b", STATE_HEALTHY, AT(0), NULL);
    assert_int_equal(b.states.n, 3);
    write_at(db, &b, AT(11 * MINUTE));
    note(&b, "b", STATE_HEALTHY, AT(0), "late reason");
    note(&b, "a", STATE_HEALTHY, AT(20 * MINUTE), NULL);
    write_at(db, &b, AT(21 * MINUTE));
    must(journal_watched(db, &watched, &e), &e);
    assert_int_equal(watched, AT(21 * MINUTE));
    assert_history(db, AT(0),
                   "a@0 healthy\na@10 down exit code 1\na@20 healthy\n"
                   "b@0 healthy late reason\n");

    /* The next Hydra: what was ends where the one before was last heard of. */
    b.closed_ms = watched;
    note(&b, "a", STATE_HEALTHY, AT(30 * MINUTE), NULL);
    write_at(db, &b, AT(31 * MINUTE));
    /* What was so at the beginning counts, however long ago it began. */
    assert_history(db, AT(15 * MINUTE),
                   "a@10 down exit code 1\na@20 healthy\na@21 unwatched\na@30 healthy\n"
                   "b@0 healthy late reason\nb@21 unwatched\n");

    int64_t later = AT((int64_t)LIMIT_HISTORY_DAYS * 24 * HOUR + 25 * MINUTE);
    must(journal_trim(db, later, &e), &e);
    assert_history(db, AT(0), "a@30 healthy\nb@21 unwatched\n");

    journal_add_state(&b,
                      &(struct state_note){.service = "b", .state = STATE_UNKNOWN, .gone = true});
    write_at(db, &b, later);
    assert_history(db, AT(0), "a@30 healthy\n");
    assert_int_equal(ask(db, "SELECT count(*) FROM service_states"), 1);
}

static void test_of_too_many_the_latest_are_read(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    struct journal_batch b = {0};
    must(store_take(f->store, &e, &db), &e);
    note(&b, "steady", STATE_HEALTHY, AT(0), NULL);
    write_at(db, &b, AT(1));
    for (int i = 0; i <= LIMIT_HISTORY_RECALL; i++) {
        note(&b, "flaps", i % 2 ? STATE_DOWN : STATE_HEALTHY, AT(MINUTE + i), NULL);
        if (b.states.n == LIMIT_JOURNAL_STATES)
            write_at(db, &b, AT(HOUR));
    }
    write_at(db, &b, AT(HOUR));
    struct str out = {0};
    must(journal_history(db, AT(0), print_note, &out, &e), &e);
    unsigned lines = 0;
    for (const char *p = str_text(&out); (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, LIMIT_HISTORY_RECALL + 2); /* and how both were at that moment */
    assert_non_null(strstr(str_text(&out), "steady@0 healthy"));
    str_done(&out);
}

static void test_waiting_states_are_limited(void **state)
{
    (void)state;
    struct journal_batch b = {0};
    for (int i = 0; i < LIMIT_JOURNAL_STATES + 10; i++)
        note(&b, "a", i % 2 ? STATE_DOWN : STATE_HEALTHY, AT(i), NULL);
    assert_int_equal(b.states.n, LIMIT_JOURNAL_STATES);
    assert_int_equal(b.states.v[b.states.n - 1].from_ms, AT(LIMIT_JOURNAL_STATES + 9));
    journal_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_database, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_too_many_the_latest_are_read, setup, teardown),
        cmocka_unit_test(test_waiting_states_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
