/* The node's side of questions: which are under way, their deadlines, and the threads for those
 * that block. */
#include "base/log.h"
#include "io/worker.h"
#include "node/commands.h"
#include "node/inspect-private.h"
#include "node/program.h"

#include <stdarg.h>

/* What people wait for no longer than that is quick, and does not stand behind what is not: its own
 * time would be over before its turn. */
enum { QUICK_MS = 30000 };
enum { STACK_KIB = 1024 };

struct lane {
    VEC(struct inspect_work *) works; /* the first one is with the thread */
    struct workers *thread;           /* there while there are works */
};

struct inspections {
    struct node *node;
    struct http_client *http; /* made when it is needed */
    VEC(struct inspect *) running;
    struct lane quick, slow;
};

struct inspect_work {
    struct loop *loop;
    struct inspections *owner; /* NULL = the node is gone */
    struct lane *lane;         /* of the owner's */
    struct inspect *of;        /* NULL = nobody waits */
    inspect_work_fn *fn;
    void *arg;
    loop_fn *free_arg;
    struct str json;
    struct err e;
    int r;
    atomic_bool stopped; /* nobody waits: programs that it runs are ended */
};

static const struct inspect_ops *const ops_of[INSPECT_COUNT] = {
    [INSPECT_DOCKER_USAGE] = &docker_usage_inspect,
    [INSPECT_PROCESSES] = &processes_inspect,
    [INSPECT_KERNEL_LOG] = &kernel_log_inspect,
    [INSPECT_TIME] = &time_inspect,
    [INSPECT_DISKS] = &disks_inspect,
    [INSPECT_UNRAID] = &unraid_inspect,
    [INSPECT_MOUNTS] = &mounts_inspect,
    [INSPECT_NETWORKS] = &networks_inspect,
    [INSPECT_LOG_USAGE] = &log_usage_inspect,
    [INSPECT_PORTS] = &ports_inspect,
    [INSPECT_REACH] = &reach_inspect,
    [INSPECT_PACKAGES] = &packages_inspect,
    [INSPECT_FOLDERS] = &folders_inspect,
    [INSPECT_GENERATIONS] = &generations_inspect,
    [INSPECT_GENERATION_DIFF] = &generation_diff_inspect,
    [INSPECT_GENERATION_PLAN] = &generation_plan_inspect,
    [INSPECT_GARBAGE] = &garbage_inspect,
};

static struct inspections *state_of(struct node *n)
{
    return node_module_state(n, &inspect_module);
}

/* --- the end of one --- */

static void forget(struct inspections *s, struct inspect *i)
{
    for (size_t k = 0; k < s->running.n; k++)
        if (s->running.v[k] == i) {
            vec_remove_at(&s->running, k);
            break;
        }
}

/* What is left of its work comes to an end without it. */
static void let_go(struct inspect *i)
{
    if (i->work) {
        i->work->stopped = true;
        i->work->of = NULL;
    }
    if (i->begun && i->ops && i->ops->stop)
        i->ops->stop(i);
    loop_timer_free(TAKE(i->deadline));
}

static void free_inspect(struct inspect *i)
{
    inspection_done(&i->q);
    mem_free(i);
}

static void end(struct inspect *i, const struct inspect_answer *a)
{
    forget(state_of(i->node), i);
    i->done(i->arg, i->id, a);
    let_go(i); /* last: the answer may be part of its state */
    free_inspect(i);
}

void inspect_answer(struct inspect *i, const struct str *json)
{
    if (json->len > LIMIT_INSPECT_ANSWER)
        inspect_fail(i, -EIO, "There is more to tell than fits into an answer (%d MiB).",
                     LIMIT_INSPECT_ANSWER >> 20);
    else
        end(i, &(struct inspect_answer){.text = "", .json = str_text(json), .len = json->len});
}

void inspect_fail(struct inspect *i, int code, const char *fmt, ...)
{
    struct str text = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&text, fmt, ap);
    va_end(ap);
    str_mend_utf8(text.p);
    if (text.len >= ERR_TEXT_MAX)
        text.p[ERR_TEXT_MAX - 1] = 0, str_mend_utf8(text.p);
    log_debug("inspect", "no answer", "kind=%s error=%s", inspect_kind_name(i->q.kind),
              LOG_Q(text.p));
    end(i, &(struct inspect_answer){.code = code, .text = text.p, .json = ""});
    str_done(&text);
}

struct http_client *inspect_http(struct inspect *i)
{
    struct inspections *s = state_of(i->node);
    if (!s->http)
        s->http = http_client_new(i->node->loop);
    return s->http;
}

/* --- the threads --- */

static void start_work(struct lane *l);

static void free_work(struct inspect_work *w)
{
    if (w->free_arg)
        w->free_arg(w->arg);
    str_done(&w->json);
    mem_free(w);
}

static void on_worked(void *arg)
{
    struct inspect_work *w = arg;
    struct inspect *i = w->of;
    if (w->owner) {
        vec_remove_at(&w->lane->works, 0);
        start_work(w->lane);
    }
    if (i) {
        i->work = NULL;
        if (w->r < 0)
            inspect_fail(i, w->r, "%s", err_text(&w->e, w->r));
        else
            inspect_answer(i, &w->json);
    }
    free_work(w);
}

