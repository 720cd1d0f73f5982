/* After something changed: judge all, tell what is different, refresh what is derived. */
#include "cluster/model.h"

static void keep_firm(struct live_service *s)
{
    enum service_state state = service_state(s);
    if (state == STATE_WORKING || state == STATE_UNKNOWN)
        return;
    s->firm = state;
    s->firm_since_ms = s->health.since_ms;
    s->has_firm = true;
}

/* What was so when first seen did not happen now. */
static void state_changed(struct cluster *c, struct live_service *s, bool was_seen,
                          struct cluster_now now)
{
    if (s->recalled) { /* no news, and no past of its own: nobody watches it */
        s->health.since_ms = s->node->seen_wall_ms;
        return;
    }
    bool recalled = recall_meet(c, s, now);
    if (!recalled && was_seen)
        feed_state(c, s, s->has_firm ? s->firm : STATE_UNKNOWN, s->firm_since_ms, now);
    keep_firm(s);
    history_add(c, s, recalled ? now.wall_ms : s->health.since_ms);
    c->attention_dirty = true;
    if (s->node)
        s->node->row_dirty = true;
}

static void tell(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    const struct live_service *cause = s->cause;
    struct judgement j = depend_judge(s);
    bool known = s->health.known;
    enum service_state from;
    if (s->cause != cause)
        s->row_dirty = c->attention_dirty = true;
    if (!health_feed(&s->health, &j, now, &from))
        return;
    s->row_dirty = c->attention_dirty = true;
    if (!known || from != service_state(s)) {
        state_changed(c, s, known, now);
    } else if (!s->recalled) {
        history_add_reason(c, s);
    }
}

static void count_all(struct cluster *c)
{
    NODES_FOREACH(c, n)
    {
        n->n_services = n->n_bad = 0;
    }
    SERVICES_FOREACH(c, s)
    {
        s->n_broken = 0;
    }
    SERVICES_FOREACH(c, s)
    {
        if (s->cause && !s->who.hidden)
            s->cause->n_broken++;
        if (!s->node || s->who.hidden)
            continue;
        s->node->n_services++;
        s->node->n_bad += service_is_problem(s);
    }
}

bool node_is_settling(const struct live_node *n, int64_t mono)
{
    if (n->state == NODE_AWAY || mono - n->added_mono_ms >= SETTLING_MS)
        return false;
    bool listed = false;
    for (size_t i = 0; i < n->sources.n; i++)
        listed |= n->sources.v[i].listed;
    return !listed || !n->facts;
}

static void judge_all(struct cluster *c, struct cluster_now now)
{
    c->judge_dirty = false;
    SERVICES_FOREACH(c, s)
    {
        struct evidence e = evidence_of(c, s, now);
        judge(&e, &s->base);
    }
    SERVICES_FOREACH(c, s)
    {
        tell(c, s, now);
    }
    count_all(c);
}

static void rebuild_structure(struct cluster *c, struct cluster_now now)
{
    if (!c->structure_dirty ||
        (c->structure_mono_ms && now.mono_ms - c->structure_mono_ms < STRUCTURE_GAP_MS))
        return;
    c->structure_dirty = false;
    c->structure_mono_ms = now.mono_ms;
    depend_rebuild(c);
    warn_rebuild(c);
    c->judge_dirty = c->attention_dirty = true;
}

void settle(struct cluster *c, struct cluster_now now)
{
    rebuild_structure(c, now);
    if (c->judge_dirty)
        judge_all(c, now);
    if (c->checks_dirty)
        checks_order(c);
    attention_update(c, now);
    sentence_update(c, now);
    publish_rows(c, now, false);
}
