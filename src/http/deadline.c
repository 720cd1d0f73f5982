#include "http/deadline.h"

static void on_timer(uv_timer_t *timer);

static void free_timer(uv_handle_t *timer)
{
    mem_free(timer);
}

void deadlines_init(struct deadlines *d, struct loop *loop, deadline_fn *expired)
{
    for (unsigned kind = 0; kind < DEADLINE_KIND_COUNT; kind++)
        d->lists[kind].prev = d->lists[kind].next = &d->lists[kind];
    d->expired = expired;
    d->timer = mem_alloc(sizeof *d->timer);
    uv_timer_init(loop_uv(loop), d->timer);
    d->timer->data = d;
}

void deadlines_done(struct deadlines *d)
{
    if (d->timer)
        uv_close((uv_handle_t *)d->timer, free_timer);
    d->timer = NULL;
}

static void arm(struct deadlines *d, uint64_t when)
{
    uint64_t now = uv_now(d->timer->loop);
    d->armed_for = when;
    uv_timer_start(d->timer, on_timer, when > now ? when - now : 0, 0);
}

static void unlink_deadline(struct deadline *x)
{
    x->prev->next = x->next;
    x->next->prev = x->prev;
}

void deadline_clear(struct deadline *x)
{
    if (x->kind == DEADLINE_NONE)
        return;
    unlink_deadline(x);
    x->kind = DEADLINE_NONE;
}

void deadline_set(struct deadlines *d, struct deadline *x, enum deadline_kind kind)
{
    struct deadline *list = &d->lists[kind];
    if (x->kind != DEADLINE_NONE)
        unlink_deadline(x);
    x->kind = kind;
    x->expires = uv_now(d->timer->loop) + d->ms[kind];
    x->prev = list->prev;
    x->next = list;
    x->prev->next = list->prev = x;
    if (!d->armed_for || x->expires < d->armed_for)
        arm(d, x->expires);
}

static void expire(struct deadlines *d, struct deadline *list, uint64_t now)
{
    struct deadline *x;
    while ((x = list->next) != list && x->expires <= now) {
        enum deadline_kind kind = x->kind;
        deadline_clear(x);
        d->expired(x, kind);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct deadlines *d = timer->data;
    uint64_t next = 0, now = uv_now(timer->loop);
    for (unsigned kind = 1; kind < DEADLINE_KIND_COUNT; kind++)
        expire(d, &d->lists[kind], now);
    for (unsigned kind = 1; kind < DEADLINE_KIND_COUNT; kind++) {
        const struct deadline *first = d->lists[kind].next;
        if (first != &d->lists[kind] && (!next || first->expires < next))
            next = first->expires;
    }
    d->armed_for = 0;
    if (next)
        arm(d, next);
}
