/* One suite, run against SQLite always and against PostgreSQL where TEST_POSTGRES_URL names one. */
#include "store-test.h"

#include "store/store-private.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool use_postgresql;

static int setup(void **state)
{
    *state = fixture_new(use_postgresql, true);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

#define BEGIN_TEST(db)                                                                             \
    struct fixture *f = *state;                                                                    \
    struct err e = {0};                                                                            \
    AUTO(store_givep) struct db *db = NULL;                                                        \
    must(store_take(f->store, &e, &(db)), &e)

static int set_key(struct db *db, struct err *e, const char *key, const char *value)
{
    return db_exec(db, e, "INSERT INTO settings (key, value, changed_ms) VALUES ($1, $2, $3)",
                   "ssi", key, value, (int64_t)1);
}

static void keeps_values_as_they_are(void **state)
{
    BEGIN_TEST(db);
    must(db_exec(db, &e, "CREATE TABLE v (t TEXT, i BIGINT, d DOUBLE PRECISION)", ""), &e);
    static const char *const texts[] = {
        "", "a", "it's \"quoted\" \\ $1 ?", "zwölf Boxkämpfer ♞", "line\nline", "12", NULL};
    static const int64_t ints[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1 << 30, 7};
    static const double doubles[] = {0.0, 0.1, -1e308, 5e-324, 1.0 / 3.0, INFINITY, 1e15};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(rows_freep) struct rows *rows = NULL;
        assert_int_equal(1, db_exec(db, &e, "INSERT INTO v (t, i, d) VALUES ($1, $2, $3)", "sid",
                                    texts[i], ints[i], doubles[i]));
        must(db_query_one(db, &e, "SELECT t, i, d FROM v WHERE i = $1", &rows, "i", ints[i]), &e);
        assert_string_equal(rows_text(rows, 0), texts[i] ? texts[i] : "");
        assert_int_equal(rows_is_null(rows, 0), !texts[i]);
        assert_true(rows_int(rows, 1) == ints[i]);
        assert_true(rows_double(rows, 2) == doubles[i]);
        assert_false(rows_is_null(rows, 2));
    }
}

static void knows_nulls(void **state)
{
    BEGIN_TEST(db);
    AUTO(rows_freep) struct rows *rows = NULL;
    must(db_exec(db, &e, "CREATE TABLE v (t TEXT, i BIGINT, d DOUBLE PRECISION)", ""), &e);
    must(db_exec(db, &e, "INSERT INTO v (t, i, d) VALUES ($1, $2, $3)", "snd", NULL, NAN), &e);
    must(db_query_one(db, &e, "SELECT t, i, d FROM v", &rows, ""), &e);
    for (int i = 0; i < 3; i++)
        assert_true(rows_is_null(rows, i));
    assert_string_equal(rows_text(rows, 0), "");
    assert_int_equal(rows_int(rows, 1), 0);
    assert_true(rows_double(rows, 2) == 0);
    rows_freep(&rows);
    must(db_query_one(db, &e, "SELECT count(*) FROM v WHERE ($1 IS NULL OR t = $1)", &rows, "s",
                      NULL),
         &e);
    assert_int_equal(rows_int(rows, 0), 1);
}

static void takes_parameters_by_number(void **state)
{
    BEGIN_TEST(db);
    AUTO(rows_freep) struct rows *rows = NULL;
    must(set_key(db, &e, "b", "a"), &e);
    must(db_query_one(db, &e,
                      "SELECT value FROM settings WHERE value = $2 AND key = $1 AND $2 = value",
                      &rows, "ss", "b", "a"),
         &e);
    assert_string_equal(rows_text(rows, 0), "a");
    rows_freep(&rows);
    assert_int_equal(-EINVAL, db_query_one(db, &e, "SELECT value FROM settings WHERE key = $1",
                                           &rows, "ss", "b", "a"));
    assert_int_equal(-EINVAL,
                     db_query_one(db, &e, "SELECT value FROM settings WHERE key = $1", &rows, ""));
    assert_non_null(strstr(e.text, "SELECT value"));
}

