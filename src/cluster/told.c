/* What nodes last told, kept for the next start of Hydra: the reports that a node would begin a
 * link with, and what its services were. Numbers of cores and services say something only as rates:
 * they are left out. */
#include "cluster/model.h"

#include "node/wire.h"

#include <math.h>

enum { LIMIT_TOLD_REPORTS = LIMIT_TOLD / 2 }; /* the rest is for states and framing */

void told_changed(struct live_node *n, struct cluster_now now)
{
    if (!n->told.dirty_mono_ms)
        n->told.dirty_mono_ms = now.mono_ms;
}

/* --- printing --- */

/* Messages in one buffer; where each begins. */
struct printing {
    struct str bytes;
    VEC(size_t) starts;
    VEC(PB(Told__State)) states;
};

static void printing_done(struct printing *p)
{
    str_done(&p->bytes);
    vec_done(&p->starts);
    vec_done(&p->states);
}

/* What does not fit is left out. */
static bool print_report(struct printing *p, const struct node_report *r)
{
    struct wire_values none = {0};
    size_t start = p->bytes.len;
    wire_report_print(&none, r, 0, false, &p->bytes);
    wire_values_done(&none);
    if (p->bytes.len > LIMIT_TOLD_REPORTS) {
        p->bytes.len = start;
        return false;
    }
    *vec_add(&p->starts) = start;
    return true;
}

/* Without secrets in labels and command; the rest is borrowed. */
static bool print_observed(struct printing *p, const struct observed *seen)
{
    static char left_out[] = "";
    struct observed o = *seen;
    AUTO(mem_freep) char *command = o.command ? mask_command(o.command) : NULL;
    o.command = command;
    o.labels.v = mem_array(o.labels.n, sizeof *o.labels.v);
    for (size_t i = 0; i < o.labels.n; i++) {
        o.labels.v[i] = seen->labels.v[i];
        if (mask_is_secret(o.labels.v[i].key, o.labels.v[i].value))
            o.labels.v[i].value = left_out;
    }
    bool fits = print_report(p, &(struct node_report){.kind = REPORT_SERVICE, .service = &o});
    mem_free(o.labels.v);
    return fits;
}

static void print_service(struct printing *p, const struct live_service *s)
{
    if (!print_observed(p, s->seen) || !s->has_firm)
        return;
    PB(Told__State) *state = vec_add(&p->states);
    hydra__agent__v1__told__state__init(state);
    state->service = s->seen->id;
    state->state = (char *)service_state_name(s->firm);
    state->since_ms = s->firm_since_ms;
}

/* Without secrets in commands; the rest is borrowed. */
static void print_processes(struct printing *p, const struct process_table *all)
{
    struct process_table t = *all;
    t.rows.v = mem_array(t.rows.n, sizeof *t.rows.v);
    for (size_t i = 0; i < t.rows.n; i++) {
        t.rows.v[i] = all->rows.v[i];
        t.rows.v[i].command = t.rows.v[i].command ? mask_command(t.rows.v[i].command) : NULL;
    }
    print_report(p, &(struct node_report){.kind = REPORT_PROCESSES, .processes = &t});
    for (size_t i = 0; i < t.rows.n; i++)
        mem_free(t.rows.v[i].command);
    mem_free(t.rows.v);
}

static void print_sources(struct printing *p, const struct live_node *n)
{
    for (size_t i = 0; i < n->sources.n; i++) {
        const struct live_source *s = &n->sources.v[i];
        struct source_report r = {
            .name = s->name, .state = s->state, .text = s->text, .hint = s->hint};
        print_report(p, &(struct node_report){.kind = REPORT_SOURCE, .source = &r});
    }
}

static void choose(const struct entity *e, bool *chosen, size_t n)
{
    for (unsigned f = 0; f < ENTITY_FIELDS; f++)
        if (e->at[f] && e->at[f] <= n)
            chosen[e->at[f] - 1] = true;
    if (e->labels && e->labels <= n)
        chosen[e->labels - 1] = true;
}

/* The series that were chosen, numbered anew, and their last values. */
static void print_chosen(struct printing *p, const struct numbers *m, const bool *chosen)
{
    struct series_defs defs = {.v = mem_array(m->defs.n, sizeof *defs.v)};
    struct frame *f = mem_alloc(sizeof *f + m->defs.n * sizeof *f->values);
    f->time_ms = m->last->time_ms;
    for (uint32_t i = 0; i < m->defs.n; i++) {
        if (!chosen[i])
            continue;
        f->values[f->n++] = i < m->last->n ? m->last->values[i] : (double)NAN;
        defs.v[defs.n++] = m->defs.v[i]; /* borrowed */
    }
    print_report(p, &(struct node_report){.kind = REPORT_SERIES, .series = &defs});
    print_report(p, &(struct node_report){.kind = REPORT_FRAME, .frame = f});
    mem_free(f);
    mem_free(defs.v);
}

