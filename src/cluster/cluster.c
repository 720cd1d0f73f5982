/* Reports and time come in here. */
#include "cluster/model.h"

#include <math.h>
#include <stdio.h>

static bool set_node_state(struct cluster *c, struct live_node *n, enum node_state state,
                           struct cluster_now now)
{
    if (n->state == state)
        return false;
    if (state == NODE_AWAY || n->state == NODE_AWAY)
        told_changed(n, now);
    n->told.at_once |= state == NODE_AWAY;
    n->state = state;
    n->state_since_ms = now.wall_ms;
    n->row_dirty = c->judge_dirty = c->attention_dirty = true;
    return true;
}

void node_set_state(struct cluster *c, struct live_node *n, enum node_state state,
                    struct cluster_now now)
{
    (void)set_node_state(c, n, state, now);
}

static void node_heard(struct cluster *c, struct live_node *n, struct cluster_now now)
{
    enum node_state before = n->state;
    n->seen_mono_ms = now.mono_ms;
    n->seen_wall_ms = now.wall_ms;
    if (n->recalled)
        n->back_mono_ms = now.mono_ms;
    n->recalled = false;
    if (set_node_state(c, n, NODE_ONLINE, now) && before == NODE_AWAY)
        feed_say(c, now, "ok", "node.online", n, NULL, "%s is back", n->id);
}

void cluster_node_add(struct cluster *c, const char *node, const char *label,
                      struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    model_enter(c, now);
    if (!n) {
        n = mem_alloc(sizeof *n);
        n->id = mem_strdup(node);
        n->added_mono_ms = n->seen_mono_ms = now.mono_ms;
        n->seen_wall_ms = n->state_since_ms = now.wall_ms;
        map_set(&c->nodes, node, n);
        c->home = c->home ? c->home : n;
    }
    mem_set_str(&n->label, label);
    n->row_dirty = c->judge_dirty = c->checks_dirty = true;
    settle(c, now);
}

static bool is_same_agent(const struct node_agent *a, const struct node_agent *b)
{
    return a->remote == b->remote && str_eq(a->version, b->version) &&
           str_eq(a->address, b->address) && a->enrolled_ms == b->enrolled_ms &&
           a->certificate_until_ms == b->certificate_until_ms &&
           a->connected_ms == b->connected_ms && str_eq(a->upgrade, b->upgrade) &&
           str_eq(a->upgrade_obstacle, b->upgrade_obstacle);
}

const char *cluster_node_arch(const struct cluster *c, const char *node)
{
    const struct live_node *n = model_node((struct cluster *)c, node);
    return n && n->facts && n->facts->arch ? n->facts->arch : "";
}

const char *cluster_node_address(const struct cluster *c, const char *node)
{
    const struct live_node *n = model_node((struct cluster *)c, node);
    return n && n->address ? n->address : n && *n->agent.address ? n->agent.address : NULL;
}

void cluster_node_agent(struct cluster *c, const char *node, const struct node_agent *a,
                        struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    model_enter(c, now);
    if (!n || is_same_agent(&n->agent, a))
        return;
    if (n->agent.connected_ms && a->connected_ms != n->agent.connected_ms)
        n->unheard_from_ms = n->seen_wall_ms;
    n->agent = *a;
    n->row_dirty = true;
    settle(c, now);
}

void cluster_node_remove(struct cluster *c, const char *node, struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    model_enter(c, now);
    if (!n || n == c->home)
        return;
    SERVICES_FOREACH(c, s)
    {
        if (s->node == n)
            model_drop_service(c, s, now);
    }
    feed_say(c, now, "info", "node.removed", n, NULL, "%s was removed", n->id);
    model_drop_node(c, n);
    settle(c, now);
}

/* --- facts and numbers --- */

static void free_facts(struct node_facts *f)
{
    struct node_report r = {.kind = REPORT_FACTS, .facts = f};
    if (f)
        node_report_free(&r);
}

