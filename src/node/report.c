#include "node/report.h"

#include <errno.h>

static const char *const check_kinds[] = {
    [CHECK_HTTP] = "http",       [CHECK_TCP] = "tcp",       [CHECK_DNS] = "dns",
    [CHECK_ICMP] = "icmp",       [CHECK_DOCKER] = "docker", [CHECK_SYSTEMD] = "systemd",
    [CHECK_PROCESS] = "process",
};

const char *check_kind_name(enum check_kind k)
{
    return check_kinds[k];
}

int check_kind_parse(const char *name, enum check_kind *ret_kind)
{
    for (size_t i = 0; i < COUNT_OF(check_kinds); i++)
        if (str_eq(name, check_kinds[i])) {
            *ret_kind = (enum check_kind)i;
            return 0;
        }
    return -EINVAL;
}

enum { FACTS_STRINGS = 12 };

/* The one list that free and mend both walk. */
static void facts_strings(const struct node_facts *f, char *ret_strings[FACTS_STRINGS])
{
    char *strings[FACTS_STRINGS] = {f->hostname,  f->os_name,        f->os_id,
                                    f->kernel,    f->arch,           f->cpu_model,
                                    f->boot_id,   f->machine_id,     f->virtualization,
                                    f->time_zone, f->pending_reboot, f->agent_version};
    memcpy(ret_strings, strings, sizeof strings);
}

static void free_facts(struct node_facts *f)
{
    if (!f)
        return;
    char *strings[FACTS_STRINGS];
    facts_strings(f, strings);
    for (size_t i = 0; i < FACTS_STRINGS; i++)
        mem_free(strings[i]);
    str_list_done(&f->addresses);
    str_list_done(&f->macs);
    for (size_t i = 0; i < f->gpus.n; i++) {
        struct gpu_facts *g = &f->gpus.v[i];
        mem_free(g->id);
        mem_free(g->uuid);
        mem_free(g->name);
        mem_free(g->vendor);
        mem_free(g->driver);
    }
    vec_done(&f->gpus);
    mem_free(f);
}

static void free_series(struct series_defs *d)
{
    if (!d)
        return;
    for (uint32_t i = 0; i < d->n; i++) {
        mem_free(d->v[i].name);
        mem_free(d->v[i].labels);
    }
    mem_free(d->v);
    mem_free(d);
}

static void free_processes(struct process_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->rows.n; i++) {
        struct process_row *p = &t->rows.v[i];
        mem_free(p->user);
        mem_free(p->name);
        mem_free(p->command);
        mem_free(p->service);
    }
    for (size_t i = 0; i < t->gpu_rows.n; i++) {
        struct gpu_process_row *p = &t->gpu_rows.v[i];
        mem_free(p->gpu);
        mem_free(p->name);
        mem_free(p->service);
    }
    vec_done(&t->rows);
    vec_done(&t->gpu_rows);
    mem_free(t);
}

static void free_source(struct source_report *s)
{
    if (!s)
        return;
    mem_free(s->name);
    mem_free(s->text);
    mem_free(s->hint);
    mem_free(s);
}

static void free_check(struct check_result *c)
{
    if (!c)
        return;
    mem_free(c->service);
    mem_free(c->text);
    mem_free(c);
}

static void free_local(struct local_action *a)
{
    mem_free(a->user);
    mem_free(a->verb);
    mem_free(a->target);
    mem_free(a->argument);
    command_outcome_free(a->outcome);
    mem_free(a);
}

void node_report_free(struct node_report *r)
{
    switch (r->kind) {
    case REPORT_FACTS:
        free_facts(r->facts);
        break;
    case REPORT_SERIES:
        free_series(r->series);
        break;
    case REPORT_FRAME:
        mem_free(r->frame);
        break;
    case REPORT_SERVICE:
        observed_free(r->service);
        break;
    case REPORT_SERVICE_GONE:
        mem_free(r->gone);
        break;
    case REPORT_PROCESSES:
        free_processes(r->processes);
        break;
    case REPORT_SOURCE:
        free_source(r->source);
        break;
    case REPORT_CHECK:
        free_check(r->check);
        break;
    case REPORT_OUTCOME:
        command_outcome_free(r->outcome);
        break;
    case REPORT_POLICY:
        policy_free(r->policy);
        break;
    case REPORT_LOCAL:
        free_local(r->local);
        break;
    }
}

/* Every plain string of an observed service: the one list that free and copy both walk. */
static const size_t observed_strings[] = {
    offsetof(struct observed, id),       offsetof(struct observed, engine),
    offsetof(struct observed, name),     offsetof(struct observed, description),
    offsetof(struct observed, run_text), offsetof(struct observed, health_text),
    offsetof(struct observed, why),      offsetof(struct observed, image),
    offsetof(struct observed, image_id), offsetof(struct observed, container_id),
    offsetof(struct observed, project),  offsetof(struct observed, unit_file),
    offsetof(struct observed, command),  offsetof(struct observed, cgroup),
};

static char **string_at(struct observed *o, size_t i)
{
    return (char **)((char *)o + observed_strings[i]);
}

void observed_free(struct observed *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < COUNT_OF(observed_strings); i++)
        mem_free(*string_at(o, i));
    for (size_t i = 0; i < o->ports.n; i++) {
        mem_free(o->ports.v[i].address);
        mem_free(o->ports.v[i].process);
    }
    for (size_t i = 0; i < o->labels.n; i++) {
        mem_free(o->labels.v[i].key);
        mem_free(o->labels.v[i].value);
    }
    vec_done(&o->ports);
    vec_done(&o->labels);
    str_list_done(&o->depends_on);
    str_list_done(&o->mounts);
    str_list_done(&o->networks);
    mem_free(o);
}

