#include "base/vec.h"
#include "store/sqlite-private.h"

#include <math.h>
#include <stdio.h>

/* A result. Of a SELECT it stands on the running statement. A statement that writes and returns
 * rows runs to its end first (only there SQLite commits), its cells are kept. */
struct sqlite_rows {
    struct rows base;
    sqlite3_stmt *stmt;
    struct cached *cached; /* NULL: the statement is ours alone */
    int columns;
    bool keeps;
    VEC(sqlite3_value *) kept; /* cells, row by row */
    size_t at;                 /* the first cell of the next row */
};

static struct sqlite_rows *rows_of(const struct rows *r)
{
    return (struct sqlite_rows *)r;
}

static const char *path_of(const struct db *db)
{
    return db->store->path;
}

static int prepare(struct sqlite_db *s, struct err *e, const char *sql, sqlite3_stmt **ret)
{
    const char *rest = NULL;
    int rc = sqlite3_prepare_v3(s->h, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, &rest);
    if (rc == SQLITE_ERROR)
        return err_set(e, -EINVAL, "%s, in: %.200s", sqlite3_errmsg(s->h), sql);
    if (rc != SQLITE_OK)
        return sqlite_fail(s->h, path_of(&s->base), rc, e);
    if (!*ret || rest[strspn(rest, " ;\n\t")]) {
        sqlite3_finalize(*ret);
        return err_set(e, -EINVAL, "Exactly one statement is wanted, in: %.200s", sql);
    }
    return 0;
}

/* The statement from the cache or a new one that goes there. */
static int get(struct sqlite_db *s, struct err *e, const char *sql, sqlite3_stmt **ret_stmt,
               struct cached **ret_cached)
{
    void *old = NULL;
    *ret_cached = cache_find(&s->cache, sql, "");
    if (*ret_cached) {
        *ret_stmt = (*ret_cached)->handle;
        return 0;
    }
    int r = prepare(s, e, sql, ret_stmt);
    if (r < 0)
        return r;
    *ret_cached = cache_add(&s->cache, sql, "", *ret_stmt, &old);
    sqlite3_finalize(old);
    return 0;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct param *p)
{
    switch (p->kind) {
    case 's':
        return p->s ? sqlite3_bind_text(stmt, at, p->s, -1, SQLITE_STATIC)
                    : sqlite3_bind_null(stmt, at);
    case 'i':
        return sqlite3_bind_int64(stmt, at, p->i);
    case 'd':
        return isnan(p->d) ? sqlite3_bind_null(stmt, at) : sqlite3_bind_double(stmt, at, p->d);
    default:
        return sqlite3_bind_null(stmt, at);
    }
}

/* SQLite numbers "$1", "$2" in the order in which it meets them, so they are looked up by name. */
static int bind_all(struct sqlite_db *s, struct err *e, sqlite3_stmt *stmt,
                    const struct statement *st)
{
    int want = sqlite3_bind_parameter_count(stmt);
    if (want != (int)st->n_params)
        return err_set(e, -EINVAL, "%d parameters wanted, %u given, in: %.200s", want, st->n_params,
                       st->sql);
    for (unsigned i = 0; i < st->n_params; i++) {
        char name[16];
        snprintf(name, sizeof name, "$%u", i + 1);
        int at = sqlite3_bind_parameter_index(stmt, name);
        if (at == 0)
            return err_set(e, -EINVAL, "Parameter %s is missing in: %.200s", name, st->sql);
        int rc = bind_one(stmt, at, &st->params[i]);
        if (rc != SQLITE_OK)
            return sqlite_fail(s->h, path_of(&s->base), rc, e);
    }
    return 0;
}

static void release(sqlite3_stmt *stmt, struct cached *cached)
{
    if (!cached) {
        sqlite3_finalize(stmt);
        return;
    }
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    cached->busy = false;
}

