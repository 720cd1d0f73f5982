/* SQL behind one interface: SQLite (default) and PostgreSQL.
 *
 * A store is a set of connections; a thread takes one, uses it, gives it back. SQL is written once
 * in the common subset with $1, $2 … for parameters; a statement that must differ has two spellings
 * side by side (SQL_TWO). Values are text (UTF-8), int64, double or null (no blobs: hashes are hex;
 * a NaN is stored as null). Times are integer milliseconds, truth values 0 and 1.
 *
 * Errors, each with a sentence in *e that says what to do:
 *   -EBUSY         locked by someone else for too long, or no connection came free
 *   -ENOSPC        disk full
 *   -EROFS         read-only
 *   -EACCES        the database refuses us (rights, password)
 *   -EIO           the disk reports errors
 *   -EBADMSG       the database is damaged
 *   -ECONNREFUSED  the database can't be reached, or its file is gone
 *   -EPIPE         the connection broke. A commit that ends so may or may not have been kept.
 *   -EEXIST        unique violation
 *   -ENOENT        no row; on a write: a foreign key that refers to nothing
 *   -EINVAL        anything wrong with the statement (a bug)
 * Nothing is ever half-written: what does not commit is rolled back, and a statement that fails
 * inside a transaction dooms it (on both engines): what follows fails with the same error, and so
 * does db_commit(). Where a duplicate is expected, say ON CONFLICT. */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct store;
struct db;

enum store_kind { STORE_SQLITE, STORE_POSTGRESQL };

enum {
    LIMIT_STORE_CONNECTIONS = 8,   /* per store */
    LIMIT_STORE_WAIT_MS = 5000,    /* for a lock, a connection, a server's answer to a dial */
    LIMIT_STORE_PARAMETERS = 64,   /* per statement */
    LIMIT_STORE_STATEMENTS = 24,   /* prepared ones kept per connection */
    LIMIT_STORE_MIGRATE_MS = 60000 /* how long to wait for another process that migrates */
};

/* "sqlite:/path/file.db", "/path/file.db" or "postgresql://…" ("postgres://…"). Makes the file
 * (mode 0600) when there is none; checks that the database answers. Does not migrate. A file on
 * a read-only disk opens, with store_health() saying so. -EINVAL: not such a URL. Any thread.
 */
int store_open(const char *url, struct err *e, struct store **ret_store) MUST_CHECK;
void store_close(struct store *s); /* every connection was given back; NULL is fine */
DEFINE_FREEP(struct store, store_close)
enum store_kind store_kind(const struct store *s);
const char *store_label(const struct store *s); /* for people; a password in the URL is masked */

/* Any database URL as it may be shown: passwords become "***". mem_free(). */
char *store_mask_url(const char *url);

/* Takes a connection, making one if none is free (at most LIMIT_STORE_CONNECTIONS; then waits up to
 * LIMIT_STORE_WAIT_MS: -EBUSY). A connection that broke is replaced. While the database can't be
 * reached one caller tries, at most twice a second; the others fail at once with what it was told.
 * Any thread; the connection then belongs to that thread, which must not take a second one. */
int store_take(struct store *s, struct err *e, struct db **ret_db) MUST_CHECK;
void store_give(struct db *db); /* rolls back what is open; NULL is fine */
static inline void store_givep(struct db **db)
{
    store_give(*db);
    *db = NULL;
}

/* Is the database well? Remembers the last failure of any connection until a statement of its kind
 * succeeds again: what failed to write is well only after a write. Any thread. */
struct store_health {
    int code; /* 0 = well, else the negative errno of the last failure */
    char text[ERR_TEXT_MAX];
    int64_t since_wall_ms; /* since when it fails; 0 when well */
};
struct store_health store_health(struct store *s);
/* Called when store_health()'s code changed, on the thread that noticed, which may hold a
 * connection: don't block, don't take one. Set it before other threads use the store. */