static void copy_ports(struct observed *to, const struct observed *from)
{
    to->ports.v = NULL;
    to->ports.n = to->ports.cap = 0;
    for (size_t i = 0; i < from->ports.n; i++) {
        struct observed_port *p = vec_add(&to->ports);
        *p = from->ports.v[i];
        p->address = mem_strdup(p->address);
        p->process = mem_strdup(p->process);
    }
}

static void copy_labels(struct observed *to, const struct observed *from)
{
    to->labels.v = NULL;
    to->labels.n = to->labels.cap = 0;
    for (size_t i = 0; i < from->labels.n; i++) {
        struct label *l = vec_add(&to->labels);
        l->key = mem_strdup(from->labels.v[i].key);
        l->value = mem_strdup(from->labels.v[i].value);
    }
}

struct observed *observed_copy(const struct observed *from)
{
    struct observed *o = mem_dup(from, sizeof *from);
    for (size_t i = 0; i < COUNT_OF(observed_strings); i++)
        *string_at(o, i) = mem_strdup(*string_at(o, i));
    copy_ports(o, from);
    copy_labels(o, from);
    o->depends_on = o->mounts = o->networks = (struct str_list){0};
    str_list_copy(&o->depends_on, &from->depends_on);
    str_list_copy(&o->mounts, &from->mounts);
    str_list_copy(&o->networks, &from->networks);
    return o;
}

/* --- what others say is made presentable --- */

static void mend(char *s)
{
    if (s && strnlen(s, LIMIT_REPORT_TEXT + 1) > LIMIT_REPORT_TEXT)
        s[LIMIT_REPORT_TEXT] = 0;
    str_mend_utf8(s);
}

static void mend_list(struct str_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        mend(l->v[i]);
}

static void mend_facts(struct node_facts *f)
{
    char *strings[FACTS_STRINGS];
    facts_strings(f, strings);
    for (size_t i = 0; i < FACTS_STRINGS; i++)
        mend(strings[i]);
    mend_list(&f->addresses);
    mend_list(&f->macs);
    for (size_t i = 0; i < f->gpus.n; i++) {
        struct gpu_facts *g = &f->gpus.v[i];
        mend(g->id);
        mend(g->uuid);
        mend(g->name);
        mend(g->vendor);
        mend(g->driver);
    }
}

static void mend_observed(struct observed *o)
{
    for (size_t i = 0; i < COUNT_OF(observed_strings); i++)
        mend(*string_at(o, i));
    for (size_t i = 0; i < o->ports.n; i++) {
        mend(o->ports.v[i].address);
        mend(o->ports.v[i].process);
    }
    for (size_t i = 0; i < o->labels.n; i++) {
        mend(o->labels.v[i].key);
        mend(o->labels.v[i].value);
    }
    mend_list(&o->depends_on);
    mend_list(&o->mounts);
    mend_list(&o->networks);
}

static void mend_processes(struct process_table *t)
{
    for (size_t i = 0; i < t->rows.n; i++) {
        mend(t->rows.v[i].user);
        mend(t->rows.v[i].name);
        mend(t->rows.v[i].command);
        mend(t->rows.v[i].service);
    }
    for (size_t i = 0; i < t->gpu_rows.n; i++) {
        mend(t->gpu_rows.v[i].gpu);
        mend(t->gpu_rows.v[i].name);
        mend(t->gpu_rows.v[i].service);
    }
}

static void mend_policy(struct policy *p)
{
    mend(p->path);
    mend(p->trouble);
    for (size_t i = 0; i < p->rules.n; i++) {
        mend_list(&p->rules.v[i].verbs);
        mend_list(&p->rules.v[i].targets);
    }
}

static void mend_outcome(struct command_outcome *o)
{
    mend(o->step);
    mend(o->text);
    mend(o->output);
}

static void mend_local(struct local_action *a)
{
    mend(a->user);
    mend(a->verb);
    mend(a->target);
    mend(a->argument);
    mend_outcome(a->outcome);
}

void node_report_mend(struct node_report *r)
{
    switch (r->kind) {
    case REPORT_FACTS:
        mend_facts(r->facts);
        break;
    case REPORT_SERIES: /* label_add() mends the labels; the names are ours */
    case REPORT_FRAME:
        break;
    case REPORT_SERVICE:
        mend_observed(r->service);
        break;
    case REPORT_SERVICE_GONE:
        mend(r->gone);
        break;
    case REPORT_PROCESSES:
        mend_processes(r->processes);
        break;
    case REPORT_SOURCE:
        mend(r->source->name);
        mend(r->source->text);
        mend(r->source->hint);
        break;
    case REPORT_CHECK:
        mend(r->check->service);
        mend(r->check->text);
        break;
    case REPORT_OUTCOME:
        mend_outcome(r->outcome);
        break;
    case REPORT_POLICY:
        mend_policy(r->policy);
        break;
    case REPORT_LOCAL:
        mend_local(r->local);
        break;
    }
}

void check_spec_done(struct check_spec *c)
{
    mem_free(c->service);
    mem_free(c->target);
    mem_free(c->expect_status);
    mem_free(c->expect_body);
    mem_free(c->expect_process);
    *c = (struct check_spec){0};
}

void check_spec_copy(struct check_spec *to, const struct check_spec *from)
{
    *to = *from;
    to->service = mem_strdup(from->service);
    to->target = mem_strdup(from->target);
    to->expect_status = mem_strdup(from->expect_status);
    to->expect_body = mem_strdup(from->expect_body);
    to->expect_process = mem_strdup(from->expect_process);
}
