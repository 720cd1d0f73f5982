#include "node/wire.h"

#include <errno.h>

void wire_print(const ProtobufCMessage *m, struct str *out)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    str_reserve(out, n + 1);
    out->len += protobuf_c_message_pack(m, (uint8_t *)out->p + out->len);
    out->p[out->len] = '\0';
}

/* Absent is empty on the wire. */
static char *text(const char *s)
{
    return s ? (char *)s : (char *)"";
}

/* --- printing: the message borrows the report's texts, lists are made for the moment --- */

static void print_body(PB(FromAgent) * m, PB(FromAgent__BodyCase) body, struct str *out)
{
    m->body_case = body;
    wire_print(&m->base, out);
}

static void print_facts(PB(FromAgent) m, const struct node_facts *f, struct str *out)
{
    PB(Facts) p = HYDRA__AGENT__V1__FACTS__INIT;
    PB(GpuFacts) *gpus = mem_array(f->gpus.n, sizeof *gpus);
    PB(GpuFacts) **list = mem_array(f->gpus.n, sizeof(void *));
    p.hostname = text(f->hostname);
    p.os_name = text(f->os_name);
    p.os_id = text(f->os_id);
    p.kernel = text(f->kernel);
    p.arch = text(f->arch);
    p.cpu_model = text(f->cpu_model);
    p.cpu_sockets = f->cpu_sockets;
    p.cpu_cores = f->cpu_cores;
    p.cpu_threads = f->cpu_threads;
    p.memory_total = f->memory_total;
    p.swap_total = f->swap_total;
    p.boot_id = text(f->boot_id);
    p.machine_id = text(f->machine_id);
    p.virtualization = text(f->virtualization);
    p.time_zone = text(f->time_zone);
    p.boot_ms = f->boot_ms;
    p.pending_reboot = text(f->pending_reboot);
    p.agent_version = text(f->agent_version);
    p.n_addresses = f->addresses.n;
    p.addresses = f->addresses.v;
    p.n_macs = f->macs.n;
    p.macs = f->macs.v;
    for (size_t i = 0; i < f->gpus.n; i++) {
        const struct gpu_facts *g = &f->gpus.v[i];
        hydra__agent__v1__gpu_facts__init(&gpus[i]);
        gpus[i].id = text(g->id);
        gpus[i].uuid = text(g->uuid);
        gpus[i].name = text(g->name);
        gpus[i].vendor = text(g->vendor);
        gpus[i].driver = text(g->driver);
        gpus[i].memory_total = g->memory_total;
        list[i] = &gpus[i];
    }
    p.n_gpus = f->gpus.n;
    p.gpus = list;
    m.facts = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_FACTS, out);
    mem_free(list);
    mem_free(gpus);
}

static void print_series(PB(FromAgent) m, const struct series_defs *s, struct str *out)
{
    PB(SeriesTable) p = HYDRA__AGENT__V1__SERIES_TABLE__INIT;
    PB(SeriesTable__Series) *rows = mem_array(s->n, sizeof *rows);
    PB(SeriesTable__Series) **list = mem_array(s->n, sizeof(void *));
    for (uint32_t i = 0; i < s->n; i++) {
        hydra__agent__v1__series_table__series__init(&rows[i]);
        rows[i].name = text(s->v[i].name);
        rows[i].labels = text(s->v[i].labels);
        rows[i].kind = (PB(SeriesTable__Kind))s->v[i].kind;
        rows[i].help = text(s->v[i].help);
        list[i] = &rows[i];
    }
    p.first = s->first;
    p.n_series = s->n;
    p.series = list;
    m.series = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_SERIES, out);
    mem_free(list);
    mem_free(rows);
}