static void do_work(void *arg)
{
    struct inspect_work *w = arg;
    struct jw out = jw_begin(&w->json);
    program_stop_by(&w->stopped);
    w->r = w->fn(w->arg, &out, &w->e);
    program_stop_by(NULL);
    loop_post(w->loop, on_worked, w);
}

static void give_to_thread(struct lane *l)
{
    struct inspect_work *w = l->works.v[0];
    if (!l->thread)
        l->thread = workers_new(1, 1, STACK_KIB);
    int r = workers_submit(l->thread, do_work, w);
    if (r < 0) { /* else it is the thread's already */
        w->r = r;
        loop_post(w->loop, on_worked, w);
    }
}

/* The next one that somebody waits for. */
static void start_work(struct lane *l)
{
    while (l->works.n && !l->works.v[0]->of) {
        free_work(l->works.v[0]);
        vec_remove_at(&l->works, 0);
    }
    if (l->works.n)
        give_to_thread(l);
    else
        workers_free(TAKE(l->thread));
}

void inspect_on_thread(struct inspect *i, inspect_work_fn *fn, void *arg, loop_fn *free_arg)
{
    struct inspections *s = state_of(i->node);
    struct lane *l = inspect_timeout_ms(i->q.kind) <= QUICK_MS ? &s->quick : &s->slow;
    struct inspect_work *w = mem_alloc(sizeof *w);
    *w = (struct inspect_work){.loop = i->node->loop,
                               .owner = s,
                               .lane = l,
                               .of = i,
                               .fn = fn,
                               .arg = arg,
                               .free_arg = free_arg};
    i->work = w;
    *vec_add(&l->works) = w;
    if (l->works.n == 1)
        start_work(l);
}

/* --- the beginning --- */

static void on_late(void *arg)
{
    struct inspect *i = arg;
    inspect_fail(i, -ETIMEDOUT, "That took longer than %u s on the node, and was given up.",
                 (i->q.timeout_ms + 999) / 1000);
}

static bool is_too_many(const struct inspect *i)
{
    const struct inspections *s = state_of(i->node);
    unsigned of_kind = 0;
    for (size_t k = 0; k < s->running.n; k++)
        of_kind += s->running.v[k]->begun && s->running.v[k]->ops == i->ops;
    return s->running.n > LIMIT_INSPECTIONS || (i->ops->at_once && of_kind >= i->ops->at_once);
}

static void begin(struct inspect *i)
{
    struct err e = {0};
    if (!i->ops) {
        inspect_fail(i, -ENOSYS, "This agent can't tell %s yet; bring it up to date.",
                     inspect_kind_name(i->q.kind));
    } else if (i->ops->allowed_as &&
               commands_allow(i->node, i->ops->allowed_as, i->q.target, &e) < 0) {
        inspect_fail(i, -EACCES, "%s", e.text);
    } else if (is_too_many(i)) {
        inspect_fail(i, -EAGAIN, "Too much is asked of this machine at once. Try again later.");
    } else {
        i->begun = true;
        i->deadline = loop_timer_new(i->node->loop, i->q.timeout_ms, 0, on_late, i);
        i->ops->start(i);
    }
}

static void on_due(void *arg)
{
    struct inspect *i = arg;
    loop_timer_free(TAKE(i->deadline));
    begin(i);
}

static uint32_t bounded(uint32_t ms, enum inspect_kind kind)
{
    if (!ms)
        return inspect_timeout_ms(kind);
    return ms < INSPECT_MIN_MS ? INSPECT_MIN_MS : ms < INSPECT_MAX_MS ? ms : INSPECT_MAX_MS;
}

/* The answer is never quicker than the return: a turn of the loop lies between. */
void node_inspect(struct node *n, uint64_t id, const struct inspection *q, inspect_fn *done,
                  void *arg)
{
    struct inspect *i = mem_alloc(sizeof *i);
    *i = (struct inspect){.node = n, .id = id, .ops = ops_of[q->kind], .done = done, .arg = arg};
    inspection_copy(&i->q, q);
    i->q.timeout_ms = bounded(q->timeout_ms, q->kind);
    i->deadline = loop_timer_new(n->loop, 0, 0, on_due, i);
    *vec_add(&state_of(n)->running) = i;
}

void node_inspect_cancel(struct node *n, uint64_t id)
{
    struct inspections *s = state_of(n);
    for (size_t k = s->running.n; k-- > 0;) {
        struct inspect *i = s->running.v[k];
        if (i->id != id)
            continue;
        vec_remove_at(&s->running, k);
        let_go(i);
        free_inspect(i);
    }
}

/* --- the module --- */

static void *start(struct node *n)
{
    struct inspections *s = mem_alloc(sizeof *s);
    s->node = n;
    return s;
}

static void stop_lane(struct lane *l)
{
    for (size_t k = 1; k < l->works.n; k++)
        free_work(l->works.v[k]);
    if (l->works.n)
        l->works.v[0]->owner = NULL;
    vec_done(&l->works);
    workers_free(l->thread); /* waits; what it posted is run before the loop is freed */
}

static void stop(void *state)
{
    struct inspections *s = state;
    for (size_t k = 0; k < s->running.n; k++) {
        let_go(s->running.v[k]);
        free_inspect(s->running.v[k]);
    }
    stop_lane(&s->quick);
    stop_lane(&s->slow);
    http_client_free(s->http);
    vec_done(&s->running);
    mem_free(s);
}

const struct node_module inspect_module = {.name = "inspect", .start = start, .stop = stop};
