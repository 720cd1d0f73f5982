#include "base/clock.h"
#include "store/migrations.h"
#include "store/store-private.h"

#define MAKE_TABLE                                                                                 \
    "CREATE TABLE IF NOT EXISTS schema_migrations ("                                               \
    "version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_ms BIGINT NOT NULL)"

static int want_version(void)
{
    return migrations[migrations_count - 1].version;
}

static int table_exists(struct db *db, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e,
                         SQL_TWO(db,
                                 "SELECT count(*) FROM sqlite_master"
                                 " WHERE type = 'table' AND name = 'schema_migrations'",
                                 "SELECT count(*) FROM information_schema.tables WHERE"
                                 " table_schema = current_schema() AND"
                                 " table_name = 'schema_migrations'"),
                         &rows, "");
    return r < 0 ? r : rows_int(rows, 0) > 0;
}

static int have_version(struct db *db, struct err *e, int *ret)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = table_exists(db, e);
    if (r <= 0) {
        *ret = r == 0 ? 0 : *ret;
        return r;
    }
    r = db_query_one(db, e, "SELECT coalesce(max(version), 0) FROM schema_migrations", &rows, "");
    if (r < 0)
        return r;
    *ret = (int)rows_int(rows, 0);
    return 0;
}

static char *spelt_for(const struct db *db, const char *sql)
{
    static const char mark[] = "{{identity}}";
    struct str out = {0};
    for (const char *at; (at = strstr(sql, mark)); sql = at + strlen(mark)) {
        str_add_n(&out, sql, (size_t)(at - sql));
        str_add(&out, db->ops->identity);
    }
    str_add(&out, sql);
    return str_take(&out);
}

static int apply(struct db *db, struct err *e, const struct migration *m)
{
    AUTO(mem_freep) char *sql = spelt_for(db, m->sql);
    int r = db_script(db, e, sql);
    if (r < 0)
        return err_prefix(e, r, "Migration %s", m->name);
    return db_exec(db, e,
                   "INSERT INTO schema_migrations (version, name, applied_ms) VALUES ($1, $2, $3)",
                   "isi", (int64_t)m->version, m->name, clock_wall_ms());
}

/* Inside the transaction, so another process that did it meanwhile is seen. 1 = one was applied, 0
 * = nothing was left to do. */
static int apply_next(struct db *db, struct err *e)
{
    int have = 0;
    int r = db_script(db, e, MAKE_TABLE);
    if (r == 0)
        r = have_version(db, e, &have);
    if (r < 0)
        return r;
    if (have > want_version())
        return err_set(e, -ENOTSUP,
                       "This database was made by a newer Hydra (schema %d; this program knows up "
                       "to %d). Run the newer program, or bring back a backup made before the "
                       "upgrade.",
                       have, want_version());
    if (have == want_version())
        return 0;
    r = apply(db, e, &migrations[have]);
    return r < 0 ? r : 1;
}

static int migrate_one(struct db *db, struct err *e)
{
    int r = db_begin(db, e);
    if (r < 0)
        return r;
    int did = apply_next(db, e);
    if (did <= 0) {
        db_rollback(db);
        return did;
    }
    r = db_commit(db, e);
    return r < 0 ? r : 1;
}

static int migrate_all(struct db *db, struct err *e)
{
    int n = 0, r;
    while ((r = migrate_one(db, e)) == 1)
        n++;
    return r < 0 ? r : n;
}

int store_migrate(struct store *s, struct err *e)
{
    struct err own = {0};
    e = e ? e : &own;
    AUTO(store_givep) struct db *db = NULL;
    int have = 0, r = store_take(s, e, &db);
    if (r == 0)
        r = have_version(db, e, &have);
    if (r < 0 || have == want_version()) /* the usual start writes nothing, waits for nobody */
        return r;
    r = db->ops->wait_for_locks(db, e, LIMIT_STORE_MIGRATE_MS);
    if (r < 0)
        return r;
    int done = migrate_all(db, e);
    struct err ignored = {0};
    r = db->ops->wait_for_locks(db, &ignored, LIMIT_STORE_WAIT_MS);
    return done < 0 ? done : r < 0 ? r : done;
}

int store_schema_version(struct store *s, struct err *e, int *ret_have, int *ret_want)
{
    AUTO(store_givep) struct db *db = NULL;
    int have = 0, r = store_take(s, e, &db);
    if (r == 0)
        r = have_version(db, e, &have);
    if (r < 0)
        return r;
    *ret_have = have;
    *ret_want = want_version();
    return 0;
}
