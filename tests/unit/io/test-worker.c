#include "../test.h"

#include "io/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int ran;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void wait_at_gate(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    ran++;
}

static void bounded_queue_refuses_and_finishes(void **state)
{
    (void)state;
    struct workers *w = workers_new(2, 4, 0);
    ran = 0;
    pthread_mutex_lock(&gate);
    int taken = 0, refused = 0;
    for (int i = 0; i < 20; i++) {
        int r = workers_submit(w, wait_at_gate, NULL);
        assert_true(r == 0 || r == -EAGAIN);
        r == 0 ? taken++ : refused++;
    }
    assert_in_range(taken, 4, 6);
    assert_int_equal(workers_stats(w).refused, refused);
    pthread_mutex_unlock(&gate);
    workers_free(w);
    assert_int_equal(ran, taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bounded_queue_refuses_and_finishes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
