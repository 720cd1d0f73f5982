#include "hub/nodes.h"

#include "base/clock.h"
#include "base/log.h"
#include "hub/agents.h"
#include "hub/inspections.h"
#include "hub/local-audit.h"
#include "hub/local-node.h"
#include "hub/networks.h"
#include "hub/programs.h"
#include "hub/told.h"

struct nodes {
    struct nodes_settings settings;
    struct local_node *local;
    struct agents *agents;
    struct inspections *inspections;
    struct networks *networks;
    struct local_audit *audit;
    struct programs *programs;
    struct told *told;
};

static struct cluster_now now(void)
{
    return (struct cluster_now){.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

static void show_agent_of(struct nodes *n, const char *node);

/* --- what nodes tell --- */

/* What concerns others than the cluster. */
static void tell_others(struct nodes *n, const char *node, const struct node_report *r)
{
    if (r->kind == REPORT_OUTCOME)
        jobs_outcome(n->settings.jobs, node, r->outcome, now());
    if (r->kind == REPORT_POLICY)
        jobs_set_policy(n->settings.jobs, node, r->policy);
    if (r->kind == REPORT_FACTS)
        networks_keep(n->networks, node, r->facts);
}

static void on_local_report(void *arg, struct node_report *r)
{
    struct nodes *n = arg;
    tell_others(n, n->settings.local, r);
    cluster_report(n->settings.cluster, n->settings.local, r, now());
}

static void on_report(void *arg, const char *node, struct node_report *r, bool late)
{
    struct nodes *n = arg;
    if (r->kind == REPORT_LOCAL) {
        agents_hold(n->agents, node, true); /* until it is in the audit log, the node keeps it */
        local_audit_add(n->audit, node, r->local);
        return;
    }
    bool are_facts = r->kind == REPORT_FACTS;
    tell_others(n, node, r);
    if (late)
        cluster_report_late(n->settings.cluster, node, r, now());
    else
        cluster_report(n->settings.cluster, node, r, now());
    if (are_facts) /* which program fits this machine is known now */
        show_agent_of(n, node);
}

static void on_local_inspected(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct nodes *n = arg;
    inspections_answer(n->inspections, n->settings.local, id, a);
}

static void on_inspected(void *arg, const char *node, uint64_t id, const struct inspect_answer *a)
{
    inspections_answer(((struct nodes *)arg)->inspections, node, id, a);
}

static void on_audited(void *arg, const char *node, bool all_written)
{
    if (all_written)
        agents_hold(((struct nodes *)arg)->agents, node, false);
}

static void on_notice(void *arg, const char *key, const char *text, const char *hint)
{
    cluster_set_notice(((struct nodes *)arg)->settings.cluster, key, "warn", text, hint, now());
}

/* --- which there are --- */

static void show_agent(struct nodes *n, const struct fleet_node *f)
{
    struct node_agent a = {.remote = true,
                           .enrolled_ms = f->enrolled_ms,
                           .certificate_until_ms = f->until_ms,
                           .connected_ms = agents_linked_since(n->agents, f->id)};
    str_copy(a.version, sizeof a.version, f->agent_version);
    str_copy(a.address, sizeof a.address, f->address);
    const char *newer = programs_newer(n->programs, cluster_node_arch(n->settings.cluster, f->id),
                                       f->agent_version);
    const char *obstacle = agents_upgrade_obstacle(n->agents, f->id);
    str_copy(a.upgrade, sizeof a.upgrade, newer ? newer : "");
    str_copy(a.upgrade_obstacle, sizeof a.upgrade_obstacle, obstacle ? obstacle : "");
    cluster_node_agent(n->settings.cluster, f->id, &a, now());
}

static void show_agents(struct nodes *n)
{
    struct fleet_node *list = NULL;
    size_t count = fleet_nodes(n->settings.fleet, &list);
    for (size_t i = 0; i < count; i++)
        show_agent(n, &list[i]);
    mem_free(list);
}

static void on_added(void *arg, const char *node)
{
    struct nodes *n = arg;
    cluster_node_add(n->settings.cluster, node, n->settings.local ? "agent" : "simulated", now());
}

static void on_removed(void *arg, const char *node)
{
    struct nodes *n = arg;
    cluster_node_remove(n->settings.cluster, node, now());
    jobs_node_removed(n->settings.jobs, node);
}

static void show_agent_of(struct nodes *n, const char *node)
{
    struct fleet_node *list = NULL;
    size_t count = fleet_nodes(n->settings.fleet, &list);
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i].id, node))
            show_agent(n, &list[i]);
    mem_free(list);
}

static void on_linked(void *arg, const char *node)
{
    struct nodes *n = arg;
    show_agent_of(n, node);
    jobs_node_back(n->settings.jobs, node, now());
}

static void on_unlinked(void *arg, const char *node)
{
    struct nodes *n = arg;
    show_agent_of(n, node);
    inspections_lose(n->inspections, node);
    jobs_node_away(n->settings.jobs, node, now());
}

static void update(void *arg)
{
    struct nodes *n = arg;
    agents_update(n->agents);
    show_agents(n);
}

void nodes_fleet_changed(struct nodes *n)
{
    loop_post(n->settings.loop, update, n);
}

static void on_programs(void *arg)
{
    show_agents(arg);
}

/* --- start and end --- */

/* Nobody waits for this answer any more. */
static void give_up(void *arg, const char *node, uint64_t id)
{
    struct nodes *n = arg;
    if (str_eq(node, n->settings.local))
        local_node_inspect_cancel(n->local, id);
    else
        agents_inspect_cancel(n->agents, node, id);
}

