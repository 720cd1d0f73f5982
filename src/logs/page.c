/* A page: every node's page, put together, cut to what is known to be complete. */
#include "base/clock.h"
#include "logs/logs-private.h"

const char logs_given_up[] = "The search was given up before it came to its end. Search again.";

struct page {
    struct logs *logs;
    struct logs_request request;
    struct asking asking;
    struct log_batch parts[LIMIT_LOG_SERVICES];
    pthread_mutex_t lock;
    unsigned left; /* that are not done */
    int64_t begun_ms, begun_wall_us;
    void (*done)(void *arg, struct str *json);
    void *arg;
    struct str json;
    bool cancelled;
};

static void copy_request(struct logs_request *to, const struct logs_request *from)
{
    for (size_t i = 0; i < from->sources.n; i++)
        logs_request_add(to, from->sources.v[i].node, from->sources.v[i].observed);
    log_query_copy(&to->query, &from->query);
    to->newer = from->newer;
    to->cursor = mem_strdup(from->cursor);
}

/* A node's page may come in several pieces: the last one says how far it goes. */
static void on_batch(void *arg, unsigned ask, struct log_batch *b)
{
    struct page *p = arg;
    struct log_batch *part = &p->parts[ask];
    pthread_mutex_lock(&p->lock);
    bool whole = b->whole;
    int64_t reached_us = b->reached_us;
    log_batch_join(part, b, 0, p->request.newer);
    part->whole = whole;
    part->reached_us = reached_us;
    pthread_mutex_unlock(&p->lock);
}

static void print(struct page *p, struct log_batch *all, struct str *out)
{
    const struct logs_request *q = &p->request;
    struct jw w = jw_begin(out);
    size_t n = all->lines.n;
    AUTO(mem_freep) char *before = NULL;
    AUTO(mem_freep) char *after = NULL;
    int64_t first_us = n ? all->lines.v[0].time_us : 0,
            last_us = n ? all->lines.v[n - 1].time_us : 0;
    if (!q->newer && !all->whole)
        before = cursor_before(q, all, all->reached_us);
    else if (q->newer && n)
        before = cursor_before(q, all, first_us);
    if (n)
        after = cursor_after(q, all, last_us);
    else if (q->newer && all->whole && q->cursor)
        after = mem_strdup(q->cursor);
    else
        after = cursor_after(q, all, q->newer && !all->whole ? all->reached_us : p->begun_wall_us);
    jw_object(&w);
    print_lines(&w, q, all);
    jw_key_str(&w, "before", before);
    jw_key_str(&w, "after", after);
    jw_key(&w, "reached");
    if (all->whole)
        jw_null(&w);
    else
        jw_int(&w, all->reached_us / 1000);
    jw_key_int(&w, "searched_ms", clock_mono_ms() - p->begun_ms);
    print_troubles(&w, q, all);
    jw_end_object(&w);
}

/* On the loop. What a cancelled one has is no page: nobody knows what is missing. */
static void answer(void *arg)
{
    struct page *p = arg;
    p->done(p->arg, p->cancelled ? NULL : &p->json);
    str_done(&p->json);
    mem_free(p);
}

static void finish(struct page *p)
{
    struct log_batch all = {.whole = true};
    struct loop *loop = p->logs->hooks.loop;
    p->cancelled = asking_is_cancelled(&p->asking);
    for (unsigned i = 0; i < p->asking.n; i++)
        log_batch_join(&all, &p->parts[i], 0, p->request.newer);
    if (!p->cancelled) {
        log_batch_settle(&all, p->request.query.limit, p->request.newer);
        print(p, &all, &p->json);
    }
    log_batch_done(&all);
    logs_forget(p->logs, &p->asking);
    asking_release(&p->asking);
    logs_request_done(&p->request);
    pthread_mutex_destroy(&p->lock);
    loop_post(loop, answer, p);
}

static void on_done(void *arg, unsigned ask)
{
    struct page *p = arg;
    (void)ask;
    pthread_mutex_lock(&p->lock);
    bool last = --p->left == 0;
    pthread_mutex_unlock(&p->lock);
    if (last)
        finish(p);
}

void logs_page(struct logs *l, const struct logs_request *q,
               void (*done)(void *arg, struct str *json), void *arg)
{
    struct page *p = mem_alloc(sizeof *p);
    copy_request(&p->request, q);
    p->logs = l;
    p->done = done;
    p->arg = arg;
    p->begun_ms = clock_mono_ms();
    p->begun_wall_us = clock_wall_ms() * 1000;
    pthread_mutex_init(&p->lock, NULL);
    p->asking = (struct asking){.batch = on_batch, .done = on_done, .arg = p, .who = arg};
    asking_init(&p->asking, &p->request, q->newer ? LOG_MODE_NEWER : LOG_MODE_OLDER);
    p->left = p->asking.n;
    for (unsigned i = 0; i < p->asking.n; i++)
        p->parts[i].whole = true;
    if (!logs_add(l, &p->asking))
        asking_cancel(&p->asking);
    asking_start(&p->asking, l);
}
