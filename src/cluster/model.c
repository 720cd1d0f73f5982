/* Making, finding and dropping what the model holds. */
#include "cluster/model.h"

#include <math.h>
#include <stdio.h>

struct live_node *model_node(struct cluster *c, const char *id)
{
    return map_get(&c->nodes, id);
}

struct live_service *model_service(struct cluster *c, const char *id)
{
    return map_get(&c->services, id);
}

struct live_source *model_source(struct live_node *n, const char *name)
{
    for (size_t i = 0; i < n->sources.n; i++)
        if (str_eq(n->sources.v[i].name, name))
            return &n->sources.v[i];
    return NULL;
}

struct live_source *model_source_of(const struct live_service *s)
{
    for (size_t i = 0; s->node && i < s->node->sources.n; i++)
        if (model_is_of(s, s->node, s->node->sources.v[i].name))
            return &s->node->sources.v[i];
    return NULL;
}

bool model_is_of(const struct live_service *s, const struct live_node *n, const char *source)
{
    if (s->node != n || !s->seen)
        return false;
    const char *word = s->id + strlen(n->id) + 1;
    size_t len = strlen(source);
    return !strncmp(word, source, len) && word[len] == '/';
}

void check_track_done(struct check_track *t)
{
    check_spec_done(&t->spec);
    mem_free(t->text);
    *t = (struct check_track){0};
}

static void free_service(void *p)
{
    struct live_service *s = p;
    mem_free(s->id);
    observed_free(s->seen);
    record_free(s->record);
    identity_done(&s->who);
    check_track_done(&s->check);
    mem_free(s->last_error);
    mem_free(s->check_asks);
    mem_free(s->needs.v);
    mem_free(s->needed_by.v);
    warnings_clear(s);
    history_done(&s->history);
    str_done(&s->row);
    str_done(&s->sent);
    mem_free(s);
}

static void free_facts(struct node_facts *f)
{
    struct node_report r = {.kind = REPORT_FACTS, .facts = f};
    node_report_free(&r);
}

static void free_processes(struct process_table *t)
{
    struct node_report r = {.kind = REPORT_PROCESSES, .processes = t};
    node_report_free(&r);
}

static void source_done(struct live_source *s)
{
    mem_free(s->name);
    mem_free(s->text);
    mem_free(s->hint);
}

static void free_node(void *p)
{
    struct live_node *n = p;
    mem_free(n->id);
    mem_free(n->label);
    str_list_done(&n->macs);
    str_list_done(&n->addresses);
    if (n->facts)
        free_facts(n->facts);
    for (size_t i = 0; i < n->sources.n; i++)
        source_done(&n->sources.v[i]);
    vec_done(&n->sources);
    numbers_done(&n->numbers);
    if (n->processes)
        free_processes(n->processes);
    mem_free(n->address);
    mem_free(n->specs_text);
    str_done(&n->row);
    str_done(&n->sent);
    mem_free(n);
}

static void free_notice(void *p)
{
    struct notice *n = p;
    mem_free(n->severity);
    mem_free(n->text);
    mem_free(n->hint);
    mem_free(n);
}

static void free_record(void *p)
{
    record_free(p);
}

struct cluster *cluster_new(struct event_log *log, const struct cluster_hooks *hooks)
{
    struct cluster *c = mem_alloc(sizeof *c);
    c->log = log;
    if (hooks)
        c->hooks = *hooks;
    pthread_mutex_init(&c->snapshot_lock, NULL);
    str_add(&c->attention, "[]");
    return c;
}

void cluster_free(struct cluster *c)
{
    if (!c)
        return;
    map_done(&c->services, free_service);
    map_done(&c->nodes, free_node);
    map_done(&c->records, free_record);
    map_done(&c->recalls, mem_free);
    map_done(&c->pasts, history_free);
    map_done(&c->notices, free_notice);
    map_done(&c->attention_since, mem_free);
    mem_free(c->attention_worst);
    for (size_t i = 0; i < c->feed.n; i++)
        feed_done(&c->feed.v[i]);
    vec_done(&c->feed);
    mem_free(c->verdict.sentence);
    mem_free(c->verdict.detail);
    str_done(&c->attention);
    buf_unref(c->overview);
    buf_unref(c->snapshot.full);
    pthread_mutex_destroy(&c->snapshot_lock);
    mem_free(c);
}