static void walks_rows(void **state)
{
    BEGIN_TEST(db);
    AUTO(rows_freep) struct rows *rows = NULL;
    char key[16];
    must(db_begin(db, &e), &e);
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof key, "k%03d", i);
        must(set_key(db, &e, key, "x"), &e);
    }
    must(db_commit(db, &e), &e);
    must(db_query(db, &e, "SELECT key FROM settings ORDER BY key LIMIT $1", &rows, "i",
                  (int64_t)1000),
         &e);
    int n = 0;
    while (must(rows_next(rows, &e), &e)) {
        snprintf(key, sizeof key, "k%03d", n++);
        assert_string_equal(rows_text(rows, 0), key);
        /* another statement, even the same one, goes on beside it */
        if (n % 100 == 0)
            assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 500);
    }
    assert_int_equal(n, 500);
    AUTO(rows_freep) struct rows *none = NULL;
    must(db_query(db, &e, "SELECT key FROM settings WHERE key = 'no'", &none, ""), &e);
    assert_int_equal(rows_next(none, &e), 0);
}

static void runs_one_statement_twice_at_once(void **state)
{
    BEGIN_TEST(db);
    AUTO(rows_freep) struct rows *a = NULL;
    AUTO(rows_freep) struct rows *b = NULL;
    const char *sql = "SELECT key FROM settings WHERE key >= $1 ORDER BY key";
    must(set_key(db, &e, "a", ""), &e);
    must(set_key(db, &e, "b", ""), &e);
    must(db_query(db, &e, sql, &a, "s", "a"), &e);
    assert_int_equal(1, rows_next(a, &e));
    must(db_query(db, &e, sql, &b, "s", "b"), &e);
    assert_int_equal(1, rows_next(b, &e));
    assert_int_equal(1, rows_next(a, &e));
    assert_string_equal(rows_text(a, 0), "b");
    assert_string_equal(rows_text(b, 0), "b");
    assert_int_equal(0, rows_next(a, &e));
    assert_int_equal(0, rows_next(b, &e));
}

static void counts_changed_rows(void **state)
{
    BEGIN_TEST(db);
    assert_int_equal(1, set_key(db, &e, "a", "1"));
    assert_int_equal(1, set_key(db, &e, "b", "1"));
    assert_int_equal(2, db_exec(db, &e, "UPDATE settings SET value = '2'", ""));
    assert_int_equal(0, db_exec(db, &e, "DELETE FROM settings WHERE key = 'no'", ""));
    assert_int_equal(0, db_exec(db, &e,
                                "INSERT INTO settings (key, value, changed_ms) VALUES ('a', '', 0)"
                                " ON CONFLICT DO NOTHING",
                                ""));
    assert_int_equal(0, db_exec(db, &e, "CREATE TABLE other (x BIGINT)", ""));
    assert_int_equal(2, db_exec(db, &e, "DELETE FROM settings", ""));
}

static void returns_what_it_wrote(void **state)
{
    BEGIN_TEST(db);
    int64_t last = 0;
    for (int i = 0; i < 3; i++) {
        AUTO(rows_freep) struct rows *rows = NULL;
        must(db_query_one(db, &e,
                          "INSERT INTO events (id, time_ms, severity, kind, text) VALUES"
                          " ($1, 1, 'info', 'k', $2) RETURNING sequence, text",
                          &rows, "ss", "e", "hello"),
             &e);
        assert_true(rows_int(rows, 0) > last);
        assert_string_equal(rows_text(rows, 1), "hello");
        last = rows_int(rows, 0);
    }
    /* it is there for another connection although only the first row was looked at */
    AUTO(store_givep) struct db *other = NULL;
    must(store_take(f->store, &e, &other), &e);
    assert_int_equal(ask(other, "SELECT count(*) FROM events"), 3);
}

