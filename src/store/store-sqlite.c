/* The SQLite backend: connections and transactions. */
#include "base/clock.h"
#include "store/sqlite-private.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TRY_AGAIN_MS = 20,
    READ_ONLY_MS = 1000, /* how long a connection that can't write is kept before it is replaced */
};

int sqlite_do(sqlite3 *h, const char *path, const char *sql, struct err *e)
{
    int rc = sqlite3_exec(h, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : sqlite_fail(h, path, sqlite3_extended_errcode(h), e);
}

/* Ours alone from its first byte: it holds password hashes. SQLite gives -wal and -shm its mode. */
static int make_file(const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
        return file_sync_folder(path, e);
    }
    int number = errno;
    return number == ENOENT || number == ENOTDIR
               ? err_set(e, -ECONNREFUSED,
                         "%s can't be made: its folder does not exist. Make the folder first, or "
                         "name another one (--data, --database).",
                         path)
               : sqlite_fail_errno(path, number, e);
}

static int open_handle(struct store *s, struct err *e, sqlite3 **ret_h)
{
    if (!s->opened && access(s->path, F_OK) < 0 && errno == ENOENT) {
        int r = make_file(s->path, e);
        if (r < 0 && access(s->path, F_OK) < 0) /* else another process was faster */
            return r;
    }
    int rc = sqlite3_open_v2(
        s->path, ret_h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK)
        return 0;
    int r = sqlite_fail(*ret_h, s->path, rc, e);
    sqlite3_close(*ret_h);
    *ret_h = NULL;
    return r;
}

/* Two processes that open a new file at once both want to switch it to WAL; SQLite's own waiting
 * does not cover that. */
static int switch_to_wal(struct store *s, sqlite3 *h, struct err *e)
{
    int r = -EBUSY;
    for (int waited = 0; r == -EBUSY && waited <= LIMIT_STORE_WAIT_MS; waited += TRY_AGAIN_MS) {
        if (waited)
            nanosleep(&(struct timespec){.tv_nsec = TRY_AGAIN_MS * 1000000L}, NULL);
        r = sqlite_do(h, s->path, "PRAGMA journal_mode = WAL", e);
    }
    return r;
}

/* Memory: 512 KiB of pages per connection at most. No mmap: a vanished disk would be a SIGBUS. */
static int configure(struct store *s, sqlite3 *h, struct err *e)
{
    sqlite3_db_config(h, SQLITE_DBCONFIG_LOOKASIDE, NULL, 512, 32);
    sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_busy_timeout(h, LIMIT_STORE_WAIT_MS);
    int r = sqlite_do(h, s->path,
                      "PRAGMA cache_size = -512;"
                      "PRAGMA mmap_size = 0;"
                      "PRAGMA foreign_keys = ON;"
                      "PRAGMA trusted_schema = OFF;"
                      "PRAGMA synchronous = FULL;"
                      "PRAGMA journal_size_limit = 8388608;",
                      e);
    if (r == 0 && sqlite3_db_readonly(h, "main") != 1)
        r = switch_to_wal(s, h, e);
    return r < 0 ? r : sqlite_do(h, s->path, "SELECT count(*) FROM sqlite_schema", e);
}

/* WAL needs -wal and -shm files even for reading. Where there is no room for them nobody else can
 * write either, so the file may be read as it is, provided that no WAL holds newer rows. Sets *e to
 * why it can only be read. */
static bool may_read_as_it_is(const char *path, int why, struct err *e)
{
    struct stat st;
    AUTO(mem_freep) char *wal = mem_printf("%s-wal", path);
    if (stat(wal, &st) == 0 && st.st_size > 0)
        return false;
    if (why == -ENOSPC)
        return true;
    return access(path, W_OK) < 0 && errno == EROFS && sqlite_fail_errno(path, EROFS, e) < 0;
}

static char *immutable_uri(const char *path)
{
    struct str uri = {0};
    str_add(&uri, "file:");
    for (const char *p = path; *p; p++) {
        if (strchr("%?#", *p))
            str_addf(&uri, "%%%02x", (unsigned)*p);
        else
            str_add_char(&uri, *p);
    }
    str_add(&uri, "?immutable=1");
    return str_take(&uri);
}

