/* From an order to jobs: what is meant, and whether it may go now. */
#include "jobs/jobs-private.h"

#include "base/clock.h"
#include "jobs/actions.h"
#include "jobs/beside.h"
#include "jobs/guarded.h"
#include "jobs/health.h"
#include "node/power.h"

struct plan {
    struct jobs *jobs;
    const struct job_order *order;
    struct cluster_now now;
    struct err *e;
    struct job_list *made;
};

/* --- one job --- */

static struct job *make(const struct plan *p, enum command_verb verb, const char *node,
                        const char *service, const char *target, const char *argument)
{
    const struct job_order *o = p->order;
    struct job *j = vec_add(p->made);
    *j = (struct job){.verb = verb,
                      .node = mem_strdup(node),
                      .service = mem_strdup(service),
                      .target = mem_strdup(target),
                      .argument = mem_strdup(argument ? argument : ""),
                      .step = mem_strdup(""),
                      .text = mem_strdup(""),
                      .output = mem_strdup(""),
                      .ran_before = mem_strdup(""),
                      .actor = mem_strdup(o->actor),
                      .via = mem_strdup(o->via),
                      .forced = o->force && o->may_force,
                      .created_ms = p->now.wall_ms + (int64_t)p->made->n - 1}; /* keeps the order */
    rand_id(j->id);
    str_copy(j->by_user, sizeof j->by_user, o->by->user_id);
    if (o->by->kind == SUBJECT_TOKEN)
        str_copy(j->by_token, sizeof j->by_token, o->by->id);
    return j;
}

static int check_text(const struct plan *p, const char *text, const char *what)
{
    if (text && strlen(text) > LIMIT_COMMAND_TEXT)
        return err_field(
            p->e, err_set(p->e, -EINVAL, "\"%s\" has at most %d bytes.", what, LIMIT_COMMAND_TEXT),
            what);
    return 0;
}

/* What stands beside a verb. */
static const struct {
    enum command_verb verb;
    const char *question; /* what an argument that it needs answers; NULL = it may be left out */
} arguments[] = {
    {COMMAND_CONTAINER_RENAME, "what shall it be called?"},
    {COMMAND_CONTAINER_CONNECT, "to which network of its engine?"},
    {COMMAND_CONTAINER_DISCONNECT, "from which network of its engine?"},
    {COMMAND_PROCESS_SIGNAL, "which signal, such as TERM?"},
    {COMMAND_GENERATION_REBUILD, "which flake, of those that the node's policy names?"},
    {COMMAND_CONTAINER_KILL, NULL},
    {COMMAND_DOCKER_PRUNE, NULL},
    {COMMAND_AGENT_UPGRADE, NULL},
    {COMMAND_GENERATION_SWITCH, NULL},
    {COMMAND_GENERATION_ROLLBACK, NULL},
    {COMMAND_GENERATION_COLLECT, NULL},
    {COMMAND_JOURNAL_VACUUM, "what stays, such as size:524288000 or age:1209600?"},
};

static int check_argument(const struct plan *p, enum command_verb verb)
{
    const char *a = p->order->argument, *question = NULL;
    bool takes = false;
    int r = 0;
    for (size_t i = 0; i < COUNT_OF(arguments) && !takes; i++)
        if (arguments[i].verb == verb) {
            takes = true;
            question = arguments[i].question;
        }
    if (question && str_is_empty(a))
        r = err_set(p->e, -EINVAL, "\"argument\" is missing: %s", question);
    else if (!takes && !str_is_empty(a))
        r = err_set(p->e, -EINVAL, "%s takes no argument.", command_verb_name(verb));
    else if (verb == COMMAND_DOCKER_PRUNE)
        r = command_check_prune(a ? a : "", p->e);
    else if (verb == COMMAND_JOURNAL_VACUUM)
        r = command_read_vacuum(a, p->e, &(struct vacuum){0});
    return err_field(p->e, r, "argument");
}

static int check_node(const struct plan *p, const char *node)
{
    struct node_look look;
    char age[CLOCK_AGE_SIZE];
    int r = cluster_look_node(p->jobs->cluster, node, p->e, &look);
    if (r < 0 || !look.away)
        return err_field(p->e, r, "node");
    return err_set(p->e, -ENOTCONN, "%s is away since %s: nothing was sent.", node,
                   clock_age(p->now.wall_ms - look.seen_ms, age));
}