static void says_what_is_wrong(void **state)
{
    BEGIN_TEST(db);
    AUTO(rows_freep) struct rows *rows = NULL;
    must(set_key(db, &e, "a", "1"), &e);
    assert_int_equal(-EEXIST, set_key(db, &e, "a", "2"));
    assert_int_equal(-EINVAL, db_exec(db, &e, "INSERT INTO nowhere (x) VALUES (1)", ""));
    assert_non_null(strstr(e.text, "nowhere"));
    assert_int_equal(-EINVAL, db_exec(db, &e, "SELEKT 1", ""));
    assert_int_equal(-EINVAL, set_key(db, &e, "b", NULL)); /* NOT NULL */
    assert_int_equal(-EINVAL, set_key(db, &e, "b", "\xff\xfe"));
    assert_non_null(strstr(e.text, "UTF-8"));
    assert_int_equal(-ENOENT,
                     db_exec(db, &e,
                             "INSERT INTO sessions (id, user_id, secret_hash, created_ms, seen_ms,"
                             " expires_ms) VALUES ('s', 'nobody', 'h', 0, 0, 0)",
                             ""));
    assert_int_equal(-ENOENT,
                     db_query_one(db, &e, "SELECT 1 FROM settings WHERE key = 'no'", &rows, ""));
    assert_null(rows);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
    assert_int_equal(store_health(f->store).code, 0); /* none of this is the database's fault */
    assert_int_equal(-EEXIST, set_key(db, NULL, "a", "2"));
}

static void compares_names_without_case(void **state)
{
    BEGIN_TEST(db);
    const char *sql = "INSERT INTO users (id, name, role, password_hash, created_ms) VALUES"
                      " ($1, $2, 'admin', 'x', 0)";
    must(db_exec(db, &e, sql, "ss", "1", "Anna"), &e);
    assert_int_equal(-EEXIST, db_exec(db, &e, sql, "ss", "2", "aNNa"));
    must(db_exec(db, &e, sql, "ss", "3", "Bert"), &e);
}

static void removes_what_belongs_to_a_user(void **state)
{
    BEGIN_TEST(db);
    must(db_exec(db, &e,
                 "INSERT INTO users (id, name, role, password_hash, created_ms) VALUES"
                 " ('u', 'u', 'admin', 'x', 0)",
                 ""),
         &e);
    must(db_exec(db, &e,
                 "INSERT INTO sessions (id, user_id, secret_hash, created_ms, seen_ms,"
                 " expires_ms) VALUES ('s', 'u', 'h', 0, 0, 0)",
                 ""),
         &e);
    must(db_exec(db, &e,
                 "INSERT INTO api_tokens (id, user_id, name, secret_hash, prefix, scopes,"
                 " created_ms) VALUES ('t', 'u', 'n', 'h', 'hyd_', '[]', 0)",
                 ""),
         &e);
    must(db_exec(db, &e, "DELETE FROM users WHERE id = $1", "s", "u"), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM sessions"), 0);
    assert_int_equal(ask(db, "SELECT count(*) FROM api_tokens"), 0);
}

static void commits_all_or_nothing(void **state)
{
    BEGIN_TEST(db);
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "a", "1"), &e);
    db_rollback(db);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 0);
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "a", "1"), &e);
    must(db_commit(db, &e), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "b", "1"), &e);
    store_givep(&db); /* forgotten: rolled back */
    must(store_take(f->store, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
    db_rollback(db); /* none open is fine */
}

static void a_failed_statement_dooms_its_transaction(void **state)
{
    BEGIN_TEST(db);
    AUTO(rows_freep) struct rows *rows = NULL;
    must(set_key(db, &e, "a", "1"), &e);
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "b", "1"), &e);
    assert_int_equal(-ENOENT, db_query_one(db, &e, "SELECT 1 FROM settings WHERE key = 'no'", &rows,
                                           "")); /* no failure */
    must(set_key(db, &e, "c", "1"), &e);
    assert_int_equal(-EEXIST, set_key(db, &e, "a", "1"));
    assert_int_equal(-EEXIST, set_key(db, &e, "d", "1"));
    assert_int_equal(-EEXIST, db_query(db, &e, "SELECT 1", &rows, ""));
    assert_int_equal(-EEXIST, db_commit(db, &e));
    assert_true(e.text[0]);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
    must(set_key(db, &e, "d", "1"), &e); /* and then all is well again */
}

