/* What a node tells of its services and of the sources it has them from. */
#include "cluster/model.h"

#include <math.h>

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

/* --- what is too much --- */

static const char limits[] = "limits"; /* a source of ours: what was left out of a node's words */

static void say_limit(struct cluster *c, struct live_node *n, enum source_state state,
                      const char *text, struct cluster_now now)
{
    struct live_source *s = model_source(n, limits);
    if (!s && state == SOURCE_OK)
        return;
    if (!s) {
        s = vec_add(&n->sources);
        *s = (struct live_source){
            .name = mem_strdup(limits), .state = SOURCE_OK, .since_ms = now.wall_ms};
    }
    s->recalled = false;
    if (s->state == state)
        return;
    s->state = state;
    s->since_ms = now.wall_ms;
    mem_set_str(&s->text, text);
    n->row_dirty = c->attention_dirty = true;
}

/* --- services --- */

/* NULL: the node has too many. */
static struct live_service *service_of(struct cluster *c, struct live_node *n, const char *observed,
                                       struct cluster_now now, bool *ret_new)
{
    char *id = mem_printf("%s/%s", n->id, observed);
    struct live_service *s = model_service(c, id);
    *ret_new = !s;
    if (!s && n->n_held >= LIMIT_NODE_SERVICES)
        say_limit(c, n, SOURCE_FAILED,
                  "Too many services: the first 4000 are kept, further ones are left out.", now);
    else if (!s)
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

void report_take_service(struct cluster *c, struct live_node *n, struct node_report *r,
                         struct cluster_now now)
{
    bool is_new;
    struct live_service *s = service_of(c, n, r->service->id, now, &is_new);
    if (!s)
        return;
    bool recalled = s->recalled;
    if (recalled)
        recall_over(c, s, now);
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
    if (before && !made_anew && !recalled)
        count_restarts(c, s, before->restarts, now);
    s->row_dirty = c->judge_dirty = true;
    told_changed(n, now);
    observed_free(before);
    if (is_new) {
        const struct live_source *source = model_source_of(s);
        s->came_later = source && source->listed;
    }
}

void report_service_gone(struct cluster *c, struct live_node *n, const char *observed,
                         struct cluster_now now)
{
    char *id = mem_printf("%s/%s", n->id, observed);
    struct live_service *s = model_service(c, id);
    mem_free(id);
    if (!s || s->gone_mono_ms)
        return;
    s->gone_mono_ms = now.mono_ms;
    s->cpu = s->memory = (double)NAN;
    told_changed(n, now);
    c->judge_dirty = true;
}

/* What came while Hydra watches and stayed: not what the first look round found. */
void report_say_added(struct cluster *c, struct cluster_now now)
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
void report_drop_gone(struct cluster *c, struct cluster_now now)
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
        model_drop_service(c, s, now);
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
    recall_missing(c, n, source->name, now);
    SERVICES_FOREACH(c, s)
    {
        if (model_is_of(s, n, source->name) && s->stale && !s->gone_mono_ms)
            report_service_gone(c, n, s->id + strlen(n->id) + 1, now);
    }
    if (n->n_held < LIMIT_NODE_SERVICES && n->sources.n <= LIMIT_NODE_SOURCES)
        say_limit(c, n, SOURCE_OK, NULL, now);
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

void report_take_source(struct cluster *c, struct live_node *n, const struct source_report *r,
                        struct cluster_now now)
{
    struct live_source *s = model_source(n, r->name);
    if (!s && n->sources.n >= LIMIT_NODE_SOURCES) {
        say_limit(c, n, SOURCE_FAILED,
                  "Too many sources: the first 64 are kept, further ones are left out.", now);
        return;
    }
    if (!s) {
        s = vec_add(&n->sources);
        *s = (struct live_source){
            .name = mem_strdup(r->name), .state = r->state, .since_ms = now.wall_ms};
    }
    enum source_state before = s->state;
    if (before != r->state)
        told_changed(n, now);
    s->recalled = false;
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
