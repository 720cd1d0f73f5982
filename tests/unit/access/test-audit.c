#include "rig.h"

#include "access/audit-private.h"

#include <stdio.h>

enum { MINUTE = 60 * 1000 };

static struct audit_entry entry_at(int64_t time_ms, const char *action)
{
    return (struct audit_entry){
        .time_ms = time_ms,
        .actor = "anna",
        .via = "web",
        .address = "192.0.2.1",
        .action = action,
        .target = "thing",
        .outcome = "done",
        .detail = "{\"name\":\"Müller 100%\"}",
    };
}

static int append(struct db *db, const struct audit_entry *entry)
{
    struct err e = {0};
    must(db_begin(db, &e), &e);
    int r = audit_append(db, entry, &e);
    must(r, &e);
    return must(db_commit(db, &e), &e);
}

static void fill(struct rig *g, int n)
{
    for (int i = 0; i < n; i++) {
        const struct audit_entry entry = entry_at(T0 + i, i % 2 ? "user.change" : "service.add");
        append(g->db, &entry);
    }
}

struct seen {
    int64_t sequences[2000];
    size_t n, stop_after; /* 0 = never */
    char last_detail[64], last_hash[AUDIT_HASH_SIZE];
};

static bool note(void *arg, const struct audit_entry *entry)
{
    struct seen *s = arg;
    s->sequences[s->n++] = entry->sequence;
    str_copy(s->last_detail, sizeof s->last_detail, entry->detail);
    str_copy(s->last_hash, sizeof s->last_hash, entry->hash);
    return s->n != s->stop_after;
}

static size_t read_all(struct rig *g, const struct audit_filter *f, struct seen *s)
{
    struct err e = {0};
    *s = (struct seen){.stop_after = s->stop_after};
    int r = audit_read(g->db, f, note, s, &e);
    must(r, &e);
    assert_int_equal(r, s->n);
    return s->n;
}

static void newest_first_and_by_pages(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    static struct seen s;
    s.stop_after = 0;
    fill(g, 1203); /* more than two of the reader's own pages */
    assert_int_equal(read_all(g, &(struct audit_filter){0}, &s), 1203);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.sequences[i], 1203 - (int64_t)i);
    assert_string_equal(s.last_detail, "{\"name\":\"Müller 100%\"}");
    assert_int_equal(strlen(s.last_hash), 64);
    assert_int_equal(read_all(g, &(struct audit_filter){.limit = 3}, &s), 3);
    assert_int_equal(s.sequences[2], 1201);
    assert_int_equal(read_all(g, &(struct audit_filter){.before = 1201, .limit = 1}, &s), 1);
    assert_int_equal(s.sequences[0], 1200);
    assert_int_equal(read_all(g, &(struct audit_filter){.before = 1}, &s), 0);
    s.stop_after = 5;
    assert_int_equal(read_all(g, &(struct audit_filter){0}, &s), 5);
}

static void filters(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    static struct seen s;
    s.stop_after = 0;
    fill(g, 10);
    struct audit_entry other = entry_at(T0 + 100, "user");
    other.actor = "bert", other.target = "users", other.outcome = "failed";
    other.detail = "{\"path\":\"a_b\"}";
    append(g->db, &other);
    const struct {
        struct audit_filter f;
        size_t n;
    } cases[] = {
        {{.actor = "anna"}, 10},
        {{.actor = "bert"}, 1},
        {{.actor = ""}, 0}, /* asked for, and nobody's */
        {{.action = "user.change"}, 5},
        {{.action = "user."}, 5}, /* a prefix; "user" itself is none of it */
        {{.action = "user"}, 1},
        {{.action = "us_r."}, 0}, /* no wildcard */
        {{.target = "thing"}, 10},
        {{.outcome = "failed"}, 1},
        {{.text = "MüLLER"}, 10},
        {{.text = "100%"}, 10},
        {{.text = "a_b"}, 1},
        {{.text = "axb"}, 0},
        {{.text = "THING"}, 10},
        {{.text = "192.0.2"}, 11},
        {{.text = "'; DROP TABLE users; --"}, 0},
        {{.since_ms = T0 + 5}, 6},
        {{.until_ms = T0 + 5}, 5},
        {{.since_ms = T0 + 5, .until_ms = T0 + 6}, 1},
        {{.actor = "anna", .action = "service.", .text = "thing", .since_ms = T0 + 4}, 3},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(read_all(g, &cases[i].f, &s), cases[i].n);
}

static void fields_are_made_fit(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    static char big[40000];
    for (size_t i = 0; i + 2 < sizeof big; i += 2)
        memcpy(big + i, "ä", 3);
    big[0] = 'x', big[1] = 'y'; /* so that the cut would fall into a character */
    struct audit_entry entry = {.time_ms = T0, .action = big + 1, .target = "\xff", .detail = big};
    append(g->db, &entry);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM audit_log WHERE actor = '' AND "
                                "target = '(not text)' AND detail LIKE '%too long%'"),
                     1);
    assert_int_equal(ask(g->db, "SELECT length(action) FROM audit_log"), 1 + 511);
    int64_t entries = 0, bad = 0;
    must(audit_verify(g->db, &entries, &bad, &e), &e);
    assert_int_equal(entries, 1);
}

