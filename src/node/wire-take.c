#include "node/wire.h"

#include "base/map.h"

#include <errno.h>
#include <pthread.h>

/* What goes wrong first is kept here; everything after it is only thrown away. */
struct taker {
    struct err *e;
    int r;
};

static void refuse(struct taker *t, int r, const char *what)
{
    if (t->r == 0)
        t->r = err_set(t->e, r, "A report makes no sense: %s.", what);
}

/* A copy; "" when it is empty. What an older agent forgot to mend is mended: a name of odd bytes is
 * no reason to lose the node. */
static char *must(struct taker *t, const char *s)
{
    if (strlen(s) > LIMIT_WIRE_TEXT)
        refuse(t, -EMSGSIZE, "a text is too long");
    return str_mend_utf8(mem_strdup(t->r ? "" : s));
}

/* A copy; NULL when it is empty. */
static char *may(struct taker *t, const char *s)
{
    return *s ? must(t, s) : NULL;
}

static size_t count(struct taker *t, size_t n)
{
    if (n > LIMIT_WIRE_LIST)
        refuse(t, -EMSGSIZE, "a list is too long");
    return t->r ? 0 : n;
}

static int kind(struct taker *t, int v, int last)
{
    if (v < 0 || v > last)
        refuse(t, -EBADMSG, "a kind is not known");
    return t->r ? 0 : v;
}

static void take_list(struct taker *t, size_t n, char *const *v, struct str_list *to)
{
    n = count(t, n);
    for (size_t i = 0; i < n; i++)
        str_list_take(to, must(t, v[i]));
}

static struct node_facts *take_facts(struct taker *t, const PB(Facts) * p)
{
    struct node_facts *f = mem_alloc(sizeof *f);
    f->hostname = must(t, p->hostname);
    f->os_name = must(t, p->os_name);
    f->os_id = must(t, p->os_id);
    f->kernel = must(t, p->kernel);
    f->arch = must(t, p->arch);
    f->cpu_model = must(t, p->cpu_model);
    f->cpu_sockets = p->cpu_sockets;
    f->cpu_cores = p->cpu_cores;
    f->cpu_threads = p->cpu_threads;
    f->memory_total = p->memory_total;
    f->swap_total = p->swap_total;
    f->boot_id = must(t, p->boot_id);
    f->machine_id = must(t, p->machine_id);
    f->virtualization = must(t, p->virtualization);
    f->time_zone = must(t, p->time_zone);
    f->boot_ms = p->boot_ms;
    f->pending_reboot = may(t, p->pending_reboot);
    f->agent_version = must(t, p->agent_version);
    take_list(t, p->n_addresses, p->addresses, &f->addresses);
    take_list(t, p->n_macs, p->macs, &f->macs);
    size_t n = count(t, p->n_gpus);
    for (size_t i = 0; i < n; i++)
        *vec_add(&f->gpus) = (struct gpu_facts){.id = must(t, p->gpus[i]->id),
                                                .uuid = must(t, p->gpus[i]->uuid),
                                                .name = must(t, p->gpus[i]->name),
                                                .vendor = must(t, p->gpus[i]->vendor),
                                                .driver = must(t, p->gpus[i]->driver),
                                                .memory_total = p->gpus[i]->memory_total};
    return f;
}

/* Help texts live for ever and are few: every agent of a version tells the same. */
static const char *intern_help(const char *help)
{
    enum { LIMIT_HELPS = 4096, LIMIT_HELP = 1024 };
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct map known;
    size_t n = strlen(help);
    if (n == 0 || n > LIMIT_HELP || !str_is_utf8(help, n))
        return NULL;
    pthread_mutex_lock(&lock);
    const char *kept = map_get(&known, help);
    if (!kept && map_count(&known) < LIMIT_HELPS) {
        char *copy = mem_strdup(help);
        map_set(&known, copy, copy);
        kept = copy;
    }
    pthread_mutex_unlock(&lock);
    return kept;
}