static int check_permission(const struct plan *p, enum permission permission, const char *id)
{
    struct resource r = cluster_resource(p->jobs->cluster, id);
    const char *name = permission_name(permission);
    if (policy_allows(p->order->by, permission, &r))
        return 0;
    if (!policy_allows_some(p->order->by, permission))
        return err_set(p->e, -EPERM, "That takes the permission %s, too.", name);
    return err_set(p->e, -EPERM,
                   "You have the permission %s only where your limits fit (%s): %.200s is outside. "
                   "An admin can widen them.",
                   name, p->order->by->limits, id);
}

static int check_right(const struct plan *p, enum command_verb verb, const char *id)
{
    return check_permission(p, verb_permission(verb), id);
}

/* A switch may reboot: that is a right of its own. */
static int check_reboot(const struct plan *p, enum command_verb verb)
{
    const char *a = p->order->argument;
    bool reboots = command_is_generation(verb) && a && strstr(a, "reboot");
    return reboots ? check_permission(p, PERM_NODE_REBOOT, p->order->node) : 0;
}

/* A second click on the same button. */
static int check_twice(const struct plan *p, enum command_verb verb, const char *node,
                       const char *target)
{
    const struct job *same = beside_same(p->jobs, verb, node, target);
    if (!same)
        return 0;
    AUTO(mem_freep) char *title = job_title(same);
    return err_set(p->e, -EEXIST, "That is under way already: %s, ordered by %s.", title,
                   same->actor);
}

static int check_beside(const struct plan *p, enum command_verb verb, const char *node)
{
    const struct job *other = beside_other(p->jobs, verb, node);
    if (!other)
        return 0;
    AUTO(mem_freep) char *why = beside_sentence(other);
    return err_set(p->e, -EEXIST, "%s", why);
}

/* Takes `why`: a sentence of the guard rails, or NULL. */
static int heed(const struct plan *p, char *why)
{
    int r = 0;
    if (why)
        r = err_set(p->e, -EKEYREJECTED, "%s Who may change settings can insist (force).", why);
    mem_free(why);
    return r;
}

static bool is_bound(const struct plan *p, enum command_verb verb)
{
    return verb_is_guarded(verb) && !(p->order->force && p->order->may_force);
}

static int check_guard(const struct plan *p, enum command_verb verb, const char *service)
{
    return is_bound(p, verb) ? heed(p, guarded_service(p->jobs, service, p->now)) : 0;
}

static int check_guard_of_node(const struct plan *p, enum command_verb verb, const char *node)
{
    return is_bound(p, verb) ? heed(p, guarded_node(p->jobs, node, p->now)) : 0;
}

static int check_guard_of_project(const struct plan *p, enum command_verb verb, const char *node,
                                  const char *project)
{
    return is_bound(p, verb) ? heed(p, guarded_project(p->jobs, node, project, p->now)) : 0;
}

static int check_guard_of_process(const struct plan *p, const char *node)
{
    return is_bound(p, COMMAND_PROCESS_SIGNAL)
               ? heed(p, guarded_process(p->jobs, node, p->order->process_of, p->now))
               : 0;
}

/* --- services --- */

/* Two names of one thing, or two services of one project: it is done once. */
static bool is_made(const struct plan *p, enum command_verb verb, const char *node,
                    const char *target)
{
    for (size_t i = 0; i < p->made->n; i++)
        if (is_same_job(&p->made->v[i], verb, node, target))
            return true;
    return false;
}

static int plan_looked(const struct plan *p, const struct service_look *look)
{
    enum command_verb verb;
    int r = action_verb(look, p->order->verb, p->e, &verb);
    if (r < 0)
        return r;
    AUTO(mem_freep)
    char *target = verb_is_project(verb) ? mem_printf("%s/%s", look->engine, look->project)
                                         : mem_strdup(look->observed);
    r = check_argument(p, verb);
    if (r >= 0)
        r = check_right(p, verb, verb_is_project(verb) ? look->node : look->id);
    if (r >= 0)
        r = check_node(p, look->node);
    if (r >= 0)
        r = check_twice(p, verb, look->node, target);
    if (r >= 0)
        r = verb_is_project(verb) ? check_guard_of_project(p, verb, look->node, target)
                                  : check_guard(p, verb, look->id);
    if (r >= 0 && !is_made(p, verb, look->node, target))
        make(p, verb, look->node, look->id, target, p->order->argument);
    return r;
}

