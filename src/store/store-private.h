/* For src/store and its tests: what a backend provides, and what it is given. */
#pragma once

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct param {
    char kind; /* a letter of the parameter format */
    union {
        const char *s;
        int64_t i;
        double d;
    };
};

struct statement {
    const char *sql;
    const struct param *params;
    unsigned n_params;
};

enum txn_kind {
    TXN_NONE,  /* each statement commits by itself */
    TXN_READ,  /* begun by db_begin_read() */
    TXN_WRITE, /* begun by db_begin() */
};

enum txn_verb { TXN_BEGIN_READ, TXN_BEGIN_WRITE, TXN_COMMIT, TXN_ROLLBACK };

/* One connection; the first member of a backend's own. */
struct db {
    struct store *store;
    const struct store_ops *ops;
    struct db *next_free;
    int64_t given_ms; /* when it was last given back */
    bool broken;      /* to be replaced, not used again */
    enum txn_kind txn;
    bool wrote;        /* the open transaction changed rows */
    struct err doomed; /* why the open transaction can't commit; code 0 = it can */
    unsigned open_rows;
};

/* First member of a backend's own. */
struct rows {
    struct db *db;
};

/* A backend. On failure each sets *e (never NULL here) and returns its code; db->broken says that
 * the connection is of no more use. */
struct store_ops {
    enum store_kind kind;
    int (*open)(struct store *s, struct err *e, struct db **ret_db);
    void (*close)(struct db *db);
    bool (*alive)(struct db *db); /* cheap; asked before an idle connection is used */
    int (*reopen)(struct db *db, struct err *e); /* dials anew in place; NULL = can't */
    int (*control)(struct db *db, struct err *e, enum txn_verb verb);
    /* With ret_rows: the rows. Without: the number of rows changed. */
    int (*run)(struct db *db, struct err *e, const struct statement *st, struct rows **ret_rows);
    int (*script)(struct db *db, struct err *e, const char *sql); /* several, no parameters */
    int (*wait_for_locks)(struct db *db, struct err *e, int ms);
    const char *identity; /* how {{identity}} is spelt */

    int (*rows_next)(struct rows *r, struct err *e);
    const char *(*rows_text)(const struct rows *r, int column);
    int64_t (*rows_int)(const struct rows *r, int column);
    double (*rows_double)(const struct rows *r, int column);
    bool (*rows_is_null)(const struct rows *r, int column);
    void (*rows_free)(struct rows *r);
};

extern const struct store_ops store_sqlite, store_postgresql;

struct store {
    const struct store_ops *ops;
    char *url;   /* with its password: never shown */
    char *path;  /* SQLite: the file */
    char *label; /* for people */

    int wait_ms; /* LIMIT_STORE_WAIT_MS; tests are less patient */

    pthread_mutex_t lock;
    pthread_cond_t came_free;
    struct db *free;    /* the one given back last is taken first */
    unsigned n_open;    /* connections there are, being opened included */
    atomic_bool opened; /* the first connection was made: from now on a missing file is an error */
    int64_t dial_after_ms; /* monotonic; before it, a failing store doesn't try again */

    pthread_mutex_t health_lock;
    struct store_health health;
    bool write_failed; /* health.code is that of a write */
    void (*health_changed)(void *arg);
    void *health_arg;
};

/* --- statement.c --- */
/* The same as db_exec() and db_query() for parameters in an array, without its limit. */
int db_run(struct db *db, struct err *e, const struct statement *st,
           struct rows **ret_rows) MUST_CHECK;
int db_script(struct db *db, struct err *e, const char *sql) MUST_CHECK;

/* --- store.c --- */
int store_new(const char *url, struct err *e,
              struct store **ret_store) MUST_CHECK; /* no dialling */

/* --- health.c --- */
enum health_kind { HEALTH_READ, HEALTH_WRITE };
/* Takes note of how a statement ended: `r` >= 0 good, else *e says what failed. Errors that say
 * nothing about the database (-EINVAL, -EEXIST, -ENOENT) are passed over. Returns r. */
int health_note(struct store *s, int r, enum health_kind kind, const struct err *e);

/* --- url.c --- */
int url_parse(const char *url, struct err *e, enum store_kind *ret_kind,
              char **ret_path) MUST_CHECK; /* *ret_path NULL for PostgreSQL */
/* Masks the passwords of `url` wherever they stand in `text` (a server's or library's message). */
void url_hide_passwords(const char *url, char *text);
