/* What only a real server does: going away, coming back, refusing. Run by with-postgres. */
#include "store-test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int setup(void **state)
{
    *state = fixture_new(true, true);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static void server(const char *verb)
{
    const char *ctl = getenv("TEST_POSTGRES_CTL");
    assert_non_null(ctl);
    AUTO(mem_freep) char *command = mem_printf("%s %s", ctl, verb);
    assert_int_equal(system(command), 0);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int set_key(struct db *db, struct err *e, const char *key)
{
    return db_exec(db, e, "INSERT INTO settings (key, value, changed_ms) VALUES ($1, '', 0)", "s",
                   key);
}

static void goes_on_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct db *many[3];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        must(store_take(f->store, &e, &many[i]), &e);
    for (size_t i = 0; i < COUNT_OF(many); i++)
        store_give(many[i]);
    server("restart");
    /* the dead connections are noticed before they are used: nobody sees an error */
    for (size_t i = 0; i < COUNT_OF(many); i++) {
        must(store_take(f->store, &e, &many[i]), &e);
        assert_int_equal(ask(many[i], "SELECT count(*) FROM settings"), 0);
    }
    for (size_t i = 0; i < COUNT_OF(many); i++)
        store_give(many[i]);
    assert_int_equal(store_health(f->store).code, 0);
}

static void begins_again_once_on_a_broken_connection(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 0);
    server("restart"); /* while the connection is held */
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "a"), &e);
    must(db_commit(db, &e), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 1);
}

static void loses_a_transaction_that_was_open(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "a"), &e);
    server("kill");
    assert_int_equal(-EPIPE, set_key(db, &e, "b"));
    assert_non_null(strstr(e.text, "by itself"));
    assert_int_equal(-EPIPE, db_commit(db, &e)); /* not begun anew behind the caller's back */
    assert_int_equal(store_health(f->store).code, -EPIPE);
    store_givep(&db);
    server("start");
    pause_ms(600);
    must(store_take(f->store, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 0);
    assert_int_equal(store_health(f->store).code, 0);
}

static void does_not_know_how_a_commit_ended(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(f->store, &e, &db), &e);
    must(db_begin(db, &e), &e);
    must(set_key(db, &e, "a"), &e);
    server("kill");
    assert_int_equal(-EPIPE, db_commit(db, &e));
    assert_non_null(strstr(e.text, "not known"));
    store_givep(&db);
    server("start");
}

static void count_change(void *arg)
{
    ++*(atomic_int *)arg;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void says_that_it_is_away_and_comes_back(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct db *db = NULL;
    atomic_int changes = 0;
    store_on_health(f->store, count_change, (void *)&changes);
    server("stop");
    assert_int_equal(-ECONNREFUSED, store_take(f->store, &e, &db));
    assert_null(strstr(e.text, "s3cret"));
    assert_non_null(strstr(e.text, "postgres:***@127.0.0.1"));
    assert_non_null(strstr(e.text, "Start PostgreSQL"));
    assert_int_equal(changes, 1);
    /* nobody queues up behind a server that does not answer */
    int64_t start = now_ms();
    for (int i = 0; i < 200; i++)
        assert_int_equal(-ECONNREFUSED, store_take(f->store, &e, &db));
    assert_true(now_ms() - start < 400);
    server("start");
    pause_ms(600);
    must(store_probe(f->store, &e), &e);
    assert_int_equal(store_health(f->store).code, 0);
    assert_int_equal(changes, 2);
}

static void hides_the_password(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct store *s = NULL;
    AUTO(mem_freep) char *wrong = mem_strdup(f->url);
    memcpy(strstr(wrong, "s3cret%20pass"), "wr0ng%20pass!", 13);
    assert_null(strstr(store_label(f->store), "s3cret"));
    assert_int_equal(-ECONNREFUSED, store_open(wrong, &e, &s));
    assert_non_null(strstr(e.text, "password authentication failed"));
    assert_null(strstr(e.text, "wr0ng"));
    assert_int_equal(-ECONNREFUSED, store_open("postgresql://u:pa%zzss@127.0.0.1/d", &e, &s));
    assert_null(strstr(e.text, "zzss"));
    assert_int_equal(-ENOTSUP, store_backup(f->store, "/tmp/x.dump", &e));
    assert_non_null(strstr(e.text, "pg_dump"));
    assert_null(strstr(e.text, "s3cret"));
}

static void speaks_over_the_unix_socket(void **state)
{
    (void)state;
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    AUTO(store_givep) struct db *db = NULL;
    must(store_open(getenv("TEST_POSTGRES_SOCKET"), &e, &s), &e);
    must(store_take(s, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid()"
                             " AND client_addr IS NULL AND application_name = 'hydrad'"),
                     1);
}

static void says_when_it_may_not_write(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    AUTO(mem_freep) char *url = mem_printf("%s%%20-cdefault_transaction_read_only%%3Don", f->url);
    must(store_open(url, &e, &s), &e);
    assert_int_equal(-EROFS, store_probe(s, &e));
    assert_non_null(strstr(e.text, "read-only"));
    assert_int_equal(store_health(s).code, -EROFS);
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(s, &e, &db), &e);
    assert_int_equal(ask(db, "SELECT count(*) FROM settings"), 0);
    assert_int_equal(store_health(s).code, -EROFS);
}

