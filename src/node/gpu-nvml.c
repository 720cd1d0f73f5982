/* NVIDIA cards. NVML may take seconds to start and hangs with a card that hangs, so a thread of its
 * own asks it; the collector takes over what the thread found in the meantime. A thread that hangs
 * is abandoned, and no other is started until it comes back. */
#include "node/collector.h"
#include "node/nvml.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
    START_MS = 30000, /* without persistence mode the driver initialises cards first */
    HANG_MS = 5000,
    GOODBYE_MS = 300, /* how long closing waits for the thread */
    STACK_KIB = 512,
};

enum asker_is {
    ASKER_STARTS, /* NVML, and finds the cards */
    ASKER_READS,
    ASKER_WAITS,  /* `state` is the collector's to read */
    ASKER_FAILED, /* with `error` */
    ASKER_ENDED,  /* NVML is closed */
};

/* Shared with the thread; whoever is the last to leave frees it. */
struct asker {
    atomic_int users;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    enum asker_is is; /* this and what follows: under `lock` */
    bool stop;
    int error;
    char why[256];
    struct nvml *nvml; /* the thread's */
    unsigned round;
    struct nvml_state state; /* written by the thread while it reads, else by nobody */
};

static atomic_int alive; /* threads: more than the one that is open means that one hangs */

struct nvidia {
    struct asker *asker;
    bool announced;
    int64_t since_ms; /* when it was last told to work */
    uint32_t first[NVML_CARDS_MAX];
    char id[NVML_CARDS_MAX][4];
    unsigned n;
};

static void asker_unref(struct asker *a)
{
    if (--a->users > 0)
        return;
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->wake);
    mem_free(a);
}

/* Tells that a piece of work is done, and waits for the next; false = it is to end. */
static bool wait_for_work(struct asker *a, int error)
{
    pthread_mutex_lock(&a->lock);
    a->error = error;
    a->is = error < 0 ? ASKER_FAILED : ASKER_WAITS;
    while (error == 0 && !a->stop && a->is == ASKER_WAITS)
        pthread_cond_wait(&a->wake, &a->lock);
    bool go_on = error == 0 && !a->stop;
    pthread_mutex_unlock(&a->lock);
    return go_on;
}

static void leave(struct asker *a)
{
    alive--;
    pthread_mutex_lock(&a->lock);
    a->is = ASKER_ENDED;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
    asker_unref(a);
}

static void *ask(void *arg)
{
    struct asker *a = arg;
    struct nvml *n = a->nvml;
    int error = nvml_start(n, &a->state, a->why, sizeof a->why);
    if (error == 0)
        nvml_read(n, &a->state, 0);
    while (wait_for_work(a, error))
        nvml_read(n, &a->state, ++a->round);
    nvml_close(n);
    leave(a);
    return NULL;
}

static int start_thread(struct asker *a)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_KIB << 10);
    int r = pthread_create(&thread, &attr, ask, a);
    pthread_attr_destroy(&attr);
    return -r;
}

static struct asker *asker_new(struct nvml *nvml)
{
    struct asker *a = mem_alloc(sizeof *a);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->wake, NULL);
    a->users = 2; /* the collector and the thread */
    a->nvml = nvml;
    return a;
}

static int nvidia_open(void *state, struct collect *c)
{
    struct nvidia *v = state;
    if (*c->root && !c->nvml_library)
        return -ENOENT; /* a recorded tree has no cards */
    if (alive) {
        snprintf(c->why, sizeof c->why, "NVML still does not answer.");
        return -EBUSY;
    }
    struct nvml *nvml;
    int r = nvml_open(c->nvml_library, &nvml);
    if (r < 0)
        return r;
    struct asker *a = asker_new(nvml);
    alive++;
    r = start_thread(a);
    if (r < 0) {
        alive--;
        a->users = 1;
        asker_unref(a);
        nvml_close(nvml);
        return r;
    }
    v->asker = a;
    v->since_ms = c->now_ms;
    return 0;
}

/* After a restart of NVML there may be fewer. */
static void forget_missing(const struct nvidia *v, struct gpus *gpus)
{
    for (unsigned i = v->n; i < NVML_CARDS_MAX; i++) {
        char id[4];
        snprintf(id, sizeof id, "%u", i);
        gpus_remove(gpus, id);
    }
}

static void announce(struct nvidia *v, struct collect *c, const struct nvml_state *s)
{
    v->announced = true;
    v->n = s->n_cards;
    for (unsigned i = 0; i < v->n; i++) {
        const struct nvml_card *card = &s->cards[i];
        snprintf(v->id[i], sizeof v->id[i], "%u", i);
        struct gpu_facts f = {
            .id = v->id[i],
            .uuid = (char *)card->uuid,
            .name = (char *)card->name,
            .vendor = "NVIDIA",
            .driver = (char *)s->driver,
            .memory_total = card->memory_total,
        };
        v->first[i] = gpu_series_add(c->series, &f);
        gpus_set(c->gpus, &f);
    }
    forget_missing(v, c->gpus);
}

static void take_over(struct nvidia *v, struct collect *c, const struct nvml_state *s)
{
    if (!v->announced)
        announce(v, c, s);
    for (unsigned i = 0; i < v->n; i++) {
        double *to = series_at(c->series, v->first[i]);
        memcpy(to, s->cards[i].values, sizeof s->cards[i].values);
        if (s->cards[i].lost)
            snprintf(
                c->why, sizeof c->why,
                "GPU %u (%s) is lost: it has fallen off the bus. The machine must be rebooted.", i,
                s->cards[i].name);
    }
    c->gpus->n_processes = s->n_processes;
    for (size_t i = 0; i < s->n_processes; i++)
        c->gpus->processes[i] = (struct gpu_process){
            .pid = s->processes[i].pid,
            .memory = s->processes[i].memory,
            .gpu = v->id[s->processes[i].card],
        };
}

static int still_works(const struct nvidia *v, struct collect *c, enum asker_is is)
{
    int64_t deadline = is == ASKER_STARTS ? START_MS : HANG_MS;
    if (c->now_ms - v->since_ms < deadline)
        return 0;
    snprintf(c->why, sizeof c->why, "NVML has not answered for %d s.", (int)(deadline / 1000));
    return -ETIMEDOUT;
}

static int nvidia_read(void *state, struct collect *c)
{
    struct nvidia *v = state;
    struct asker *a = v->asker;
    int r = 0;
    pthread_mutex_lock(&a->lock);
    if (a->is == ASKER_WAITS) {
        take_over(v, c, &a->state);
        a->is = ASKER_READS;
        v->since_ms = c->now_ms;
        pthread_cond_signal(&a->wake);
    } else if (a->is == ASKER_FAILED || a->is == ASKER_ENDED) {
        str_copy(c->why, sizeof c->why, a->why);
        r = a->error;
    } else {
        r = still_works(v, c, a->is);
    }
    pthread_mutex_unlock(&a->lock);
    return r;
}

/* Waits for the thread, unless it is at work that may last. */
static void let_go(struct asker *a)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += GOODBYE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->wake);
    while (a->is != ASKER_ENDED && pthread_cond_timedwait(&a->wake, &a->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&a->lock);
    asker_unref(a);
}

static void nvidia_close(void *state, struct collect *c)
{
    struct nvidia *v = state;
    if (v->asker)
        let_go(v->asker);
    c->gpus->n_processes = 0; /* the cards stay listed, without values: they are still there */
}

extern const struct collector collector_nvidia;
const struct collector collector_nvidia = {"nvidia",    1,           sizeof(struct nvidia),
                                           nvidia_open, nvidia_read, nvidia_close};