static void identify_all(struct cluster *c, const struct live_node *n)
{
    SERVICES_FOREACH(c, s)
    {
        if (s->node == n)
            model_identify(c, s);
    }
}

static void take_facts(struct cluster *c, struct live_node *n, struct node_report *r,
                       struct cluster_now now)
{
    bool rebooted = n->facts && n->facts->boot_id && r->facts->boot_id &&
                    !str_eq(n->facts->boot_id, r->facts->boot_id);
    free_facts(n->facts);
    n->facts = TAKE(r->facts);
    wake_learn(n, &n->facts->macs, &n->facts->addresses);
    if (rebooted)
        feed_say(c, now, "info", "node.rebooted", n, NULL, "%s was rebooted", n->id);
    char *address = naming_address(&n->facts->addresses);
    if (mem_set_str(&n->address, address))
        identify_all(c, n); /* links carry the address */
    mem_free(address);
    n->row_dirty = c->attention_dirty = true;
    told_changed(n, now);
}

/* CPU and memory of services, from the node's series. */
static void take_usage(struct cluster *c, struct live_node *n)
{
    char id[512];
    for (size_t i = 0; i < n->numbers.entities[ENTITY_SERVICE].n; i++) {
        const struct entity *e = &n->numbers.entities[ENTITY_SERVICE].v[i];
        snprintf(id, sizeof id, "%s/%s", n->id, e->key);
        struct live_service *s = model_service(c, id);
        if (!s)
            continue;
        s->cpu = numbers_rate(&n->numbers, e, SERVICE_CPU) * 100;
        s->memory = numbers_value(&n->numbers, e, SERVICE_MEMORY);
    }
}

static void take_frame(struct cluster *c, struct live_node *n, struct node_report *r,
                       struct cluster_now now)
{
    numbers_feed(&n->numbers, TAKE(r->frame));
    take_usage(c, n);
    publish_frame(c, n, now);
}

/* --- the rest --- */

static void take_processes(struct live_node *n, struct node_report *r)
{
    if (n->processes) {
        struct node_report old = {.kind = REPORT_PROCESSES, .processes = n->processes};
        node_report_free(&old);
    }
    n->processes = TAKE(r->processes);
}

/* Only the node that was asked for it may tell. */
static void take_check(struct cluster *c, const struct live_node *n, const struct check_result *r)
{
    struct live_service *s = model_service(c, r->service);
    if (!s || n != (s->node ? s->node : c->home))
        return;
    checks_result(s, r);
    c->judge_dirty = c->checks_dirty = true;
}

void node_take(struct cluster *c, struct live_node *n, struct node_report *r,
               struct cluster_now now)
{
    switch (r->kind) {
    case REPORT_FACTS:
        take_facts(c, n, r, now);
        return;
    case REPORT_SERIES:
        if (numbers_announce(&n->numbers, r->series) < 0)
            return; /* out of order: what they describe stays unknown */
        return;
    case REPORT_FRAME:
        take_frame(c, n, r, now);
        return;
    case REPORT_SERVICE:
        report_take_service(c, n, r, now);
        return;
    case REPORT_SERVICE_GONE:
        report_service_gone(c, n, r->gone, now);
        return;
    case REPORT_PROCESSES:
        take_processes(n, r);
        return;
    case REPORT_SOURCE:
        report_take_source(c, n, r->source, now);
        return;
    case REPORT_CHECK:
        take_check(c, n, r->check);
        return;
    case REPORT_OUTCOME: /* of the jobs: not for here */
    case REPORT_POLICY:
    case REPORT_LOCAL: /* of the audit log */
        return;
    }
}

void cluster_report(struct cluster *c, const char *node, struct node_report *r,
                    struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    model_enter(c, now);
    if (n) {
        node_heard(c, n, now);
        node_take(c, n, r, now);
        if (c->judge_dirty)
            settle(c, now);
    }
    node_report_free(r);
}