static void keeps_what_it_acknowledges(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_closep) struct store *s = NULL;
    AUTO(mem_freep) char *url = mem_printf("%s%%20-csynchronous_commit%%3Doff", f->url);
    AUTO(store_givep) struct db *db = NULL;
    must(store_open(url, &e, &s), &e);
    must(store_take(s, &e, &db), &e);
    assert_int_equal(
        ask(db, "SELECT CASE WHEN current_setting('synchronous_commit') = 'on' THEN 1 ELSE 0 END"),
        1);
}

static void waits_for_locks_of_others_in_vain(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    AUTO(store_givep) struct db *other = NULL;
    must(store_take(f->store, &e, &db), &e);
    must(store_take(f->store, &e, &other), &e);
    must(db_begin(db, &e), &e);
    must(db_exec(db, &e, "LOCK TABLE settings IN ACCESS EXCLUSIVE MODE", ""), &e);
    assert_int_equal(-EBUSY, set_key(other, &e, "a"));
    assert_non_null(strstr(e.text, "pg_stat_activity"));
    db_rollback(db);
    must(set_key(other, &e, "a"), &e);
}

static void says_when_there_is_no_such_server(void **state)
{
    (void)state;
    struct err e = {0};
    struct store *s = NULL;
    assert_int_equal(-ECONNREFUSED, store_open("postgresql://u@127.0.0.1:1/d", &e, &s));
    assert_non_null(strstr(e.text, "does not answer"));
    assert_null(strstr(e.text, "?.")); /* the end of a hint of libpq's */
    /* a listener that never says a word */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    assert_int_equal(0, bind(fd, (struct sockaddr *)&a, len) | listen(fd, 5) |
                            getsockname(fd, (struct sockaddr *)&a, &len));
    AUTO(mem_freep) char *url = mem_printf("postgresql://u@127.0.0.1:%d/d", ntohs(a.sin_port));
    int64_t start = now_ms();
    assert_int_equal(-ECONNREFUSED, store_open(url, &e, &s));
    assert_true(now_ms() - start < 8000);
    assert_null(s);
    close(fd);
}

static void survives_a_server_out_of_connections(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct store *s[20] = {0};
    struct db *db[20 * LIMIT_STORE_CONNECTIONS] = {0};
    size_t n = 0;
    int r = 0;
    for (size_t i = 0; i < COUNT_OF(s) && r == 0; i++) {
        r = store_open(f->url, &e, &s[i]);
        for (int k = 0; k < LIMIT_STORE_CONNECTIONS && r == 0; k++)
            if ((r = store_take(s[i], &e, &db[n])) == 0)
                n++;
    }
    assert_int_equal(r, -ECONNREFUSED);
    assert_non_null(strstr(e.text, "too many clients"));
    while (n > 0)
        store_give(db[--n]);
    for (size_t i = 0; i < COUNT_OF(s); i++)
        store_close(s[i]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(goes_on_after_a_restart),
        T(begins_again_once_on_a_broken_connection),
        T(loses_a_transaction_that_was_open),
        T(does_not_know_how_a_commit_ended),
        T(says_that_it_is_away_and_comes_back),
        T(hides_the_password),
        T(speaks_over_the_unix_socket),
        T(says_when_it_may_not_write),
        T(keeps_what_it_acknowledges),
        T(waits_for_locks_of_others_in_vain),
        T(says_when_there_is_no_such_server),
        T(survives_a_server_out_of_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
