/* Another host, asked from this machine. Sends packets, so one at a time. */
#include "node/inspect-private.h"
#include "node/reach.h"

struct question {
    struct reach_order order;
    struct reach *reach;
};

static void on_done(void *arg, int code, const char *text, const struct reach_answer *a)
{
    struct inspect *i = arg;
    struct question *q = i->state;
    AUTO(str_done) struct str out = {0};
    struct jw w = jw_begin(&out);
    if (code < 0) {
        inspect_fail(i, code, "%s", text);
        return;
    }
    reach_print(&q->order, a, &w);
    inspect_answer(i, &out);
}

static void start(struct inspect *i)
{
    struct err e = {0};
    struct question *q = i->state = mem_alloc(sizeof *q);
    int r = reach_order_parse(i->q.target, i->q.argument, &e, &q->order);
    if (r < 0)
        inspect_fail(i, r, "%s", e.text);
    else
        q->reach = reach_start(i->node->loop, &q->order, on_done, i);
}

static void stop(struct inspect *i)
{
    struct question *q = i->state;
    reach_free(q->reach);
    mem_free(q);
}

const struct inspect_ops reach_inspect = {.at_once = 1, .start = start, .stop = stop};
