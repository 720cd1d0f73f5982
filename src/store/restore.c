#include "store/migrations.h"
#include "store/sqlite-private.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LOCK_BYTES = 0x40000000, /* where SQLite locks: its file format, "1.3.11 The Lock-Byte Page" */
    LOCK_COUNT = 512,
    LIMIT_KEPT = 1000,
};

/* --- the backup --- */

static int version_in(sqlite3 *h)
{
    sqlite3_stmt *stmt = NULL;
    int version = 0;
    if (sqlite3_prepare_v2(h, "SELECT max(version) FROM schema_migrations", -1, &stmt, NULL) ==
            SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        version = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return version;
}

static int check_version(int have, const char *file, struct err *e)
{
    int want = migrations[migrations_count - 1].version;
    if (have < 1)
        return err_set(e, -EBADMSG, "%s is a database, but not one of Hydra's.", file);
    if (have > want)
        return err_set(e, -ENOTSUP,
                       "%s was made by a newer Hydra (schema %d; this program knows up to %d). "
                       "Restore it with that one.",
                       file, have, want);
    return 0;
}

/* A checked copy of `file` under the name `part`, beside `path`. */
static int bring_near(const char *file, const char *path, const char *part, struct err *e)
{
    sqlite3 *h = NULL;
    if (!file_exists(file))
        return err_set(e, -ENOENT, "There is no file %s.", file);
    int rc = sqlite3_open_v2(
        file, &h, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    int r = rc == SQLITE_OK ? 0 : sqlite_fail(h, file, rc, e);
    if (r == 0)
        r = snapshot_write(h, file, part, path, e);
    if (r == 0) {
        r = snapshot_check(part, file, e);
        if (r == 0)
            r = check_version(version_in(h), file, e);
        if (r < 0)
            snapshot_remove(part);
    }
    sqlite3_close(h);
    return r;
}

/* --- the database that makes room --- */

/* What a crash left in the WAL goes into the file, if the file is still good for that. */
static void fold_wal(const char *path)
{
    sqlite3 *h = NULL;
    if (sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        sqlite3_exec(h, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    sqlite3_close(h);
}

/* Every open WAL connection holds a lock on these bytes. Ours keeps new ones out; that works on a
 * damaged file too, and tells our own process's connections (an OFD lock, not a POSIX one). */
static int lock_out_others(const char *path, struct err *e, int *ret_fd)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return sqlite_fail_errno(path, errno, e);
    struct flock range = {.l_type = F_WRLCK, .l_start = LOCK_BYTES, .l_len = LOCK_COUNT};
    if (fcntl(fd, F_OFD_SETLK, &range) == 0) {
        *ret_fd = fd;
        return 0;
    }
    int r = errno == EAGAIN || errno == EACCES
                ? err_set(e, -EBUSY,
                          "%s is in use. Stop hydrad (systemctl stop hydrad), restore, start it "
                          "again.",
                          path)
                : sqlite_fail_errno(path, errno, e);
    close(fd);
    return r;
}

/* A second name for the old file, so that `path` is never without one. */
static int keep_old(const char *path, struct err *e, char **ret_kept)
{
    for (int i = 0; i < LIMIT_KEPT; i++) {
        AUTO(mem_freep)
        char *kept =
            i ? mem_printf("%s.before-restore.%d", path, i) : mem_printf("%s.before-restore", path);
        if (link(path, kept) == 0) {
            *ret_kept = TAKE(kept);
            return 0;
        }
        if (errno == EEXIST)
            continue;
        if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
            break;
        if (!file_exists(kept) && rename(path, kept) == 0) { /* a file system without links */
            *ret_kept = TAKE(kept);
            return 0;
        }
    }
    return sqlite_fail_errno(path, errno, e);
}

static void move_beside(const char *path, const char *kept, const char *end)
{
    AUTO(mem_freep) char *from = mem_printf("%s%s", path, end);
    AUTO(mem_freep) char *to = mem_printf("%s%s", kept, end);
    if (rename(from, to) < 0)
        unlink(from);
}

/* An old journal beside the new file would be played into it. They belong to the old one; -shm is
 * only an index of -wal. */
static void move_journals(const char *path, const char *kept)
{
    AUTO(mem_freep) char *shm = mem_printf("%s-shm", path);
    unlink(shm);
    move_beside(path, kept, "-wal");
    move_beside(path, kept, "-journal");
}

static int exchange(const char *path, const char *part, struct err *e)
{
    AUTO(mem_freep) char *kept = NULL;
    int r = keep_old(path, e, &kept);
    if (r < 0)
        return r;
    assert(kept);
    move_journals(path, kept);
    r = file_sync_folder(path, e);
    if (r == 0 && rename(part, path) < 0)
        r = sqlite_fail_errno(path, errno, e);
    if (r == 0)
        return file_sync_folder(path, e);
    move_journals(kept, path);
    if (rename(kept, path) == 0) /* one file under two names: the call does nothing */
        unlink(kept);
    return r;
}

static int replace(const char *path, const char *part, struct err *e)
{
    if (!file_exists(path)) {
        AUTO(mem_freep) char *kept = mem_printf("%s.before-restore", path);
        move_journals(path, kept); /* what they belonged to is gone */
        if (rename(part, path) < 0)
            return sqlite_fail_errno(path, errno, e);
        return file_sync_folder(path, e);
    }
    int fd = -1;
    fold_wal(path);
    int r = lock_out_others(path, e, &fd);
    if (r < 0)
        return r;
    r = exchange(path, part, e);
    close(fd);
    return r;
}

int store_restore(const char *url, const char *file, struct err *e)
{
    struct err own = {0};
    enum store_kind kind;
    AUTO(mem_freep) char *path = NULL;
    e = e ? e : &own;
    int r = url_parse(url, e, &kind, &path);
    if (r < 0)
        return r;
    if (kind != STORE_SQLITE) {
        AUTO(mem_freep) char *shown = store_mask_url(url);
        return err_set(e, -ENOTSUP,
                       "PostgreSQL has its own tool for that: pg_restore --clean --dbname='%s' %s",
                       shown, file);
    }
    if (file_same(path, file))
        return err_set(e, -EINVAL, "%s is the database itself: name a backup.", file);
    AUTO(mem_freep) char *part = snapshot_temporary(path);
    r = bring_near(file, path, part, e);
    if (r == 0)
        r = replace(path, part, e);
    if (r < 0)
        snapshot_remove(part);
    return r;
}
