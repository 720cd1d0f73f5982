#include "demo/fixture.h"

#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture_node {
    struct str_list series; /* "name{labels}" by number */
};

typedef void sink_fn(void *arg, const char *node, struct node_report *r);

static void free_node(void *p)
{
    struct fixture_node *n = p;
    str_list_done(&n->series);
    mem_free(n);
}

void fixture_done(struct fixture *f)
{
    map_done(&f->nodes, free_node);
}

static char *text(const json_t *j, const char *key)
{
    return mem_strdup(json_get_str(j, key, NULL));
}

static char *word(const json_t *j, const char *key)
{
    return mem_strdup(json_get_str(j, key, ""));
}

static void texts(const json_t *j, const char *key, struct str_list *l)
{
    const json_t *list = json_object_get(j, key);
    for (size_t i = 0; i < json_array_size(list); i++)
        str_list_add(l, json_string_value(json_array_get(list, i)));
}

static int index_of(const char *name, const char *const *names, int otherwise)
{
    for (int i = 0; name && names[i]; i++)
        if (str_eq(names[i], name))
            return i;
    return otherwise;
}

static void read_gpus(const json_t *j, struct node_facts *f)
{
    const json_t *list = json_object_get(j, "gpus");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *g = json_array_get(list, i);
        struct gpu_facts *gpu = vec_add(&f->gpus);
        gpu->id = word(g, "id");
        gpu->uuid = word(g, "uuid");
        gpu->name = word(g, "name");
        gpu->vendor = word(g, "vendor");
        gpu->driver = word(g, "driver");
        gpu->memory_total = (uint64_t)json_get_int(g, "memory_total", 0);
    }
}

static struct node_facts *read_facts(const json_t *j)
{
    struct node_facts *f = mem_alloc(sizeof *f);
    f->hostname = word(j, "hostname");
    f->os_name = word(j, "os_name");
    f->os_id = word(j, "os_id");
    f->kernel = word(j, "kernel");
    f->arch = word(j, "arch");
    f->cpu_model = word(j, "cpu_model");
    f->cpu_sockets = (unsigned)json_get_int(j, "cpu_sockets", 1);
    f->cpu_cores = (unsigned)json_get_int(j, "cpu_cores", 1);
    f->cpu_threads = (unsigned)json_get_int(j, "cpu_threads", 1);
    f->memory_total = (uint64_t)json_get_int(j, "memory_total", 0);
    f->swap_total = (uint64_t)json_get_int(j, "swap_total", 0);
    f->boot_id = word(j, "boot_id");
    f->machine_id = word(j, "machine_id");
    f->virtualization = word(j, "virtualization");
    f->time_zone = word(j, "time_zone");
    f->boot_ms = json_get_int(j, "boot_ms", 0);
    f->pending_reboot = text(j, "pending_reboot");
    f->agent_version = word(j, "agent_version");
    texts(j, "addresses", &f->addresses);
    read_gpus(j, f);
    return f;
}

static void read_ports(const json_t *j, struct observed *o)
{
    const json_t *list = json_object_get(j, "ports");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *p = json_array_get(list, i);
        struct observed_port *port = vec_add(&o->ports);
        port->address = mem_strdup(json_get_str(p, "address", "0.0.0.0"));
        port->port = (uint16_t)json_get_int(p, "port", 0);
        port->inner = (uint16_t)json_get_int(p, "inner", 0);
        port->udp = json_get_bool(p, "udp", false);
        port->pid = (int)json_get_int(p, "pid", 0);
        port->process = text(p, "process");
    }
}

static void read_labels(const json_t *j, struct observed *o)
{
    const char *key;
    json_t *value;
    json_object_foreach (json_object_get(j, "labels"), key, value) {
        struct label *l = vec_add(&o->labels);
        l->key = mem_strdup(key);
        l->value = mem_strdup(json_string_value(value));
    }
}

