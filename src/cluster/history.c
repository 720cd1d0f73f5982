/* What each service was, as stretches of time: kept while it lives, recalled after a restart. Where
 * one stretch ends before the next begins, nobody watched. */
#include "cluster/model.h"

#include <math.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, LEAST_KNOWN_MS = 60 * 1000 };

static void close_last(struct history *h, int64_t now_wall)
{
    struct past_state *last = h->n ? &h->v[h->n - 1] : NULL;
    if (last && !last->to_ms)
        last->to_ms = now_wall > last->from_ms ? now_wall : last->from_ms;
}

static void add(struct history *h, enum service_state state, int64_t from_ms, const char *reason)
{
    close_last(h, from_ms);
    if (h->n >= LIMIT_HISTORY) {
        mem_free(h->v[0].reason);
        vec_remove_at(h, 0);
    }
    *vec_add(h) = (struct past_state){.from_ms = from_ms,
                                      .state = state,
                                      .reason = str_is_empty(reason) ? NULL : mem_strdup(reason)};
}

void history_done(struct history *h)
{
    for (size_t i = 0; i < h->n; i++)
        mem_free(h->v[i].reason);
    vec_done(h);
}

static void remember(struct cluster *c, const struct live_service *s)
{
    const struct past_state *last = &s->history.v[s->history.n - 1];
    if (c->hooks.remember)
        c->hooks.remember(c->hooks.arg, &(struct state_note){.service = s->id,
                                                             .state = last->state,
                                                             .since_ms = s->health.since_ms,
                                                             .from_ms = last->from_ms,
                                                             .reason = last->reason});
}

void history_add(struct cluster *c, struct live_service *s, int64_t from_ms)
{
    add(&s->history, service_state(s), from_ms, s->health.told.reason);
    remember(c, s);
}

void history_add_reason(struct cluster *c, struct live_service *s)
{
    struct past_state *last = s->history.n ? &s->history.v[s->history.n - 1] : NULL;
    if (!last || last->reason || !s->health.told.reason[0])
        return;
    last->reason = mem_strdup(s->health.told.reason);
    remember(c, s);
}

int64_t past_state_end(const struct past_state *p, int64_t now_wall)
{
    if (p->to_ms)
        return p->to_ms;
    return now_wall > p->from_ms ? now_wall : p->from_ms; /* the clock may have been set back */
}

double history_uptime(const struct history *h, int64_t now_wall)
{
    double known = 0, up = 0;
    for (size_t i = 0; i < h->n; i++) {
        const struct past_state *p = &h->v[i];
        int64_t from = p->from_ms > now_wall - DAY_MS ? p->from_ms : now_wall - DAY_MS;
        int64_t to = past_state_end(p, now_wall);
        if (to <= from || p->state == STATE_UNKNOWN || p->state == STATE_STOPPED)
            continue;
        known += (double)(to - from);
        up += p->state == STATE_DOWN ? 0 : (double)(to - from);
    }
    return known >= LEAST_KNOWN_MS ? 100 * up / known : (double)NAN;
}

/* --- after a restart --- */

void history_free(void *h)
{
    if (!h)
        return;
    history_done(h);
    mem_free(h);
}

void cluster_recall_history(struct cluster *c, const struct state_note *note)
{
    struct history *h = map_get(&c->pasts, note->service);
    if (!h) {
        h = mem_alloc(sizeof *h);
        map_set(&c->pasts, note->service, h);
    }
    if (note->unwatched)
        close_last(h, note->from_ms);
    else
        add(h, note->state, note->from_ms, note->reason);
}

void cluster_recall_end(struct cluster *c, int64_t watched_until_ms)
{
    MAP_FOREACH (&c->pasts, e) {
        close_last(e->value, watched_until_ms);
    }
}

void history_recall(struct cluster *c, struct live_service *s)
{
    struct history *h = map_remove(&c->pasts, s->id);
    if (!h)
        return;
    s->history = *h;
    mem_free(h);
}

void history_end(struct cluster *c, const char *service, struct cluster_now now)
{
    history_free(map_remove(&c->pasts, service));
    if (c->hooks.remember)
        c->hooks.remember(c->hooks.arg, &(struct state_note){.service = service,
                                                             .state = STATE_UNKNOWN,
                                                             .since_ms = now.wall_ms,
                                                             .from_ms = now.wall_ms,
                                                             .gone = true});
}