static void print_numbers(struct printing *p, const struct numbers *m)
{
    if (!m->last || !m->defs.n)
        return;
    bool *chosen = mem_array(m->defs.n, sizeof *chosen);
    for (unsigned k = 0; k < ENTITY_KINDS; k++)
        for (size_t i = 0; k != ENTITY_CPU && k != ENTITY_SERVICE && i < m->entities[k].n; i++)
            choose(&m->entities[k].v[i], chosen, m->defs.n);
    print_chosen(p, m, chosen);
    mem_free(chosen);
}

static void pack(const struct printing *p, struct str *out)
{
    PB(Told) told = HYDRA__AGENT__V1__TOLD__INIT;
    ProtobufCBinaryData *reports = mem_array(p->starts.n, sizeof *reports);
    PB(Told__State) **states = mem_array(p->states.n, sizeof(void *));
    for (size_t i = 0; i < p->starts.n; i++) {
        size_t end = i + 1 < p->starts.n ? p->starts.v[i + 1] : p->bytes.len;
        reports[i].data = (uint8_t *)p->bytes.p + p->starts.v[i];
        reports[i].len = end - p->starts.v[i];
    }
    for (size_t i = 0; i < p->states.n; i++)
        states[i] = &p->states.v[i];
    told.n_reports = p->starts.n;
    told.reports = reports;
    told.n_states = p->states.n;
    told.states = states;
    wire_print(&told.base, out);
    mem_free(states);
    mem_free(reports);
}

/* In the order in which a node tells. */
static void print_node(const struct live_node *n, struct str *out)
{
    struct printing p = {0};
    print_report(&p, &(struct node_report){.kind = REPORT_FACTS, .facts = n->facts});
    print_numbers(&p, &n->numbers);
    if (n->processes)
        print_processes(&p, n->processes);
    print_sources(&p, n);
    for (size_t i = 0; i < n->told.services.n; i++)
        print_service(&p, n->told.services.v[i]);
    pack(&p, out);
    printing_done(&p);
}

/* --- when --- */

static bool is_due(const struct live_node *n, int64_t mono)
{
    int64_t since = n->told.kept_mono_ms ? mono - n->told.kept_mono_ms : INT64_MAX;
    if (!n->told.dirty_mono_ms)
        return n->state == NODE_ONLINE && since >= TOLD_EVERY_MS;
    return n->told.at_once ||
           (since >= TOLD_GAP_MS && mono - n->told.dirty_mono_ms >= TOLD_QUIET_MS);
}

static bool is_heard(const struct live_node *n)
{
    return n->state == NODE_ONLINE && !n->recalled;
}

/* Returns how many. */
static unsigned choose_nodes(struct cluster *c, bool all, int64_t mono)
{
    unsigned n_due = 0;
    NODES_FOREACH(c, n)
    {
        bool due = all ? is_heard(n) || n->told.dirty_mono_ms
                       : n_due < LIMIT_TOLD_NODES && is_due(n, mono);
        n->told.due = due && n->agent.remote && n->facts;
        n_due += n->told.due;
    }
    return n_due;
}

/* In one walk for all nodes. */
static void gather_services(struct cluster *c)
{
    SERVICES_FOREACH(c, s)
    {
        if (s->node && s->node->told.due && s->seen && !s->gone_mono_ms)
            *vec_add(&s->node->told.services) = s;
    }
}

static void hand_over(struct live_node *n, void (*keep)(void *arg, struct cluster_told *t),
                      void *arg, struct cluster_now now)
{
    struct cluster_told t = {.node = n->id,
                             .seen_ms = n->seen_wall_ms,
                             .heard = is_heard(n),
                             .away = n->state == NODE_AWAY};
    n->told.dirty_mono_ms = 0;
    n->told.kept_mono_ms = now.mono_ms;
    n->told.at_once = n->told.due = false;
    print_node(n, &t.reports);
    vec_done(&n->told.services);
    keep(arg, &t);
}

void cluster_told(struct cluster *c, bool all, void (*keep)(void *arg, struct cluster_told *t),
                  void *arg, struct cluster_now now)
{
    if (!choose_nodes(c, all, now.mono_ms))
        return;
    gather_services(c);
    NODES_FOREACH(c, n)
    {
        if (n->told.due)
            hand_over(n, keep, arg, now);
    }
}

