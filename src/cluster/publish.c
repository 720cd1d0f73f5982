/* Events, and the snapshot that other threads read. */
#include "cluster/model.h"

enum {
    SNAPSHOT_IDLE_MS = 20 * 1000, /* nobody asks: still not older than this … */
    SNAPSHOT_IDLE_EVENTS = 2000,  /* … nor further behind the log */
    DETAIL_MS = 2000,
    PROCESSES_MS = 3000,
    USAGE_MS = 5000,
};

void publish(struct cluster *c, enum event_class topic, const char *resource, const char *type,
             uint64_t permissions, const struct str *json)
{
    struct event_draft d = {.topic = topic,
                            .resource = resource,
                            .type = type,
                            .permissions = permissions,
                            .data = json->p,
                            .len = json->len};
    uint64_t sequence;
    buf_unref(c->overview);
    c->overview = NULL;
    /* Too large for the ring is the only failure: the reader gets it with its next snapshot. */
    if (event_log_append(c->log, &d, &sequence) < 0)
        return;
}

static void publish_service(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    s->row_dirty = false;
    json_service_row(c, s, now);
    if (s->row.len == s->sent.len && !memcmp(s->row.p, s->sent.p, s->row.len))
        return;
    str_clear(&s->sent);
    str_add_n(&s->sent, s->row.p, s->row.len);
    s->sent_mono_ms = now.mono_ms;
    struct str json = {0};
    struct jw w = jw_begin(&json);
    json_service_splice(&w, s);
    publish(c, EVENT_CLASS_STATE, NULL, "service.changed", permission_bit(PERM_SERVICES_READ),
            &json);
    str_done(&json);
}

static void publish_node(struct cluster *c, struct live_node *n, struct cluster_now now)
{
    n->row_dirty = false;
    json_node_row(c, n);
    if (n->row.len == n->sent.len && !memcmp(n->row.p, n->sent.p, n->row.len))
        return;
    str_clear(&n->sent);
    str_add_n(&n->sent, n->row.p, n->row.len);
    n->sent_mono_ms = now.mono_ms;
    struct str json = {0};
    struct jw w = jw_begin(&json);
    json_node_splice(&w, n);
    publish(c, EVENT_CLASS_STATE, NULL, "node.changed", permission_bit(PERM_NODES_READ), &json);
    str_done(&json);
}

void publish_rows(struct cluster *c, struct cluster_now now, bool all)
{
    SERVICES_FOREACH(c, s)
    {
        if (s->row_dirty && (all || !s->sent.len || now.mono_ms - s->sent_mono_ms >= EVENT_GAP_MS))
            publish_service(c, s, now);
    }
    NODES_FOREACH(c, n)
    {
        if (n->row_dirty && (all || !n->sent.len || now.mono_ms - n->sent_mono_ms >= EVENT_GAP_MS))
            publish_node(c, n, now);
    }
}

static void publish_vitals(struct cluster *c, const struct live_node *n)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    jw_object(&w);
    jw_key_str(&w, "id", n->id);
    vitals_json(&w, &n->numbers);
    jw_end_object(&w);
    publish(c, EVENT_CLASS_VITALS, NULL, "node.vitals", permission_bit(PERM_NODES_READ), &json);
    str_done(&json);
}

static void publish_metrics(struct cluster *c, const struct live_node *n)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    jw_object(&w);
    jw_key_str(&w, "id", n->id);
    jw_key_uint(&w, "schema", n->numbers.schema);
    jw_key_int(&w, "t", n->numbers.last->time_ms);
    columns_json_now(&w, &n->numbers);
    jw_end_object(&w);
    publish(c, EVENT_CLASS_METRICS, n->id, "node.metrics", permission_bit(PERM_NODES_READ), &json);
    str_done(&json);
}

static void publish_detail(struct cluster *c, const struct live_node *n)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    jw_object(&w);
    jw_key_str(&w, "id", n->id);
    json_node_detail_fields(&w, n);
    jw_end_object(&w);
    publish(c, EVENT_CLASS_METRICS, n->id, "node.detail", permission_bit(PERM_NODES_READ), &json);
    str_done(&json);
}

static void publish_processes(struct cluster *c, const struct live_node *n)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    json_processes(&w, n);
    publish(c, EVENT_CLASS_METRICS, n->id, "node.processes",
            permission_bit(PERM_NODES_READ) | permission_bit(PERM_PROCESSES_READ), &json);
    str_done(&json);
}