static struct observed *read_service(const json_t *j)
{
    static const char *const kinds[] = {"container", "unit", "process", NULL};
    static const char *const runs[] = {"running", "starting",   "stopping", "stopped",
                                       "failed",  "restarting", "paused",   NULL};
    static const char *const healths[] = {"none", "starting", "healthy", "unhealthy", NULL};
    struct observed *o = mem_alloc(sizeof *o);
    o->id = word(j, "id");
    o->kind = (enum observed_kind)index_of(json_get_str(j, "kind", NULL), kinds, 0);
    o->engine = word(j, "engine");
    o->name = word(j, "name");
    o->description = text(j, "description");
    o->run = (enum observed_run)index_of(json_get_str(j, "run", NULL), runs, RUN_RUNNING);
    o->run_text = word(j, "run_text");
    o->health = (enum observed_health)index_of(json_get_str(j, "health", NULL), healths, 0);
    o->health_text = text(j, "health_text");
    o->started_ms = json_get_int(j, "started_ms", 0);
    o->ended_ms = json_get_int(j, "ended_ms", 0);
    o->has_exit = json_object_get(j, "exit_code") != NULL;
    o->exit_code = (int)json_get_int(j, "exit_code", 0);
    o->oom_killed = json_get_bool(j, "oom_killed", false);
    o->enabled = json_get_bool(j, "enabled", true);
    o->on_purpose = json_get_bool(j, "on_purpose", false);
    o->why = text(j, "why");
    o->restarts = (uint32_t)json_get_int(j, "restarts", 0);
    o->image = text(j, "image");
    o->image_id = text(j, "image_id");
    o->container_id = text(j, "container_id");
    o->project = text(j, "project");
    o->unit_file = text(j, "unit_file");
    o->command = text(j, "command");
    o->main_pid = (int)json_get_int(j, "main_pid", 0);
    read_ports(j, o);
    read_labels(j, o);
    texts(j, "depends_on", &o->depends_on);
    texts(j, "mounts", &o->mounts);
    texts(j, "networks", &o->networks);
    return o;
}

static struct source_report *read_source(const json_t *j)
{
    static const char *const states[] = {"ok", "absent", "denied", "failed", NULL};
    struct source_report *s = mem_alloc(sizeof *s);
    s->name = word(j, "name");
    s->state = (enum source_state)index_of(json_get_str(j, "state", NULL), states, 0);
    s->text = text(j, "text");
    s->hint = text(j, "hint");
    s->services_complete = json_get_bool(j, "services_complete", false);
    return s;
}

static struct check_result *read_check(const json_t *j)
{
    static const char *const states[] = {"up", "down", "unknown", NULL};
    struct check_result *c = mem_alloc(sizeof *c);
    c->service = word(j, "service");
    c->state = (enum check_state)index_of(json_get_str(j, "state", NULL), states, 0);
    c->time_ms = json_get_int(j, "time_ms", 0);
    c->latency_us = (uint32_t)json_get_int(j, "latency_us", 0);
    c->code = (int)json_get_int(j, "code", 0);
    c->text = word(j, "text");
    c->tls_expires_ms = json_get_int(j, "tls_expires_ms", 0);
    return c;
}

/* --- frames --- */

static struct fixture_node *node_of(struct fixture *f, const char *node)
{
    struct fixture_node *n = map_get(&f->nodes, node);
    if (!n) {
        n = mem_alloc(sizeof *n);
        map_set(&f->nodes, node, n);
    }
    return n;
}

static size_t number_of(const struct fixture_node *n, const char *series)
{
    for (size_t i = 0; i < n->series.n; i++)
        if (str_eq(n->series.v[i], series))
            return i;
    return n->series.n;
}

