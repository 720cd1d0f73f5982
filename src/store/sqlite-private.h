/* What the SQLite files of this folder share. */
#pragma once

#include "store/statement-cache.h"
#include "store/store-private.h"

#include <sqlite3.h>

struct sqlite_db {
    struct db base;
    sqlite3 *h;
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

/* sqlite-rows.c: the part of store_sqlite that deals with rows. */
int sqlite_run(struct db *db, struct err *e, const struct statement *st, struct rows **ret_rows);
int sqlite_rows_next(struct rows *r, struct err *e);
const char *sqlite_rows_text(const struct rows *r, int column);
int64_t sqlite_rows_int(const struct rows *r, int column);
double sqlite_rows_double(const struct rows *r, int column);
bool sqlite_rows_is_null(const struct rows *r, int column);
void sqlite_rows_free(struct rows *r);

/* file.c: helpers for putting a whole file in place. */
int file_sync(const char *file, struct err *e) MUST_CHECK;
int file_sync_folder(const char *file, struct err *e) MUST_CHECK; /* the folder `file` is in */