/* CPU and memory of the services of a node, in one event: {id, t, v: [[service, cpu, memory] …]} */
static void publish_usage(struct cluster *c, const struct live_node *n)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    jw_object(&w);
    jw_key_str(&w, "id", n->id);
    jw_key_int(&w, "t", n->numbers.last->time_ms);
    jw_key(&w, "v");
    jw_array(&w);
    unsigned told = 0;
    SERVICES_FOREACH(c, s)
    {
        if (s->node != n || (s->cpu != s->cpu && s->memory != s->memory))
            continue;
        told++;
        jw_array(&w);
        jw_str(&w, s->id);
        jw_decimal(&w, s->cpu, 1);
        jw_decimal(&w, s->memory, 0);
        jw_end_array(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    if (told)
        publish(c, EVENT_CLASS_VITALS, NULL, "services.usage", permission_bit(PERM_SERVICES_READ),
                &json);
    str_done(&json);
}

void publish_frame(struct cluster *c, struct live_node *n, struct cluster_now now)
{
    publish_vitals(c, n);
    publish_metrics(c, n);
    if (now.mono_ms - n->detail_mono_ms >= DETAIL_MS) {
        n->detail_mono_ms = now.mono_ms;
        publish_detail(c, n);
    }
    if (n->processes && now.mono_ms - n->processes_mono_ms >= PROCESSES_MS) {
        n->processes_mono_ms = now.mono_ms;
        publish_processes(c, n);
    }
    if (now.mono_ms - n->usage_mono_ms >= USAGE_MS) {
        n->usage_mono_ms = now.mono_ms;
        publish_usage(c, n);
    }
}

/* --- the snapshot --- */

static void mark(const struct str *out, size_t *ret)
{
    *ret = out->len;
}

static void add_nodes(struct cluster *c, struct jw *w)
{
    jw_array(w);
    NODES_FOREACH(c, n)
    {
        json_node_splice(w, n);
    }
    jw_end_array(w);
}

static void add_services(struct cluster *c, struct jw *w)
{
    jw_array(w);
    SERVICES_FOREACH(c, s)
    {
        if (s->row.len)
            json_service_splice(w, s);
    }
    jw_end_array(w);
}

static void add_feed(struct cluster *c, struct jw *w)
{
    jw_array(w);
    for (size_t i = c->feed.n, left = OVERVIEW_FEED; i-- > 0 && left-- > 0;)
        json_feed(w, &c->feed.v[i]);
    jw_end_array(w);
}

/* The overview, with marks where each part stands. */
static struct snapshot make(struct cluster *c)
{
    struct snapshot s = {.sequence = event_log_last(c->log)};
    char id[EVENT_ID_SIZE];
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_str(&w, "event_id", event_log_id(c->log, s.sequence, id));
    jw_key_time(&w, "now", c->now.wall_ms);
    jw_key(&w, "verdict");
    verdict_json(&w, &c->verdict);
    jw_key(&w, "attention");
    jw_raw(&w, c->attention.p, c->attention.len);
    jw_key(&w, "nodes");
    mark(&out, &s.nodes.from);
    add_nodes(c, &w);
    mark(&out, &s.nodes.to);
    jw_key(&w, "services");
    mark(&out, &s.services.from);
    add_services(c, &w);
    mark(&out, &s.services.to);
    jw_key(&w, "feed");
    mark(&out, &s.feed.from);
    add_feed(c, &w);
    mark(&out, &s.feed.to);
    jw_end_object(&w);
    s.full = buf_take(&out);
    return s;
}

static void swap_in(struct cluster *c, struct snapshot *s)
{
    pthread_mutex_lock(&c->snapshot_lock);
    struct buf *old = c->snapshot.full;
    s->wanted = false;
    c->snapshot = *s;
    pthread_mutex_unlock(&c->snapshot_lock);
    buf_unref(old);
    c->snapshot_mono_ms = c->now.mono_ms;
}

struct buf *cluster_overview(struct cluster *c)
{
    if (!c->overview) {
        struct snapshot s = make(c);
        c->overview = buf_ref(s.full);
        swap_in(c, &s);
    }
    return buf_ref(c->overview);
}

void publish_snapshot(struct cluster *c, struct cluster_now now)
{
    pthread_mutex_lock(&c->snapshot_lock);
    bool wanted = c->snapshot.wanted || !c->snapshot.full;
    uint64_t behind = event_log_last(c->log) - c->snapshot.sequence;
    pthread_mutex_unlock(&c->snapshot_lock);
    bool due = behind > SNAPSHOT_IDLE_EVENTS ||
               (behind && now.mono_ms - c->snapshot_mono_ms >= SNAPSHOT_IDLE_MS);
    if (wanted || due)
        buf_unref(cluster_overview(c));
}

/* Any thread. Somebody who may not see all gets the parts they may, the rest empty. */
static struct buf *cut(const struct snapshot *s, uint64_t permissions)
{
    bool nodes = permissions & permission_bit(PERM_NODES_READ);
    bool services = permissions & permission_bit(PERM_SERVICES_READ);
    bool feed = permissions & permission_bit(PERM_EVENTS_READ);
    const char *full = s->full->bytes;
    if (nodes && services && feed)
        return buf_ref(s->full);
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    if (nodes && services) { /* the verdict and what needs attention speak of both */
        size_t head = s->nodes.from - strlen("\"nodes\":,");
        str_add_n(&out, full + 1, head - 1);
        w.started |= 1u << w.depth;
    }
    jw_key(&w, "nodes");
    jw_raw(&w, nodes ? full + s->nodes.from : "[]", nodes ? s->nodes.to - s->nodes.from : 2);
    jw_key(&w, "services");
    jw_raw(&w, services ? full + s->services.from : "[]",
           services ? s->services.to - s->services.from : 2);
    jw_key(&w, "feed");
    jw_raw(&w, feed ? full + s->feed.from : "[]", feed ? s->feed.to - s->feed.from : 2);
    jw_end_object(&w);
    return buf_take(&out);
}

struct buf *cluster_overview_for(struct cluster *c, uint64_t permissions)
{
    buf_unref(cluster_overview(c));
    return cut(&c->snapshot, permissions); /* written by this thread alone */
}

struct buf *cluster_snapshot(struct cluster *c, uint64_t permissions, uint64_t *ret_sequence)
{
    pthread_mutex_lock(&c->snapshot_lock);
    c->snapshot.wanted = true;
    struct snapshot s = c->snapshot;
    if (s.full)
        buf_ref(s.full);
    pthread_mutex_unlock(&c->snapshot_lock);
    *ret_sequence = s.sequence;
    if (!s.full)
        return buf_new("{}", 2);
    struct buf *b = cut(&s, permissions);
    buf_unref(s.full);
    return b;
}