static struct series_defs *take_series(struct taker *t, const PB(SeriesTable) * p)
{
    struct series_defs *s = mem_alloc(sizeof *s);
    if (p->n_series > LIMIT_WIRE_SERIES || p->first > LIMIT_WIRE_SERIES - p->n_series)
        refuse(t, -EMSGSIZE, "there are too many series");
    s->first = p->first;
    s->n = t->r ? 0 : (uint32_t)p->n_series;
    s->v = mem_array(s->n, sizeof *s->v);
    for (uint32_t i = 0; i < s->n; i++)
        s->v[i] = (struct series_def){
            .name = must(t, p->series[i]->name),
            .labels = must(t, p->series[i]->labels),
            .kind = (enum series_kind)kind(t, (int)p->series[i]->kind, SERIES_COUNTER),
            .help = intern_help(p->series[i]->help)};
    return s;
}

static void take_ports(struct taker *t, const PB(Service) * p, struct observed *o)
{
    size_t n = count(t, p->n_ports);
    for (size_t i = 0; i < n; i++) {
        const PB(Service__Port) *q = p->ports[i];
        if (q->port > UINT16_MAX || q->inner > UINT16_MAX)
            refuse(t, -EBADMSG, "a port is over 65535");
        *vec_add(&o->ports) = (struct observed_port){.address = must(t, q->address),
                                                     .port = (uint16_t)q->port,
                                                     .inner = (uint16_t)q->inner,
                                                     .udp = q->udp,
                                                     .pid = q->pid,
                                                     .process = may(t, q->process)};
    }
}

static struct observed *take_service(struct taker *t, const PB(Service) * p)
{
    struct observed *o = mem_alloc(sizeof *o);
    if (!*p->id)
        refuse(t, -EBADMSG, "a service has no id");
    o->id = must(t, p->id);
    o->kind = (enum observed_kind)kind(t, (int)p->kind, OBSERVED_PROCESS);
    o->engine = must(t, p->engine);
    o->name = must(t, p->name);
    o->description = may(t, p->description);
    o->run = (enum observed_run)kind(t, (int)p->run, RUN_PAUSED);
    o->run_text = must(t, p->run_text);
    o->health = (enum observed_health)kind(t, (int)p->health, HEALTH_UNHEALTHY);
    o->health_text = may(t, p->health_text);
    o->started_ms = p->started_ms;
    o->ended_ms = p->ended_ms;
    o->has_exit = p->has_exit;
    o->exit_code = p->exit_code;
    o->oom_killed = p->oom_killed;
    o->enabled = p->enabled;
    o->on_purpose = p->on_purpose;
    o->why = may(t, p->why);
    o->restarts = p->restarts;
    o->image = may(t, p->image);
    o->image_id = may(t, p->image_id);
    o->container_id = may(t, p->container_id);
    o->project = may(t, p->project);
    o->unit_file = may(t, p->unit_file);
    o->command = may(t, p->command);
    o->main_pid = p->main_pid;
    o->cgroup = may(t, p->cgroup);
    take_ports(t, p, o);
    size_t n = count(t, p->n_labels);
    for (size_t i = 0; i < n; i++)
        *vec_add(&o->labels) =
            (struct label){must(t, p->labels[i]->key), must(t, p->labels[i]->value)};
    take_list(t, p->n_depends_on, p->depends_on, &o->depends_on);
    take_list(t, p->n_mounts, p->mounts, &o->mounts);
    take_list(t, p->n_networks, p->networks, &o->networks);
    return o;
}

static struct process_table *take_processes(struct taker *t, const PB(Processes) * p)
{
    struct process_table *table = mem_alloc(sizeof *table);
    *table = (struct process_table){
        .time_ms = p->time_ms, .total = p->total, .running = p->running, .threads = p->threads};
    size_t n = count(t, p->n_rows);
    for (size_t i = 0; i < n; i++) {
        const PB(Processes__Row) *r = p->rows[i];
        *vec_add(&table->rows) =
            (struct process_row){.pid = r->pid,
                                 .parent = r->parent,
                                 .user = must(t, r->user),
                                 .name = must(t, r->name),
                                 .command = must(t, r->command),
                                 .state = r->state > ' ' && r->state < 0x7f ? (char)r->state : '?',
                                 .cpu_percent = r->cpu_percent,
                                 .memory = r->memory,
                                 .gpu_memory = r->gpu_memory,
                                 .threads = r->threads,
                                 .started_ms = r->started_ms,
                                 .start_ticks = r->start_ticks,
                                 .service = may(t, r->service)};
    }
    n = count(t, p->n_gpu_rows);
    for (size_t i = 0; i < n; i++) {
        const PB(Processes__GpuRow) *r = p->gpu_rows[i];
        *vec_add(&table->gpu_rows) = (struct gpu_process_row){.gpu = must(t, r->gpu),
                                                              .pid = r->pid,
                                                              .name = must(t, r->name),
                                                              .memory = r->memory,
                                                              .service = may(t, r->service)};
    }
    return table;
}

