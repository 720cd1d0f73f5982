/* Copies between all kinds of database there are here; PostgreSQL where TEST_POSTGRES_URL names
 * one.
 */
#include "store-test.h"

#include "store/migrations.h"

#include <stdio.h>
#include <stdlib.h>

static int number_of_kinds(void)
{
    return getenv("TEST_POSTGRES_URL") ? 2 : 1;
}

/* At least one row in every table, with all that is difficult. */
static void fill(struct store *s)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(s, &e, &db), &e);
    static const char *const statements[] = {
        "INSERT INTO users (id, name, role, password_hash, created_ms) VALUES"
        " ('u', 'Jörg ''the'' \"admin\"', 'admin', '$argon2id$v=19$m=1', 9007199254740993)",
        "INSERT INTO sessions (id, user_id, secret_hash, created_ms, seen_ms, expires_ms) VALUES"
        " ('s', 'u', 'h', 1, 2, 9223372036854775807)",
        "INSERT INTO api_tokens (id, user_id, name, secret_hash, prefix, scopes, created_ms) VALUES"
        " ('t', 'u', '', 'h', 'hyd_', '[]', -1)",
        "INSERT INTO audit_log (sequence, time_ms, actor, via, action, outcome, previous_hash,"
        " hash) VALUES (1, 1, 'u', 'web', 'login', 'done', '', 'x')",
        "INSERT INTO services (id, name, created_ms, changed_ms) VALUES ('a/b', NULL, 1, 1),"
        " ('c', '', 1, 1)",
        "INSERT INTO service_states (id, state, since_ms, seen_ms) VALUES ('a', 'up', 1, 1)",
        "INSERT INTO service_history (service, from_ms, state) VALUES ('a', 1, 'up'),"
        " ('a', 1, 'up')",
        "INSERT INTO idempotency_keys (key, actor, request_hash, response, created_ms) VALUES"
        " ('k', 'a', 'h', '{\"text\": \"line\\nline\"}', 1)",
        "INSERT INTO nodes (id, public_key, serial, until_ms, enrolled_ms) VALUES"
        " ('tower', 'k', 's', 1, 1)",
        "INSERT INTO node_told (node, version, seen_ms, heard, away, reports) VALUES"
        " ('tower', 1, 1, 1, 0, 'H4sI')",
        "INSERT INTO bmcs (node, address, user_name, password, changed_ms, changed_by) VALUES"
        " ('nas', '10.0.0.9', 'admin', 'x1:', 1, 'ada')",
        "INSERT INTO enrolments (id, node, secret_hash, created_by, created_ms, expires_ms) VALUES"
        " ('e', 'tower', 'h', 'u', 1, 2)",
        "INSERT INTO jobs (id, kind, node, state, actor, via, created_ms) VALUES"
        " ('j', 'unit.restart', 'tower', 'done', 'u', 'web', 1)",
    };
    for (size_t i = 0; i < COUNT_OF(statements); i++)
        must(db_exec(db, &e, statements[i], ""), &e);
    add_settings(db, 0, 5123);
    for (int i = 0; i < 3; i++)
        must(db_exec(db, &e,
                     "INSERT INTO events (id, time_ms, severity, kind, text) VALUES"
                     " ('e', 1, 'info', 'k', 'text')",
                     ""),
             &e);
    must(db_exec(db, &e, "DELETE FROM events WHERE sequence = 3", ""), &e);
}

static struct str dump(struct store *s)
{
    struct err e = {0};
    struct str out = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(s, &e, &db), &e);
    for (const struct schema_table *t = schema_tables; t->name; t++) {
        AUTO(mem_freep)
        char *sql = mem_printf("SELECT * FROM %s ORDER BY 1, 2", t->name);
        AUTO(rows_freep) struct rows *rows = NULL;
        must(db_query(db, &e, sql, &rows, ""), &e);
        while (must(rows_next(rows, &e), &e)) {
            str_addf(&out, "%s:", t->name);
            for (unsigned c = 0; c < t->n_columns; c++)
                str_addf(&out, "|%s",
                         rows_is_null(rows, (int)c) ? "NULL" : rows_text(rows, (int)c));
            str_add_char(&out, '\n');
        }
    }
    return out;
}

