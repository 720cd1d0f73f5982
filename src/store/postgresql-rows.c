#include "store/postgresql-private.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Type numbers of PostgreSQL's catalogue (pg_type.dat): the server should not have to guess what
 * `$1 IS NULL` or `$1 + 1` mean. */
enum { OID_ANY = 0, OID_BOOL = 16, OID_INT8 = 20, OID_TEXT = 25, OID_FLOAT8 = 701 };

enum { NUMBER_SIZE = 32 };

struct pg_rows {
    struct rows base;
    PGresult *res;
    int at, n;
};

static struct pg_rows *rows_of(const struct rows *r)
{
    return (struct pg_rows *)r;
}

static const struct libpq *pq_of(const struct rows *r)
{
    return pg_of(r->db)->pq;
}

/* The arguments of a statement as libpq wants them. */
struct arguments {
    char *kinds;
    Oid *types;
    const char **values;
    char (*numbers)[NUMBER_SIZE];
};

static void arguments_done(struct arguments *a)
{
    mem_free(a->kinds);
    mem_free(a->types);
    mem_free((void *)a->values);
    mem_free(a->numbers);
}

static Oid type_of(char kind)
{
    return kind == 's' ? OID_TEXT : kind == 'i' ? OID_INT8 : kind == 'd' ? OID_FLOAT8 : OID_ANY;
}

static const char *value_of(const struct param *p, char number[NUMBER_SIZE])
{
    if (p->kind == 's')
        return p->s;
    if (p->kind == 'i')
        snprintf(number, NUMBER_SIZE, "%lld", (long long)p->i);
    else if (p->kind == 'd' && !isnan(p->d))
        snprintf(number, NUMBER_SIZE, "%.17g", p->d);
    else
        return NULL;
    return number;
}

static struct arguments arguments_of(const struct statement *st)
{
    size_t n = st->n_params;
    struct arguments a = {mem_alloc(n + 1), mem_array(n + 1, sizeof(Oid)),
                          mem_array(n + 1, sizeof(char *)), mem_array(n + 1, NUMBER_SIZE)};
    for (size_t i = 0; i < n; i++) {
        a.kinds[i] = st->params[i].kind;
        a.types[i] = type_of(a.kinds[i]);
        a.values[i] = value_of(&st->params[i], a.numbers[i]);
    }
    return a;
}

/* The highest $N outside quotes: the server would not mind parameters that nothing uses. */
static unsigned highest_parameter(const char *sql)
{
    unsigned highest = 0;
    bool quoted = false;
    for (const char *p = sql; *p; p++) {
        quoted ^= *p == '\'';
        if (quoted || *p != '$' || !isdigit((unsigned char)p[1]))
            continue;
        unsigned n = (unsigned)strtoul(p + 1, NULL, 10);
        highest = n > highest ? n : highest;
    }
    return highest;
}

static void deallocate(struct pg_db *db, void *name)
{
    if (!name)
        return;
    struct err ignored = {0};
    AUTO(mem_freep) char *sql = mem_printf("DEALLOCATE %s", (char *)name);
    if (pg_do(db, &ignored, sql) < 0)
        db->base.broken = true;
    mem_free(name);
}

static int prepare(struct pg_db *db, struct err *e, const struct statement *st,
                   const struct arguments *a, char **ret_name)
{
    unsigned want = highest_parameter(st->sql);
    if (want != st->n_params)
        return err_set(e, -EINVAL, "%u parameters wanted, %u given, in: %.200s", want, st->n_params,
                       st->sql);
    AUTO(mem_freep) char *name = mem_printf("s%lu", ++db->last_name);
    PGresult *res = db->pq->PQprepare(db->conn, name, st->sql, (int)st->n_params, a->types);
    int r = 0;
    if (db->pq->PQresultStatus(res) != PGRES_COMMAND_OK)
        r = pg_fail(db, res, st->sql, e);
    else
        *ret_name = TAKE(name);
    db->pq->PQclear(res);
    return r;
}

/* The name stays the cache's. */
static int get(struct pg_db *db, struct err *e, const struct statement *st,
               const struct arguments *a, const char **ret_name)
{
    struct cached *cached = cache_find(&db->cache, st->sql, a->kinds);
    if (cached) {
        *ret_name = cached->handle;
        return 0;
    }
    char *name = NULL;
    void *old = NULL;
    int r = prepare(db, e, st, a, &name);
    if (r < 0)
        return r;
    cache_add(&db->cache, st->sql, a->kinds, name, &old); /* none is ever busy: there is room */
    deallocate(db, old);
    *ret_name = name;
    return 0;
}

static struct rows *rows_new(struct pg_db *db, PGresult *res)
{
    struct pg_rows *r = mem_alloc(sizeof *r);
    r->base.db = &db->base;
    r->res = res;
    r->at = -1;
    r->n = db->pq->PQntuples(res);
    db->base.open_rows++;
    return &r->base;
}

static int changed_rows(struct pg_db *db, PGresult *res)
{
    uint64_t n = 0;
    if (db->pq->PQresultStatus(res) != PGRES_COMMAND_OK ||
        str_to_u64(db->pq->PQcmdTuples(res), &n) < 0)
        return 0;
    return (int)n;
}

static int take_result(struct pg_db *db, struct err *e, PGresult *res, const char *sql,
                       struct rows **ret_rows)
{
    ExecStatusType status = db->pq->PQresultStatus(res);
    int r = 0;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        r = pg_fail(db, res, sql, e);
    } else if (ret_rows) {
        *ret_rows = rows_new(db, res);
        return 0;
    } else {
        r = changed_rows(db, res);
    }
    db->pq->PQclear(res);
    return r;
}

int pg_run(struct db *base, struct err *e, const struct statement *st, struct rows **ret_rows)
{
    struct pg_db *db = pg_of(base);
    AUTO(arguments_done) struct arguments a = arguments_of(st);
    const char *name = NULL;
    int r = get(db, e, st, &a, &name);
    if (r < 0)
        return r;
    PGresult *res =
        db->pq->PQexecPrepared(db->conn, name, (int)st->n_params, a.values, NULL, NULL, 0);
    return take_result(db, e, res, st->sql, ret_rows);
}

int pg_rows_next(struct rows *rows, struct err *e)
{
    (void)e;
    struct pg_rows *r = rows_of(rows);
    if (r->at + 1 >= r->n)
        return 0;
    r->at++;
    return 1;
}

bool pg_rows_is_null(const struct rows *rows, int column)
{
    const struct pg_rows *r = rows_of(rows);
    return pq_of(rows)->PQgetisnull(r->res, r->at, column);
}

const char *pg_rows_text(const struct rows *rows, int column)
{
    const struct pg_rows *r = rows_of(rows);
    return pq_of(rows)->PQgetvalue(r->res, r->at, column);
}

int64_t pg_rows_int(const struct rows *rows, int column)
{
    const char *text = pg_rows_text(rows, column);
    if (pq_of(rows)->PQftype(rows_of(rows)->res, column) == OID_BOOL)
        return text[0] == 't';
    return strtoll(text, NULL, 10);
}

double pg_rows_double(const struct rows *rows, int column)
{
    return strtod(pg_rows_text(rows, column), NULL);
}

void pg_rows_free(struct rows *rows)
{
    pq_of(rows)->PQclear(rows_of(rows)->res);
    mem_free(rows);
}