void cluster_report_late(struct cluster *c, const char *node, struct node_report *r,
                         struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    model_enter(c, now);
    if (n && r->kind == REPORT_FRAME)
        numbers_feed_past(&n->numbers, TAKE(r->frame));
    else if (n && r->kind == REPORT_SERVICE)
        report_past_service(c, n, r->service, now);
    node_report_free(r);
}

/* Time in which this loop itself stood still (suspend, a debugger) is no silence of the nodes. */
static void forgive_gap(struct cluster *c, struct cluster_now now)
{
    enum { TICK_GAP_MS = 3000 };
    int64_t gap = c->tick_mono_ms ? now.mono_ms - c->tick_mono_ms : 0;
    c->tick_mono_ms = now.mono_ms;
    if (gap < TICK_GAP_MS)
        return;
    NODES_FOREACH(c, n)
    {
        n->seen_mono_ms += gap;
        if (n->seen_mono_ms > now.mono_ms)
            n->seen_mono_ms = now.mono_ms;
    }
}

static void watch_node(struct cluster *c, struct live_node *n, struct cluster_now now)
{
    int64_t silent = now.mono_ms - n->seen_mono_ms;
    if (silent >= AWAY_MS) {
        if (set_node_state(c, n, NODE_AWAY, now))
            feed_say(c, now, "bad", "node.away", n, NULL, "%s has not been heard from", n->id);
    } else if (silent >= LATE_MS) {
        set_node_state(c, n, NODE_LATE, now);
    }
}

void cluster_tick(struct cluster *c, struct cluster_now now)
{
    model_enter(c, now);
    forgive_gap(c, now);
    NODES_FOREACH(c, n)
    {
        watch_node(c, n, now);
    }
    report_say_added(c, now);
    report_drop_gone(c, now);
    recall_drop_forgotten(c, now);
    c->judge_dirty = true; /* what takes its time: slow starts, loops, flapping */
    settle(c, now);
    publish_rows(c, now, true);
    publish_snapshot(c, now);
}

/* --- what people define --- */

/* What a person changed is told at once: who reads after the answer sees it. */
static void settle_now(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    s->sent_mono_ms = now.mono_ms - EVENT_GAP_MS;
    settle(c, now);
}

void cluster_set_record(struct cluster *c, const struct service_record *r, struct cluster_now now)
{
    model_enter(c, now);
    record_free(map_set(&c->records, r->id, record_copy(r)));
    struct live_service *s = model_service(c, r->id);
    if (!s && !r->manual)
        return; /* applies once it is discovered */
    if (!s)
        s = model_add_service(c, NULL, r->id, now);
    record_free(s->record);
    s->record = record_copy(r);
    model_identify(c, s);
    settle_now(c, s, now);
}

void cluster_drop_record(struct cluster *c, const char *id, struct cluster_now now)
{
    model_enter(c, now);
    record_free(map_remove(&c->records, id));
    struct live_service *s = model_service(c, id);
    if (!s)
        return;
    record_free(s->record);
    s->record = NULL;
    if (s->seen) {
        model_identify(c, s);
        settle_now(c, s, now);
    } else {
        model_drop_service(c, s, now);
        settle(c, now);
    }
}

static void free_notice(struct notice *n)
{
    if (!n)
        return;
    mem_free(n->severity);
    mem_free(n->text);
    mem_free(n->hint);
    mem_free(n);
}

void cluster_set_notice(struct cluster *c, const char *key, const char *severity, const char *text,
                        const char *hint, struct cluster_now now)
{
    model_enter(c, now);
    const struct notice *before = map_get(&c->notices, key);
    int64_t since = before ? before->since_ms : now.wall_ms;
    struct notice *n = NULL;
    if (text) {
        n = mem_alloc(sizeof *n);
        *n = (struct notice){mem_strdup(severity), mem_strdup(text), mem_strdup(hint), since};
    }
    free_notice(n ? map_set(&c->notices, key, n) : map_remove(&c->notices, key));
    c->attention_dirty = true;
    settle(c, now);
}

bool cluster_has_service(struct cluster *c, const char *id)
{
    return model_service(c, id) != NULL;
}