void store_on_health(struct store *s, void (*changed)(void *arg), void *arg);
/* Finds out: writes one small row (settings, 'store.probe') and commits it. Call it now and then
 * while the store is failing, for it may be that nobody else writes. Blocks. */
int store_probe(struct store *s, struct err *e) MUST_CHECK;

/* --- statements --- */

/* Parameter formats, one letter each: s text (NULL = null), i int64_t, d double, n null (takes no
 * argument; the null for a number column). db_exec() returns the number of rows it changed. */
int db_exec(struct db *db, struct err *e, const char *sql, const char *format, ...) MUST_CHECK;

/* SELECT, or INSERT/UPDATE/DELETE … RETURNING. PostgreSQL hands over the whole result at once, so
 * page through what may be large. */
struct rows;
int db_query(struct db *db, struct err *e, const char *sql, struct rows **ret_rows,
             const char *format, ...) MUST_CHECK;
int rows_next(struct rows *r, struct err *e) MUST_CHECK; /* 1 a row, 0 the end */
const char *rows_text(const struct rows *r, int column); /* valid until rows_next(); "" for null */
int64_t rows_int(const struct rows *r, int column);
double rows_double(const struct rows *r, int column);
bool rows_is_null(const struct rows *r, int column);
void rows_free(struct rows *r); /* before the connection is given back */
DEFINE_FREEP(struct rows, rows_free)

/* One row or -ENOENT (which dooms no transaction). The rows object stands on it. */
int db_query_one(struct db *db, struct err *e, const char *sql, struct rows **ret_rows,
                 const char *format, ...) MUST_CHECK;

/* A transaction that writes: takes the one write lock at once (SQLite: BEGIN IMMEDIATE; PostgreSQL:
 * an advisory lock), so what it reads stays true until it commits. Keep it short. Not nested. On a
 * connection that broke while it lay idle it dials again, once. */
int db_begin(struct db *db, struct err *e) MUST_CHECK;
/* A transaction that only reads: several queries see the database at one moment. */
int db_begin_read(struct db *db, struct err *e) MUST_CHECK;
int db_commit(struct db *db, struct err *e) MUST_CHECK; /* after it, failed or not, none is open */
void db_rollback(struct db *db);                        /* none open is fine */

enum store_kind db_kind(const struct db *db);
#define SQL_TWO(db, sqlite, postgresql) (db_kind(db) == STORE_SQLITE ? (sqlite) : (postgresql))

/* --- whole databases --- */

/* Brings the schema up to date: numbered SQL files compiled in, each in a transaction. Returns how
 * many ran; -ENOTSUP when the database is newer than this program. Several processes may try at
 * once: one does it, the others wait. */
int store_migrate(struct store *s, struct err *e) MUST_CHECK;
/* 0 = an empty database. */
int store_schema_version(struct store *s, struct err *e, int *ret_have, int *ret_want) MUST_CHECK;

/* SQLite: a consistent copy while others write. PostgreSQL: -ENOTSUP with a sentence that names
 * pg_dump. Written to a temporary name beside `file` (mode 0600), synced, renamed over it. */
int store_backup(struct store *s, const char *file, struct err *e) MUST_CHECK;
/* Checks `file` (integrity, schema), then puts it in place of the database; the old one is kept as
 * *.before-restore (with a number when there is one already). -EBUSY when any process has the
 * database open, -EBADMSG when `file` is no sound backup, -ENOTSUP for PostgreSQL or a backup of a
 * newer program. On failure the database is as it was. */
int store_restore(const char *url, const char *file, struct err *e) MUST_CHECK;
/* Copies every table into an empty migrated database, in one transaction, row counts checked, and
 * sets its counters where the source's stand. -EEXIST when `to` is not empty, -ENOTSUP when either
 * schema isn't this program's. */
int store_copy(struct store *from, struct store *to, struct err *e, uint64_t *ret_rows) MUST_CHECK;