void model_enter(struct cluster *c, struct cluster_now now)
{
    c->now = now;
    c->round++;
}

uint64_t cluster_round(const struct cluster *c)
{
    return c->round;
}

static void forget_service(struct cluster *c, const struct live_service *gone)
{
    SERVICES_FOREACH(c, s)
    {
        if (s->cause == gone)
            s->cause = NULL;
        s->needs.n = s->needed_by.n = 0; /* rebuilt with the structure */
    }
    c->structure_dirty = c->judge_dirty = c->checks_dirty = true;
    c->structure_mono_ms = 0;
}

void model_drop_service(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    jw_object(&w);
    jw_key_str(&w, "id", s->id);
    jw_end_object(&w);
    publish(c, EVENT_CLASS_STATE, NULL, "service.removed", permission_bit(PERM_SERVICES_READ),
            &json);
    str_done(&json);
    history_end(c, s->id, now);
    mem_free(map_remove(&c->recalls, s->id));
    map_remove(&c->services, s->id);
    forget_service(c, s);
    if (s->node) {
        s->node->row_dirty = true;
        told_changed(s->node, now);
        s->node->n_held--;
    }
    free_service(s);
}

void model_drop_source(struct cluster *c, struct live_node *n, size_t i, struct cluster_now now)
{
    source_done(&n->sources.v[i]);
    vec_remove_at(&n->sources, i);
    n->row_dirty = c->judge_dirty = c->attention_dirty = true;
    told_changed(n, now);
}

void model_drop_node(struct cluster *c, struct live_node *n)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    jw_object(&w);
    jw_key_str(&w, "id", n->id);
    jw_end_object(&w);
    publish(c, EVENT_CLASS_STATE, NULL, "node.removed", permission_bit(PERM_NODES_READ), &json);
    str_done(&json);
    map_remove(&c->nodes, n->id);
    c->structure_dirty = c->judge_dirty = c->attention_dirty = c->checks_dirty = true;
    free_node(n);
}

void model_identify(struct cluster *c, struct live_service *s)
{
    struct live_node *n = s->node ? s->node : c->home;
    bool strong = false;
    s->kind = s->seen ? catalogue_find(s->seen, &strong) : NULL;
    s->kind_strong = strong;
    identity_make(s->seen, s->kind, s->record, n ? n->address : NULL, &s->who);
    checks_choose(c, s);
    s->row_dirty = c->judge_dirty = c->structure_dirty = true;
}

struct live_service *model_add_service(struct cluster *c, struct live_node *n, const char *id,
                                       struct cluster_now now)
{
    struct live_service *s = mem_alloc(sizeof *s);
    const struct service_record *r = map_get(&c->records, id);
    s->id = mem_strdup(id);
    s->node = n;
    s->record = r ? record_copy(r) : NULL;
    s->cpu = s->memory = (double)NAN;
    s->first_mono_ms = s->run_mono_ms = now.mono_ms;
    map_set(&c->services, id, s);
    if (n)
        n->n_held++;
    history_recall(c, s);
    return s;
}

bool service_is_problem(const struct live_service *s)
{
    enum service_state state = service_state(s);
    return (state == STATE_DOWN || state == STATE_DEGRADED) && !s->cause && !s->who.hidden;
}

uint32_t service_restarts_10min(const struct live_service *s, int64_t mono)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < s->n_restart_times; i++)
        n += mono - s->restart_times[i] < LOOP_WINDOW_MS;
    return n;
}

bool service_is_looping(const struct live_service *s, int64_t mono)
{
    if (!s->seen)
        return false;
    bool waits = s->seen->run == RUN_RESTARTING && s->seen->restarts >= LOOP_RESTARTS;
    return waits || service_restarts_10min(s, mono) >= LOOP_RESTARTS;
}

char *service_title(const struct live_service *s, char ret[SERVICE_TITLE_SIZE])
{
    if (s->node)
        snprintf(ret, SERVICE_TITLE_SIZE, "%s on %s", s->who.name, s->node->id);
    else
        snprintf(ret, SERVICE_TITLE_SIZE, "%s", s->who.name);
    return ret;
}
