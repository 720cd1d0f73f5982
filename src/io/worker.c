#include "io/worker.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/prctl.h>

enum { DEFAULT_STACK_KIB = 256, MAX_WORKERS = 64 };

struct job {
    struct job *next;
    worker_fn *fn;
    void *arg;
};

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job *first, **last;
    pthread_t threads[MAX_WORKERS];
    unsigned max_threads, queue_max, stack_kib, idle;
    struct workers_stats stats;
    bool ending;
};

static struct job *next_job(struct workers *w)
{
    while (!w->first && !w->ending) {
        w->idle++;
        pthread_cond_wait(&w->more, &w->lock);
        w->idle--;
    }
    struct job *j = w->first;
    if (!j)
        return NULL;
    w->first = j->next;
    if (!w->first)
        w->last = &w->first;
    w->stats.queued--;
    return j;
}

static void *worker_main(void *arg)
{
    struct workers *w = arg;
    prctl(PR_SET_NAME, "worker");
    pthread_mutex_lock(&w->lock);
    for (struct job *j; (j = next_job(w));) {
        w->stats.busy++;
        pthread_mutex_unlock(&w->lock);
        j->fn(j->arg);
        mem_free(j);
        pthread_mutex_lock(&w->lock);
        w->stats.busy--;
        w->stats.done++;
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_new(unsigned threads, unsigned queue_max, unsigned stack_kib)
{
    struct workers *w = mem_alloc(sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    w->last = &w->first;
    w->max_threads = threads < 1 ? 1 : threads > MAX_WORKERS ? MAX_WORKERS : threads;
    w->queue_max = queue_max;
    w->stack_kib = stack_kib ? stack_kib : DEFAULT_STACK_KIB;
    return w;
}

void workers_free(struct workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->ending = true;
    pthread_cond_broadcast(&w->more);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->stats.threads; i++)
        pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

/* Under the lock. Without any thread at all the pool can't do its work; with some it goes on with
 * those. */
static int start_thread(struct workers *w)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    size_t stack = (size_t)w->stack_kib * 1024;
    pthread_attr_setstacksize(&attr, stack < (size_t)PTHREAD_STACK_MIN ? (size_t)PTHREAD_STACK_MIN
                                                                       : stack);
    int r = pthread_create(&w->threads[w->stats.threads], &attr, worker_main, w);
    pthread_attr_destroy(&attr);
    if (r == 0)
        w->stats.threads++;
    return w->stats.threads ? 0 : -EAGAIN;
}

int workers_submit(struct workers *w, worker_fn *fn, void *arg)
{
    pthread_mutex_lock(&w->lock);
    int r = w->ending ? -ESHUTDOWN : w->stats.queued >= w->queue_max ? -EAGAIN : 0;
    if (r == 0 && w->idle <= w->stats.queued && w->stats.threads < w->max_threads)
        r = start_thread(w);
    if (r < 0) {
        w->stats.refused++;
        pthread_mutex_unlock(&w->lock);
        return r;
    }
    struct job *j = mem_alloc(sizeof *j);
    j->fn = fn;
    j->arg = arg;
    *w->last = j;
    w->last = &j->next;
    w->stats.queued++;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    return 0;
}

struct workers_stats workers_stats(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    struct workers_stats s = w->stats;
    pthread_mutex_unlock(&w->lock);
    return s;
}