static void next_event_is_number_four(struct store *s)
{
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    AUTO(rows_freep) struct rows *rows = NULL;
    must(store_take(s, &e, &db), &e);
    must(db_query_one(db, &e,
                      "INSERT INTO events (id, time_ms, severity, kind, text) VALUES"
                      " ('e', 1, 'info', 'k', 'text') RETURNING sequence",
                      &rows, ""),
         &e);
    assert_int_equal(rows_int(rows, 0), 4); /* 3 was given out already, though it is gone */
}

static void copies_all_there_is(void **state)
{
    (void)state;
    for (int pair = 0; pair < number_of_kinds() * number_of_kinds(); pair++) {
        struct err e = {0};
        uint64_t rows = 0;
        AUTO(fixture_freep) struct fixture *from = fixture_new(pair & 1, true);
        AUTO(fixture_freep) struct fixture *to = fixture_new(pair & 2, true);
        fill(from->store);
        must(store_copy(from->store, to->store, &e, &rows), &e);
        assert_int_equal(rows, 5123 + 2 + 15);
        AUTO(str_done) struct str before = dump(from->store);
        AUTO(str_done) struct str after = dump(to->store);
        assert_string_equal(str_text(&before), str_text(&after));
        for (const struct schema_table *t = schema_tables; t->name; t++) {
            AUTO(mem_freep) char *mark = mem_printf("%s:", t->name);
            assert_non_null(strstr(str_text(&after), mark)); /* fill() forgot no table */
        }
        next_event_is_number_four(to->store);
    }
}

static void fills_only_what_is_empty(void **state)
{
    (void)state;
    for (int kind = 0; kind < number_of_kinds(); kind++) {
        struct err e = {0};
        uint64_t rows = 77;
        AUTO(fixture_freep) struct fixture *from = fixture_new(kind, true);
        AUTO(fixture_freep) struct fixture *to = fixture_new(kind, true);
        must(store_probe(to->store, &e), &e);
        assert_int_equal(store_copy(from->store, to->store, &e, &rows), -EEXIST);
        assert_non_null(strstr(e.text, "settings"));
        assert_int_equal(rows, 77);
    }
}

static void wants_both_at_this_schema(void **state)
{
    (void)state;
    for (int kind = 0; kind < number_of_kinds(); kind++) {
        struct err e = {0};
        uint64_t rows;
        AUTO(fixture_freep) struct fixture *ready = fixture_new(kind, true);
        AUTO(fixture_freep) struct fixture *empty = fixture_new(kind, false);
        assert_int_equal(store_copy(ready->store, empty->store, &e, &rows), -ENOTSUP);
        assert_non_null(strstr(e.text, "hydrad migrate"));
        assert_int_equal(store_copy(empty->store, ready->store, &e, &rows), -ENOTSUP);
    }
}

static void leaves_nothing_behind_when_it_fails(void **state)
{
    (void)state;
    for (int kind = 0; kind < number_of_kinds(); kind++) {
        struct err e = {0};
        uint64_t rows = 77;
        AUTO(fixture_freep) struct fixture *from = fixture_new(kind, true);
        AUTO(fixture_freep) struct fixture *to = fixture_new(kind, true);
        AUTO(store_givep) struct db *db = NULL;
        fill(from->store);
        must(store_take(to->store, &e, &db), &e);
        /* one of the last tables can't take what it is given */
        must(db_exec(db, &e, "CREATE UNIQUE INDEX odd ON service_history (service)", ""), &e);
        assert_int_equal(store_copy(from->store, to->store, &e, &rows), -EEXIST);
        assert_non_null(strstr(e.text, "service_history"));
        assert_int_equal(rows, 77);
        assert_int_equal(ask(db, "SELECT count(*) FROM users"), 0);
        assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_all_there_is),
        cmocka_unit_test(fills_only_what_is_empty),
        cmocka_unit_test(wants_both_at_this_schema),
        cmocka_unit_test(leaves_nothing_behind_when_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
