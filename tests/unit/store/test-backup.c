#include "store-test.h"

#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int setup(void **state)
{
    struct fixture *f = fixture_new(false, true);
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    add_settings(db, 0, 100);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static int64_t ask_file(const char *file, const char *sql)
{
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    AUTO(store_givep) struct db *db = NULL;
    must(store_open(file, &e, &s), &e);
    must(store_take(s, &e, &db), &e);
    return ask(db, sql);
}

static void no_parts_left(const struct fixture *f)
{
    glob_t found = {0};
    AUTO(mem_freep) char *pattern = in_folder(f, "*.part-*");
    assert_int_equal(glob(pattern, 0, NULL, &found), GLOB_NOMATCH);
    globfree(&found);
}

struct writer {
    struct store *store;
    atomic_bool stop;
    int rows;
};

static void *write_on(void *arg)
{
    struct writer *w = arg;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    if (store_take(w->store, &e, &db) < 0)
        return NULL;
    for (; !w->stop; w->rows += 10)
        add_settings(db, 1000 + w->rows, 10); /* ten at a time: a copy has all ten or none */
    return NULL;
}

static void copies_while_others_write(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct stat st;
    pthread_t thread;
    struct writer w = {.store = f->store};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    AUTO(mem_freep) char *wal = in_folder(f, "b.db-wal");
    pthread_create(&thread, NULL, write_on, &w);
    for (int i = 0; i < 5; i++) { /* over the older one, too */
        must(store_backup(f->store, file, &e), &e);
        assert_false(exists(wal));
        assert_int_equal(0, stat(file, &st));
        assert_int_equal(st.st_mode & 0777, 0600);
        int64_t rows = ask_file(file, "SELECT count(*) FROM settings");
        assert_true(rows >= 100);
        assert_int_equal(rows % 10, 0);
        usleep(20000);
    }
    w.stop = true;
    pthread_join(thread, NULL);
    assert_true(w.rows > 0);
    no_parts_left(f);
}

static void refuses_bad_places(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *nowhere = in_folder(f, "no/b.db");
    AUTO(mem_freep) char *link_to_it = in_folder(f, "same.db");
    assert_int_equal(store_backup(f->store, nowhere, &e), -ENOENT);
    assert_non_null(strstr(e.text, "folder does not exist"));
    assert_int_equal(store_backup(f->store, f->url, &e), -EINVAL);
    assert_int_equal(0, link(f->url, link_to_it));
    assert_int_equal(store_backup(f->store, link_to_it, &e), -EINVAL);
    assert_true(store_backup(f->store, f->folder, &e) < 0);
    no_parts_left(f);
    assert_int_equal(store_health(f->store).code, 0);
}

static int back_up_with_little_room(void *arg)
{
    struct fixture *f = arg;
    struct err e = {0};
    struct rlimit l = {65536, 65536};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    signal(SIGXFSZ, SIG_IGN);
    must(store_backup(f->store, file, &e), &e);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &l));
    assert_int_equal(store_backup(f->store, file, &e), -ENOSPC);
    assert_non_null(strstr(e.text, "b.db"));
    no_parts_left(f);
    assert_int_equal(ask_file(file, "SELECT count(*) FROM settings"), 100); /* the older one */
    return 0;
}

static void keeps_the_older_copy_when_the_disk_is_full(void **state)
{
    struct fixture *f = *state;
    in_child(back_up_with_little_room, f);
}

static void finds_damage_when_backing_up(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    store_close(TAKE(f->store));
    int fd = open(f->url, O_RDWR | O_CLOEXEC);
    char garbage[4096];
    memset(garbage, 0x5a, sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 4096 * 3), sizeof garbage);
    close(fd);
    must(store_open(f->url, &e, &f->store), &e);
    assert_int_equal(store_backup(f->store, file, &e), -EBADMSG);
    assert_false(exists(file));
    no_parts_left(f);
}

static void puts_a_backup_in_place(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    AUTO(mem_freep) char *kept = mem_printf("%s.before-restore", f->url);
    AUTO(mem_freep) char *kept_again = mem_printf("%s.before-restore.1", f->url);
    must(store_backup(f->store, file, &e), &e);
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    add_settings(db, 100, 23);
    store_givep(&db);
    store_close(TAKE(f->store));
    must(store_restore(f->url, file, &e), &e);
    assert_int_equal(ask_file(f->url, "SELECT count(*) FROM settings"), 100);
    assert_int_equal(ask_file(kept, "SELECT count(*) FROM settings"), 123);
    must(store_restore(f->url, file, &e), &e);
    assert_int_equal(ask_file(kept, "SELECT count(*) FROM settings"), 123);
    assert_int_equal(ask_file(kept_again, "SELECT count(*) FROM settings"), 100);
    no_parts_left(f);
}

static void makes_a_database_of_a_backup(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    AUTO(mem_freep) char *other = in_folder(f, "new.db");
    must(store_backup(f->store, file, &e), &e);
    must(store_restore(other, file, &e), &e);
    assert_int_equal(ask_file(other, "SELECT count(*) FROM settings"), 100);
}