static void print_frame(PB(FromAgent) m, struct wire_values *before, const struct frame *f,
                        struct str *out)
{
    PB(Frame) p = HYDRA__AGENT__V1__FRAME__INIT;
    struct str changes = {0};
    wire_frame_print(before, f, &changes);
    p.time_ms = f->time_ms;
    p.n = f->n;
    p.changes = (ProtobufCBinaryData){changes.len, (uint8_t *)changes.p};
    m.frame = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_FRAME, out);
    str_done(&changes);
}

static void fill_service(PB(Service) * p, const struct observed *o)
{
    p->id = text(o->id);
    p->kind = (PB(Service__Kind))o->kind;
    p->engine = text(o->engine);
    p->name = text(o->name);
    p->description = text(o->description);
    p->run = (PB(Service__Run))o->run;
    p->run_text = text(o->run_text);
    p->health = (PB(Service__Health))o->health;
    p->health_text = text(o->health_text);
    p->started_ms = o->started_ms;
    p->ended_ms = o->ended_ms;
    p->has_exit = o->has_exit;
    p->exit_code = o->exit_code;
    p->oom_killed = o->oom_killed;
    p->enabled = o->enabled;
    p->on_purpose = o->on_purpose;
    p->why = text(o->why);
    p->restarts = o->restarts;
    p->image = text(o->image);
    p->image_id = text(o->image_id);
    p->container_id = text(o->container_id);
    p->project = text(o->project);
    p->unit_file = text(o->unit_file);
    p->command = text(o->command);
    p->main_pid = o->main_pid;
    p->cgroup = text(o->cgroup);
    p->n_depends_on = o->depends_on.n;
    p->depends_on = o->depends_on.v;
    p->n_mounts = o->mounts.n;
    p->mounts = o->mounts.v;
    p->n_networks = o->networks.n;
    p->networks = o->networks.v;
}

static void fill_port(PB(Service__Port) * p, const struct observed_port *o)
{
    hydra__agent__v1__service__port__init(p);
    p->address = text(o->address);
    p->port = o->port;
    p->inner = o->inner;
    p->udp = o->udp;
    p->pid = o->pid;
    p->process = text(o->process);
}

static void print_service(PB(FromAgent) m, const struct observed *o, struct str *out)
{
    PB(Service) p = HYDRA__AGENT__V1__SERVICE__INIT;
    PB(Service__Port) *ports = mem_array(o->ports.n, sizeof *ports);
    PB(Service__Port) **port_list = mem_array(o->ports.n, sizeof(void *));
    PB(Service__Label) *labels = mem_array(o->labels.n, sizeof *labels);
    PB(Service__Label) **label_list = mem_array(o->labels.n, sizeof(void *));
    fill_service(&p, o);
    for (size_t i = 0; i < o->ports.n; i++) {
        fill_port(&ports[i], &o->ports.v[i]);
        port_list[i] = &ports[i];
    }
    for (size_t i = 0; i < o->labels.n; i++) {
        hydra__agent__v1__service__label__init(&labels[i]);
        labels[i].key = text(o->labels.v[i].key);
        labels[i].value = text(o->labels.v[i].value);
        label_list[i] = &labels[i];
    }
    p.n_ports = o->ports.n;
    p.ports = port_list;
    p.n_labels = o->labels.n;
    p.labels = label_list;
    m.service = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_SERVICE, out);
    mem_free(label_list);
    mem_free(labels);
    mem_free(port_list);
    mem_free(ports);
}

static void fill_row(PB(Processes__Row) * p, const struct process_row *r)
{
    hydra__agent__v1__processes__row__init(p);
    p->pid = r->pid;
    p->parent = r->parent;
    p->user = text(r->user);
    p->name = text(r->name);
    p->command = text(r->command);
    p->state = (unsigned char)r->state;
    p->cpu_percent = r->cpu_percent;
    p->memory = r->memory;
    p->gpu_memory = r->gpu_memory;
    p->threads = r->threads;
    p->started_ms = r->started_ms;
    p->service = text(r->service);
    p->start_ticks = r->start_ticks;
}

