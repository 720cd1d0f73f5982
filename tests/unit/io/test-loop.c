#include "../test.h"

#include "io/loop.h"

#include <pthread.h>

struct counter {
    struct loop *loop;
    int n, last;
    bool in_order;
};

struct note {
    struct counter *c;
    int value;
};

static void count(void *arg)
{
    struct note *n = arg;
    n->c->in_order = n->c->in_order && n->value == n->c->last + 1;
    n->c->last = n->value;
    n->c->n++;
    mem_free(n);
}

static void read_count(void *arg)
{
    struct counter *c = arg;
    assert_true(loop_is_mine(c->loop));
    c->last = -c->n;
}

static void posts_arrive_in_order(void **state)
{
    (void)state;
    struct counter c = {.loop = loop_new("test"), .last = -1, .in_order = true};
    loop_start_thread(c.loop);
    for (int i = 0; i < 10000; i++) {
        struct note *n = mem_alloc(sizeof *n);
        *n = (struct note){&c, i};
        loop_post(c.loop, count, n);
    }
    loop_call(c.loop, read_count, &c);
    assert_int_equal(c.last, -10000);
    assert_true(c.in_order);
    loop_stop(c.loop);
    loop_join(c.loop);
    loop_free(c.loop);
}

static void all_handles_read_into_one_buffer(void **state)
{
    (void)state;
    struct loop *l = loop_new("test"), *other = loop_new("other");
    uv_idle_t a, b, c;
    uv_buf_t x, y, z;
    uv_idle_init(loop_uv(l), &a);
    uv_idle_init(loop_uv(l), &b);
    uv_idle_init(loop_uv(other), &c);
    loop_read_buffer((uv_handle_t *)&a, 1, &x);
    loop_read_buffer((uv_handle_t *)&b, 1, &y);
    loop_read_buffer((uv_handle_t *)&c, 1, &z);
    assert_ptr_equal(x.base, y.base);
    assert_ptr_not_equal(x.base, z.base);
    assert_true(x.len >= 16384);
    memset(x.base, 1, x.len);
    uv_close((uv_handle_t *)&a, NULL);
    uv_close((uv_handle_t *)&b, NULL);
    uv_close((uv_handle_t *)&c, NULL);
    loop_free(l);
    loop_free(other);
}

static void stop_after_three(void *arg)
{
    struct counter *c = arg;
    if (++c->n == 3)
        loop_stop(c->loop);
}

static void timers_repeat(void **state)
{
    (void)state;
    struct counter c = {.loop = loop_new("test")};
    loop_timer_new(c.loop, 1, 1, stop_after_three, &c);
    loop_run(c.loop);
    assert_int_equal(c.n, 3);
    loop_free(c.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_handles_read_into_one_buffer),
        cmocka_unit_test(posts_arrive_in_order),
        cmocka_unit_test(timers_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