static void a_rolled_back_entry_was_never_there(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    int64_t entries = 0, bad = 0;
    must(audit_verify(g->db, &entries, &bad, &e), &e);
    assert_int_equal(entries, 0);
    const struct audit_entry entry = entry_at(T0, "service.add");
    must(db_begin(g->db, &e), &e);
    must(audit_append(g->db, &entry, &e), &e);
    db_rollback(g->db);
    fill(g, 3);
    must(audit_verify(g->db, &entries, &bad, &e), &e);
    assert_int_equal(entries, 3);
}

static void tampering_is_named(void **state)
{
    static const struct {
        const char *sql;
        int64_t bad;
    } cases[] = {
        {"UPDATE audit_log SET actor = 'eve' WHERE sequence = 5", 5},
        {"UPDATE audit_log SET via = 'api' WHERE sequence = 5", 5},
        {"UPDATE audit_log SET address = '' WHERE sequence = 5", 5},
        {"UPDATE audit_log SET action = 'user.chang', target = 'ething' WHERE sequence = 6", 6},
        {"UPDATE audit_log SET target = 'else' WHERE sequence = 1", 1},
        {"UPDATE audit_log SET outcome = 'refused' WHERE sequence = 10", 10},
        {"UPDATE audit_log SET detail = '' WHERE sequence = 2", 2},
        {"UPDATE audit_log SET time_ms = time_ms + 1 WHERE sequence = 9", 9},
        {"UPDATE audit_log SET hash = previous_hash WHERE sequence = 4", 4},
        {"UPDATE audit_log SET previous_hash = hash WHERE sequence = 4", 4},
        {"DELETE FROM audit_log WHERE sequence = 1", 1},
        {"DELETE FROM audit_log WHERE sequence = 7", 7},
        {"DELETE FROM audit_log WHERE sequence >= 9", 9},
        {"DELETE FROM audit_log", 1},
        {"UPDATE audit_log SET sequence = 11 WHERE sequence = 10", 10},
        {"DELETE FROM settings WHERE key = 'audit_head'", 10},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(rig_freep) struct rig *g = rig_new(*state);
        int64_t entries = 0, bad = 0;
        struct err e = {0};
        fill(g, 10);
        must(audit_verify(g->db, &entries, &bad, &e), &e);
        assert_int_equal(entries, 10);
        run_sql(g, cases[i].sql);
        assert_int_equal(audit_verify(g->db, &entries, &bad, &e), -EBADMSG);
        assert_int_equal(bad, cases[i].bad);
        assert_true(e.text[0] != 0);
    }
}

/* Whoever cuts the end off can't hide it behind what is written next, nor stop Hydra's writing. */
static void going_on_does_not_heal(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    int64_t entries = 0, bad = 0;
    struct err e = {0};
    fill(g, 10);
    run_sql(g, "DELETE FROM audit_log WHERE sequence > 8");
    fill(g, 3);
    assert_int_equal(audit_verify(g->db, &entries, &bad, &e), -EBADMSG);
    assert_int_equal(bad, 9);
    run_sql(g, "DELETE FROM settings WHERE key = 'audit_head'");
    fill(g, 1);
    assert_int_equal(ask(g->db, "SELECT max(sequence) FROM audit_log"), 14);
    run_sql(g, "UPDATE settings SET value = 'rubbish' WHERE key = 'audit_head'");
    fill(g, 1);
    assert_int_equal(ask(g->db, "SELECT max(sequence) FROM audit_log"), 15);
}