static struct series_def define(const char *series)
{
    size_t name = strcspn(series, "{"), all = strlen(series);
    struct series_def d = {.help = "Recorded."};
    d.name = mem_strndup(series, name);
    d.labels = name < all ? mem_strndup(series + name + 1, all - name - 2) : mem_strdup("");
    d.kind = str_ends(d.name, "_total") ? SERIES_COUNTER : SERIES_GAUGE;
    return d;
}

static void announce(struct fixture_node *n, json_t *values, const char *node, sink_fn *sink,
                     void *arg)
{
    VEC(struct series_def) defs = {0};
    uint32_t first = (uint32_t)n->series.n;
    const char *key;
    json_t *value;
    json_object_foreach (values, key, value) {
        if (number_of(n, key) < n->series.n)
            continue;
        *vec_add(&defs) = define(key);
        str_list_add(&n->series, key);
    }
    if (!defs.n)
        return;
    struct series_defs *d = mem_alloc(sizeof *d);
    *d = (struct series_defs){.first = first, .n = (uint32_t)defs.n, .v = defs.v};
    sink(arg, node, &(struct node_report){.kind = REPORT_SERIES, .series = d});
}

static void read_frame(struct fixture *f, const json_t *j, const char *node, sink_fn *sink,
                       void *arg)
{
    struct fixture_node *n = node_of(f, node);
    json_t *values = json_object_get(j, "values");
    announce(n, values, node, sink, arg);
    struct frame *frame = mem_alloc(sizeof *frame + n->series.n * sizeof(double));
    frame->time_ms = json_get_int(j, "time_ms", 0);
    frame->n = (uint32_t)n->series.n;
    for (size_t i = 0; i < n->series.n; i++)
        frame->values[i] = json_get_num(values, n->series.v[i], (double)NAN);
    sink(arg, node, &(struct node_report){.kind = REPORT_FRAME, .frame = frame});
}

/* --- lines --- */

static int hand_over(struct fixture *f, const json_t *j, sink_fn *sink, void *arg, struct err *e)
{
    const char *node = json_get_str(j, "node", "");
    const char *report = json_get_str(j, "report", "");
    struct node_report r = {0};
    if (str_eq(report, "facts"))
        r = (struct node_report){.kind = REPORT_FACTS, .facts = read_facts(j)};
    else if (str_eq(report, "service"))
        r = (struct node_report){.kind = REPORT_SERVICE, .service = read_service(j)};
    else if (str_eq(report, "gone"))
        r = (struct node_report){.kind = REPORT_SERVICE_GONE, .gone = word(j, "id")};
    else if (str_eq(report, "source"))
        r = (struct node_report){.kind = REPORT_SOURCE, .source = read_source(j)};
    else if (str_eq(report, "check"))
        r = (struct node_report){.kind = REPORT_CHECK, .check = read_check(j)};
    else if (str_eq(report, "frame")) {
        read_frame(f, j, node, sink, arg);
        return 0;
    } else
        return err_set(e, -EINVAL, "report \"%s\" is not known", report);
    sink(arg, node, &r);
    return 0;
}

int fixture_line(struct fixture *f, const char *line, sink_fn *sink, void *arg, struct err *e)
{
    json_t *j;
    if (line[0] == '\0' || line[0] == '#' || line[0] == '\n')
        return 0;
    int res = json_parse(line, strlen(line), 1 << 20, e, &j);
    if (res < 0)
        return res;
    res = hand_over(f, j, sink, arg, e);
    json_decref(j);
    return res;
}

int fixture_file(struct fixture *f, const char *path, sink_fn *sink, void *arg, struct err *e)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return err_set(e, -errno, "%s can't be read", path);
    char *line = NULL;
    size_t cap = 0;
    int res = 0, number = 0;
    while (res >= 0 && getline(&line, &cap, file) > 0) {
        number++;
        res = fixture_line(f, line, sink, arg, e);
        if (res < 0)
            err_prefix(e, res, "%s:%d", path, number);
    }
    free(line); /* getline's own */
    fclose(file);
    return res;
}
