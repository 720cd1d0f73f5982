/* Logs of other nodes: a query goes out on the link, its lines come back on a call of their own.
 *
 * A thread for each query hands lines to whoever reads: that may block. What it has taken is credit
 * for the agent, so that no more than LOG_CREDIT batches wait here. Calls and the list belong to
 * the loop; the queue is shared. */
#include "hub/agents-private.h"

#include "base/rand.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    LOG_CREDIT = 8,
    LOG_CALL_MS = 15000 /* within which the agent calls */,
    STACK_SIZE = 256 << 10
};

struct agent_log {
    atomic_uint refs;      /* the list's, the thread's, those of messages to the loop */
    struct agents *agents; /* NULL = they are gone; on the loop */
    struct loop *loop;
    char node[AUTHORITY_NODE_SIZE];
    uint64_t id;
    uint32_t n_sources;
    struct log_reader *reader;
    struct log_call *call; /* NULL = none yet, or no more; on the loop */
    int64_t opened_ms, skew_us;
    int64_t begins_us; /* where a page begins to look */
    pthread_t thread;
    bool has_thread, called;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    VEC(struct log_batch *) queue;
    bool ended;
    char *why; /* it ended badly */
};

/* A call Logs, from its beginning. */
struct log_call {
    struct agents *agents;
    struct rpc_call *call;
    char node[AUTHORITY_NODE_SIZE];
    struct agent_log *log; /* NULL = not named yet, or over */
};

static void unref(struct agent_log *g)
{
    if (atomic_fetch_sub(&g->refs, 1) != 1)
        return;
    for (size_t i = 0; i < g->queue.n; i++)
        log_batch_free(g->queue.v[i]);
    vec_done(&g->queue);
    mem_free(g->why);
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    mem_free(g);
}

static struct agent_log *ref(struct agent_log *g)
{
    atomic_fetch_add(&g->refs, 1);
    return g;
}

