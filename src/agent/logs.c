#include "agent/logs.h"

#include "base/log.h"
#include "node/logs.h"
#include "node/wire.h"

#include <pthread.h>

struct agent_logs {
    struct loop *loop;
    struct agent_logs_source from;
    VEC(struct log_call *) calls;
};

struct log_call {
    struct agent_logs *all;
    uint64_t id;
    struct log_reader *reader;
    struct rpc_call *call; /* NULL = it has ended */
    bool done;             /* the reader */
    pthread_mutex_t lock;  /* of what follows */
    pthread_cond_t changed;
    unsigned credit;
    bool over; /* nothing more is sent */
};

/* --- on the loop --- */

static void free_call(struct log_call *c)
{
    for (size_t i = 0; i < c->all->calls.n; i++)
        if (c->all->calls.v[i] == c) {
            vec_remove_at(&c->all->calls, i);
            break;
        }
    log_reader_unref(c->reader);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

static void stop(struct log_call *c)
{
    pthread_mutex_lock(&c->lock);
    c->over = true;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    log_reader_cancel(c->reader);
}

struct parcel {
    struct log_call *to;
    struct str bytes;
};

static void send_parcel(void *arg)
{
    struct parcel *p = arg;
    struct log_call *c = p->to;
    if (c->call && rpc_send(c->call, p->bytes.p, p->bytes.len) < 0)
        stop(c);
    str_done(&p->bytes);
    mem_free(p);
}

static void finish(void *arg)
{
    struct log_call *c = arg;
    c->done = true;
    if (c->call)
        rpc_half_close(c->call);
    else
        free_call(c);
}

/* --- on the reader's thread --- */

/* False when nobody reads any more. */
static bool wait_for_credit(struct log_call *c)
{
    pthread_mutex_lock(&c->lock);
    while (!c->credit && !c->over)
        pthread_cond_wait(&c->changed, &c->lock);
    bool go_on = !c->over;
    c->credit -= go_on;
    pthread_mutex_unlock(&c->lock);
    return go_on;
}

static void on_batch(void *arg, struct log_batch *b)
{
    struct log_call *c = arg;
    size_t at = 0;
    do {
        struct parcel *p = mem_alloc(sizeof *p);
        p->to = c;
        at = wire_log_batch_print(c->id, b, at, &p->bytes);
        if (!wait_for_credit(c)) {
            str_done(&p->bytes);
            mem_free(p);
            return;
        }
        loop_post(c->all->loop, send_parcel, p);
    } while (at < b->lines.n);
}

static void on_done(void *arg)
{
    struct log_call *c = arg;
    loop_post(c->all->loop, finish, c);
}

/* --- the call --- */

static void on_message(struct rpc_call *call, const void *bytes, size_t len)
{
    struct log_call *c = rpc_arg(call);
    PB(LogCredit) *m = hydra__agent__v1__log_credit__unpack(NULL, len, bytes);
    if (!m)
        return;
    pthread_mutex_lock(&c->lock);
    c->credit += m->batches < LIMIT_LOG_LINES ? m->batches : LIMIT_LOG_LINES;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
    hydra__agent__v1__log_credit__free_unpacked(m, NULL);
}

static void on_ended(struct rpc_call *call, const struct rpc_status *s)
{
    struct log_call *c = rpc_arg(call);
    (void)s;
    c->call = NULL;
    if (c->done)
        free_call(c);
    else
        stop(c);
}

static const struct rpc_events events = {.message = on_message, .ended = on_ended};

/* The first message says what the call answers. */
static void say_id(struct log_call *c)
{
    PB(LogBatch) m = HYDRA__AGENT__V1__LOG_BATCH__INIT;
    AUTO(str_done) struct str out = {0};
    m.id = c->id;
    wire_print(&m.base, &out);
    if (rpc_send(c->call, out.p, out.len) < 0)
        log_debug("agent", "logs not answered", "id=%llu", (unsigned long long)c->id);
}

void agent_logs_open(struct agent_logs *l, struct uplink *u, const PB(LogOpen) * m)
{
    struct log_query q = {.limit = 1};
    struct err e = {0};
    int r = m->query ? wire_log_query_take(m->query, &e, &q)
                     : err_set(&e, -EBADMSG, "There is no query in what the hub asks.");
    struct log_call *c = mem_alloc(sizeof *c);
    c->all = l;
    c->id = m->id;
    c->credit = m->credit < LIMIT_LOG_LINES ? m->credit : LIMIT_LOG_LINES;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->reader =
        log_reader_new(&q, &(struct log_sink){.batch = on_batch, .done = on_done, .arg = c});
    log_query_done(&q);
    *vec_add(&l->calls) = c;
    c->call = uplink_call(u, "/hydra.agent.v1.Agent/Logs", &events, c);
    if (!c->call) {
        free_call(c);
        return;
    }
    say_id(c);
    if (r < 0)
        log_reader_refuse(c->reader, e.text);
    else
        l->from.start(l->from.arg, c->reader);
}

void agent_logs_close(struct agent_logs *l, uint64_t id)
{
    for (size_t i = 0; i < l->calls.n; i++)
        if (l->calls.v[i]->id == id)
            stop(l->calls.v[i]);
}

void agent_logs_down(struct agent_logs *l)
{
    for (size_t i = l->calls.n; i-- > 0;) {
        struct log_call *c = l->calls.v[i];
        c->call = NULL;
        if (c->done)
            free_call(c);
        else
            stop(c);
    }
}

struct agent_logs *agent_logs_new(struct loop *loop, struct agent_logs_source from)
{
    struct agent_logs *l = mem_alloc(sizeof *l);
    l->loop = loop;
    l->from = from;
    return l;
}

void agent_logs_free(struct agent_logs *l)
{
    if (!l)
        return;
    vec_done(&l->calls);
    mem_free(l);
}