static int plan_service(const struct plan *p, const char *text)
{
    char id[256];
    struct service_look look;
    int r = str_copy(id, sizeof id, text) ? 0 : err_set(p->e, -EINVAL, "That id is too long.");
    if (r >= 0 && p->order->by_end)
        r = cluster_find_service(p->jobs->cluster, text, p->e, id);
    if (r >= 0)
        r = cluster_look(p->jobs->cluster, id, p->now.mono_ms, p->e, &look);
    if (r < 0)
        return r;
    r = plan_looked(p, &look);
    service_look_done(&look);
    return r;
}

/* The parent stands before its children. */
static void add_parent(const struct plan *p)
{
    const char *node = p->made->v[0].node;
    for (size_t i = 1; i < p->made->n; i++)
        if (!str_eq(p->made->v[i].node, node))
            node = "";
    make(p, p->made->v[0].verb, node, "", "", p->order->argument);
    struct job parent = p->made->v[p->made->n - 1];
    memmove(&p->made->v[1], &p->made->v[0], (p->made->n - 1) * sizeof parent);
    for (size_t i = 1; i < p->made->n; i++) {
        str_copy(p->made->v[i].parent, sizeof p->made->v[i].parent, parent.id);
        str_list_add(&parent.children, p->made->v[i].id);
    }
    AUTO(mem_freep) char *title = job_title(&p->made->v[1]);
    mem_free(parent.step);
    parent.step = mem_printf("1 of %zu: %s", parent.children.n, title);
    p->made->v[0] = parent;
}

static int plan_services(const struct plan *p)
{
    const struct str_list *ids = p->order->services;
    int r = 0;
    if (ids->n > LIMIT_JOB_SERVICES)
        return err_field(p->e,
                         err_set(p->e, -EINVAL, "At most %d services at once.", LIMIT_JOB_SERVICES),
                         "services");
    for (size_t i = 0; r >= 0 && i < ids->n; i++) {
        for (size_t k = 0; k < i; k++)
            if (str_eq(ids->v[i], ids->v[k]))
                return err_set(p->e, -EINVAL, "%.200s is named twice.", ids->v[i]);
        r = plan_service(p, ids->v[i]);
    }
    if (r >= 0 && p->made->n > 1)
        add_parent(p);
    return r;
}

/* --- nodes --- */

/* Which version: what the hub has for this machine. */
static int find_upgrade(const struct plan *p, const char *node, char ret_version[32])
{
    const char *wanted = p->order->argument;
    struct node_look look;
    int r = cluster_look_node(p->jobs->cluster, node, p->e, &look);
    if (r < 0)
        return r;
    const struct node_agent *a = look.agent;
    if (!a->remote)
        return err_set(p->e, -EINVAL,
                       "%s is watched by hydrad itself: upgrade the package hydra there.", node);
    if (*a->upgrade_obstacle)
        return err_set(p->e, -EINVAL, "%s can't be upgraded from here. %s", node,
                       a->upgrade_obstacle);
    if (!*a->upgrade)
        return err_set(
            p->e, -EINVAL,
            "The hub has no newer agent for %s: it runs %s on %s. Newer ones go into the "
            "folder that the setting agent-programs names.",
            node, *a->version ? a->version : "an unknown version",
            *look.arch ? look.arch : "an unknown machine");
    if (!str_is_empty(wanted) && !str_eq(wanted, a->upgrade))
        return err_set(p->e, -EINVAL, "The hub has %s for %s, not %.32s.", a->upgrade, node,
                       wanted);
    str_copy(ret_version, 32, a->upgrade);
    return 0;
}

/* Of verbs that are done to a node: how a target is named that it needs; "" = it may be left out;
 * NULL = there is none. */
static const char *target_of(enum command_verb verb)
{
    return verb == COMMAND_PROCESS_SIGNAL      ? "PID:START"
           : verb_is_project(verb)             ? "ENGINE/PROJECT"
           : verb == COMMAND_GENERATION_SWITCH ? "the number of a generation"
           : verb == COMMAND_MOUNT_REMOUNT     ? "where it is mounted, such as /mnt/models"
           : verb == COMMAND_DOCKER_PRUNE      ? "" /* an engine, where there are several */
                                               : NULL;
}

static bool is_for_nodes(enum command_verb verb)
{
    return target_of(verb) || verb_is_machine(verb) || command_is_generation(verb) ||
           verb == COMMAND_JOURNAL_VACUUM;
}

static int check_target(const struct plan *p, enum command_verb verb, const char *target)
{
    const char *needs = target_of(verb);
    unsigned generation;
    int r = 0;
    if (!needs && *target)
        r = err_set(p->e, -EINVAL, "%s takes no \"target\".", p->order->verb);
    else if (needs && *needs && !*target)
        r = err_set(p->e, -EINVAL, "%s needs a \"target\": %s.", p->order->verb, needs);
    else if (verb == COMMAND_GENERATION_SWITCH)
        r = command_read_generation(target, &generation, p->e);
    return err_field(p->e, r, "target");
}

