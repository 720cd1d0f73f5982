#include "store/sqlite-private.h"

#include <stdio.h>

static int put_in_place(const char *part, const char *file, struct err *e)
{
    if (rename(part, file) == 0)
        return file_sync_folder(file, e);
    int r = sqlite_fail_errno(file, errno, e);
    snapshot_remove(part);
    return r;
}

int store_backup(struct store *s, const char *file, struct err *e)
{
    struct err own = {0};
    e = e ? e : &own;
    if (s->ops->kind != STORE_SQLITE)
        return err_set(e, -ENOTSUP,
                       "PostgreSQL has its own tool for backups: pg_dump --format=custom "
                       "--file=%s '%s'",
                       file, s->label);
    if (file_same(s->path, file))
        return err_set(e, -EINVAL, "%s is the database itself: name another file.", file);
    AUTO(store_givep) struct db *db = NULL;
    AUTO(mem_freep) char *part = snapshot_temporary(file);
    int r = store_take(s, e, &db);
    if (r == 0)
        r = snapshot_write(sqlite_of(db)->h, s->path, part, file, e);
    if (r < 0)
        return r;
    r = snapshot_check(part, s->path, e); /* a backup that can't be restored is none */
    if (r < 0) {
        snapshot_remove(part);
        return r;
    }
    return put_in_place(part, file, e);
}
