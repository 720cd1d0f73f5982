#include "access/access-private.h"

#include "base/log.h"

int version_bump(struct db *db, const char *version, int64_t now_wall_ms, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO settings (key, value, changed_ms) VALUES ($1, '1', $2) "
                   "ON CONFLICT (key) DO UPDATE SET "
                   "value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT), "
                   "changed_ms = excluded.changed_ms",
                   "si", version, now_wall_ms);
}

int version_read(struct db *db, const char *version, struct err *e, int64_t *ret_number)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT value FROM settings WHERE key = $1", &rows, "s", version);
    if (r < 0 && r != -ENOENT)
        return r;
    *ret_number = r == -ENOENT ? 0 : rows_int(rows, 0);
    return 0;
}

int change_begin_of(struct db *db, const char *version, int64_t now_wall_ms, struct err *e)
{
    int r = db_begin(db, e);
    if (r < 0)
        return r;
    r = version_bump(db, version, now_wall_ms, e);
    if (r < 0)
        db_rollback(db);
    return r < 0 ? r : 0;
}

int change_begin(struct db *db, const struct actor *by, struct err *e)
{
    return change_begin_of(db, ACCESS_VERSION, by->now_ms, e);
}

int change_record(struct db *db, const struct actor *by, const char *action, const char *target,
                  const char *detail, struct err *e)
{
    const struct audit_entry entry = {
        .time_ms = by->now_ms,
        .actor = by->name,
        .via = by->via,
        .address = by->address,
        .action = action,
        .target = target,
        .outcome = "done",
        .detail = detail,
    };
    return audit_append(db, &entry, e);
}

int change_commit(struct db *db, int r, struct err *e)
{
    if (r >= 0)
        r = db_commit(db, e);
    if (r < 0)
        db_rollback(db);
    return r < 0 ? r : 0;
}

int change_end(struct access *a, struct db *db, int r, struct err *e)
{
    struct err trouble = {0};
    r = change_commit(db, r, e);
    if (r < 0)
        return r;
    /* The change is made, whatever happens here; access_refresh() tries again. */
    if (access_sync(a, db, &trouble) < 0)
        log_debug("access", "not yet read back", "error=%s", LOG_Q(trouble.text));
    return 0;
}
