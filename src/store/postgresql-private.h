/* What the PostgreSQL files of this folder share. */
#pragma once

#include "store/libpq.h"
#include "store/statement-cache.h"
#include "store/store-private.h"

struct pg_db {
    struct db base;
    const struct libpq *pq;
    PGconn *conn;
    struct statement_cache cache;
    unsigned long last_name; /* prepared statements are called s1, s2 … */
};

static inline struct pg_db *pg_of(struct db *db)
{
    return (struct pg_db *)db;
}

/* postgresql-error.c: what went wrong, without passwords. `res` may be NULL; it is not cleared. */
int pg_fail_connect(const struct store *s, const struct libpq *pq, PGconn *conn, struct err *e);
int pg_fail(struct pg_db *db, const PGresult *res, const char *sql, struct err *e);

/* store-postgresql.c: one or several statements without parameters. */
int pg_do(struct pg_db *db, struct err *e, const char *sql) MUST_CHECK;

/* postgresql-rows.c: the part of store_postgresql that deals with rows. */
int pg_run(struct db *db, struct err *e, const struct statement *st, struct rows **ret_rows);
int pg_rows_next(struct rows *r, struct err *e);
const char *pg_rows_text(const struct rows *r, int column);
int64_t pg_rows_int(const struct rows *r, int column);
double pg_rows_double(const struct rows *r, int column);
bool pg_rows_is_null(const struct rows *r, int column);
void pg_rows_free(struct rows *r);
