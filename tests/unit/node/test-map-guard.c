#include "../test.h"

#include "node/map-guard.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGES = 4, SURVIVED = 42 };

/* A file of some pages of 'x', mapped; it is cut short by ftruncate(). */
struct cut {
    int fd;
    size_t page;
    const volatile char *p;
};

static struct cut map_file(void)
{
    char path[] = "/tmp/hydra-test-guard-XXXXXX", bytes[256];
    struct cut c = {.fd = mkstemp(path), .page = (size_t)sysconf(_SC_PAGESIZE)};
    assert_true(c.fd >= 0);
    unlink(path);
    memset(bytes, 'x', sizeof bytes);
    for (size_t n = 0; n < PAGES * c.page; n += sizeof bytes)
        assert_int_equal(write(c.fd, bytes, sizeof bytes), sizeof bytes);
    c.p = mmap(NULL, PAGES * c.page, PROT_READ, MAP_SHARED, c.fd, 0);
    assert_ptr_not_equal(c.p, MAP_FAILED);
    return c;
}

static void unmap(struct cut *c)
{
    munmap((void *)c->p, PAGES * c->page);
    close(c->fd);
}

static void cut_off(const struct cut *c, size_t pages)
{
    assert_int_equal(ftruncate(c->fd, (off_t)(pages * c->page)), 0);
}

static void reads_zeros_where_it_was_cut(void **state)
{
    (void)state;
    struct cut c = map_file();
    struct map_guard g;
    map_guard_enter_all(&g);
    assert_int_equal(c.p[3 * c.page], 'x');
    cut_off(&c, 1);
    assert_false(g.is_torn);
    assert_int_equal(c.p[2 * c.page + 5], 0);
    assert_true(g.is_torn);
    assert_int_equal(c.p[3 * c.page], 0);
    assert_int_equal(c.p[c.page - 1], 'x');
    assert_true(map_guard_leave(&g));
    map_guard_enter_all(&g); /* those pages stay as they are; a new guard knows nothing of it */
    assert_int_equal(c.p[2 * c.page], 0);
    assert_false(map_guard_leave(&g));
    unmap(&c);
}

static void tells_each_of_its_own(void **state)
{
    (void)state;
    struct cut c = map_file(), other = map_file();
    struct map_guard outer, beside, first, second;
    map_guard_enter_all(&outer);
    map_guard_enter(&beside, (const char *)other.p, PAGES * other.page);
    map_guard_enter(&first, (const char *)c.p, PAGES * c.page);
    assert_int_equal(c.p[0], 'x');
    assert_false(map_guard_leave(&first));
    map_guard_enter(&second, (const char *)c.p, PAGES * c.page);
    cut_off(&c, 0);
    assert_int_equal(c.p[0], 0);
    assert_true(map_guard_leave(&second));
    assert_false(map_guard_leave(&beside));
    assert_true(map_guard_leave(&outer));
    unmap(&c);
    unmap(&other);
}

/* --- several threads --- */

static void *read_on_thread(void *arg)
{
    const struct cut *c = arg;
    struct map_guard g;
    unsigned sum = 0;
    map_guard_enter_all(&g);
    for (size_t i = 0; i < PAGES * c->page; i += 512)
        sum += (unsigned char)c->p[i];
    return map_guard_leave(&g) && sum == 0 ? NULL : arg;
}

static void each_thread_has_its_own(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct cut files[THREADS];
    struct map_guard g;
    void *failed;
    map_guard_enter_all(&g);
    for (int i = 0; i < THREADS; i++) {
        files[i] = map_file();
        cut_off(&files[i], 0);
        assert_int_equal(pthread_create(&threads[i], NULL, read_on_thread, &files[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
        unmap(&files[i]);
    }
    assert_false(map_guard_leave(&g));
}

/* --- what is not its business --- */

/* In a child, which had a guard before. */
static void check_ends(void (*fn)(const struct cut *c))
{
    struct cut c = map_file();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct map_guard g;
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGBUS, SIG_DFL);
        map_guard_enter_all(&g);
        (void)map_guard_leave(&g);
        fn(&c);
        _exit(SURVIVED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
    unmap(&c);
}

static void read_unguarded(const struct cut *c)
{
    cut_off(c, 0);
    (void)c->p[0];
}

static void read_beside(const struct cut *c)
{
    struct map_guard g;
    cut_off(c, 0);
    map_guard_enter(&g, (const char *)c->p, c->page);
    (void)c->p[c->page];
}

static void be_sent_one(const struct cut *c)
{
    struct map_guard g;
    (void)c;
    map_guard_enter_all(&g);
    kill(getpid(), SIGBUS);
}

static void keeps_nothing_else_alive(void **state)
{
    (void)state;
    check_ends(read_unguarded);
    check_ends(read_beside);
    check_ends(be_sent_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_zeros_where_it_was_cut),
        cmocka_unit_test(tells_each_of_its_own),
        cmocka_unit_test(each_thread_has_its_own),
        cmocka_unit_test(keeps_nothing_else_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
