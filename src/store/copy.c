#include "base/vec.h"
#include "store/migrations.h"
#include "store/store-private.h"

enum {
    BATCH_ROWS = 50, /* rows per INSERT: over a network the round trips are what takes time */
    PAGE_ROWS = 2000,
};

/* One table on its way from one database to another. */
struct transfer {
    struct db *from, *to;
    const struct schema_table *table;
    VEC(struct param) batch; /* texts are copies */
    unsigned batched;
    uint64_t rows;
};

/* --- writing --- */

static char *insert_sql(const struct schema_table *t, unsigned rows)
{
    struct str sql = {0};
    str_addf(&sql, "INSERT INTO %s (", t->name);
    for (unsigned c = 0; c < t->n_columns; c++)
        str_addf(&sql, "%s%s", c ? ", " : "", t->columns[c]);
    str_add(&sql, ") VALUES ");
    for (unsigned r = 0, n = 1; r < rows; r++) {
        str_add(&sql, r ? ", (" : "(");
        for (unsigned c = 0; c < t->n_columns; c++)
            str_addf(&sql, "%s$%u", c ? ", " : "", n++);
        str_add_char(&sql, ')');
    }
    return str_take(&sql);
}

static void clear_batch(struct transfer *t)
{
    for (size_t i = 0; i < t->batch.n; i++)
        if (t->batch.v[i].kind == 's')
            mem_free((char *)t->batch.v[i].s);
    t->batch.n = 0;
    t->batched = 0;
}

static int flush(struct transfer *t, struct err *e)
{
    if (t->batched == 0)
        return 0;
    AUTO(mem_freep) char *sql = insert_sql(t->table, t->batched);
    struct statement st = {sql, t->batch.v, (unsigned)t->batch.n};
    int r = db_run(t->to, e, &st, NULL);
    t->rows += t->batched;
    clear_batch(t);
    return r < 0 ? r : 0;
}

/* --- reading --- */

static struct param cell(const struct schema_table *t, const struct rows *rows, unsigned c)
{
    struct param p = {.kind = 'n'};
    if (rows_is_null(rows, (int)c))
        return p;
    switch (t->types[c]) {
    case SCHEMA_BIGINT:
        p.kind = 'i';
        p.i = rows_int(rows, (int)c);
        break;
    case SCHEMA_DOUBLE:
        p.kind = 'd';
        p.d = rows_double(rows, (int)c);
        break;
    case SCHEMA_TEXT:
        p.kind = 's';
        p.s = mem_strdup(rows_text(rows, (int)c));
        break;
    }
    return p;
}

/* Returns how many rows there were. */
static int move_rows(struct transfer *t, struct rows *rows, struct err *e)
{
    int n = 0, r;
    while ((r = rows_next(rows, e)) == 1) {
        for (unsigned c = 0; c < t->table->n_columns; c++)
            *vec_add(&t->batch) = cell(t->table, rows, c);
        n++;
        if (++t->batched == BATCH_ROWS && (r = flush(t, e)) < 0)
            return r;
    }
    return r < 0 ? r : n;
}

static char *select_sql(const struct schema_table *t)
{
    struct str sql = {0};
    str_add(&sql, "SELECT ");
    for (unsigned c = 0; c < t->n_columns; c++)
        str_addf(&sql, "%s%s", c ? ", " : "", t->columns[c]);
    str_addf(&sql, " FROM %s", t->name);
    return str_take(&sql);
}

static int move_from_sqlite(struct transfer *t, struct err *e)
{
    AUTO(mem_freep) char *sql = select_sql(t->table);
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(t->from, e, sql, &rows, "");
    return r < 0 ? r : move_rows(t, rows, e);
}

/* Page by page: libpq would bring the whole table into memory. */
static int move_from_postgresql(struct transfer *t, struct err *e)
{
    AUTO(mem_freep) char *select = select_sql(t->table);
    AUTO(mem_freep)
    char *declare = mem_printf("DECLARE c_%s NO SCROLL CURSOR FOR %s", t->table->name, select);
    AUTO(mem_freep) char *fetch = mem_printf("FETCH %d FROM c_%s", PAGE_ROWS, t->table->name);
    int n = 1, r = db_script(t->from, e, declare);
    while (r == 0 && n > 0) {
        AUTO(rows_freep) struct rows *rows = NULL;
        r = db_query(t->from, e, fetch, &rows, "");
        n = r == 0 ? move_rows(t, rows, e) : r;
        r = n < 0 ? n : 0;
    }
    return r;
}

/* --- counters --- */

static int ask_number(struct db *db, struct err *e, const char *sql, int64_t *ret)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, sql, &rows, "");
    if (r == 0)
        *ret = rows_int(rows, 0);
    return r;
}

static int count_of(struct db *db, struct err *e, const char *table, int64_t *ret)
{
    AUTO(mem_freep) char *sql = mem_printf("SELECT count(*) FROM %s", table);
    return ask_number(db, e, sql, ret);
}

static int postgresql_counter(struct db *db, struct err *e, const struct schema_table *t,
                              int64_t *ret)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT pg_get_serial_sequence($1, $2)", &rows, "ss", t->name,
                         t->identity);
    if (r < 0)
        return r;
    AUTO(mem_freep)
    char *sql =
        mem_printf("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s",
                   rows_text(rows, 0));
    return ask_number(db, e, sql, ret);
}