static struct source_report *take_source(struct taker *t, const PB(Source) * p)
{
    struct source_report *s = mem_alloc(sizeof *s);
    *s = (struct source_report){.name = must(t, p->name),
                                .state = (enum source_state)kind(t, (int)p->state, SOURCE_FAILED),
                                .text = may(t, p->text),
                                .hint = may(t, p->hint),
                                .services_complete = p->services_complete};
    return s;
}

static struct check_result *take_check(struct taker *t, const PB(CheckResult) * p)
{
    struct check_result *c = mem_alloc(sizeof *c);
    *c = (struct check_result){.service = must(t, p->service),
                               .state = (enum check_state)kind(t, (int)p->state, CHECK_UNKNOWN),
                               .time_ms = p->time_ms,
                               .latency_us = p->latency_us,
                               .code = p->code,
                               .text = must(t, p->text),
                               .tls_expires_ms = p->tls_expires_ms};
    return c;
}

static struct command_outcome *take_outcome(struct taker *t, const PB(Outcome) * p)
{
    struct command_outcome *o = mem_alloc(sizeof *o);
    *o = (struct command_outcome){.state =
                                      (enum outcome_state)kind(t, (int)p->state, OUTCOME_UNKNOWN),
                                  .time_ms = p->time_ms,
                                  .step = must(t, p->step),
                                  .text = must(t, p->text),
                                  .output = must(t, p->output)};
    if (!str_copy(o->id, sizeof o->id, p->id) || !*o->id)
        refuse(t, -EBADMSG, "an outcome is of no command");
    str_mend_utf8(o->id);
    return o;
}

static struct local_action *take_local(struct taker *t, const PB(LocalAction) * p)
{
    static const PB(Outcome) none = HYDRA__AGENT__V1__OUTCOME__INIT; /* without an id: refused */
    struct local_action *a = mem_alloc(sizeof *a);
    *a = (struct local_action){.user = must(t, p->user),
                               .uid = p->uid,
                               .verb = must(t, p->verb),
                               .target = must(t, p->target),
                               .argument = must(t, p->argument),
                               .outcome = take_outcome(t, p->outcome ? p->outcome : &none)};
    return a;
}

static struct policy *take_policy(struct taker *t, const PB(Policy) * p)
{
    struct policy *policy = mem_alloc(sizeof *policy);
    policy->path = must(t, p->path);
    policy->trouble = may(t, p->trouble);
    size_t n = count(t, p->n_rules);
    for (size_t i = 0; i < n; i++) {
        struct policy_rule *rule = vec_add(&policy->rules);
        rule->deny = p->rules[i]->deny;
        take_list(t, p->rules[i]->n_verbs, p->rules[i]->verbs, &rule->verbs);
        take_list(t, p->rules[i]->n_targets, p->rules[i]->targets, &rule->targets);
    }
    return policy;
}

static int take_frame(struct taker *t, struct wire_values *before, const PB(Frame) * p,
                      struct frame **ret_f)
{
    int r = wire_frame_parse(before, p->time_ms, p->n, p->changes.data, p->changes.len, ret_f);
    if (r < 0)
        refuse(t, r, "its numbers can't be read");
    return r;
}