static void reads_at_one_moment(void **state)
{
    BEGIN_TEST(db);
    AUTO(store_givep) struct db *other = NULL;
    must(store_take(f->store, &e, &other), &e);
    must(db_begin_read(db, &e), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 0);
    must(set_key(other, &e, "a", "1"), &e);
    assert_int_equal(ask(other, "SELECT count(*) FROM settings"), 1);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 0);
    must(db_commit(db, &e), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
}

struct adder {
    struct store *store;
    int times, done;
};

/* Reads, thinks, writes: right only when writers come one after the other. */
static void *add_many(void *arg)
{
    struct adder *a = arg;
    struct err e = {0};
    for (int i = 0; i < a->times; i++) {
        AUTO(store_givep) struct db *db = NULL;
        AUTO(rows_freep) struct rows *rows = NULL;
        int r = store_take(a->store, &e, &db);
        if (r == 0)
            r = db_begin(db, &e);
        if (r == 0)
            r = db_query_one(db, &e, "SELECT changed_ms FROM settings WHERE key = 'n'", &rows, "");
        if (r < 0)
            break;
        int64_t n = rows_int(rows, 0);
        rows_freep(&rows);
        r = db_exec(db, &e, "UPDATE settings SET changed_ms = $1 WHERE key = 'n'", "i", n + 1);
        if (r != 1 || db_commit(db, &e) < 0)
            break;
        a->done++;
    }
    if (a->done < a->times)
        print_error("%s\n", e.text);
    return NULL;
}

static void writers_come_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    pthread_t threads[LIMIT_STORE_CONNECTIONS + 2];
    struct adder adders[COUNT_OF(threads)];
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    must(db_exec(db, &e, "INSERT INTO settings (key, value, changed_ms) VALUES ('n', '', 0)", ""),
         &e);
    store_givep(&db);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        adders[i] = (struct adder){f->store, 10, 0};
        assert_int_equal(0, pthread_create(&threads[i], NULL, add_many, &adders[i]));
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(adders[i].done, 10);
    }
    must(store_take(f->store, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT changed_ms FROM settings WHERE key = 'n'"),
                     10 * COUNT_OF(threads));
}

static void gives_up_on_a_lock(void **state)
{
    BEGIN_TEST(db);
    AUTO(store_givep) struct db *other = NULL;
    must(store_take(f->store, &e, &other), &e);
    must(other->ops->wait_for_locks(other, &e, 300), &e);
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "a", "1"), &e);
    assert_int_equal(-EBUSY, db_begin(other, &e));
    assert_non_null(strstr(e.text, "lock"));
    assert_int_equal(store_health(f->store).code, -EBUSY);
    assert_true(store_health(f->store).since_wall_ms > 0);
    must(db_commit(db, &e), &e);
    assert_int_equal(store_health(f->store).code, 0);
    must(db_begin(other, &e), &e);
    assert_int_equal(ask(other, "SELECT count(*) FROM settings"), 1);
}

static void forgets_old_statements(void **state)
{
    BEGIN_TEST(db);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3 * LIMIT_STORE_STATEMENTS; i++) {
            AUTO(mem_freep) char *sql = mem_printf("SELECT %d", i);
            assert_int_equal(ask(db, sql), i);
        }
    struct rows *open[LIMIT_STORE_STATEMENTS + 3] = {0};
    for (size_t i = 0; i < COUNT_OF(open); i++)
        must(db_query(db, &e, "SELECT 7", &open[i], ""), &e);
    for (size_t i = 0; i < COUNT_OF(open); i++) {
        assert_int_equal(1, rows_next(open[i], &e));
        assert_int_equal(7, rows_int(open[i], 0));
        rows_free(open[i]);
    }
}

static void limits_connections(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct db *taken[LIMIT_STORE_CONNECTIONS], *more = NULL;
    f->store->wait_ms = 300;
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        must(store_take(f->store, &e, &taken[i]), &e);
    assert_int_equal(-EBUSY, store_take(f->store, &e, &more));
    assert_null(more);
    store_give(taken[0]);
    must(store_take(f->store, &e, &taken[0]), &e);
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        store_give(taken[i]);
    store_give(NULL);
}

