/* The PostgreSQL backend: connections and transactions. */
#include "store/postgresql-private.h"

#include <poll.h>

enum { OLDEST_SERVER = 120000 };

/* Writers come one after the other, as in SQLite ("Hydra" in ASCII; the lock is the database's). */
#define WRITE_LOCK "SELECT pg_advisory_xact_lock(311274271329)"

/* What was acknowledged must outlive a crash, whatever the server's own configuration says. */
#define CONFIGURE                                                                                  \
    "SET lock_timeout = 5000;"                                                                     \
    "SET statement_timeout = 60000;"                                                               \
    "SET idle_in_transaction_session_timeout = 60000;"                                             \
    "SET client_min_messages = warning;"                                                           \
    "SET TimeZone = 'UTC';"                                                                        \
    "SELECT set_config('synchronous_commit', 'on', false)"                                         \
    " WHERE current_setting('synchronous_commit') = 'off'"

int pg_do(struct pg_db *db, struct err *e, const char *sql)
{
    PGresult *res = db->pq->PQexec(db->conn, sql);
    ExecStatusType status = db->pq->PQresultStatus(res);
    int r = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : pg_fail(db, res, sql, e);
    db->pq->PQclear(res);
    return r;
}

static void no_notice(void *arg, const char *message)
{
    (void)arg, (void)message;
}

/* What stands before the URL it may override. A peer that vanished is noticed within 25 s. */
static PGconn *dial(const struct libpq *pq, const char *url)
{
    const char *const keys[] = {"connect_timeout",
                                "fallback_application_name",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                "dbname",
                                "client_encoding",
                                NULL};
    const char *const values[] = {"5", "hydrad", "10", "5", "3", "20000", url, "UTF8", NULL};
    PGconn *conn = pq->PQconnectdbParams(keys, values, 1);
    if (conn)
        pq->PQsetNoticeProcessor(conn, no_notice, NULL);
    return conn;
}

static int connect_to(struct pg_db *db, struct err *e)
{
    const struct libpq *pq = db->pq;
    db->conn = dial(pq, db->base.store->url);
    if (pq->PQstatus(db->conn) != CONNECTION_OK)
        return pg_fail_connect(db->base.store, pq, db->conn, e);
    if (pq->PQserverVersion(db->conn) < OLDEST_SERVER)
        return err_set(e, -ENOTSUP, "%s is too old: PostgreSQL 12 or newer is needed.",
                       db->base.store->label);
    return pg_do(db, e, CONFIGURE);
}

static void disconnect(struct pg_db *db)
{
    cache_clear(&db->cache, mem_free);
    db->pq->PQfinish(db->conn);
    db->conn = NULL;
}

static void pg_close(struct db *base)
{
    disconnect(pg_of(base));
    mem_free(base);
}

static int pg_open(struct store *s, struct err *e, struct db **ret_db)
{
    const struct libpq *pq;
    int r = libpq_load(e, &pq);
    if (r < 0)
        return r;
    struct pg_db *db = mem_alloc(sizeof *db);
    db->base.store = s;
    db->base.ops = &store_postgresql;
    db->pq = pq;
    r = connect_to(db, e);
    if (r < 0)
        pg_close(&db->base);
    else
        *ret_db = &db->base;
    return r;
}

static int pg_reopen(struct db *base, struct err *e)
{
    struct pg_db *db = pg_of(base);
    disconnect(db);
    int r = connect_to(db, e);
    base->broken = r < 0;
    return r;
}

/* A server that went away has sent its farewell and the end of the stream: they lie in the socket.
 */
static bool pg_alive(struct db *base)
{
    struct pg_db *db = pg_of(base);
    struct pollfd fd = {.fd = db->pq->PQsocket(db->conn), .events = POLLIN};
    while (!base->broken && poll(&fd, 1, 0) > 0)
        if (!db->pq->PQconsumeInput(db->conn) || db->pq->PQstatus(db->conn) != CONNECTION_OK)
            return false;
    return !base->broken;
}

static int begin_write(struct pg_db *db, struct err *e)
{
    struct err ignored = {0};
    int r = pg_do(db, e, "BEGIN; " WRITE_LOCK);
    if (r < 0 && !db->base.broken && pg_do(db, &ignored, "ROLLBACK") < 0)
        db->base.broken = true;
    return r;
}

/* The server answers COMMIT with "ROLLBACK" when the transaction had failed. */
static int commit(struct pg_db *db, struct err *e)
{
    PGresult *res = db->pq->PQexec(db->conn, "COMMIT");
    int r = 0;
    if (db->pq->PQresultStatus(res) != PGRES_COMMAND_OK) {
        r = pg_fail(db, res, "COMMIT", e);
        if (r == -EPIPE)
            err_prefix(e, r, "It is not known whether the last change was kept");
    } else if (!str_eq(db->pq->PQcmdStatus(res), "COMMIT")) {
        r = err_set(e, -EINVAL, "The transaction had failed and was rolled back.");
    }
    db->pq->PQclear(res);
    return r;
}

static int pg_control(struct db *base, struct err *e, enum txn_verb verb)
{
    struct pg_db *db = pg_of(base);
    switch (verb) {
    case TXN_BEGIN_WRITE:
        return begin_write(db, e);
    case TXN_BEGIN_READ:
        return pg_do(db, e, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    case TXN_COMMIT:
        return commit(db, e);
    case TXN_ROLLBACK:
        return pg_do(db, e, "ROLLBACK");
    }
    return -EINVAL;
}

static int pg_script(struct db *base, struct err *e, const char *sql)
{
    return pg_do(pg_of(base), e, sql);
}

static int pg_wait_for_locks(struct db *base, struct err *e, int ms)
{
    bool usual = ms <= LIMIT_STORE_WAIT_MS;
    AUTO(mem_freep)
    char *sql = mem_printf("SET lock_timeout = %d; SET statement_timeout = %d;"
                           "SET idle_in_transaction_session_timeout = %d",
                           ms, usual ? 60000 : 0, usual ? 60000 : 0);
    return pg_do(pg_of(base), e, sql);
}

const struct store_ops store_postgresql = {
    .kind = STORE_POSTGRESQL,
    .open = pg_open,
    .close = pg_close,
    .alive = pg_alive,
    .reopen = pg_reopen,
    .control = pg_control,
    .run = pg_run,
    .script = pg_script,
    .wait_for_locks = pg_wait_for_locks,
    .identity = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    .rows_next = pg_rows_next,
    .rows_text = pg_rows_text,
    .rows_int = pg_rows_int,
    .rows_double = pg_rows_double,
    .rows_is_null = pg_rows_is_null,
    .rows_free = pg_rows_free,
};
