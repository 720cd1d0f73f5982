/* What goes wrong with a file: full and read-only disks, damage, a file that vanishes, a crash. */
#include "store-test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int setup(void **state)
{
    *state = fixture_new(false, true);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

/* Adds rows until it no longer works; returns why. Each is one transaction of two rows. */
static int fill(struct db *db, struct err *e, int *ret_pairs)
{
    AUTO(mem_freep) char *text = mem_alloc(8193);
    memset(text, 't', 8192);
    for (int i = 0; i < 100000; i++) {
        int r = db_begin(db, e);
        for (int k = 0; r >= 0 && k < 2; k++)
            r = db_exec(db, e,
                        "INSERT INTO events (id, time_ms, severity, kind, text) VALUES"
                        " ($1, 1, 'info', 'k', $2)",
                        "ss", "e", text);
        if (r >= 0)
            r = db_commit(db, e);
        db_rollback(db);
        if (r < 0)
            return r;
        (*ret_pairs)++;
    }
    return 0;
}

static void count_change(void *arg)
{
    ++*(int *)arg;
}

/* Fills up whatever limits it, makes room with `relieve`, and looks what became of the data. */
static void fills_up(const char *url, void (*relieve)(void))
{
    struct err e = {0};
    int pairs = 0, changes = 0;
    AUTO(store_closep) struct store *s = NULL;
    AUTO(store_givep) struct db *db = NULL;
    must(store_open(url, &e, &s), &e);
    must(store_migrate(s, &e), &e);
    store_on_health(s, count_change, &changes);
    must(store_take(s, &e, &db), &e);
    assert_int_equal(fill(db, &e, &pairs), -ENOSPC);
    assert_non_null(strstr(e.text, "full"));
    assert_true(pairs > 0);
    assert_int_equal(ask(db, "SELECT count(*) FROM events"), 2 * pairs); /* reading goes on … */
    assert_int_equal(store_health(s).code, -ENOSPC);                     /* … and cures nothing */
    assert_string_equal(store_health(s).text, e.text);
    assert_int_equal(changes, 1);
    store_givep(&db);
    relieve();
    must(store_probe(s, &e), &e);
    assert_int_equal(store_health(s).code, 0);
    assert_int_equal(store_health(s).since_wall_ms, 0);
    assert_int_equal(changes, 2);
    must(store_take(s, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM events"), 2 * pairs);
    assert_int_equal(ask(db, "SELECT count(*) FROM pragma_integrity_check"
                             " WHERE integrity_check = 'ok'"),
                     1);
}

static void lift_limit(void)
{
    struct rlimit l;
    getrlimit(RLIMIT_FSIZE, &l);
    l.rlim_cur = l.rlim_max;
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &l));
}

static int fill_to_limit(void *arg)
{
    struct rlimit l;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &l);
    l.rlim_cur = (rlim_t)1 << 20;
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &l));
    fills_up(arg, lift_limit);
    return 0;
}

static void outlives_a_file_size_limit(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *file = in_folder(f, "small.db");
    in_child(fill_to_limit, file);
}

/* A mount namespace of our own, as whoever we are. Some containers forbid it. */
static bool own_mounts(void)
{
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return true;
    print_error("left out, no mounts here: %s\n", strerror(errno));
    return false;
}

static const char *disk;

static void remove_ballast(void)
{
    AUTO(mem_freep) char *ballast = mem_printf("%s/ballast", disk);
    assert_int_equal(0, unlink(ballast));
}