/* Nothing more comes. Any thread. `why` NULL: as it should. */
static void end_log(struct agent_log *g, const char *why)
{
    pthread_mutex_lock(&g->lock);
    if (!g->ended)
        g->why = mem_strdup(why);
    g->ended = true;
    pthread_cond_signal(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static void on_cancel(void *arg)
{
    end_log(arg, NULL);
}

/* --- the thread --- */

static struct log_batch *next_batch(struct agent_log *g)
{
    pthread_mutex_lock(&g->lock);
    while (!g->queue.n && !g->ended)
        pthread_cond_wait(&g->changed, &g->lock);
    struct log_batch *b = g->queue.n ? g->queue.v[0] : NULL;
    if (b)
        vec_remove_at(&g->queue, 0);
    pthread_mutex_unlock(&g->lock);
    return b;
}

static void give_credit(void *arg)
{
    struct agent_log *g = arg;
    PB(LogCredit) m = HYDRA__AGENT__V1__LOG_CREDIT__INIT;
    AUTO(str_done) struct str out = {0};
    m.batches = 1;
    wire_print(&m.base, &out);
    if (g->agents && g->call && rpc_send(g->call->call, out.p, out.len) < 0)
        log_debug("agents", "no credit for logs", "node=%s", g->node);
    unref(g);
}

static void let_go_of_call(struct agent_log *g)
{
    struct log_call *k = g->call;
    if (!k)
        return;
    struct rpc_status s = rpc_status_of(RPC_OK, "%s", "");
    k->log = NULL;
    g->call = NULL;
    rpc_finish(k->call, &s);
}

static void close_at_agent(struct agent_log *g)
{
    struct agent_node *n = agents_node(g->agents, g->node);
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(LogClose) c = HYDRA__AGENT__V1__LOG_CLOSE__INIT;
    AUTO(str_done) struct str out = {0};
    c.id = g->id;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_LOG_CLOSE;
    m.log_close = &c;
    wire_print(&m.base, &out);
    if (n && n->link)
        (void)!agent_link_send(n->link, &out); /* a link that is over reads no logs */
}

static void forget(struct agent_log *g)
{
    struct agents *a = g->agents;
    if (!a)
        return;
    if (!g->called)
        close_at_agent(g);
    let_go_of_call(g);
    g->agents = NULL;
    for (size_t i = 0; i < a->logs.n; i++)
        if (a->logs.v[i] == g) {
            vec_remove_at(&a->logs, i);
            break;
        }
    if (g->has_thread)
        pthread_join(g->thread, NULL);
    unref(g);
}

static void reap(void *arg)
{
    forget(arg);
    unref(arg);
}

static void *run(void *arg)
{
    struct agent_log *g = arg;
    struct log_batch *b;
    while ((b = next_batch(g))) {
        log_reader_deliver(g->reader, b);
        log_batch_free(b);
        loop_post(g->loop, give_credit, ref(g));
    }
    log_reader_on_cancel(g->reader, NULL, NULL);
    if (g->why)
        log_reader_refuse(g->reader, g->why);
    else
        log_reader_finish(g->reader);
    log_reader_unref(TAKE(g->reader));
    loop_post(g->loop, reap, g);
    return NULL;
}

/* --- opening: on the loop --- */

static bool start_thread(struct agent_log *g)
{
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, STACK_SIZE);
    g->has_thread = pthread_create(&g->thread, &a, run, ref(g)) == 0;
    pthread_attr_destroy(&a);
    if (!g->has_thread)
        unref(g);
    return g->has_thread;
}

/* The node's clock may be wrong: it is asked in its own time. */
static void send_open(struct agent_log *g, struct agent_link *l)
{
    struct log_query q;
    AUTO(str_done) struct str out = {0};
    log_query_copy(&q, log_reader_query(g->reader));
    q.since_us -= q.since_us ? g->skew_us : 0;
    q.until_us -= q.until_us ? g->skew_us : 0;
    q.from.time_us -= q.from.time_us ? g->skew_us : 0;
    wire_log_open_print(g->id, &q, LOG_CREDIT, &out);
    log_query_done(&q);
    (void)!agent_link_send(l, &out); /* its log ends with the link */
}

static int64_t begins_at(const struct log_query *q)
{
    if (q->from.time_us)
        return q->from.time_us;
    if (q->mode == LOG_MODE_NEWER)
        return q->since_us;
    return q->until_us ? q->until_us : clock_wall_ms() * 1000;
}

static void open_log(struct agents *a, struct agent_node *n, struct log_reader *r)
{
    struct agent_log *g = mem_alloc(sizeof *g);
    const struct log_query *q = log_reader_query(r);
    g->refs = 1;
    g->agents = a;
    g->loop = a->settings.loop;
    str_copy(g->node, sizeof g->node, n->id);
    g->id = (uint64_t)rand_below(UINT32_MAX) << 32 | rand_below(UINT32_MAX);
    g->n_sources = q->services.n ? (uint32_t)q->services.n : 1;
    g->opened_ms = clock_mono_ms();
    g->skew_us = agent_link_skew_ms(n->link) * 1000;
    g->begins_us = begins_at(q);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    g->reader = log_reader_ref(r);
    *vec_add(&a->logs) = g;
    log_reader_on_cancel(r, on_cancel, g);
    send_open(g, n->link);
    if (start_thread(g))
        return;
    log_reader_on_cancel(r, NULL, NULL);
    log_reader_unref(TAKE(g->reader));
    log_reader_refuse(r, "No thread could be started to read logs: the hub is out of resources.");
    forget(g);
}

struct opening {
    struct agents *agents;
    char node[AUTHORITY_NODE_SIZE];
    struct log_reader *reader;
};

/* Why it can't be asked; NULL = it can. */
static char *obstacle(const struct agent_node *n, const char *node)
{
    if (!n || !n->link || !agent_link_is_greeted(n->link))
        return mem_printf("%s is not connected.", node);
    return agent_link_reads_logs(n->link)
               ? NULL
               : mem_printf("The agent of %s is too old to read logs: bring it up to date.", node);
}

static void open_on_loop(void *arg)
{
    struct opening *o = arg;
    struct agent_node *n = o->agents->stopped ? NULL : agents_node(o->agents, o->node);
    AUTO(mem_freep) char *why = obstacle(n, o->node);
    if (n && !why)
        open_log(o->agents, n, o->reader);
    else
        log_reader_refuse(o->reader, why);
    log_reader_unref(o->reader);
    mem_free(o);
}

void agents_logs(struct agents *a, const char *node, struct log_reader *r)
{
    struct opening *o = mem_alloc(sizeof *o);
    o->agents = a;
    str_copy(o->node, sizeof o->node, node);
    o->reader = log_reader_ref(r);
    loop_post(a->settings.loop, open_on_loop, o);
}

void agent_logs_tick(struct agents *a)
{
    for (size_t i = 0; i < a->logs.n; i++) {
        struct agent_log *g = a->logs.v[i];
        AUTO(mem_freep) char *why = mem_printf("%s does not answer.", g->node);
        if (!g->called && clock_mono_ms() - g->opened_ms > LOG_CALL_MS)
            end_log(g, why);
    }
}

/* The loop stands still: threads end, what they post comes to nothing. */
void agent_logs_free(struct agents *a)
{
    while (a->logs.n) {
        struct agent_log *g = a->logs.v[a->logs.n - 1];
        end_log(g, "Hydra is being stopped.");
        g->called = true;
        forget(g);
    }
    vec_done(&a->logs);
}

/* --- the call --- */

static struct agent_log *named(struct log_call *k, uint64_t id)
{
    for (size_t i = 0; i < k->agents->logs.n; i++) {
        struct agent_log *g = k->agents->logs.v[i];
        if (g->id == id && str_eq(g->node, k->node) && !g->called)
            return g;
    }
    return NULL;
}

/* Older agents say "nowhere yet" by a time that never comes. */
static int64_t reached_at(const struct agent_log *g, int64_t us)
{
    int64_t own_us = us >= 0 && us <= LIMIT_LOG_TIME_US ? us + g->skew_us : g->begins_us;
    return own_us > 0 ? own_us : 0;
}

static void take_batch(struct agent_log *g, struct log_batch *b)
{
    for (size_t i = 0; i < b->lines.n; i++)
        b->lines.v[i].time_us += g->skew_us;
    b->reached_us = reached_at(g, b->reached_us);
    pthread_mutex_lock(&g->lock);
    bool room = !g->ended && g->queue.n <= LOG_CREDIT;
    if (room) {
        *vec_add(&g->queue) = mem_dup(b, sizeof *b);
        *b = (struct log_batch){0};
        pthread_cond_signal(&g->changed);
    }
    pthread_mutex_unlock(&g->lock);
    log_batch_done(b);
}

static void end_call(struct log_call *k, enum rpc_code code, const char *why)
{
    struct rpc_status s = rpc_status_of(code, "%s", why);
    if (k->log) {
        k->log->call = NULL;
        end_log(k->log, code == RPC_OK ? NULL : why);
    }
    k->log = NULL;
    rpc_finish(k->call, &s);
}

static void take_message(struct log_call *k, const PB(LogBatch) * m)
{
    struct log_batch b;
    struct err e = {0};
    if (!k->log) {
        k->log = named(k, m->id);
        if (!k->log) {
            end_call(k, RPC_NOT_FOUND, "Nobody reads these logs any more.");
            return;
        }
        k->log->call = k;
        k->log->called = true;
    }
    if (!m->n_lines && !m->n_troubles && !m->whole && !m->reached_us)
        return; /* only says its id */
    if (wire_log_batch_take(m, k->log->n_sources, &e, &b) < 0)
        end_call(k, RPC_INVALID_ARGUMENT, e.text);
    else
        take_batch(k->log, &b);
}

static void on_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct log_call *k = rpc_arg(c);
    PB(LogBatch) *m = k ? WIRE_UNPACK(log_batch, bytes, len) : NULL;
    if (m)
        take_message(k, m);
    else if (k)
        end_call(k, RPC_INVALID_ARGUMENT, "This is no message of an agent.");
    if (m)
        hydra__agent__v1__log_batch__free_unpacked(m, NULL);
}

static void on_half_closed(struct rpc_call *c)
{
    struct log_call *k = rpc_arg(c);
    if (k)
        end_call(k, RPC_OK, "");
}

static void on_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct log_call *k = rpc_arg(c);
    (void)s;
    if (!k)
        return;
    if (k->log) {
        AUTO(mem_freep) char *why = mem_printf("The connection to %s broke off.", k->node);
        k->log->call = NULL;
        end_log(k->log, why);
    }
    mem_free(k);
}

void agent_logs_begin(struct rpc_call *c, void *arg)
{
    struct agents *a = arg;
    struct identity who;
    if (!agents_admit(a, c, &who))
        return;
    struct log_call *k = mem_alloc(sizeof *k);
    k->agents = a;
    k->call = c;
    str_copy(k->node, sizeof k->node, who.node);
    rpc_set_arg(c, k);
    rpc_admit(c);
}

const struct rpc_events agent_logs_events = {
    .message = on_message, .half_closed = on_half_closed, .ended = on_ended};