/* The last number given out, also of rows that are gone. */
static int counter_of(struct db *db, struct err *e, const struct schema_table *t, int64_t *ret)
{
    if (db_kind(db) == STORE_POSTGRESQL)
        return postgresql_counter(db, e, t, ret);
    AUTO(mem_freep)
    char *sql = mem_printf(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '%s'), 0)", t->name);
    return ask_number(db, e, sql, ret);
}

static int set_sqlite_counter(struct db *db, struct err *e, const char *table, int64_t last)
{
    int r = db_exec(db, e, "DELETE FROM sqlite_sequence WHERE name = $1", "s", table);
    return r < 0 ? r
                 : db_exec(db, e, "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", "si",
                           table, last);
}

static int copy_counter(struct transfer *t, struct err *e)
{
    int64_t last = 0;
    if (!t->table->identity)
        return 0;
    int r = counter_of(t->from, e, t->table, &last);
    if (r < 0 || last == 0)
        return r;
    if (db_kind(t->to) == STORE_SQLITE)
        return set_sqlite_counter(t->to, e, t->table->name, last);
    AUTO(rows_freep) struct rows *rows = NULL;
    return db_query_one(t->to, e, "SELECT setval(pg_get_serial_sequence($1, $2), $3, true)", &rows,
                        "ssi", t->table->name, t->table->identity, last);
}

/* --- the whole --- */

static int check_count(struct transfer *t, struct err *e)
{
    int64_t there = 0, here = 0;
    int r = count_of(t->from, e, t->table->name, &there);
    if (r == 0)
        r = count_of(t->to, e, t->table->name, &here);
    if (r < 0)
        return r;
    if (there != here || (uint64_t)here != t->rows)
        return err_set(e, -EBADMSG,
                       "Table %s has %lld rows, but %lld arrived: nothing was copied. Check the "
                       "source (hydrad backup finds damage), then try again.",
                       t->table->name, (long long)there, (long long)here);
    return 0;
}

static int copy_table(struct transfer *t, struct err *e)
{
    int r = db_kind(t->from) == STORE_SQLITE ? move_from_sqlite(t, e) : move_from_postgresql(t, e);
    if (r >= 0)
        r = flush(t, e);
    if (r >= 0)
        r = check_count(t, e);
    if (r >= 0)
        r = copy_counter(t, e);
    clear_batch(t);
    vec_done(&t->batch);
    return r < 0 ? err_prefix(e, r, "Table %s", t->table->name) : 0;
}

static int check_empty(struct db *to, struct err *e)
{
    for (const struct schema_table *t = schema_tables; t->name; t++) {
        int64_t n = 0;
        int r = count_of(to, e, t->name, &n);
        if (r < 0)
            return r;
        if (n > 0)
            return err_set(e, -EEXIST,
                           "%s is not empty (table %s has %lld rows). Only an empty database can "
                           "be filled: name a new one.",
                           store_label(to->store), t->name, (long long)n);
    }
    return 0;
}

static int copy_all(struct db *from, struct db *to, struct err *e, uint64_t *ret_rows)
{
    int r = check_empty(to, e);
    for (const struct schema_table *table = schema_tables; r == 0 && table->name; table++) {
        struct transfer t = {.from = from, .to = to, .table = table};
        r = copy_table(&t, e);
        *ret_rows += t.rows;
    }
    return r;
}

static int check_schema(struct store *s, struct err *e)
{
    int have = 0, want = 0;
    int r = store_schema_version(s, e, &have, &want);
    if (r < 0 || have == want)
        return r;
    return err_set(e, -ENOTSUP,
                   "%s has schema %d, this program wants %d. Run: hydrad migrate --database URL",
                   store_label(s), have, want);
}

static int copy_in_transactions(struct db *from, struct db *to, struct err *e, uint64_t *ret_rows)
{
    int r = db_begin_read(from, e);
    if (r < 0)
        return r;
    r = db_begin(to, e);
    if (r == 0)
        r = copy_all(from, to, e, ret_rows);
    if (r == 0)
        r = db_commit(to, e);
    db_rollback(to);
    db_rollback(from);
    return r;
}

/* Large tables take longer than a request of everyday may. */
static int with_patience(struct db *from, struct db *to, struct err *e, uint64_t *ret_rows)
{
    struct err ignored = {0};
    int r = from->ops->wait_for_locks(from, e, LIMIT_STORE_MIGRATE_MS);
    if (r == 0)
        r = to->ops->wait_for_locks(to, e, LIMIT_STORE_MIGRATE_MS);
    if (r == 0)
        r = copy_in_transactions(from, to, e, ret_rows);
    if (from->ops->wait_for_locks(from, &ignored, LIMIT_STORE_WAIT_MS) < 0)
        from->broken = true;
    if (to->ops->wait_for_locks(to, &ignored, LIMIT_STORE_WAIT_MS) < 0)
        to->broken = true;
    return r;
}

int store_copy(struct store *from, struct store *to, struct err *e, uint64_t *ret_rows)
{
    struct err own = {0};
    e = e ? e : &own;
    AUTO(store_givep) struct db *source = NULL;
    AUTO(store_givep) struct db *target = NULL;
    uint64_t rows = 0;
    int r = check_schema(from, e);
    if (r == 0)
        r = check_schema(to, e);
    if (r == 0)
        r = store_take(from, e, &source);
    if (r == 0)
        r = store_take(to, e, &target);
    if (r == 0)
        r = with_patience(source, target, e, &rows);
    if (r == 0)
        *ret_rows = rows;
    return r;
}