void cluster_told_again(struct cluster *c, const char *node, struct cluster_now now)
{
    struct live_node *n = model_node(c, node);
    if (n)
        told_changed(n, now);
}

/* --- recalling --- */

static void recall_source(struct cluster *c, struct live_node *n, struct node_report *r,
                          struct cluster_now now)
{
    r->source->services_complete = false; /* what there is now is not known */
    node_take(c, n, r, now);
    struct live_source *s = model_source(n, r->source->name);
    if (s)
        s->recalled = true;
}

/* Facts, numbers and processes as they come; of services and sources, that they are from before. */
static void recall_report(struct cluster *c, struct live_node *n, struct node_report *r,
                          struct cluster_now now)
{
    if (r->kind == REPORT_FRAME) {
        numbers_recall(&n->numbers, TAKE(r->frame));
        return;
    }
    if (r->kind == REPORT_SOURCE) {
        recall_source(c, n, r, now);
        return;
    }
    AUTO(mem_freep)
    char *id = r->kind == REPORT_SERVICE ? mem_printf("%s/%s", n->id, r->service->id) : NULL;
    node_take(c, n, r, now);
    struct live_service *s = id ? model_service(c, id) : NULL;
    if (s)
        s->recalled = s->stale = s->added_told = true;
}

static void recall_bytes(struct cluster *c, struct live_node *n, const ProtobufCBinaryData *bytes,
                         struct cluster_now now)
{
    struct wire_values none = {0};
    struct node_report r;
    PB(FromAgent) *m = hydra__agent__v1__from_agent__unpack(NULL, bytes->len, bytes->data);
    if (m && wire_report_take(&none, m, NULL, &r) == 1) { /* another Hydra may know more kinds */
        recall_report(c, n, &r, now);
        node_report_free(&r);
    }
    if (m)
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
    wire_values_done(&none);
}

static void recall_state(struct cluster *c, const struct live_node *n,
                         const PB(Told__State) * state)
{
    AUTO(mem_freep) char *id = mem_printf("%s/%s", n->id, state->service);
    struct live_service *s = model_service(c, id);
    for (enum service_state i = STATE_HEALTHY; s && i <= STATE_STOPPED; i++)
        if (str_eq(state->state, service_state_name(i)) && i != STATE_UNKNOWN &&
            i != STATE_WORKING) {
            s->firm = i;
            s->firm_since_ms = state->since_ms;
            s->has_firm = true;
        }
}

/* One that was away still is: that was told. Of another nothing is known until it links. */
static void recall_silence(struct cluster *c, struct live_node *n, const struct cluster_told *t,
                           struct cluster_now now)
{
    n->recalled = true;
    n->seen_wall_ms = t->seen_ms < now.wall_ms ? t->seen_ms : now.wall_ms;
    n->unheard_from_ms = n->seen_wall_ms;
    node_set_state(c, n, t->away ? NODE_AWAY : NODE_LATE, now);
    if (!t->away)
        return;
    n->seen_mono_ms = now.mono_ms - AWAY_MS;
    n->state_since_ms = n->seen_wall_ms + AWAY_MS;
}

int cluster_recall_told(struct cluster *c, const struct cluster_told *t, struct cluster_now now,
                        struct err *e)
{
    struct live_node *n = model_node(c, t->node);
    model_enter(c, now);
    if (!n || n->facts)
        return 0;
    PB(Told) *told =
        t->reports.len <= LIMIT_TOLD
            ? hydra__agent__v1__told__unpack(NULL, t->reports.len, (const uint8_t *)t->reports.p)
            : NULL;
    if (!told)
        return err_set(e, -EBADMSG, "What is kept of %s can't be read.", n->id);
    recall_silence(c, n, t, now);
    for (size_t i = 0; i < told->n_reports; i++)
        recall_bytes(c, n, &told->reports[i], now);
    for (size_t i = 0; i < told->n_states; i++)
        recall_state(c, n, told->states[i]);
    hydra__agent__v1__told__free_unpacked(told, NULL);
    n->told.dirty_mono_ms = t->heard ? now.mono_ms : 0; /* until when it was is known now */
    n->told.at_once = false;
    n->sent_mono_ms = now.mono_ms - EVENT_GAP_MS; /* the first who asks sees it */
    c->verdict.told_mono_ms = 0;
    settle(c, now);
    return 0;
}
