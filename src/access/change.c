#include "access/access-private.h"

#include "base/log.h"

int version_bump(struct db *db, int64_t now_wall_ms, struct err *e)
{
    return db_exec(
        db, e,
        "INSERT INTO settings (key, value, changed_ms) VALUES ('access_version', '1', $1) "
        "ON CONFLICT (key) DO UPDATE SET "
        "value = CAST(CAST(settings.value AS BIGINT) + 1 AS TEXT), "
        "changed_ms = excluded.changed_ms",
        "i", now_wall_ms);
}

int change_begin(struct db *db, const struct actor *by, struct err *e)
{
    int r = db_begin(db, e);
    if (r < 0)
        return r;
    r = version_bump(db, by->now_ms, e);
    if (r < 0)
        db_rollback(db);
    return r < 0 ? r : 0;
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

int change_end(struct access *a, struct db *db, int r, struct err *e)
{
    struct err trouble = {0};
    if (r >= 0)
        r = db_commit(db, e);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    /* The change is made, whatever happens here; access_refresh() tries again. */
    if (access_sync(a, db, &trouble) < 0)
        log_debug("access", "not yet read back", "error=%s", LOG_Q(trouble.text));
    return 0;
}
