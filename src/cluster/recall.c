/* What was known before the restart: since when, and what changed while Hydra was away. */
#include "cluster/model.h"

#include <stdio.h>

enum { RECALL_MS = 20 * 1000 }; /* so long a service may take to be what it was */

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

void recall_missing(struct cluster *c, struct live_node *n, const char *engine,
                    struct cluster_now now)
{
    char prefix[512];
    snprintf(prefix, sizeof prefix, "%s/%s/", n->id, engine);
    struct str_list gone = {0};
    MAP_FOREACH (&c->recalls, e) {
        if (str_starts(e->key, prefix) && !model_service(c, e->key))
            str_list_add(&gone, e->key);
    }
    for (size_t i = 0; i < gone.n; i++) {
        const struct recalled *was = map_get(&c->recalls, gone.v[i]);
        bool ended = str_eq(engine, "process") && state_is_well(was->state);
        feed_say(c, now, ended ? "warn" : "info", ended ? "service.ended" : "service.removed", n,
                 NULL,
                 ended ? "%s on %s ended while Hydra was away"
                       : "%s on %s was removed while Hydra was away",
                 gone.v[i] + strlen(prefix), n->id);
        history_end(c, gone.v[i], now);
        forget(c, gone.v[i]);
    }
    str_list_done(&gone);
}
