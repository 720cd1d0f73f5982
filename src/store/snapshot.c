#include "base/rand.h"
#include "store/sqlite-private.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

char *snapshot_temporary(const char *file)
{
    return mem_printf("%s.part-%08x", file, rand_below(UINT32_MAX));
}

void snapshot_remove(const char *file)
{
    static const char *const ends[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        AUTO(mem_freep) char *name = mem_printf("%s%s", file, ends[i]);
        unlink(name);
    }
}

static int make_empty(const char *file, const char *shown, struct err *e)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(e, -ENOENT, "%s can't be written: its folder does not exist.", shown);
    if (fd < 0)
        return sqlite_fail_errno(shown, errno, e);
    close(fd);
    return 0;
}

static int open_file(const char *file, const char *shown, int flags, sqlite3 **ret_h, struct err *e)
{
    int rc =
        sqlite3_open_v2(file, ret_h, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK)
        return 0;
    int r = sqlite_fail(*ret_h, shown, rc, e);
    sqlite3_close(*ret_h);
    *ret_h = NULL;
    return r;
}

/* All pages in one step: under WAL that is one moment, and it holds no writer up. */
static int copy_pages(sqlite3 *from, const char *from_path, sqlite3 *to, const char *shown,
                      struct err *e)
{
    int r = sqlite_do(to, shown, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", e);
    if (r < 0)
        return r;
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (!b)
        return sqlite_fail(to, shown, sqlite3_extended_errcode(to), e);
    int rc = sqlite3_backup_step(b, -1);
    for (int waited = 0; (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && waited < LIMIT_STORE_WAIT_MS;
         waited += 20) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        rc = sqlite3_backup_step(b, -1);
    }
    sqlite3_backup_finish(b);
    if (rc == SQLITE_DONE)
        return 0;
    /* the code of whichever side failed; only the reading side can find damage */
    bool reading = (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ||
                   rc == SQLITE_IOERR_READ || rc == SQLITE_IOERR_SHORT_READ;
    return reading ? sqlite_fail(NULL, from_path, rc, e) : sqlite_fail(to, shown, rc, e);
}

/* The pages say that the file uses WAL; a backup that is one file is easier to carry about. */
static int leave_wal(const char *file, const char *shown, struct err *e)
{
    sqlite3 *h = NULL;
    int r = open_file(file, shown, SQLITE_OPEN_READWRITE, &h, e);
    if (r < 0)
        return r;
    r = sqlite_do(h, shown, "PRAGMA journal_mode = DELETE", e);
    sqlite3_close(h);
    return r;
}

static int write_and_sync(sqlite3 *from, const char *from_path, const char *to, const char *shown,
                          struct err *e)
{
    sqlite3 *h = NULL;
    int r = open_file(to, shown, SQLITE_OPEN_READWRITE, &h, e);
    if (r < 0)
        return r;
    r = copy_pages(from, from_path, h, shown, e);
    sqlite3_close(h);
    if (r == 0)
        r = leave_wal(to, shown, e);
    return r < 0 ? r : file_sync(to, e);
}

int snapshot_write(sqlite3 *from, const char *from_path, const char *to, const char *shown,
                   struct err *e)
{
    int r = make_empty(to, shown, e);
    if (r < 0)
        return r;
    r = write_and_sync(from, from_path, to, shown, e);
    if (r < 0)
        snapshot_remove(to);
    return r;
}

/* The first row's text of a PRAGMA, or NULL when it has none. */
static int first_text(sqlite3 *h, const char *shown, const char *sql, char **ret, struct err *e)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(h, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        int r = sqlite_fail(h, shown, sqlite3_extended_errcode(h), e);
        sqlite3_finalize(stmt);
        return r;
    }
    const unsigned char *text = rc == SQLITE_ROW ? sqlite3_column_text(stmt, 0) : NULL;
    *ret = mem_strdup((const char *)text);
    sqlite3_finalize(stmt);
    return 0;
}

static int check_handle(sqlite3 *h, const char *shown, struct err *e)
{
    AUTO(mem_freep) char *found = NULL;
    AUTO(mem_freep) char *orphans = NULL;
    int r = first_text(h, shown, "PRAGMA integrity_check(1)", &found, e);
    if (r == 0 && !str_eq(found, "ok"))
        return err_set(e, -EBADMSG, "%s is damaged: %s.", shown, found ? found : "no answer");
    if (r == 0)
        r = first_text(h, shown, "PRAGMA foreign_key_check", &orphans, e);
    if (r == 0 && orphans)
        return err_set(e, -EBADMSG, "%s is damaged: rows of %s refer to what is not there.", shown,
                       orphans);
    return r;
}

int snapshot_check(const char *file, const char *shown, struct err *e)
{
    sqlite3 *h = NULL;
    int r = open_file(file, shown, SQLITE_OPEN_READONLY, &h, e);
    if (r < 0)
        return r;
    r = check_handle(h, shown, e);
    sqlite3_close(h);
    return r;
}