static void *append_many(void *arg)
{
    struct rig *g = arg;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    for (int i = 0; i < 25; i++) {
        const struct audit_entry entry = entry_at(T0 + i, "service.add");
        append(db, &entry);
    }
    return NULL;
}

static void the_chain_stays_whole_under_threads(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    int64_t entries = 0, bad = 0;
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, g), 0);
    for (int i = 0; i < 5; i++) /* also while they write */
        must(audit_verify(g->db, &entries, &bad, &e), &e);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    must(audit_verify(g->db, &entries, &bad, &e), &e);
    assert_int_equal(entries, 100);
}

static void refuse(struct rig *g, const char *address, int64_t now)
{
    struct err e = {0};
    struct audit_entry entry = entry_at(now, "service.add");
    entry.address = address;
    entry.outcome = "refused";
    must(audit_refused(g->db, &entry, &e), &e);
}

/* The table of windows belongs to the process: each test uses networks and times of its own. */
static void refusals_are_limited(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    int64_t now = T0 + (*(bool *)*state ? 110 : 10) * MINUTE;
    for (int i = 0; i < LIMIT_AUDIT_REFUSALS + 70; i++)
        refuse(g, "198.51.100.1", now + i);
    for (int i = 0; i < LIMIT_AUDIT_REFUSALS + 5; i++) {
        char address[64];
        snprintf(address, sizeof address, "2001:db8:1:%d::%d", *(bool *)*state + 1, i + 1);
        refuse(g, address, now + i);
    }
    refuse(g, "198.51.100.2", now);
    assert_int_equal(audited(g, "service.add", "refused"), LIMIT_AUDIT_REFUSALS * 2 + 1);
    assert_int_equal(audited(g, "audit.left-out", NULL), 0);
    refuse(g, "198.51.100.1", now + MINUTE);
    assert_int_equal(audited(g, "audit.left-out", NULL), 1);
    assert_int_equal(audited(g, "service.add", "refused"), LIMIT_AUDIT_REFUSALS * 2 + 2);
    must(audit_flush(g->db, now + MINUTE - 1, &e), &e);
    assert_int_equal(audited(g, "audit.left-out", NULL), 1);
    g->now = now + 2 * MINUTE;
    refresh(g); /* which flushes */
    assert_int_equal(audited(g, "audit.left-out", NULL), 2);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM audit_log WHERE action = 'audit.left-out' "
                                "AND detail = '{\"refusals\":70}' AND address = '198.51.100.1'"),
                     1);
    int64_t entries = 0, bad = 0;
    must(audit_verify(g->db, &entries, &bad, &e), &e);
}

/* More networks than there is room for: none is forgotten with something to say. */
static void the_table_of_refusals_is_bounded(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    int64_t now = T0 + (*(bool *)*state ? 120 : 20) * MINUTE;
    for (int i = 0; i < LIMIT_AUDIT_REFUSALS + 1; i++)
        refuse(g, "203.0.113.1", now);
    assert_int_equal(audited(g, "audit.left-out", NULL), 0);
    for (int i = 0; i < LIMIT_AUDIT_NETWORKS; i++) {
        char address[64];
        snprintf(address, sizeof address, "10.1.%d.%d", i / 256, i % 256);
        refuse(g, address, now + 1);
    }
    assert_int_equal(audited(g, "audit.left-out", NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_first_and_by_pages),
        cmocka_unit_test(filters),
        cmocka_unit_test(fields_are_made_fit),
        cmocka_unit_test(a_rolled_back_entry_was_never_there),
        cmocka_unit_test(tampering_is_named),
        cmocka_unit_test(going_on_does_not_heal),
        cmocka_unit_test(the_chain_stays_whole_under_threads),
        cmocka_unit_test(refusals_are_limited),
        cmocka_unit_test(the_table_of_refusals_is_bounded),
    };
    return RUN_ON_BOTH(tests);
}