static int check_verb(const struct plan *p, enum command_verb *ret_verb)
{
    const char *name = p->order->verb;
    if (command_verb_parse(name, ret_verb) < 0)
        return err_field(p->e, err_set(p->e, -EINVAL, "There is no verb \"%.60s\".", name), "verb");
    if (*ret_verb == COMMAND_GENERATION_CONFIRM)
        return err_field(
            p->e, err_set(p->e, -EINVAL, "Hydra confirms a switch itself, when the node is well."),
            "verb");
    if (!is_for_nodes(*ret_verb))
        return err_field(p->e, err_set(p->e, -EINVAL, "%s is done to a service: say which.", name),
                         "service");
    return 0;
}

static int check_guards(const struct plan *p, enum command_verb verb, const char *target)
{
    const char *node = p->order->node;
    return verb_is_machine(verb) || command_is_generation(verb) || verb == COMMAND_MOUNT_REMOUNT
               ? check_guard_of_node(p, verb, node)
           : verb_is_project(verb)          ? check_guard_of_project(p, verb, node, target)
           : verb == COMMAND_PROCESS_SIGNAL ? check_guard_of_process(p, node)
                                            : 0;
}

/* The first of those that can wake it whose policy lets it; else the first, which says so. */
static const char *choose_waker(const struct jobs *j, const struct str_list *wakers,
                                const char *macs)
{
    for (size_t i = 0; i < wakers->n; i++) {
        const struct policy *policy = jobs_policy(j, wakers->v[i]);
        if (policy &&
            policy_check(policy, command_verb_name(COMMAND_MACHINE_WAKE), macs, NULL) >= 0)
            return wakers->v[i];
    }
    return wakers->v[0];
}

/* Asked of another node: the one that sleeps hears nothing but its card. */
static int plan_wake(const struct plan *p)
{
    const struct job_order *o = p->order;
    const char *where = o->target ? o->target : ""; /* of the packet */
    AUTO(str_done) struct str macs = {0};
    AUTO(str_list_done) struct str_list wakers = {0};
    int r = check_right(p, COMMAND_MACHINE_WAKE, o->node);
    if (r >= 0 && !str_is_empty(o->argument))
        r = err_field(p->e, err_set(p->e, -EINVAL, "machine.wake takes no argument."), "argument");
    if (r >= 0 && *where && *where != '@')
        r = err_field(p->e,
                      err_set(p->e, -EINVAL,
                              "\"target\" is where to send it, if not into the whole network: "
                              "@ADDRESS:PORT."),
                      "target");
    if (r >= 0)
        r = err_field(p->e, cluster_look_wake(p->jobs->cluster, o->node, p->e, &macs, &wakers),
                      "node");
    if (r < 0)
        return r;
    str_add(&macs, where);
    const char *waker = choose_waker(p->jobs, &wakers, macs.p);
    if (*where) /* then it is more than a packet into its own network */
        r = check_right(p, COMMAND_MACHINE_WAKE, waker);
    if (r >= 0)
        r = check_twice(p, COMMAND_MACHINE_WAKE, waker, macs.p);
    if (r >= 0)
        make(p, COMMAND_MACHINE_WAKE, waker, "", macs.p, o->node);
    return r;
}

static int find_bmc(const struct plan *p, const char *node, struct fleet_bmc *ret_b)
{
    struct node_look look;
    int r = cluster_look_node(p->jobs->cluster, node, p->e, &look);
    if (r >= 0 && !jobs_bmc(p->jobs, node, ret_b))
        r = err_set(p->e, -EINVAL,
                    "Hydra knows no management controller (BMC) of %s: hydra node bmc %s --address "
                    "…, or the node's menu.",
                    node, node);
    else if (r >= 0 && str_eq(ret_b->via, node))
        r = err_set(p->e, -EINVAL,
                    "%s can't ask its own controller to switch it off: choose another node that "
                    "does (hydra node bmc %s --via NODE).",
                    node, node);
    return err_field(p->e, r, "node");
}

