#include "hub/local-node.h"

#include "base/vec.h"

struct local_node {
    struct loop *hub, *loop;
    struct node *node;
    struct local_node_settings settings;
    char *docker, *journal;
    bool stopped; /* on the hub's loop: reports still under way are dropped */
};

/* A report on its way from the node's thread to the hub's. */
struct parcel {
    struct local_node *from;
    struct node_report report;
};

static void deliver(void *arg)
{
    struct parcel *p = arg;
    if (p->from->stopped)
        node_report_free(&p->report);
    else
        p->from->settings.report(p->from->settings.arg, &p->report);
    mem_free(p);
}

static void hand_over(void *arg, struct node_report *r)
{
    struct local_node *n = arg;
    struct parcel *p = mem_alloc(sizeof *p);
    *p = (struct parcel){n, *r};
    loop_post(n->hub, deliver, p);
}

static void start_on_loop(void *arg)
{
    struct local_node *n = arg;
    node_start(n->node);
}

struct local_node *local_node_start(struct loop *hub, const struct local_node_settings *s)
{
    struct local_node *n = mem_alloc(sizeof *n);
    n->hub = hub;
    n->settings = *s;
    n->docker = mem_strdup(s->docker);
    n->journal = mem_strdup(s->journal);
    n->loop = loop_new("node");
    n->node = node_new(
        n->loop, &(struct node_settings){.interval_ms = 1000,
                                         .root = "",
                                         .docker_host = str_is_empty(n->docker) ? NULL : n->docker,
                                         .policy = s->policy,
                                         .state_dir = s->state_dir,
                                         .loki = s->loki,
                                         .journal = str_is_empty(n->journal) ? NULL : n->journal,
                                         .report = hand_over,
                                         .arg = n});
    loop_post(n->loop, start_on_loop, n);
    loop_start_thread(n->loop);
    return n;
}

struct order {
    struct local_node *node;
    struct check_spec *specs;
    size_t n;
};

static void order_on_loop(void *arg)
{
    struct order *o = arg;
    node_set_checks(o->node->node, o->specs, o->n);
    for (size_t i = 0; i < o->n; i++)
        check_spec_done(&o->specs[i]);
    mem_free(o->specs);
    mem_free(o);
}

void local_node_checks(struct local_node *n, const struct check_spec *specs, size_t n_specs)
{
    struct order *o = mem_alloc(sizeof *o);
    o->node = n;
    o->n = n_specs;
    o->specs = mem_array(n_specs, sizeof *o->specs);
    for (size_t i = 0; i < n_specs; i++)
        check_spec_copy(&o->specs[i], &specs[i]);
    loop_post(n->loop, order_on_loop, o);
}

struct question {
    struct local_node *node;
    const char *service;
    int answer;
};

static void ask_on_loop(void *arg)
{
    struct question *q = arg;
    q->answer = node_check_now(q->node->node, q->service);
}

int local_node_check_now(struct local_node *n, const char *service)
{
    struct question q = {n, service, 0};
    loop_call(n->loop, ask_on_loop, &q);
    return q.answer;
}

struct errand {
    struct local_node *node;
    struct command command;
};

static void command_on_loop(void *arg)
{
    struct errand *d = arg;
    node_command(d->node->node, &d->command);
    command_done(&d->command);
    mem_free(d);
}

void local_node_command(struct local_node *n, const struct command *c)
{
    struct errand *d = mem_alloc(sizeof *d);
    d->node = n;
    command_copy(&d->command, c);
    loop_post(n->loop, command_on_loop, d);
}

static void query_on_loop(void *arg)
{
    struct errand *d = arg;
    node_command_query(d->node->node, d->command.id);
    mem_free(d);
}

void local_node_command_query(struct local_node *n, const char *id)
{
    struct errand *d = mem_alloc(sizeof *d);
    d->node = n;
    str_copy(d->command.id, sizeof d->command.id, id);
    loop_post(n->loop, query_on_loop, d);
}

struct reading {
    struct local_node *node;
    struct log_reader *reader;
};

static void read_on_loop(void *arg)
{
    struct reading *g = arg;
    if (g->node->node)
        node_logs(g->node->node, g->reader);
    else
        log_reader_refuse(g->reader, "Hydra is being stopped.");
    log_reader_unref(g->reader);
    mem_free(g);
}

void local_node_logs(struct local_node *n, struct log_reader *r)
{
    struct reading *g = mem_alloc(sizeof *g);
    *g = (struct reading){n, log_reader_ref(r)};
    loop_post(n->loop, read_on_loop, g);
}

/* An answer on its way from the node's thread to the hub's. */
struct answer {
    struct local_node *from;
    uint64_t id;
    struct inspect_answer a;
};

static void deliver_answer(void *arg)
{
    struct answer *p = arg;
    if (!p->from->stopped)
        p->from->settings.inspected(p->from->settings.arg, p->id, &p->a);
    mem_free((char *)p->a.text);
    mem_free((char *)p->a.json);
    mem_free(p);
}

static void on_inspected(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct local_node *n = arg;
    struct answer *p = mem_alloc(sizeof *p);
    *p = (struct answer){n, id, *a};
    p->a.text = mem_strdup(a->text);
    p->a.json = mem_strndup(a->json, a->len);
    loop_post(n->hub, deliver_answer, p);
}

struct asking {
    struct local_node *node;
    uint64_t id;
    struct inspection q;
};

static void inspect_on_loop(void *arg)
{
    struct asking *k = arg;
    if (k->node->node)
        node_inspect(k->node->node, k->id, &k->q, on_inspected, k->node);
    inspection_done(&k->q);
    mem_free(k);
}

void local_node_inspect(struct local_node *n, uint64_t id, const struct inspection *q)
{
    struct asking *k = mem_alloc(sizeof *k);
    k->node = n;
    k->id = id;
    inspection_copy(&k->q, q);
    loop_post(n->loop, inspect_on_loop, k);
}

static void cancel_on_loop(void *arg)
{
    struct asking *k = arg;
    if (k->node->node)
        node_inspect_cancel(k->node->node, k->id);
    mem_free(k);
}

void local_node_inspect_cancel(struct local_node *n, uint64_t id)
{
    struct asking *k = mem_alloc(sizeof *k);
    k->node = n;
    k->id = id;
    loop_post(n->loop, cancel_on_loop, k);
}

static void free_on_loop(void *arg)
{
    struct local_node *n = arg;
    node_free(TAKE(n->node));
    loop_stop(n->loop);
}

static void free_self(void *arg)
{
    struct local_node *n = arg;
    mem_free(n->docker);
    mem_free(n->journal);
    mem_free(n);
}

/* Freed by the hub's loop, after the last parcel that points here. */
void local_node_stop(struct local_node *n)
{
    if (!n)
        return;
    loop_post(n->loop, free_on_loop, n);
    loop_join(n->loop);
    loop_free(n->loop);
    n->stopped = true;
    loop_post(n->hub, free_self, n);
}
