/* What SQLite's and the system's codes mean to a person. */
#include "store/sqlite-private.h"

static int full(const char *path, struct err *e)
{
    return err_set(e, -ENOSPC,
                   "The disk with %s is full: nothing can be saved. Free some space; what was "
                   "saved before is safe, and saving goes on by itself.",
                   path);
}

static int read_only(const char *path, struct err *e)
{
    return err_set(e, -EROFS,
                   "%s can't be written: its disk is mounted read-only or the file belongs to "
                   "another user. Make it writable; saving goes on by itself.",
                   path);
}

static int no_rights(const char *path, struct err *e)
{
    return err_set(e, -EACCES,
                   "%s may not be opened by this user. Give the user that runs this program the "
                   "file and its folder (chown).",
                   path);
}

static int gone(const char *path, struct err *e)
{
    return err_set(e, -ECONNREFUSED,
                   "%s is no longer there, or its folder is not. Put it back where it was, or "
                   "stop Hydra and bring a backup back with: hydrad restore FILE",
                   path);
}

static int locked(const char *path, struct err *e)
{
    return err_set(e, -EBUSY,
                   "%s was locked by another program for more than %d s, so this change was not "
                   "saved. End what locks it (an sqlite3 shell, a backup job), then try again.",
                   path, LIMIT_STORE_WAIT_MS / 1000);
}

static int damaged(const char *path, const char *what, struct err *e)
{
    return err_set(e, -EBADMSG,
                   "%s is damaged or no database (%s). Stop Hydra and bring a backup back with: "
                   "hydrad restore FILE",
                   path, what);
}

static int disk_error(const char *path, const char *what, struct err *e)
{
    return err_set(e, -EIO,
                   "The disk with %s reports errors (%s). Look into the kernel's log (dmesg) and "
                   "the disk's health (smartctl), and make a backup now.",
                   path, what);
}

int sqlite_fail_errno(const char *path, int number, struct err *e)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return full(path, e);
    case EROFS:
        return read_only(path, e);
    case EACCES:
    case EPERM:
        return no_rights(path, e);
    case ENOENT:
    case ENOTDIR:
        return gone(path, e);
    case EMFILE:
    case ENFILE:
        return err_set(e, -ECONNREFUSED,
                       "%s can't be opened: too many open files. Raise the limit (LimitNOFILE=) "
                       "or close some connections.",
                       path);
    default:
        return disk_error(path, strerror(number), e);
    }
}

static int last_errno(sqlite3_file *file)
{
    int number = 0;
    if (!file || !file->pMethods)
        return 0;
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number;
}

/* Where an I/O error comes from: SQLite keeps the system's number per file, and for the last one
 * that it tried to open. */
static int cause_of(sqlite3 *h, int rc)
{
    sqlite3_file *wal = NULL, *file = NULL;
    if (!h)
        return 0;
    if ((rc & 0xff) == SQLITE_IOERR) {
        sqlite3_file_control(h, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
        sqlite3_file_control(h, "main", SQLITE_FCNTL_FILE_POINTER, &file);
        int number = last_errno(wal);
        number = number ? number : last_errno(file);
        if (number)
            return number;
    }
    return sqlite3_system_errno(h);
}

/* SQLite says "can't open" and "I/O error" where the system knew better. */
static int system_fault(sqlite3 *h, const char *path, int rc, struct err *e)
{
    int number = cause_of(h, rc);
    if (number != 0)
        return sqlite_fail_errno(path, number, e);
    if ((rc & 0xff) == SQLITE_CANTOPEN)
        return gone(path, e);
    return disk_error(path, sqlite3_errstr(rc), e);
}

static int constraint(sqlite3 *h, int rc, struct err *e)
{
    const char *what = h ? sqlite3_errmsg(h) : sqlite3_errstr(rc);
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return err_set(e, -EEXIST, "There is one already (%s).", what);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return err_set(e, -ENOENT, "What this refers to does not exist (%s).", what);
    default:
        return err_set(e, -EINVAL, "The database refuses this row: %s.", what);
    }
}

int sqlite_fail(sqlite3 *h, const char *path, int rc, struct err *e)
{
    const char *what = h ? sqlite3_errmsg(h) : sqlite3_errstr(rc);
    if (rc == SQLITE_READONLY_DBMOVED)
        return gone(path, e);
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return locked(path, e);
    case SQLITE_FULL:
        return full(path, e);
    case SQLITE_READONLY:
        return read_only(path, e);
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return no_rights(path, e);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return damaged(path, what, e);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
        return system_fault(h, path, rc, e);
    case SQLITE_CONSTRAINT:
        return constraint(h, rc, e);
    case SQLITE_NOMEM:
        return err_set(e, -ENOMEM, "Out of memory while using %s.", path);
    default:
        return err_set(e, -EINVAL, "The database refuses a statement: %s.", what);
    }
}