bool sqlite_moved(struct sqlite_db *s)
{
    int moved = 0;
    int rc = sqlite3_file_control(s->h, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return rc == SQLITE_OK && moved;
}

int sqlite_may_write(struct sqlite_db *s, struct err *e)
{
    if (s->read_only.code) {
        *e = s->read_only;
        return e->code;
    }
    if (!sqlite_moved(s))
        return 0;
    s->base.broken = true;
    return sqlite_fail(s->h, path_of(&s->base), SQLITE_READONLY_DBMOVED, e);
}

static int step(struct sqlite_db *s, struct err *e, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    return sqlite_fail(s->h, path_of(&s->base), sqlite3_extended_errcode(s->h), e);
}

static struct sqlite_rows *rows_new(struct sqlite_db *s, sqlite3_stmt *stmt, struct cached *cached)
{
    struct sqlite_rows *r = mem_alloc(sizeof *r);
    r->base.db = &s->base;
    r->stmt = stmt;
    r->cached = cached;
    r->columns = sqlite3_column_count(stmt);
    s->base.open_rows++;
    return r;
}

static int keep_row(struct sqlite_rows *r, struct err *e)
{
    for (int i = 0; i < r->columns; i++) {
        sqlite3_value *cell = sqlite3_value_dup(sqlite3_column_value(r->stmt, i));
        if (!cell)
            return err_set(e, -ENOMEM, "Out of memory.");
        *vec_add(&r->kept) = cell;
    }
    return 0;
}

/* Runs a statement that writes to its end. */
static int run_to_end(struct sqlite_db *s, struct err *e, sqlite3_stmt *stmt,
                      struct sqlite_rows *rows)
{
    int r = s->base.txn == TXN_NONE ? sqlite_may_write(s, e) : 0;
    if (r < 0)
        return r;
    while ((r = step(s, e, stmt)) == 1)
        if (rows && (r = keep_row(rows, e)) < 0)
            return r;
    return r;
}

static int run_for_rows(struct sqlite_db *s, struct err *e, sqlite3_stmt *stmt,
                        struct cached *cached, struct rows **ret_rows)
{
    struct sqlite_rows *rows = rows_new(s, stmt, cached);
    rows->keeps = !sqlite3_stmt_readonly(stmt);
    int r = rows->keeps ? run_to_end(s, e, stmt, rows) : 0;
    if (r < 0)
        rows_free(&rows->base);
    else
        *ret_rows = &rows->base;
    return r;
}

static int run_for_count(struct sqlite_db *s, struct err *e, sqlite3_stmt *stmt,
                         struct cached *cached)
{
    int before = sqlite3_total_changes(s->h);
    int r = run_to_end(s, e, stmt, NULL);
    if (r == 0 && sqlite3_total_changes(s->h) != before) /* else the count is an older one's */
        r = sqlite3_changes(s->h);
    release(stmt, cached);
    return r;
}

int sqlite_run(struct db *db, struct err *e, const struct statement *st, struct rows **ret_rows)
{
    struct sqlite_db *s = sqlite_of(db);
    sqlite3_stmt *stmt = NULL;
    struct cached *cached = NULL;
    int r = get(s, e, st->sql, &stmt, &cached);
    if (r < 0)
        return r;
    if (cached)
        cached->busy = true;
    r = bind_all(s, e, stmt, st);
    if (r < 0) {
        release(stmt, cached);
        return r;
    }
    return ret_rows ? run_for_rows(s, e, stmt, cached, ret_rows)
                    : run_for_count(s, e, stmt, cached);
}

int sqlite_rows_next(struct rows *rows, struct err *e)
{
    struct sqlite_rows *r = rows_of(rows);
    if (!r->keeps)
        return step(sqlite_of(rows->db), e, r->stmt);
    if (r->at >= r->kept.n)
        return 0;
    r->at += (size_t)r->columns;
    return 1;
}

static sqlite3_value *kept_cell(const struct sqlite_rows *r, int column)
{
    return r->kept.v[r->at - (size_t)r->columns + (size_t)column];
}

const char *sqlite_rows_text(const struct rows *rows, int column)
{
    struct sqlite_rows *r = rows_of(rows);
    const unsigned char *text =
        r->keeps ? sqlite3_value_text(kept_cell(r, column)) : sqlite3_column_text(r->stmt, column);
    return text ? (const char *)text : "";
}

int64_t sqlite_rows_int(const struct rows *rows, int column)
{
    struct sqlite_rows *r = rows_of(rows);
    return r->keeps ? sqlite3_value_int64(kept_cell(r, column))
                    : sqlite3_column_int64(r->stmt, column);
}

double sqlite_rows_double(const struct rows *rows, int column)
{
    struct sqlite_rows *r = rows_of(rows);
    return r->keeps ? sqlite3_value_double(kept_cell(r, column))
                    : sqlite3_column_double(r->stmt, column);
}

bool sqlite_rows_is_null(const struct rows *rows, int column)
{
    struct sqlite_rows *r = rows_of(rows);
    return SQLITE_NULL == (r->keeps ? sqlite3_value_type(kept_cell(r, column))
                                    : sqlite3_column_type(r->stmt, column));
}

void sqlite_rows_free(struct rows *rows)
{
    struct sqlite_rows *r = rows_of(rows);
    for (size_t i = 0; i < r->kept.n; i++)
        sqlite3_value_free(r->kept.v[i]);
    vec_done(&r->kept);
    release(r->stmt, r->cached);
    mem_free(r);
}