static int open_immutable(struct store *s, struct err *e, sqlite3 **ret_h)
{
    sqlite3 *h = NULL;
    AUTO(mem_freep) char *uri = immutable_uri(s->path);
    int rc = sqlite3_open_v2(
        uri, &h,
        SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    int r = rc == SQLITE_OK ? configure(s, h, e) : sqlite_fail(h, s->path, rc, e);
    if (r < 0)
        sqlite3_close(h);
    else
        *ret_h = h;
    return r;
}

static int open_usual(struct store *s, struct err *e, sqlite3 **ret_h)
{
    sqlite3 *h = NULL;
    int r = open_handle(s, e, &h);
    if (r < 0)
        return r;
    r = configure(s, h, e);
    if (r < 0)
        sqlite3_close(h);
    else
        *ret_h = h;
    return r;
}

static int sqlite_open(struct store *s, struct err *e, struct db **ret_db)
{
    sqlite3 *h = NULL;
    struct err why = {0};
    int r = open_usual(s, e, &h);
    if (r < 0 && may_read_as_it_is(s->path, r, e)) {
        why = *e;
        r = open_immutable(s, e, &h);
    } else if (r == 0 && sqlite3_db_readonly(h, "main") == 1) {
        sqlite_fail(h, s->path, SQLITE_READONLY, &why);
    }
    if (r < 0)
        return r;
    struct sqlite_db *db = mem_alloc(sizeof *db);
    db->base.store = s;
    db->base.ops = &store_sqlite;
    db->h = h;
    db->opened_ms = clock_mono_ms();
    db->read_only = why;
    if (why.code)
        health_note(s, why.code, HEALTH_WRITE, &why);
    *ret_db = &db->base;
    return 0;
}

static void drop(void *handle)
{
    sqlite3_finalize(handle);
}

static void sqlite_close(struct db *db)
{
    struct sqlite_db *s = sqlite_of(db);
    cache_clear(&s->cache, drop);
    sqlite3_close(s->h);
    mem_free(s);
}

static bool sqlite_alive(struct db *db)
{
    struct sqlite_db *s = sqlite_of(db);
    if (db->broken || (s->read_only.code && clock_mono_ms() - s->opened_ms > READ_ONLY_MS))
        return false;
    return !sqlite_moved(s);
}

static int sqlite_control(struct db *db, struct err *e, enum txn_verb verb)
{
    static const char *const spelt[] = {
        [TXN_BEGIN_READ] = "BEGIN",
        [TXN_BEGIN_WRITE] = "BEGIN IMMEDIATE",
        [TXN_COMMIT] = "COMMIT",
        [TXN_ROLLBACK] = "ROLLBACK",
    };
    struct sqlite_db *s = sqlite_of(db);
    if (verb == TXN_BEGIN_WRITE) {
        int r = sqlite_may_write(s, e);
        if (r < 0)
            return r;
    }
    if (verb == TXN_ROLLBACK && sqlite3_get_autocommit(s->h))
        return 0; /* a full disk, for one, has made SQLite roll back already */
    return sqlite_do(s->h, db->store->path, spelt[verb], e);
}

static int sqlite_script(struct db *db, struct err *e, const char *sql)
{
    return sqlite_do(sqlite_of(db)->h, db->store->path, sql, e);
}

static int sqlite_wait_for_locks(struct db *db, struct err *e, int ms)
{
    (void)e;
    sqlite3_busy_timeout(sqlite_of(db)->h, ms);
    return 0;
}

const struct store_ops store_sqlite = {
    .kind = STORE_SQLITE,
    .open = sqlite_open,
    .close = sqlite_close,
    .alive = sqlite_alive,
    .control = sqlite_control,
    .run = sqlite_run,
    .script = sqlite_script,
    .wait_for_locks = sqlite_wait_for_locks,
    .identity = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .rows_next = sqlite_rows_next,
    .rows_text = sqlite_rows_text,
    .rows_int = sqlite_rows_int,
    .rows_double = sqlite_rows_double,
    .rows_is_null = sqlite_rows_is_null,
    .rows_free = sqlite_rows_free,
};