static void print_processes(PB(FromAgent) m, const struct process_table *t, struct str *out)
{
    PB(Processes) p = HYDRA__AGENT__V1__PROCESSES__INIT;
    PB(Processes__Row) *rows = mem_array(t->rows.n, sizeof *rows);
    PB(Processes__Row) **list = mem_array(t->rows.n, sizeof(void *));
    PB(Processes__GpuRow) *gpu_rows = mem_array(t->gpu_rows.n, sizeof *gpu_rows);
    PB(Processes__GpuRow) **gpu_list = mem_array(t->gpu_rows.n, sizeof(void *));
    for (size_t i = 0; i < t->rows.n; i++) {
        fill_row(&rows[i], &t->rows.v[i]);
        list[i] = &rows[i];
    }
    for (size_t i = 0; i < t->gpu_rows.n; i++) {
        const struct gpu_process_row *r = &t->gpu_rows.v[i];
        hydra__agent__v1__processes__gpu_row__init(&gpu_rows[i]);
        gpu_rows[i].gpu = text(r->gpu);
        gpu_rows[i].pid = r->pid;
        gpu_rows[i].name = text(r->name);
        gpu_rows[i].memory = r->memory;
        gpu_rows[i].service = text(r->service);
        gpu_list[i] = &gpu_rows[i];
    }
    p.time_ms = t->time_ms;
    p.total = t->total;
    p.running = t->running;
    p.threads = t->threads;
    p.n_rows = t->rows.n;
    p.rows = list;
    p.n_gpu_rows = t->gpu_rows.n;
    p.gpu_rows = gpu_list;
    m.processes = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_PROCESSES, out);
    mem_free(gpu_list);
    mem_free(gpu_rows);
    mem_free(list);
    mem_free(rows);
}

static void print_source(PB(FromAgent) m, const struct source_report *s, struct str *out)
{
    PB(Source) p = HYDRA__AGENT__V1__SOURCE__INIT;
    p.name = text(s->name);
    p.state = (PB(Source__State))s->state;
    p.text = text(s->text);
    p.hint = text(s->hint);
    p.services_complete = s->services_complete;
    m.source = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_SOURCE, out);
}

static void print_check(PB(FromAgent) m, const struct check_result *c, struct str *out)
{
    PB(CheckResult) p = HYDRA__AGENT__V1__CHECK_RESULT__INIT;
    p.service = text(c->service);
    p.state = (PB(CheckResult__State))c->state;
    p.time_ms = c->time_ms;
    p.latency_us = c->latency_us;
    p.code = c->code;
    p.text = text(c->text);
    p.tls_expires_ms = c->tls_expires_ms;
    m.check = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_CHECK, out);
}

static PB(Outcome) outcome_message(const struct command_outcome *o)
{
    PB(Outcome) p = HYDRA__AGENT__V1__OUTCOME__INIT;
    p.id = text(o->id);
    p.state = (PB(Outcome__State))o->state;
    p.time_ms = o->time_ms;
    p.step = text(o->step);
    p.text = text(o->text);
    p.output = text(o->output);
    return p;
}

static void print_local(PB(FromAgent) m, const struct local_action *a, struct str *out)
{
    PB(LocalAction) p = HYDRA__AGENT__V1__LOCAL_ACTION__INIT;
    PB(Outcome) o = outcome_message(a->outcome);
    p.user = text(a->user);
    p.uid = a->uid;
    p.verb = text(a->verb);
    p.target = text(a->target);
    p.argument = text(a->argument);
    p.outcome = &o;
    m.local_action = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_LOCAL_ACTION, out);
}

static void print_outcome(PB(FromAgent) m, const struct command_outcome *o, struct str *out)
{
    PB(Outcome) p = outcome_message(o);
    m.outcome = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_OUTCOME, out);
}