static void add_ballast(int blocks)
{
    char block[4096] = {1};
    AUTO(mem_freep) char *ballast = mem_printf("%s/ballast", disk);
    int fd = open(ballast, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (int i = 0; i < blocks; i++)
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
            break;
    close(fd);
}

static int fill_disk(void *arg)
{
    struct fixture *f = arg;
    disk = f->folder;
    if (!own_mounts())
        return 0; /* the limit on file size has shown much the same */
    assert_int_equal(0, mount("tmpfs", f->folder, "tmpfs", 0, "size=2m"));
    add_ballast(128);
    fills_up(f->url, remove_ballast);
    return 0;
}

static void outlives_a_full_disk(void **state)
{
    struct fixture *f = *state;
    in_child(fill_disk, f);
}

/* hydrad restarted on a full disk: it can still be read, and saves again once there is room. */
static int open_on_full_disk(void *arg)
{
    struct fixture *f = arg;
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    AUTO(store_givep) struct db *db = NULL;
    disk = f->folder;
    if (!own_mounts())
        return 0;
    assert_int_equal(0, mount("tmpfs", f->folder, "tmpfs", 0, "size=2m"));
    must(store_open(f->url, &e, &s), &e);
    must(store_migrate(s, &e), &e);
    must(store_probe(s, &e), &e);
    store_close(TAKE(s));
    add_ballast(10000);
    must(store_open(f->url, &e, &s), &e);
    assert_int_equal(store_health(s).code, -ENOSPC);
    assert_int_equal(store_migrate(s, &e), 0);
    assert_int_equal(store_probe(s, &e), -ENOSPC);
    must(store_take(s, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
    assert_int_equal(db_begin(db, &e), -ENOSPC);
    store_givep(&db);
    remove_ballast();
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    must(store_probe(s, &e), &e);
    assert_int_equal(store_health(s).code, 0);
    return 0;
}

static void opens_on_a_full_disk(void **state)
{
    in_child(open_on_full_disk, *state);
}

/* The disk under an open database turns read-only, as after an error, and is writable again. */
static int remount(void *arg)
{
    struct fixture *f = arg;
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    if (!own_mounts())
        return 0;
    assert_int_equal(0, mount("tmpfs", f->folder, "tmpfs", 0, "size=8m"));
    must(store_open(f->url, &e, &s), &e);
    must(store_migrate(s, &e), &e);
    must(store_probe(s, &e), &e);
    store_close(TAKE(s));
    assert_int_equal(0, mount("tmpfs", f->folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
    must(store_open(f->url, &e, &s), &e);
    assert_int_equal(store_health(s).code, -EROFS);
    assert_int_equal(store_probe(s, &e), -EROFS);
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(s, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
    assert_int_equal(0, store_migrate(s, &e));
    store_givep(&db);
    assert_int_equal(0, mount("tmpfs", f->folder, "tmpfs", MS_REMOUNT, NULL));
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    must(store_probe(s, &e), &e);
    assert_int_equal(store_health(s).code, 0);
    return 0;
}

static void reads_from_a_read_only_disk(void **state)
{
    in_child(remount, *state);
}

/* As a user whom the file does not belong to: somebody else may be writing it meanwhile. */
static int read_as_stranger(void *arg)
{
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    if (geteuid() == 0)
        assert_int_equal(0, setuid(65534));
    assert_int_equal(store_open(arg, &e, &s), -EROFS);
    assert_non_null(strstr(e.text, "can't be written"));
    return 0;
}

static void refuses_what_it_may_not_write(void **state)
{
    struct fixture *f = *state;
    store_close(TAKE(f->store));
    assert_int_equal(0, chmod(f->url, 0444));
    assert_int_equal(0, chmod(f->folder, 0555));
    in_child(read_as_stranger, f->url);
    assert_int_equal(0, chmod(f->folder, 0700));
}

static int open_as_stranger(void *arg)
{
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    if (geteuid() == 0)
        assert_int_equal(0, setuid(65534));
    assert_int_equal(store_open(arg, &e, &s), -EACCES);
    assert_non_null(strstr(e.text, "chown"));
    return 0;
}

static void says_when_it_may_not_read(void **state)
{
    struct fixture *f = *state;
    store_close(TAKE(f->store));
    assert_int_equal(0, chmod(f->url, 0000));
    assert_int_equal(0, chmod(f->folder, 0755));
    in_child(open_as_stranger, f->url);
}

static void is_ours_alone(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    AUTO(mem_freep) char *wal = mem_printf("%s-wal", f->url);
    assert_int_equal(0, stat(f->url, &st));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(0, stat(wal, &st));
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void says_what_keeps_it_from_opening(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct store *s = NULL;
    AUTO(mem_freep) char *nowhere = in_folder(f, "no/such/folder/x.db");
    AUTO(mem_freep) char *text = in_folder(f, "text.db");
    assert_int_equal(store_open(nowhere, &e, &s), -ECONNREFUSED);
    assert_non_null(strstr(e.text, "folder does not exist"));
    assert_true(store_open(f->folder, &e, &s) < 0);
    FILE *out = fopen(text, "w");
    fputs("This is not a database, however long one looks at it.\n", out);
    fclose(out);
    assert_int_equal(store_open(text, &e, &s), -EBADMSG);
    assert_non_null(strstr(e.text, "hydrad restore"));
    assert_null(s);
}

static void notices_that_the_file_is_gone(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    AUTO(mem_freep) char *away = in_folder(f, "away.db");
    must(store_take(f->store, &e, &db), &e);
    add_settings(db, 0, 10);
    assert_int_equal(0, rename(f->url, away));
    assert_int_equal(-ECONNREFUSED, db_begin(db, &e));
    assert_int_equal(-ECONNREFUSED,
                     db_exec(db, &e, "DELETE FROM settings WHERE key = 'k000000'", ""));
    assert_non_null(strstr(e.text, "no longer there"));
    store_givep(&db);
    assert_int_equal(-ECONNREFUSED, store_take(f->store, &e, &db));
    assert_int_equal(store_health(f->store).code, -ECONNREFUSED);
    assert_false(exists(f->url)); /* no empty one in its place */
    assert_int_equal(0, rename(away, f->url));
    nanosleep(&(struct timespec){.tv_nsec = 600000000}, NULL);
    must(store_probe(f->store, &e), &e);
    assert_int_equal(store_health(f->store).code, 0);
    must(store_take(f->store, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 11);
}

static void says_when_it_is_damaged(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    char garbage[4096];
    struct stat st;
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    for (int i = 0; i < 10; i++)
        add_settings(db, 1000 * i, 1000);
    store_givep(&db);
    store_close(TAKE(f->store));
    memset(garbage, 0x5a, sizeof garbage);
    int fd = open(f->url, O_RDWR | O_CLOEXEC);
    assert_int_equal(0, fstat(fd, &st));
    for (off_t at = 64 * 4096; at + 4096 <= st.st_size; at += 2 * 4096)
        assert_int_equal(pwrite(fd, garbage, sizeof garbage, at), sizeof garbage);
    close(fd);
    must(store_open(f->url, &e, &f->store), &e);
    must(store_take(f->store, &e, &db), &e);
    AUTO(rows_freep) struct rows *rows = NULL;
    assert_int_equal(-EBADMSG,
                     db_query_one(db, &e, "SELECT sum(length(value)) FROM settings", &rows, ""));
    assert_non_null(strstr(e.text, "hydrad restore"));
    assert_int_equal(store_health(f->store).code, -EBADMSG);
}

/* --- crash --- */

/* Two rows per transaction, the number acknowledged over the pipe after each commit. */
static void write_for_ever(const char *url, int64_t from, int fd)
{
    struct err e = {0};
    struct store *s = NULL;
    struct db *db = NULL;
    if (store_open(url, &e, &s) < 0 || store_migrate(s, &e) < 0 || store_take(s, &e, &db) < 0)
        _exit(1);
    for (int64_t n = from;; n++) {
        int r = db_begin(db, &e);
        for (int k = 0; r >= 0 && k < 2; k++)
            r = db_exec(db, &e,
                        "INSERT INTO service_history (service, from_ms, state) VALUES ($1, $2, $3)",
                        "sis", "s", n, k ? "up" : "down");
        if (r < 0 || db_commit(db, &e) < 0)
            _exit(1);
        if (write(fd, &n, sizeof n) != sizeof n)
            _exit(0);
    }
}

static int64_t last_acknowledged(int fd)
{
    int64_t n, last = -1;
    while (read(fd, &n, sizeof n) == sizeof n)
        last = n;
    return last;
}

static int64_t crash_once(const char *url, int64_t from, unsigned *seed)
{
    int ends[2], status;
    assert_int_equal(0, pipe(ends));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_for_ever(url, from, ends[1]);
    }
    close(ends[1]);
    nanosleep(&(struct timespec){.tv_nsec = 5000000L + rand_r(seed) % 60000000L}, NULL);
    kill(child, SIGKILL);
    int64_t last = last_acknowledged(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(ends[0]);
    return last;
}

static void keeps_what_it_acknowledged(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "crash.db");
    const char *set = getenv("TEST_CRASH_ROUNDS");
    uint64_t rounds = 50;
    unsigned seed = (unsigned)getpid();
    int64_t next = 0, acknowledged = 0;
    if (set)
        assert_int_equal(0, str_to_u64(set, &rounds));
    for (uint64_t i = 0; i < rounds; i++) {
        AUTO(store_closep) struct store *s = NULL;
        AUTO(store_givep) struct db *db = NULL;
        int64_t last = crash_once(file, next, &seed);
        last = last < 0 ? next - 1 : last;
        acknowledged += last - next + 1;
        must(store_open(file, &e, &s), &e);
        must(store_migrate(s, &e), &e);
        must(store_take(s, &e, &db), &e);
        int64_t have = ask(db, "SELECT coalesce(max(from_ms), -1) FROM service_history");
        assert_true(have == last || have == last + 1);
        assert_int_equal(ask(db, "SELECT count(*) FROM service_history"), 2 * (have + 1));
        assert_int_equal(ask(db, "SELECT count(*) FROM pragma_integrity_check"
                                 " WHERE integrity_check = 'ok'"),
                         1);
        next = have + 1;
    }
    assert_true(acknowledged > 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(outlives_a_file_size_limit),
        T(outlives_a_full_disk),
        T(opens_on_a_full_disk),
        T(reads_from_a_read_only_disk),
        T(refuses_what_it_may_not_write),
        T(says_when_it_may_not_read),
        T(is_ours_alone),
        T(says_what_keeps_it_from_opening),
        T(notices_that_the_file_is_gone),
        T(says_when_it_is_damaged),
        T(keeps_what_it_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