static void refuses_while_someone_has_it_open(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    must(store_backup(f->store, file, &e), &e);
    assert_int_equal(store_restore(f->url, file, &e), -EBUSY); /* in this very process */
    assert_non_null(strstr(e.text, "Stop hydrad"));
    store_close(TAKE(f->store));
    int ready[2], done[2], status;
    char c = 0;
    assert_int_equal(0, pipe(ready) | pipe(done));
    pid_t child = fork();
    if (child == 0) { /* open, and doing nothing */
        struct store *s = NULL;
        if (store_open(f->url, &e, &s) < 0 || write(ready[1], &c, 1) != 1 ||
            read(done[0], &c, 1) != 1)
            _exit(1);
        store_close(s);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(store_restore(f->url, file, &e), -EBUSY);
    no_parts_left(f);
    assert_int_equal(write(done[1], &c, 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    must(store_restore(f->url, file, &e), &e);
}

static void refuses_what_is_no_sound_backup(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    AUTO(mem_freep) char *text = in_folder(f, "text");
    AUTO(mem_freep) char *foreign = in_folder(f, "foreign.db");
    AUTO(mem_freep) char *missing = in_folder(f, "missing.db");
    AUTO(mem_freep) char *kept = mem_printf("%s.before-restore", f->url);
    must(store_backup(f->store, file, &e), &e);
    store_close(TAKE(f->store));
    FILE *out = fopen(text, "w");
    fputs("not a database at all, really\n", out);
    fclose(out);
    struct store *s = NULL;
    must(store_open(foreign, &e, &s), &e);
    store_close(s);
    assert_int_equal(0, chmod(file, 0600));
    assert_int_equal(store_restore(f->url, text, &e), -EBADMSG);
    assert_int_equal(store_restore(f->url, foreign, &e), -EBADMSG);
    assert_non_null(strstr(e.text, "not one of Hydra's"));
    assert_int_equal(store_restore(f->url, missing, &e), -ENOENT);
    assert_int_equal(store_restore(f->url, f->url, &e), -EINVAL);
    char garbage[4096];
    memset(garbage, 0x5a, sizeof garbage);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 4096 * 3), sizeof garbage);
    close(fd);
    assert_int_equal(store_restore(f->url, file, &e), -EBADMSG);
    assert_false(exists(kept));
    no_parts_left(f);
    assert_int_equal(ask_file(f->url, "SELECT count(*) FROM settings"), 100);
}

static void refuses_a_newer_backup(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    must(db_exec(db, &e,
                 "INSERT INTO schema_migrations (version, name, applied_ms) VALUES (999, 'x', 0)",
                 ""),
         &e);
    store_givep(&db);
    must(store_backup(f->store, file, &e), &e);
    store_close(TAKE(f->store));
    assert_int_equal(store_restore(f->url, file, &e), -ENOTSUP);
    assert_non_null(strstr(e.text, "newer"));
}

static void replaces_a_damaged_database(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    AUTO(mem_freep) char *wal = mem_printf("%s-wal", f->url);
    AUTO(mem_freep) char *kept = mem_printf("%s.before-restore", f->url);
    must(store_backup(f->store, file, &e), &e);
    store_close(TAKE(f->store));
    FILE *out = fopen(f->url, "w");
    fputs("what the disk made of it", out);
    fclose(out);
    out = fopen(wal, "w"); /* must not be played into the new file */
    fputs("what the disk made of the WAL", out);
    fclose(out);
    must(store_restore(f->url, file, &e), &e);
    assert_false(exists(wal));
    assert_true(exists(kept));
    assert_int_equal(ask_file(f->url, "SELECT count(*) FROM settings"), 100);
}

/* A process that was killed leaves its last rows in the WAL only: they belong to the kept file. */
static int write_and_vanish(void *arg)
{
    struct fixture *f = arg;
    struct err e = {0};
    struct store *s = NULL;
    struct db *db = NULL;
    must(store_open(f->url, &e, &s), &e);
    must(store_take(s, &e, &db), &e);
    add_settings(db, 500, 7);
    _exit(0);
}

static void keeps_what_a_crash_left_in_the_wal(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(mem_freep) char *file = in_folder(f, "b.db");
    AUTO(mem_freep) char *wal = mem_printf("%s-wal", f->url);
    AUTO(mem_freep) char *kept = mem_printf("%s.before-restore", f->url);
    must(store_backup(f->store, file, &e), &e);
    store_close(TAKE(f->store));
    in_child(write_and_vanish, f);
    assert_true(exists(wal));
    must(store_restore(f->url, file, &e), &e);
    assert_int_equal(ask_file(f->url, "SELECT count(*) FROM settings"), 100);
    assert_int_equal(ask_file(kept, "SELECT count(*) FROM settings"), 107);
}

static void sends_postgresql_to_its_own_tools(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(store_restore("postgresql://u:s3cret@h/d", "b.db", &e), -ENOTSUP);
    assert_non_null(strstr(e.text, "pg_restore"));
    assert_null(strstr(e.text, "s3cret"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(copies_while_others_write),
        T(refuses_bad_places),
        T(keeps_the_older_copy_when_the_disk_is_full),
        T(finds_damage_when_backing_up),
        T(puts_a_backup_in_place),
        T(makes_a_database_of_a_backup),
        T(refuses_while_someone_has_it_open),
        T(refuses_what_is_no_sound_backup),
        T(refuses_a_newer_backup),
        T(replaces_a_damaged_database),
        T(keeps_what_a_crash_left_in_the_wal),
        cmocka_unit_test(sends_postgresql_to_its_own_tools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