static void print_policy(PB(FromAgent) m, const struct policy *policy, struct str *out)
{
    PB(Policy) p = HYDRA__AGENT__V1__POLICY__INIT;
    PB(Policy__Rule) *rules = mem_array(policy->rules.n, sizeof *rules);
    PB(Policy__Rule) **list = mem_array(policy->rules.n, sizeof(void *));
    for (size_t i = 0; i < policy->rules.n; i++) {
        const struct policy_rule *rule = &policy->rules.v[i];
        hydra__agent__v1__policy__rule__init(&rules[i]);
        rules[i].deny = rule->deny;
        rules[i].n_verbs = rule->verbs.n;
        rules[i].verbs = rule->verbs.v;
        rules[i].n_targets = rule->targets.n;
        rules[i].targets = rule->targets.v;
        list[i] = &rules[i];
    }
    p.path = text(policy->path);
    p.trouble = text(policy->trouble);
    p.n_rules = policy->rules.n;
    p.rules = list;
    m.policy = &p;
    print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_POLICY, out);
    mem_free(list);
    mem_free(rules);
}

void wire_report_print(struct wire_values *before, const struct node_report *r, uint64_t sequence,
                       bool replayed, struct str *out)
{
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    m.sequence = sequence;
    m.replayed = replayed;
    switch (r->kind) {
    case REPORT_FACTS:
        print_facts(m, r->facts, out);
        break;
    case REPORT_SERIES:
        print_series(m, r->series, out);
        break;
    case REPORT_FRAME:
        print_frame(m, before, r->frame, out);
        break;
    case REPORT_SERVICE:
        print_service(m, r->service, out);
        break;
    case REPORT_SERVICE_GONE:
        m.service_gone = text(r->gone);
        print_body(&m, HYDRA__AGENT__V1__FROM_AGENT__BODY_SERVICE_GONE, out);
        break;
    case REPORT_PROCESSES:
        print_processes(m, r->processes, out);
        break;
    case REPORT_SOURCE:
        print_source(m, r->source, out);
        break;
    case REPORT_CHECK:
        print_check(m, r->check, out);
        break;
    case REPORT_OUTCOME:
        print_outcome(m, r->outcome, out);
        break;
    case REPORT_POLICY:
        print_policy(m, r->policy, out);
        break;
    case REPORT_LOCAL:
        print_local(m, r->local, out);
        break;
    }
}

void wire_checks_print(const struct check_spec *specs, size_t n, struct str *out)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(Checks) p = HYDRA__AGENT__V1__CHECKS__INIT;
    PB(Checks__Check) *checks = mem_array(n, sizeof *checks);
    PB(Checks__Check) **list = mem_array(n, sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        const struct check_spec *s = &specs[i];
        hydra__agent__v1__checks__check__init(&checks[i]);
        checks[i].service = text(s->service);
        checks[i].kind = (PB(Checks__Check__Kind))s->kind;
        checks[i].target = text(s->target);
        checks[i].interval_ms = s->interval_ms;
        checks[i].timeout_ms = s->timeout_ms;
        checks[i].expect_status = text(s->expect_status);
        checks[i].expect_body = text(s->expect_body);
        checks[i].expect_process = text(s->expect_process);
        checks[i].tls_verify = s->tls_verify;
        list[i] = &checks[i];
    }
    p.n_checks = n;
    p.checks = list;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_CHECKS;
    m.checks = &p;
    wire_print(&m.base, out);
    mem_free(list);
    mem_free(checks);
}

void wire_command_print(const struct command *c, const char *node, struct str *out)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(Command) p = HYDRA__AGENT__V1__COMMAND__INIT;
    p.id = text(c->id);
    p.node = text(node);
    p.user = text(c->user);
    p.verb = text(command_verb_name(c->verb));
    p.target = text(c->target);
    p.argument = text(c->argument);
    p.secret = text(c->secret);
    p.expires_ms = c->expires_ms;
    p.sequence = c->sequence;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND;
    m.command = &p;
    wire_print(&m.base, out);
}
