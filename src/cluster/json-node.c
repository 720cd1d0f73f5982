/* A node as JSON: the row (everywhere). Its page's parts stand in json-node-detail.c. */
#include "cluster/model.h"

static void gpu_facts_json(struct jw *w, const struct node_facts *f)
{
    jw_key(w, "gpus");
    jw_array(w);
    for (size_t i = 0; f && i < f->gpus.n; i++) {
        jw_object(w);
        json_gpu(w, &f->gpus.v[i]);
        jw_end_object(w);
    }
    jw_end_array(w);
}

void json_gpu(struct jw *w, const struct gpu_facts *g)
{
    jw_key_str(w, "id", g->id);
    jw_key_str(w, "name", g->name);
    jw_key_str(w, "vendor", g->vendor);
    jw_key_str(w, "uuid", g->uuid);
    jw_key_str(w, "driver", g->driver);
    jw_key_uint(w, "memory_total", g->memory_total);
}

static void sources_json(struct jw *w, const struct live_node *n)
{
    static const char *const names[] = {[SOURCE_OK] = "ok",
                                        [SOURCE_ABSENT] = "absent",
                                        [SOURCE_DENIED] = "denied",
                                        [SOURCE_FAILED] = "failed"};
    jw_key(w, "sources");
    jw_array(w);
    for (size_t i = 0; i < n->sources.n; i++) {
        const struct live_source *s = &n->sources.v[i];
        jw_object(w);
        jw_key_str(w, "name", s->name);
        jw_key_str(w, "state", names[s->state]);
        jw_key_str(w, "text", s->text);
        jw_key_str(w, "hint", s->hint);
        jw_key_time(w, "since", s->since_ms);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static const char *severity_of(struct cluster *c, const struct live_node *n)
{
    if (n->state == NODE_AWAY)
        return "bad";
    if (n->state == NODE_LATE || !n->facts)
        return "unknown";
    bool warn = false;
    SERVICES_FOREACH(c, s)
    {
        if (s->node != n || !service_is_problem(s))
            continue;
        if (service_state(s) == STATE_DOWN)
            return "bad";
        warn = true;
    }
    return warn ? "warn" : "ok";
}

static void facts_fields(struct jw *w, const struct live_node *n)
{
    static struct node_facts none;
    const struct node_facts *f = n->facts ? n->facts : &none;
    jw_key_str(w, "name", f->hostname && f->hostname[0] ? f->hostname : n->id);
    jw_key_str(w, "label", n->label ? n->label : "");
    jw_key_str(w, "os", f->os_name ? f->os_name : "");
    jw_key_str(w, "os_id", f->os_id ? f->os_id : "");
    jw_key_str(w, "kernel", f->kernel ? f->kernel : "");
    jw_key_str(w, "arch", f->arch ? f->arch : "");
    jw_key_str(w, "cpu_model", f->cpu_model ? f->cpu_model : "");
    jw_key_uint(w, "cpu_threads", f->cpu_threads);
    jw_key_uint(w, "memory_total", f->memory_total);
    jw_key_time(w, "boot_time", f->boot_ms);
    jw_key_str(w, "pending_reboot", f->pending_reboot);
}

static void agent_json(struct jw *w, const struct live_node *n)
{
    const struct node_agent *a = &n->agent;
    const char *version =
        n->facts && n->facts->agent_version ? n->facts->agent_version : a->version;
    jw_key(w, "agent");
    jw_object(w);
    jw_key_str(w, "kind", a->remote ? "remote" : "built-in");
    jw_key_str(w, "version", version);
    jw_key_str(w, "address", a->address);
    jw_key_time(w, "enrolled", a->enrolled_ms);
    jw_key_time(w, "certificate_expires", a->certificate_until_ms);
    jw_key_time(w, "connected", a->connected_ms);
    jw_key_str(w, "upgrade", *a->upgrade ? a->upgrade : NULL);
    jw_key_str(w, "upgrade_obstacle", *a->upgrade_obstacle ? a->upgrade_obstacle : NULL);
    jw_end_object(w);
}

void json_node_row(struct cluster *c, struct live_node *n)
{
    str_clear(&n->row);
    struct jw w = jw_begin(&n->row);
    jw_object(&w);
    jw_key_str(&w, "id", n->id);
    jw_key_str(&w, "state", node_state_name(n->state));
    jw_key_str(&w, "severity", severity_of(c, n));
    facts_fields(&w, n);
    jw_key(&w, "services");
    jw_object(&w);
    jw_key_uint(&w, "total", n->n_services);
    jw_key_uint(&w, "bad", n->n_bad);
    jw_end_object(&w);
    gpu_facts_json(&w, n->facts);
    agent_json(&w, n);
    sources_json(&w, n);
}

/* The row, then what changes each second. */
static void row_tail(struct jw *w, const struct live_node *n)
{
    jw_key_time(w, "seen", n->seen_wall_ms);
    jw_key(w, "vitals");
    if (!n->numbers.last || n->state == NODE_AWAY) {
        jw_null(w);
        return;
    }
    jw_object(w);
    vitals_json(w, &n->numbers);
    jw_end_object(w);
}

static struct jw tail_writer(struct jw *w)
{
    struct jw tail = *w;
    tail.depth++;
    tail.started |= 1ull << tail.depth; /* the row's members stand before */
    return tail;
}

void json_node_splice(struct jw *w, const struct live_node *n)
{
    jw_raw(w, n->row.p, n->row.len);
    struct jw tail = tail_writer(w);
    row_tail(&tail, n);
    jw_end_object(&tail);
}

/* --- answers --- */

static void facts_json(struct jw *w, const struct node_facts *f)
{
    jw_key(w, "facts");
    if (!f) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "hostname", f->hostname);
    jw_key_str(w, "os", f->os_name);
    jw_key_str(w, "kernel", f->kernel);
    jw_key_str(w, "arch", f->arch);
    jw_key_str(w, "cpu_model", f->cpu_model);
    jw_key_uint(w, "cpu_sockets", f->cpu_sockets);
    jw_key_uint(w, "cpu_cores", f->cpu_cores);
    jw_key_uint(w, "cpu_threads", f->cpu_threads);
    jw_key_uint(w, "memory_total", f->memory_total);
    jw_key_uint(w, "swap_total", f->swap_total);
    jw_key_time(w, "boot_time", f->boot_ms);
    jw_key_str(w, "time_zone", f->time_zone);
    jw_key_str(w, "virtualization", f->virtualization);
    jw_key_str(w, "agent_version", f->agent_version);
    jw_key_strs(w, "addresses", &f->addresses);
    jw_key_str(w, "pending_reboot", f->pending_reboot);
    jw_end_object(w);
}

static void add_event_id(struct jw *w, struct cluster *c)
{
    char event[EVENT_ID_SIZE];
    jw_key_str(w, "event_id", event_log_id(c->log, event_log_last(c->log), event));
}

struct buf *cluster_nodes(struct cluster *c)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    add_event_id(&w, c);
    jw_key(&w, "nodes");
    jw_array(&w);
    NODES_FOREACH(c, n)
    {
        json_node_splice(&w, n);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    return buf_take(&out);
}

static void service_ids(struct jw *w, struct cluster *c, const struct live_node *n)
{
    jw_key(w, "services_list");
    jw_array(w);
    SERVICES_FOREACH(c, s)
    {
        if (s->node == n)
            jw_str(w, s->id);
    }
    jw_end_array(w);
}

struct buf *cluster_node(struct cluster *c, const char *id)
{
    struct live_node *n = model_node(c, id);
    if (!n)
        return NULL;
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_raw(&w, n->row.p, n->row.len);
    struct jw tail = tail_writer(&w);
    row_tail(&tail, n);
    add_event_id(&tail, c);
    facts_json(&tail, n->facts);
    json_node_detail_fields(&tail, n);
    service_ids(&tail, c, n);
    jw_end_object(&tail);
    return buf_take(&out);
}

struct buf *cluster_window(struct cluster *c, const char *node)
{
    struct live_node *n = model_node(c, node);
    if (!n)
        return NULL;
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    add_event_id(&w, c);
    jw_key_uint(&w, "schema", n->numbers.schema);
    jw_key_int(&w, "step_ms", 1000);
    columns_json_window(&w, &n->numbers);
    jw_end_object(&w);
    return buf_take(&out);
}

struct buf *cluster_trends(struct cluster *c)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_int(&w, "step_ms", TREND_STEP_MS);
    jw_key(&w, "nodes");
    jw_array(&w);
    NODES_FOREACH(c, n)
    {
        jw_object(&w);
        jw_key_str(&w, "id", n->id);
        trend_json(&w, &n->numbers.trend);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    return buf_take(&out);
}

struct buf *cluster_processes(struct cluster *c, const char *node)
{
    struct live_node *n = model_node(c, node);
    if (!n)
        return NULL;
    struct str out = {0};
    struct jw w = jw_begin(&out);
    json_processes(&w, n);
    return buf_take(&out);
}
