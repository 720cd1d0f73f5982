#include "io/loop.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>

struct message {
    struct message *next;
    loop_fn *fn;
    void *arg;
};

enum { READ_BUFFER_SIZE = 64 << 10 };

struct loop {
    uv_loop_t uv;
    char *read_buffer; /* NULL before the first read */
    uv_async_t wake;
    pthread_mutex_t lock;
    struct message *first, **last; /* under `lock` */
    const char *name;
    pthread_t thread;
    _Atomic uintptr_t owner; /* pthread_self() of the thread that runs the loop; 0 before */
    atomic_bool stopping;
};

struct loop_timer {
    uv_timer_t uv;
    loop_fn *fn;
    void *arg;
};

static struct message *take_messages(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct message *m = l->first;
    l->first = NULL;
    l->last = &l->first;
    pthread_mutex_unlock(&l->lock);
    return m;
}

static void run_messages(struct loop *l)
{
    for (struct message *m = take_messages(l), *next; m; m = next) {
        next = m->next;
        m->fn(m->arg);
        mem_free(m);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct loop *l = wake->data;
    run_messages(l);
    if (l->stopping)
        uv_stop(&l->uv);
}

struct loop *loop_new(const char *name)
{
    struct loop *l = mem_alloc(sizeof *l);
    int r = uv_loop_init(&l->uv);
    assert(r == 0);
    r = uv_async_init(&l->uv, &l->wake, on_wake);
    assert(r == 0);
    l->uv.data = l;
    l->wake.data = l;
    l->name = name;
    l->last = &l->first;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

uv_loop_t *loop_uv(struct loop *l)
{
    return &l->uv;
}

void loop_run(struct loop *l)
{
    l->owner = (uintptr_t)pthread_self();
    while (!l->stopping)
        uv_run(&l->uv, UV_RUN_DEFAULT);
    run_messages(l);
}

static void *thread_main(void *arg)
{
    struct loop *l = arg;
    prctl(PR_SET_NAME, l->name);
    loop_run(l);
    return NULL;
}

void loop_start_thread(struct loop *l)
{
    int r = pthread_create(&l->thread, NULL, thread_main, l);
    assert(r == 0);
}

void loop_join(struct loop *l)
{
    pthread_join(l->thread, NULL);
}

void loop_stop(struct loop *l)
{
    l->stopping = true;
    uv_async_send(&l->wake);
}

static void on_timer_closed(uv_handle_t *h)
{
    mem_free(h->data);
}

static void on_timer(uv_timer_t *uv)
{
    struct loop_timer *t = uv->data;
    t->fn(t->arg);
}

struct loop_timer *loop_timer_new(struct loop *l, uint64_t first_ms, uint64_t repeat_ms,
                                  loop_fn *fn, void *arg)
{
    struct loop_timer *t = mem_alloc(sizeof *t);
    t->fn = fn;
    t->arg = arg;
    uv_timer_init(&l->uv, &t->uv);
    t->uv.data = t;
    uv_timer_start(&t->uv, on_timer, first_ms, repeat_ms);
    return t;
}

void loop_timer_free(struct loop_timer *t)
{
    if (t && !uv_is_closing((uv_handle_t *)&t->uv))
        uv_close((uv_handle_t *)&t->uv, on_timer_closed);
}

/* Our own timers free themselves; handles of others must have been closed by their owners. */
static void close_left_over(uv_handle_t *h, void *arg)
{
    (void)arg;
    if (!uv_is_closing(h))
        uv_close(h, h->type == UV_TIMER && ((uv_timer_t *)h)->timer_cb == on_timer ? on_timer_closed
                                                                                   : NULL);
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    l->owner = (uintptr_t)pthread_self();
    run_messages(l);
    uv_walk(&l->uv, close_left_over, NULL);
    while (uv_run(&l->uv, UV_RUN_NOWAIT) > 0) {
    }
    run_messages(l);
    uv_loop_close(&l->uv);
    pthread_mutex_destroy(&l->lock);
    mem_free(l->read_buffer);
    mem_free(l);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
    struct message *m = mem_alloc(sizeof *m);
    m->fn = fn;
    m->arg = arg;
    pthread_mutex_lock(&l->lock);
    bool was_empty = !l->first;
    *l->last = m;
    l->last = &m->next;
    pthread_mutex_unlock(&l->lock);
    if (was_empty)
        uv_async_send(&l->wake);
}

struct call {
    loop_fn *fn;
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
};

static void run_call(void *arg)
{
    struct call *c = arg;
    c->fn(c->arg);
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->ended);
    pthread_mutex_unlock(&c->lock);
}

void loop_call(struct loop *l, loop_fn *fn, void *arg)
{
    if (loop_is_mine(l)) {
        fn(arg);
        return;
    }
    struct call c = {
        .fn = fn, .arg = arg, .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    loop_post(l, run_call, &c);
    pthread_mutex_lock(&c.lock);
    while (!c.done)
        pthread_cond_wait(&c.ended, &c.lock);
    pthread_mutex_unlock(&c.lock);
    pthread_cond_destroy(&c.ended);
    pthread_mutex_destroy(&c.lock);
}

bool loop_is_mine(const struct loop *l)
{
    return l->owner == (uintptr_t)pthread_self();
}

void loop_read_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *ret_buffer)
{
    struct loop *l = h->loop->data;
    (void)suggested;
    if (!l->read_buffer) /* not zeroed: what is never read into costs nothing */
        l->read_buffer = mem_realloc(NULL, READ_BUFFER_SIZE);
    *ret_buffer = uv_buf_init(l->read_buffer, READ_BUFFER_SIZE);
}
