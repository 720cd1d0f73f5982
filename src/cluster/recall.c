/* What was known before the restart: since when, and what changed while Hydra was away. */
#include "cluster/model.h"

#include <stdio.h>

enum {
    RECALL_MS = 20 * 1000,    /* so long a service may take to be what it was */
    FORGOTTEN_MS = 60 * 1000, /* what a node that is back does not tell of it has not */
};

void cluster_recall(struct cluster *c, const char *service, enum service_state s, int64_t since_ms)
{
    if (s == STATE_UNKNOWN || s == STATE_WORKING)
        return;
    struct recalled *r = mem_alloc(sizeof *r);
    *r = (struct recalled){.state = s, .since_ms = since_ms};
    mem_free(map_set(&c->recalls, service, r));
}

static void forget(struct cluster *c, const char *id)
{
    mem_free(map_remove(&c->recalls, id));
}

static bool is_ill(enum service_state s)
{
    return s == STATE_DOWN || s == STATE_DEGRADED;
}

/* Well again, down, stopped or started meanwhile. */
static void say_meanwhile(struct cluster *c, struct live_service *s, enum service_state was,
                          struct cluster_now now)
{
    char title[SERVICE_TITLE_SIZE];
    enum service_state is = service_state(s);
    service_title(s, title);
    const char *reason = s->health.told.reason;
    if (is_ill(is) && !is_ill(was))
        feed_say(c, now, is == STATE_DOWN ? "bad" : "warn",
                 is == STATE_DOWN ? "service.down" : "service.degraded", s->node, s,
                 "%s went %s while Hydra was away%s%s", title, service_state_name(is),
                 reason[0] ? ": " : "", reason);
    else if (state_is_well(is) && is_ill(was))
        feed_say(c, now, "ok", "service.healthy", s->node, s, "%s recovered while Hydra was away",
                 title);
    else if (is == STATE_STOPPED && was != STATE_STOPPED)
        feed_say(c, now, "info", "service.stopped", s->node, s,
                 "%s was stopped while Hydra was away", title);
    else if (state_is_well(is) && was == STATE_STOPPED)
        feed_say(c, now, "info", "service.started", s->node, s,
                 "%s was started while Hydra was away", title);
}

bool recall_meet(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    const struct recalled *r = map_get(&c->recalls, s->id);
    enum service_state is = service_state(s);
    if (!r)
        return false;
    struct recalled was = *r;
    bool in_time = now.mono_ms - s->first_mono_ms < RECALL_MS;
    if (!in_time) {
        forget(c, s->id);
        return false;
    }
    if (is == STATE_WORKING || is == STATE_UNKNOWN)
        return true; /* not settled yet */
    if (is == was.state || (state_is_well(is) && state_is_well(was.state))) {
        s->health.since_ms = was.since_ms;
        if (is == was.state)
            forget(c, s->id);
        return true;
    }
    forget(c, s->id);
    say_meanwhile(c, s, was.state, now);
    return true;
}

/* --- services that are not there any more --- */

static void say_missing(struct cluster *c, struct live_node *n, const char *engine,
                        const char *service, enum service_state was, const char *when,
                        struct cluster_now now)
{
    bool ended = str_eq(engine, "process") && state_is_well(was);
    feed_say(c, now, ended ? "warn" : "info", ended ? "service.ended" : "service.removed", n, NULL,
             "%s on %s %s while %s", service + strlen(n->id) + strlen(engine) + 2, n->id,
             ended ? "ended" : "was removed", when);
}

static const char hydra_away[] = "Hydra was away";

/* It stood in the model as its node had told it last. */
static void drop_recalled(struct cluster *c, struct live_service *s, const char *engine,
                          struct cluster_now now)
{
    const struct recalled *was = map_get(&c->recalls, s->id);
    enum service_state state = was ? was->state : s->has_firm ? s->firm : STATE_UNKNOWN;
    if (!s->who.hidden)
        say_missing(c, s->node, engine, s->id, state,
                    was ? hydra_away : "the node was out of reach", now);
    model_drop_service(c, s, now);
}

void recall_missing(struct cluster *c, struct live_node *n, const char *engine,
                    struct cluster_now now)
{
    char prefix[512];
    SERVICES_FOREACH(c, s)
    {
        if (s->recalled && model_is_of(s, n, engine))
            drop_recalled(c, s, engine, now);
    }
    snprintf(prefix, sizeof prefix, "%s/%s/", n->id, engine);
    struct str_list gone = {0};
    MAP_FOREACH (&c->recalls, e) {
        if (str_starts(e->key, prefix) && !model_service(c, e->key))
            str_list_add(&gone, e->key);
    }
    for (size_t i = 0; i < gone.n; i++) {
        const struct recalled *was = map_get(&c->recalls, gone.v[i]);
        say_missing(c, n, engine, gone.v[i], was->state, hydra_away, now);
        history_end(c, gone.v[i], now);
        forget(c, gone.v[i]);
    }
    str_list_done(&gone);
}

/* --- what a node told before the restart --- */

/* One of which it is not known how it was is seen for the first time. */
void recall_over(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    s->recalled = false;
    s->first_mono_ms = now.mono_ms;
    s->health.known = s->has_firm || map_get(&c->recalls, s->id);
    s->row_dirty = c->judge_dirty = true;
}

static bool is_forgetting(const struct live_node *n, struct cluster_now now)
{
    return n->back_mono_ms && now.mono_ms - n->back_mono_ms >= FORGOTTEN_MS;
}

/* What its node says of it counts; how it was before the restart does not. */
static bool is_lost_now(const struct live_source *s)
{
    return s && !s->recalled && s->state != SOURCE_OK;
}

static void drop_sources(struct cluster *c, struct live_node *n, struct cluster_now now)
{
    for (size_t i = n->sources.n; i-- > 0;)
        if (n->sources.v[i].recalled)
            model_drop_source(c, n, i, now);
}

void recall_drop_forgotten(struct cluster *c, struct cluster_now now)
{
    SERVICES_FOREACH(c, s)
    {
        if (s->recalled && is_forgetting(s->node, now) && !is_lost_now(model_source_of(s)))
            model_drop_service(c, s, now);
    }
    NODES_FOREACH(c, n)
    {
        if (is_forgetting(n, now))
            drop_sources(c, n, now);
    }
}