int wire_report_take(struct wire_values *before, const PB(FromAgent) * m, struct err *e,
                     struct node_report *ret_r)
{
    struct taker t = {.e = e};
    struct node_report r = {0};
    switch ((int)m->body_case) { /* also what a newer agent says */
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_FACTS:
        r = (struct node_report){.kind = REPORT_FACTS, .facts = take_facts(&t, m->facts)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_SERIES:
        r = (struct node_report){.kind = REPORT_SERIES, .series = take_series(&t, m->series)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_FRAME:
        r.kind = REPORT_FRAME;
        if (take_frame(&t, before, m->frame, &r.frame) < 0)
            return t.r;
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_SERVICE:
        r = (struct node_report){.kind = REPORT_SERVICE, .service = take_service(&t, m->service)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_SERVICE_GONE:
        r = (struct node_report){.kind = REPORT_SERVICE_GONE, .gone = must(&t, m->service_gone)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_PROCESSES:
        r = (struct node_report){.kind = REPORT_PROCESSES,
                                 .processes = take_processes(&t, m->processes)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_SOURCE:
        r = (struct node_report){.kind = REPORT_SOURCE, .source = take_source(&t, m->source)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_CHECK:
        r = (struct node_report){.kind = REPORT_CHECK, .check = take_check(&t, m->check)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_OUTCOME:
        r = (struct node_report){.kind = REPORT_OUTCOME, .outcome = take_outcome(&t, m->outcome)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_POLICY:
        r = (struct node_report){.kind = REPORT_POLICY, .policy = take_policy(&t, m->policy)};
        break;
    case HYDRA__AGENT__V1__FROM_AGENT__BODY_LOCAL_ACTION:
        r = (struct node_report){.kind = REPORT_LOCAL, .local = take_local(&t, m->local_action)};
        break;
    default:
        return 0;
    }
    if (t.r < 0) {
        node_report_free(&r);
        return t.r;
    }
    *ret_r = r;
    return 1;
}

int wire_checks_take(const PB(Checks) * m, struct err *e, struct check_spec **ret_specs,
                     size_t *ret_n)
{
    struct taker t = {.e = e};
    size_t n = count(&t, m->n_checks);
    struct check_spec *specs = mem_array(n, sizeof *specs);
    for (size_t i = 0; i < n; i++) {
        const PB(Checks__Check) *c = m->checks[i];
        specs[i] =
            (struct check_spec){.service = must(&t, c->service),
                                .kind = (enum check_kind)kind(&t, (int)c->kind, CHECK_PROCESS),
                                .target = must(&t, c->target),
                                .interval_ms = c->interval_ms,
                                .timeout_ms = c->timeout_ms,
                                .expect_status = may(&t, c->expect_status),
                                .expect_body = may(&t, c->expect_body),
                                .expect_process = may(&t, c->expect_process),
                                .tls_verify = c->tls_verify};
    }
    if (t.r < 0) {
        for (size_t i = 0; i < n; i++)
            check_spec_done(&specs[i]);
        mem_free(specs);
        return t.r;
    }
    *ret_specs = specs;
    *ret_n = n;
    return 0;
}

static int refuse_command(struct err *e, const char *why)
{
    return err_set(e, -EBADMSG, "The command makes no sense to this agent: %s.", why);
}

int wire_command_take(const PB(Command) * m, const char *node, struct err *e, struct command *ret_c)
{
    struct command c = {.expires_ms = m->expires_ms, .sequence = m->sequence};
    if (!str_eq(m->node, node))
        return refuse_command(e, "it is for another node");
    if (!str_copy(c.id, sizeof c.id, m->id) || !*c.id)
        return refuse_command(e, "it has no id");
    if (!c.sequence || c.expires_ms <= 0)
        return refuse_command(e, "it has no number or no end, so it could be repeated for ever");
    if (command_verb_parse(m->verb, &c.verb) < 0)
        return refuse_command(e, "it does not know how; bring the agent up to date");
    const char *texts[] = {m->user, m->target, m->argument, m->secret};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (strlen(texts[i]) > LIMIT_COMMAND_TEXT || !str_is_utf8(texts[i], strlen(texts[i])))
            return refuse_command(e, "a text is too long, or no text");
    c.user = mem_strdup(m->user);
    c.target = mem_strdup(m->target);
    c.argument = mem_strdup(m->argument);
    c.secret = *m->secret ? mem_strdup(m->secret) : NULL;
    *ret_c = c;
    return 0;
}

void wire_secrets_wipe(PB(FromHub) * m)
{
    if (m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND)
        explicit_bzero(m->command->secret, strlen(m->command->secret));
}
