#include "store/store-private.h"

#include <assert.h>
#include <stdarg.h>

static int bad_text(struct err *e, unsigned i, const char *sql)
{
    return err_set(e, -EINVAL, "Parameter $%u is not UTF-8 text, in: %.200s", i + 1, sql);
}

static int collect(struct err *e, const char *sql, const char *format, va_list ap,
                   struct param ret[LIMIT_STORE_PARAMETERS], unsigned *ret_n)
{
    unsigned n = 0;
    for (const char *f = format; *f; f++, n++) {
        assert(n < LIMIT_STORE_PARAMETERS);
        struct param *p = &ret[n];
        p->kind = *f;
        switch (*f) {
        case 's':
            p->s = va_arg(ap, const char *);
            if (p->s && !str_is_utf8(p->s, strlen(p->s)))
                return bad_text(e, n, sql);
            break;
        case 'i':
            p->i = va_arg(ap, int64_t);
            break;
        case 'd':
            p->d = va_arg(ap, double);
            break;
        default:
            assert(*f == 'n');
        }
    }
    *ret_n = n;
    return 0;
}

/* A statement that failed inside a transaction takes it along, as PostgreSQL does by itself. */
static int settle(struct db *db, int r, enum health_kind kind, const struct err *e)
{
    if (r < 0 && db->txn != TXN_NONE && !db->doomed.code)
        db->doomed = *e;
    if (r > 0 && db->txn == TXN_WRITE)
        db->wrote = true;
    /* Inside a transaction only the commit proves that writing works. */
    if (r >= 0 && db->txn != TXN_NONE)
        kind = HEALTH_READ;
    return health_note(db->store, r, kind, e);
}

static int refuse_doomed(const struct db *db, struct err *e)
{
    *e = db->doomed;
    return db->doomed.code;
}

int db_run(struct db *db, struct err *e, const struct statement *st, struct rows **ret_rows)
{
    struct err own = {0};
    e = e ? e : &own;
    if (db->doomed.code)
        return refuse_doomed(db, e);
    int r = db->ops->run(db, e, st, ret_rows);
    return settle(db, r, ret_rows ? HEALTH_READ : HEALTH_WRITE, e);
}

int db_script(struct db *db, struct err *e, const char *sql)
{
    struct err own = {0};
    e = e ? e : &own;
    if (db->doomed.code)
        return refuse_doomed(db, e);
    return settle(db, db->ops->script(db, e, sql), HEALTH_WRITE, e);
}

int db_exec(struct db *db, struct err *e, const char *sql, const char *format, ...)
{
    struct param params[LIMIT_STORE_PARAMETERS];
    struct statement st = {sql, params, 0};
    va_list ap;
    va_start(ap, format);
    int r = collect(e, sql, format, ap, params, &st.n_params);
    va_end(ap);
    return r < 0 ? r : db_run(db, e, &st, NULL);
}

int db_query(struct db *db, struct err *e, const char *sql, struct rows **ret_rows,
             const char *format, ...)
{
    struct param params[LIMIT_STORE_PARAMETERS];
    struct statement st = {sql, params, 0};
    va_list ap;
    va_start(ap, format);
    int r = collect(e, sql, format, ap, params, &st.n_params);
    va_end(ap);
    return r < 0 ? r : db_run(db, e, &st, ret_rows);
}

int db_query_one(struct db *db, struct err *e, const char *sql, struct rows **ret_rows,
                 const char *format, ...)
{
    struct param params[LIMIT_STORE_PARAMETERS];
    struct statement st = {sql, params, 0};
    AUTO(rows_freep) struct rows *rows = NULL;
    va_list ap;
    va_start(ap, format);
    int r = collect(e, sql, format, ap, params, &st.n_params);
    va_end(ap);
    if (r == 0)
        r = db_run(db, e, &st, &rows);
    if (r < 0)
        return r;
    assert(rows);
    r = rows_next(rows, e);
    if (r < 0)
        return r;
    if (r == 0)
        return err_set(e, -ENOENT, "There is no such entry.");
    *ret_rows = TAKE(rows);
    return 0;
}

int rows_next(struct rows *r, struct err *e)
{
    struct err own = {0};
    e = e ? e : &own;
    int got = r->db->ops->rows_next(r, e);
    return got < 0 ? settle(r->db, got, HEALTH_READ, e) : got;
}

const char *rows_text(const struct rows *r, int column)
{
    return r->db->ops->rows_text(r, column);
}

int64_t rows_int(const struct rows *r, int column)
{
    return r->db->ops->rows_int(r, column);
}

double rows_double(const struct rows *r, int column)
{
    return r->db->ops->rows_double(r, column);
}

bool rows_is_null(const struct rows *r, int column)
{
    return r->db->ops->rows_is_null(r, column);
}

void rows_free(struct rows *r)
{
    if (!r)
        return;
    r->db->open_rows--;
    r->db->ops->rows_free(r);
}