static void start_local(struct nodes *n)
{
    const struct nodes_settings *s = &n->settings;
    cluster_node_add(s->cluster, s->local, "this machine", now());
    n->local =
        local_node_start(s->loop, &(struct local_node_settings){.docker = s->docker,
                                                                .policy = POLICY_USUAL_PATH,
                                                                .state_dir = s->data,
                                                                .journal = s->journal,
                                                                .loki = s->loki,
                                                                .report = on_local_report,
                                                                .inspected = on_local_inspected,
                                                                .arg = n});
}

static void recall_networks(struct nodes *n)
{
    struct err e = {0};
    if (networks_recall(n->networks, n->settings.cluster, &e) < 0)
        log_warn("hub", "network cards of nodes not recalled", "error=%s", LOG_Q(e.text));
}

struct nodes *nodes_start(const struct nodes_settings *s)
{
    struct nodes *n = mem_alloc(sizeof *n);
    n->settings = *s;
    n->networks = networks_new(s->store, s->workers);
    n->inspections = inspections_new(s->loop, give_up, n);
    n->told = told_new(s->loop, s->workers, s->store, s->cluster);
    if (s->local)
        start_local(n);
    n->programs = programs_new(&(struct programs_settings){.loop = s->loop,
                                                           .workers = s->workers,
                                                           .folder = s->programs,
                                                           .changed = on_programs,
                                                           .arg = n});
    n->audit = local_audit_new(&(struct local_audit_settings){.loop = s->loop,
                                                              .workers = s->workers,
                                                              .store = s->store,
                                                              .settled = on_audited,
                                                              .arg = n});
    n->agents = agents_new(&(struct agents_settings){.loop = s->loop,
                                                     .workers = s->workers,
                                                     .store = s->store,
                                                     .fleet = s->fleet,
                                                     .programs = n->programs,
                                                     .listen = s->agents,
                                                     .added = on_added,
                                                     .removed = on_removed,
                                                     .linked = on_linked,
                                                     .unlinked = on_unlinked,
                                                     .report = on_report,
                                                     .inspected = on_inspected,
                                                     .notice = on_notice,
                                                     .arg = n});
    show_agents(n);
    recall_networks(n);
    return n;
}

static void free_self(void *arg)
{
    struct nodes *n = arg;
    inspections_free(n->inspections);
    networks_free(n->networks);
    mem_free(n);
}

/* Freed by the loop, after the last message that points here. */
void nodes_stop(struct nodes *n)
{
    if (!n)
        return;
    nodes_end_inspections(n);
    told_free(n->told);
    local_node_stop(n->local);
    local_audit_free(n->audit);
    agents_free(n->agents);
    programs_free(n->programs);
    loop_post(n->settings.loop, free_self, n);
}

void nodes_tick(struct nodes *n)
{
    local_audit_tick(n->audit);
    told_tick(n->told);
    if (!fleet_is_empty(n->settings.fleet))
        programs_tick(n->programs, clock_mono_ms());
}

/* --- orders --- */

void nodes_checks(struct nodes *n, const char *node, const struct check_spec *specs, size_t n_specs)
{
    if (str_eq(node, n->settings.local))
        local_node_checks(n->local, specs, n_specs);
    else
        agents_checks(n->agents, node, specs, n_specs);
}

void nodes_logs(struct nodes *n, const char *node, struct log_reader *r)
{
    if (str_eq(node, n->settings.local))
        local_node_logs(n->local, r);
    else
        agents_logs(n->agents, node, r);
}

/* The asker may be answered, and gone with its text, before this returns. */
void nodes_inspect(struct nodes *n, const char *of, const struct inspection *q, inspect_fn *done,
                   void *arg)
{
    AUTO(mem_freep) char *node = mem_strdup(of);
    struct err e = {0};
    int r = 0;
    uint64_t id = inspections_add(n->inspections, node, q, done, arg);
    if (!id)
        return;
    if (str_eq(node, n->settings.local))
        local_node_inspect(n->local, id, q);
    else
        r = agents_inspect(n->agents, node, id, q, &e);
    if (r < 0)
        inspections_answer(n->inspections, node, id,
                           &(struct inspect_answer){.code = r, .text = e.text, .json = ""});
}

void nodes_inspect_cancel(struct nodes *n, inspect_fn *done, const void *arg)
{
    inspections_cancel(n->inspections, done, arg);
}

void nodes_end_inspections(struct nodes *n)
{
    inspections_end(n->inspections);
}

/* A hand-added service has no node in its id: the local one checks it. */
int nodes_check_now(struct nodes *n, const char *service)
{
    char node[AUTHORITY_NODE_SIZE] = "";
    size_t len = strcspn(service, "/");
    if (len < sizeof node)
        memcpy(node, service, len);
    if (agents_knows(n->agents, node))
        return agents_check_now(n->agents, node, service);
    return n->local ? local_node_check_now(n->local, service) : -ENOENT;
}

int nodes_command(struct nodes *n, const char *node, const struct command *c, struct err *e)
{
    if (!str_eq(node, n->settings.local))
        return agents_command(n->agents, node, c, e);
    local_node_command(n->local, c);
    return 0;
}

int nodes_query(struct nodes *n, const char *node, const char *command, struct err *e)
{
    if (!str_eq(node, n->settings.local))
        return agents_query(n->agents, node, command, e);
    local_node_command_query(n->local, command);
    return 0;
}
