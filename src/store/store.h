/* SQL behind one interface: SQLite (default) and PostgreSQL.
 *
 * A store is a set of connections; a thread takes one, uses it, gives it back. SQL is written once
 * in the common subset with $1, $2 … for parameters, used in that order; a statement that must
 * differ has two spellings side by side (SQL_TWO). Values are text, int64, double or null (no
 * blobs: hashes are hex). Times are integer milliseconds.
 *
 * Errors: -EBUSY lock timeout, -ENOSPC disk full, -EROFS read-only, -ECONNREFUSED / -EPIPE database
 * gone, -EEXIST unique violation, -EINVAL anything wrong with the statement (a bug), -ENOENT no
 * row. A sentence in *e. Nothing is ever half-written: what does not commit is rolled back. */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct store;
struct db;

enum store_kind { STORE_SQLITE, STORE_POSTGRESQL };

/* "sqlite:/path/file.db", "/path/file.db" or "postgresql://…". Does not migrate. Any thread. */
int store_open(const char *url, struct err *e, struct store **ret_store) MUST_CHECK;
void store_close(struct store *s);
enum store_kind store_kind(const struct store *s);
const char *store_label(const struct store *s); /* for people; a password in the URL is masked */

/* Takes a connection, making one if none is free (at most LIMIT_STORE_CONNECTIONS; then waits up to
 * 5 s: -EBUSY). A connection that broke is replaced. Any thread; the connection then belongs to
 * that thread. */
int store_take(struct store *s, struct err *e, struct db **ret_db) MUST_CHECK;
void store_give(struct db *db); /* rolls back what is open; NULL is fine */
static inline void store_givep(struct db **db)
{
    store_give(*db);
    *db = NULL;
}

/* Is the database well? Remembers the last failure of any connection until a statement succeeds
 * again. Any thread. */
struct store_health {
    int code; /* 0 = well, else the negative errno of the last failure */
    char text[ERR_TEXT_MAX];
    int64_t since_wall_ms;
};
struct store_health store_health(struct store *s);
void store_on_health(struct store *s, void (*changed)(void *arg),
                     void *arg); /* any thread calls it */

/* --- statements
 * -------------------------------------------------------------------------------------------- */

/* Parameter formats, one letter each: s text (NULL = null), i int64_t, d double, n null (takes no
 * argument). db_exec() returns the number of rows it changed. */
int db_exec(struct db *db, struct err *e, const char *sql, const char *format, ...) MUST_CHECK;

struct rows;
int db_query(struct db *db, struct err *e, const char *sql, struct rows **ret_rows,
             const char *format, ...) MUST_CHECK;
int rows_next(struct rows *r, struct err *e) MUST_CHECK; /* 1 a row, 0 the end */
const char *rows_text(const struct rows *r, int column); /* valid until rows_next(); "" for null */
int64_t rows_int(const struct rows *r, int column);
double rows_double(const struct rows *r, int column);
bool rows_is_null(const struct rows *r, int column);
void rows_free(struct rows *r);
DEFINE_FREEP(struct rows, rows_free)

/* One row or -ENOENT. The rows object stands on it. */
int db_query_one(struct db *db, struct err *e, const char *sql, struct rows **ret_rows,
                 const char *format, ...) MUST_CHECK;

/* A transaction that writes: takes the write lock at once (SQLite: BEGIN IMMEDIATE). Not nested. */
int db_begin(struct db *db, struct err *e) MUST_CHECK;
int db_commit(struct db *db, struct err *e) MUST_CHECK;
void db_rollback(struct db *db);

enum store_kind db_kind(const struct db *db);
#define SQL_TWO(db, sqlite, postgresql) (db_kind(db) == STORE_SQLITE ? (sqlite) : (postgresql))

/* --- whole databases
 * --------------------------------------------------------------------------------------- */

/* Brings the schema up to date: numbered SQL files compiled in, each in a transaction. Returns how
 * many ran; -ENOTSUP when the database is newer than this program. Several processes may try at
 * once: one does it. */
int store_migrate(struct store *s, struct err *e) MUST_CHECK;
int store_schema_version(struct store *s, struct err *e, int *ret_have, int *ret_want) MUST_CHECK;

/* SQLite: a consistent copy while others write. PostgreSQL: -ENOTSUP with a sentence that names
 * pg_dump. Written to a temporary name beside `file`, synced, renamed. */
int store_backup(struct store *s, const char *file, struct err *e) MUST_CHECK;
/* Checks `file` (integrity, schema), then puts it in place of the database; the old one is kept as
 * *.before-restore. No other process may have the database open. */
int store_restore(const char *url, const char *file, struct err *e) MUST_CHECK;
/* Copies every table into an empty migrated database, in one transaction, row counts checked. */
int store_copy(struct store *from, struct store *to, struct err *e, uint64_t *ret_rows) MUST_CHECK;