/* Asked of the node that asks the controller. */
static int plan_power(const struct plan *p)
{
    const struct job_order *o = p->order;
    enum power_word word = POWER_STATUS;
    struct fleet_bmc b = {0};
    int r = check_right(p, COMMAND_MACHINE_POWER, o->node);
    if (r >= 0)
        r = err_field(p->e, power_word_parse(o->argument, p->e, &word), "argument");
    if (r >= 0 && !str_is_empty(o->target))
        r = err_field(p->e, err_set(p->e, -EINVAL, "machine.power takes no \"target\"."), "target");
    if (r >= 0)
        r = find_bmc(p, o->node, &b);
    if (r >= 0)
        r = check_node(p, b.via);
    if (r < 0)
        return r;
    AUTO(mem_freep) char *target = mem_printf(POWER_TARGET "%s", b.address);
    AUTO(mem_freep) char *argument = mem_printf("%s %s", power_word_name(word), o->node);
    r = check_twice(p, COMMAND_MACHINE_POWER, b.via, target);
    if (r >= 0 && power_word_interrupts(word))
        r = check_guard_of_node(p, COMMAND_MACHINE_POWER, o->node);
    if (r >= 0)
        make(p, COMMAND_MACHINE_POWER, b.via, "", target, argument);
    return r;
}

static int plan_node(const struct plan *p)
{
    const struct job_order *o = p->order;
    enum command_verb verb;
    const char *target = o->target ? o->target : "";
    int r = check_verb(p, &verb);
    if (r >= 0 && verb == COMMAND_MACHINE_WAKE)
        return plan_wake(p);
    if (r >= 0 && verb == COMMAND_MACHINE_POWER)
        return plan_power(p);
    if (r >= 0)
        r = check_target(p, verb, target);
    if (r >= 0)
        r = check_argument(p, verb);
    if (r >= 0)
        r = check_right(p, verb, o->node);
    if (r >= 0)
        r = check_reboot(p, verb);
    if (r >= 0)
        r = check_node(p, o->node);
    if (r >= 0)
        r = check_twice(p, verb, o->node, target);
    if (r >= 0)
        r = check_beside(p, verb, o->node);
    if (r >= 0)
        r = check_guards(p, verb, target);
    char version[32];
    if (r >= 0 && verb == COMMAND_AGENT_UPGRADE)
        r = err_field(p->e, find_upgrade(p, o->node, version), "node");
    if (r < 0)
        return r;
    struct job *job =
        make(p, verb, o->node, "", target, verb == COMMAND_AGENT_UPGRADE ? version : o->argument);
    if (jobs_is_switch(job)) {
        mem_free(job->ran_before);
        job->ran_before = health_now(p->jobs->cluster, o->node, p->now.mono_ms);
    }
    return 0;
}

/* --- the order --- */

/* The first one's command goes out as soon as it is written. */
static void start_first(const struct plan *p)
{
    for (size_t i = 0; i < p->made->n && i < 2; i++) {
        p->made->v[i].state = JOB_RUNNING;
        p->made->v[i].started_ms = p->now.wall_ms;
    }
}

static int check_order(const struct plan *p)
{
    const struct job_order *o = p->order;
    size_t under_way = p->jobs->n_unfinished + map_count(&p->jobs->planned);
    if (under_way >= LIMIT_JOBS_RUNNING)
        return err_set(p->e, -EAGAIN, "%zu jobs are under way: wait until some of them are over.",
                       under_way);
    if ((o->services && o->services->n) == !str_is_empty(o->node))
        return err_field(p->e,
                         err_set(p->e, -EINVAL, "Say what it is done to: a service or a node."),
                         "service");
    int r = check_text(p, o->argument, "argument");
    return r < 0 ? r : check_text(p, o->target, "target");
}

/* While a worker writes them: the next order sees them, too. */
static void remember_plan(const struct plan *p)
{
    p->made->ceiling = jobs_ceiling(p->jobs, p->now.wall_ms);
    for (size_t i = 0; i < p->made->n; i++) {
        struct job *copy = mem_alloc(sizeof *copy);
        job_copy(copy, &p->made->v[i]);
        (void)map_set(&p->jobs->planned, copy->id, copy); /* the id is random: no other is there */
    }
}

int jobs_plan(struct jobs *j, const struct job_order *o, struct cluster_now now, struct err *e,
              struct job_list *ret_jobs)
{
    struct job_list made = {0};
    struct plan p = {j, o, now, e, &made};
    int r = check_order(&p);
    if (r >= 0)
        r = o->services && o->services->n ? plan_services(&p) : plan_node(&p);
    if (r < 0) {
        job_list_done(&made);
        return r;
    }
    start_first(&p);
    remember_plan(&p);
    *ret_jobs = made;
    return 0;
}