static void migrates_once(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    int have = -1, want = -1;
    must(store_schema_version(f->store, &e, &have, &want), &e);
    assert_int_equal(have, want);
    assert_true(want >= 1);
    assert_int_equal(store_migrate(f->store, &e), 0);
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM schema_migrations"), want);
    must(db_exec(db, &e, "UPDATE schema_migrations SET version = 9999 WHERE version = $1", "i",
                 (int64_t)want),
         &e);
    assert_int_equal(-ENOTSUP, store_migrate(f->store, &e));
    assert_non_null(strstr(e.text, "newer"));
}

static void migrates_from_nothing(void **state)
{
    (void)state;
    struct err e = {0};
    AUTO(fixture_freep) struct fixture *f = fixture_new(use_postgresql, false);
    int have = -1, want = -1;
    must(store_schema_version(f->store, &e, &have, &want), &e);
    assert_int_equal(have, 0);
    assert_int_equal(store_migrate(f->store, &e), want);
    must(store_schema_version(f->store, &e, &have, &want), &e);
    assert_int_equal(have, want);
}

/* Waits until all are there, then migrates; the exit status says how many ran. */
static int migrate_in_process(const char *url, int gate)
{
    struct err e = {0};
    struct store *s = NULL;
    char c;
    int ran = read(gate, &c, 1) == 0 ? store_open(url, &e, &s) : -EIO;
    if (ran == 0)
        ran = store_migrate(s, &e);
    store_close(s);
    if (ran < 0)
        print_error("%s\n", e.text);
    return ran < 0 ? 100 : ran;
}

static int race(const char *url)
{
    enum { PROCESSES = 6 };
    pid_t children[PROCESSES];
    int gate[2], ran = 0;
    assert_int_equal(0, pipe(gate));
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            close(gate[1]);
            _exit(migrate_in_process(url, gate[0]));
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        ran += WEXITSTATUS(status);
    }
    return ran;
}

static void many_processes_migrate_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct err e = {0};
        AUTO(fixture_freep) struct fixture *f = fixture_new(use_postgresql, false);
        int have, want;
        store_close(TAKE(f->store)); /* no connection is shared with the children */
        if (!use_postgresql)
            assert_int_equal(0, unlink(f->url)); /* they also race to make the file */
        int ran = race(f->url);
        must(store_open(f->url, &e, &f->store), &e);
        must(store_schema_version(f->store, &e, &have, &want), &e);
        assert_int_equal(have, want);
        assert_int_equal(ran, want);
    }
}

static void probes(void **state)
{
    BEGIN_TEST(db);
    must(store_probe(f->store, &e), &e);
    must(store_probe(f->store, &e), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings WHERE key = 'store.probe'"), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(keeps_values_as_they_are),
        T(knows_nulls),
        T(takes_parameters_by_number),
        T(walks_rows),
        T(runs_one_statement_twice_at_once),
        T(counts_changed_rows),
        T(returns_what_it_wrote),
        T(says_what_is_wrong),
        T(compares_names_without_case),
        T(removes_what_belongs_to_a_user),
        T(commits_all_or_nothing),
        T(a_failed_statement_dooms_its_transaction),
        T(reads_at_one_moment),
        T(writers_come_one_after_the_other),
        T(gives_up_on_a_lock),
        T(forgets_old_statements),
        T(limits_connections),
        T(migrates_once),
        T(probes),
        cmocka_unit_test(migrates_from_nothing),
        cmocka_unit_test(many_processes_migrate_at_once),
    };
    int failed = cmocka_run_group_tests_name("SQLite", tests, NULL, NULL);
    use_postgresql = getenv("TEST_POSTGRES_URL") != NULL;
    if (use_postgresql)
        failed += cmocka_run_group_tests_name("PostgreSQL", tests, NULL, NULL);
    return failed;
}
