/* What the SQLite files of this folder share. */
#pragma once

#include "store/statement-cache.h"
#include "store/store-private.h"

#include <sqlite3.h>

struct sqlite_db {
    struct db base;
    sqlite3 *h;
    int64_t opened_ms;    /* monotonic */
    struct err read_only; /* why this connection can't write; code 0 = it can */
    struct statement_cache cache;
};

static inline struct sqlite_db *sqlite_of(struct db *db)
{
    return (struct sqlite_db *)db;
}

/* What a result code of `h` (on the file `path`) means: sets *e, returns a negative errno. */
int sqlite_fail(sqlite3 *h, const char *path, int rc, struct err *e);
/* The same for a failed call of the system. */
int sqlite_fail_errno(const char *path, int number, struct err *e);

/* sqlite3_exec(), errors as above. */
int sqlite_do(sqlite3 *h, const char *path, const char *sql, struct err *e) MUST_CHECK;

bool sqlite_moved(struct sqlite_db *s); /* its file was moved away, removed or replaced */
/* Asked before a write: a file that was moved away would take it along. */
int sqlite_may_write(struct sqlite_db *s, struct err *e) MUST_CHECK;

/* sqlite-rows.c: the part of store_sqlite that deals with rows. */
int sqlite_run(struct db *db, struct err *e, const struct statement *st, struct rows **ret_rows);
int sqlite_rows_next(struct rows *r, struct err *e);
const char *sqlite_rows_text(const struct rows *r, int column);
int64_t sqlite_rows_int(const struct rows *r, int column);
double sqlite_rows_double(const struct rows *r, int column);
bool sqlite_rows_is_null(const struct rows *r, int column);
void sqlite_rows_free(struct rows *r);

/* snapshot.c: the whole database behind `from` into the new file `to` (mode 0600; no WAL, so that
 * it is one file), synced. Sentences name `shown`. Removes `to` again on failure. */
int snapshot_write(sqlite3 *from, const char *from_path, const char *to, const char *shown,
                   struct err *e) MUST_CHECK;
/* Is `file` sound through and through? -EBADMSG with what SQLite found; sentences name `shown`. */
int snapshot_check(const char *file, const char *shown, struct err *e) MUST_CHECK;
/* A new name beside `file` for what is to take its place. mem_free(). */
char *snapshot_temporary(const char *file);
void snapshot_remove(const char *file); /* with the journals that SQLite may have left */

/* file.c: helpers for putting a whole file in place. */
int file_sync(const char *file, struct err *e) MUST_CHECK;
int file_sync_folder(const char *file, struct err *e) MUST_CHECK; /* the folder `file` is in */
bool file_same(const char *a, const char *b);                     /* one file under two names */
bool file_exists(const char *file);
