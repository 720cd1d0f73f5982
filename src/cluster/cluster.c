/* Reports and time come in here. */
#include "cluster/model.h"

#include <math.h>
#include <stdio.h>

static bool set_node_state(struct cluster *c, struct live_node *n, enum node_state state,
                           struct cluster_now now)
{
    if (n->state == state)
        return false;
    n->state = state;
    n->state_since_ms = now.wall_ms;
    n->row_dirty = c->judge_dirty = c->attention_dirty = true;
    return true;
}

static void node_heard(struct cluster *c, struct live_node *n, struct cluster_now now)
{
    enum node_state before = n->state;
    n->seen_mono_ms = now.mono_ms;
    n->seen_wall_ms = now.wall_ms;
    if (set_node_state(c, n, NODE_ONLINE, now) && before == NODE_AWAY)
        feed_say(c, now, "ok", "node.online", n, NULL, "%s is back", n->id);
}

void cluster_node_add(struct cluster *c, const char *node, const char *label,
                      struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    c->now = now;
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
    if (rebooted)
        feed_say(c, now, "info", "node.rebooted", n, NULL, "%s was rebooted", n->id);
    char *address = naming_address(&n->facts->addresses);
    if (mem_set_str(&n->address, address))
        identify_all(c, n); /* links carry the address */
    mem_free(address);
    n->row_dirty = c->attention_dirty = true;
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

/* --- services --- */

static void add_restart(struct live_service *s, int64_t mono)
{
    if (s->n_restart_times == COUNT_OF(s->restart_times)) {
        memmove(s->restart_times, s->restart_times + 1,
                sizeof s->restart_times - sizeof s->restart_times[0]);
        s->n_restart_times--;
    }
    s->restart_times[s->n_restart_times++] = mono;
}

static void say_restart(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    char title[SERVICE_TITLE_SIZE];
    uint32_t n = service_restarts_10min(s, now.mono_ms);
    service_title(s, title);
    if (n < LOOP_RESTARTS)
        feed_say(c, now, "warn", "service.restarted", s->node, s, "%s restarted by itself%s%s",
                 title, s->last_error ? ": " : "", s->last_error ? s->last_error : "");
    else if (n == LOOP_RESTARTS)
        feed_say(c, now, "bad", "service.looping", s->node, s, "%s restarts again and again%s%s",
                 title, s->last_error ? ": " : "", s->last_error ? s->last_error : "");
}

static void keep_last_error(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    const struct observed *o = s->seen;
    bool failed = o->run == RUN_FAILED || o->run == RUN_RESTARTING ||
                  (o->run == RUN_STOPPED && !o->on_purpose) ||
                  (o->run == RUN_STARTING && !str_is_empty(o->why));
    if (!failed)
        return;
    char how[REASON_SIZE];
    struct evidence e = evidence_of(c, s, now);
    judge_ended_how(&e, how, sizeof how);
    if (how[0])
        mem_set_str(&s->last_error, how);
}

static void count_restarts(struct cluster *c, struct live_service *s, uint32_t before,
                           struct cluster_now now)
{
    uint32_t more = s->seen->restarts > before ? s->seen->restarts - before : 0;
    for (uint32_t i = 0; i < more && i < COUNT_OF(s->restart_times); i++)
        add_restart(s, now.mono_ms);
    if (more)
        say_restart(c, s, now);
}

static struct live_service *service_of(struct cluster *c, struct live_node *n, const char *observed,
                                       struct cluster_now now, bool *ret_new)
{
    char *id = mem_printf("%s/%s", n->id, observed);
    struct live_service *s = model_service(c, id);
    *ret_new = !s;
    if (!s)
        s = model_add_service(c, n, id, now);
    mem_free(id);
    return s;
}

static bool same_structure(const struct observed *a, const struct observed *b)
{
    if (a->ports.n != b->ports.n || a->depends_on.n != b->depends_on.n || a->run != b->run ||
        a->labels.n != b->labels.n || !str_eq(a->image, b->image) || !str_eq(a->name, b->name))
        return false;
    for (size_t i = 0; i < a->ports.n; i++)
        if (a->ports.v[i].port != b->ports.v[i].port || a->ports.v[i].pid != b->ports.v[i].pid)
            return false;
    for (size_t i = 0; i < a->depends_on.n; i++)
        if (!str_eq(a->depends_on.v[i], b->depends_on.v[i]))
            return false;
    return str_eq(a->container_id, b->container_id);
}

static void take_service(struct cluster *c, struct live_node *n, struct node_report *r,
                         struct cluster_now now)
{
    bool is_new;
    struct live_service *s = service_of(c, n, r->service->id, now, &is_new);
    struct observed *before = s->seen;
    bool anew = !before || !same_structure(before, r->service);
    bool made_anew = before && !str_eq(before->container_id, r->service->container_id);
    if (!before || before->run != r->service->run)
        s->run_mono_ms = now.mono_ms;
    s->seen = TAKE(r->service);
    s->gone_mono_ms = 0;
    s->stale = false;
    keep_last_error(c, s, now);
    if (anew)
        model_identify(c, s);
    if (before && !made_anew)
        count_restarts(c, s, before->restarts, now);
    s->row_dirty = c->judge_dirty = true;
    observed_free(before);
    if (is_new) {
        const struct live_source *source = model_source_of(s);
        s->came_later = source && source->listed;
    }
}

static void service_gone(struct cluster *c, struct live_node *n, const char *observed,
                         struct cluster_now now)
{
    char *id = mem_printf("%s/%s", n->id, observed);
    struct live_service *s = model_service(c, id);
    mem_free(id);
    if (!s || s->gone_mono_ms)
        return;
    s->gone_mono_ms = now.mono_ms;
    s->cpu = s->memory = (double)NAN;
    c->judge_dirty = true;
}

/* What came while Hydra watches and stayed: not what the first look round found. */
static void say_added(struct cluster *c, struct cluster_now now)
{
    char title[SERVICE_TITLE_SIZE];
    SERVICES_FOREACH(c, s)
    {
        if (s->added_told || s->gone_mono_ms || now.mono_ms - s->first_mono_ms < PASSING_MS)
            continue;
        s->added_told = true;
        if (s->came_later && s->seen && !s->who.hidden)
            feed_say(c, now, "info", "service.added", s->node, s, "%s was added",
                     service_title(s, title));
    }
}

/* A container may be on its way back (recreated); of a process its node is sure. */
static void drop_gone(struct cluster *c, struct cluster_now now)
{
    char title[SERVICE_TITLE_SIZE];
    SERVICES_FOREACH(c, s)
    {
        int64_t grace = s->seen && s->seen->kind == OBSERVED_PROCESS ? 0 : GONE_GRACE_MS;
        if (!s->gone_mono_ms || now.mono_ms - s->gone_mono_ms < grace)
            continue;
        if (s->added_told && !s->who.hidden)
            feed_say(c, now, "info", "service.removed", s->node, NULL, "%s was removed",
                     service_title(s, title));
        model_drop_service(c, s);
    }
}

/* --- sources --- */

/* While a source is lost nothing it told counts as fresh; what it does not tell again by the end of
 * its next list has gone. */
static void mark_stale(struct cluster *c, struct live_node *n, const char *source)
{
    SERVICES_FOREACH(c, s)
    {
        if (model_is_of(s, n, source))
            s->stale = true;
    }
}

static void end_list(struct cluster *c, struct live_node *n, struct live_source *source,
                     struct cluster_now now)
{
    SERVICES_FOREACH(c, s)
    {
        if (model_is_of(s, n, source->name) && s->stale && !s->gone_mono_ms)
            service_gone(c, n, s->id + strlen(n->id) + 1, now);
    }
    recall_missing(c, n, source->name, now);
    source->listed = true;
}

static void say_source(struct cluster *c, struct live_node *n, const struct live_source *s,
                       enum source_state before, struct cluster_now now)
{
    if (!s->listed)
        return;
    if (before == SOURCE_OK && s->state != SOURCE_OK)
        feed_say(c, now, "warn", "source.lost", n, NULL, "%s on %s can't be asked%s%s", s->name,
                 n->id, s->text ? ": " : "", s->text ? s->text : "");
    else if (before != SOURCE_OK && s->state == SOURCE_OK)
        feed_say(c, now, "ok", "source.back", n, NULL, "%s on %s answers again", s->name, n->id);
}

static void take_source(struct cluster *c, struct live_node *n, const struct source_report *r,
                        struct cluster_now now)
{
    struct live_source *s = model_source(n, r->name);
    if (!s) {
        s = vec_add(&n->sources);
        *s = (struct live_source){
            .name = mem_strdup(r->name), .state = r->state, .since_ms = now.wall_ms};
    }
    enum source_state before = s->state;
    s->state = r->state;
    mem_set_str(&s->text, r->text);
    mem_set_str(&s->hint, r->hint);
    if (before != r->state) {
        s->since_ms = now.wall_ms;
        say_source(c, n, s, before, now);
        if (r->state != SOURCE_OK)
            mark_stale(c, n, r->name);
    }
    if (r->services_complete)
        end_list(c, n, s, now);
    n->row_dirty = c->judge_dirty = c->attention_dirty = true;
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

static void take_check(struct cluster *c, const struct check_result *r)
{
    struct live_service *s = model_service(c, r->service);
    if (!s)
        return;
    checks_result(s, r);
    c->judge_dirty = c->checks_dirty = true;
}

static void take(struct cluster *c, struct live_node *n, struct node_report *r,
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
        take_service(c, n, r, now);
        return;
    case REPORT_SERVICE_GONE:
        service_gone(c, n, r->gone, now);
        return;
    case REPORT_PROCESSES:
        take_processes(n, r);
        return;
    case REPORT_SOURCE:
        take_source(c, n, r->source, now);
        return;
    case REPORT_CHECK:
        take_check(c, r->check);
        return;
    }
}

void cluster_report(struct cluster *c, const char *node, struct node_report *r,
                    struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    c->now = now;
    if (n) {
        node_heard(c, n, now);
        take(c, n, r, now);
        if (c->judge_dirty)
            settle(c, now);
    }
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
    c->now = now;
    forgive_gap(c, now);
    NODES_FOREACH(c, n)
    {
        watch_node(c, n, now);
    }
    say_added(c, now);
    drop_gone(c, now);
    c->judge_dirty = true; /* what takes its time: slow starts, loops, flapping */
    settle(c, now);
    publish_rows(c, now, true);
    publish_snapshot(c, now);
}

/* --- what people define --- */

void cluster_set_record(struct cluster *c, const struct service_record *r, struct cluster_now now)
{
    c->now = now;
    record_free(map_set(&c->records, r->id, record_copy(r)));
    struct live_service *s = model_service(c, r->id);
    if (!s && !r->manual)
        return; /* applies once it is discovered */
    if (!s)
        s = model_add_service(c, NULL, r->id, now);
    record_free(s->record);
    s->record = record_copy(r);
    model_identify(c, s);
    settle(c, now);
}

void cluster_drop_record(struct cluster *c, const char *id, struct cluster_now now)
{
    c->now = now;
    record_free(map_remove(&c->records, id));
    struct live_service *s = model_service(c, id);
    if (!s)
        return;
    record_free(s->record);
    s->record = NULL;
    if (s->seen)
        model_identify(c, s);
    else
        model_drop_service(c, s);
    settle(c, now);
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
    c->now = now;
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
