#include "jobs/actions.h"

#include "jobs/beside.h"
#include "jobs/guarded.h"
#include "node/power.h"

#include <stdio.h>

static const char *kind_prefix(const struct service_look *look)
{
    return look->kind == OBSERVED_CONTAINER ? "container"
           : look->kind == OBSERVED_UNIT    ? "unit"
                                            : "process";
}

static int check_kind(const struct service_look *look, const char *name, struct err *e)
{
    const char *prefix = kind_prefix(look);
    bool project = str_starts(name, "project.");
    if (project && str_is_empty(look->project))
        return err_set(e, -EINVAL, "%s is part of no compose project.", look->name);
    if (!project && (!str_starts(name, prefix) || name[strlen(prefix)] != '.'))
        return err_set(e, -EINVAL, "%s is a %s: %s can't be done to it.", look->name, prefix, name);
    return 0;
}

int action_verb(const struct service_look *look, const char *word, struct err *e,
                enum command_verb *ret_verb)
{
    char name[64];
    if (!*look->node)
        return err_set(e, -EINVAL,
                       "%s was added by hand: Hydra checks it and can't tell what runs it.",
                       look->name);
    if (look->kind == OBSERVED_PROCESS)
        return err_set(e, -EINVAL,
                       "%s is a bare process: nothing manages it that could be told to do that.",
                       look->name);
    if (strchr(word, '.'))
        str_copy(name, sizeof name, word);
    else
        snprintf(name, sizeof name, "%s.%s", kind_prefix(look), word);
    enum command_verb verb;
    if (command_verb_parse(name, &verb) < 0)
        return err_field(e,
                         err_set(e, -EINVAL, "%s is a %s: there is no %.60s for it.", look->name,
                                 kind_prefix(look), name),
                         "verb");
    int r = err_field(e, check_kind(look, name, e), "verb");
    if (r >= 0)
        *ret_verb = verb;
    return r;
}

/* --- what fits --- */

enum { ON = 1, OFF = 2, PAUSED = 4, FAILED = 8, LOOPING = 16, ALWAYS = 31 };

/* In the order in which they are offered. */
static const struct {
    enum command_verb verb;
    unsigned when; /* any of these */
    bool danger;
    const char *effect; /* "%s" is its name */
} offers[] = {
    {COMMAND_UNIT_START, OFF | FAILED, false, "%s will be started."},
    {COMMAND_CONTAINER_START, OFF | FAILED, false, "%s will be started."},
    {COMMAND_CONTAINER_UNPAUSE, PAUSED, false, "%s will run on."},
    {COMMAND_UNIT_STOP, LOOPING, true, "%s will be stopped, and with it the restart loop."},
    {COMMAND_CONTAINER_STOP, LOOPING, true, "%s will be stopped, and with it the restart loop."},
    {COMMAND_UNIT_RESTART, ON | FAILED | LOOPING, false, "%s will be away for a moment."},
    {COMMAND_CONTAINER_RESTART, ON | PAUSED | FAILED | LOOPING, false,
     "%s will be away for a moment."},
    {COMMAND_UNIT_RELOAD, ON, false, "%s will read its settings anew."},
    {COMMAND_UNIT_STOP, ON, true, "%s will be off until somebody starts it."},
    {COMMAND_CONTAINER_STOP, ON | PAUSED, true, "%s will be off until somebody starts it."},
    {COMMAND_UNIT_RESET_FAILED, FAILED | LOOPING, false,
     "systemd will forget that %s failed. Nothing is started."},
    {COMMAND_CONTAINER_UPDATE, ON | OFF | FAILED | LOOPING, false,
     "The newest image is pulled and %s made anew from it; if it does not get well, the old one is "
     "put back."},
    {COMMAND_CONTAINER_PAUSE, ON, false, "%s will stand still, with all it holds in memory."},
    {COMMAND_CONTAINER_KILL, ON | LOOPING, true,
     "%s will be ended at once, without time to save anything."},
    {COMMAND_UNIT_MASK, OFF | FAILED | LOOPING, true,
     "Nothing can start %s until it is unmasked or the machine starts anew."},
    {COMMAND_UNIT_UNMASK, OFF | FAILED, false, "%s can be started again, if it was masked."},
    {COMMAND_CONTAINER_RENAME, ON | OFF | FAILED, false,
     "%s will get another name; others that reach it by name must know."},
    {COMMAND_CONTAINER_CONNECT, ON | OFF | FAILED, false,
     "%s will be in another network of its engine, too: it reaches what is in it, and is reached."},
    {COMMAND_CONTAINER_DISCONNECT, ON | OFF | FAILED, false,
     "%s will leave a network of its engine: what reaches it there will not any more."},
    {COMMAND_CONTAINER_TRUNCATE_LOG, ALWAYS, true,
     "What %s has printed is lost for good; what it prints from now on is kept. It runs on."},
    {COMMAND_CONTAINER_REMOVE, OFF | FAILED, true,
     "%s will be removed. Volumes stay; what it kept inside itself is lost."},
};

static const char backup_first[] =
    "It is a database: a new version may change its files so that the old one can't read them any "
    "more. Make a backup first.";

static unsigned condition_of(const struct service_look *look)
{
    if (look->looping)
        return LOOPING;
    switch (look->run) {
    case RUN_RUNNING:
    case RUN_STARTING:
    case RUN_STOPPING:
        return ON;
    case RUN_STOPPED:
        return OFF;
    case RUN_FAILED:
        return FAILED;
    case RUN_RESTARTING:
        return LOOPING;
    case RUN_PAUSED:
        return PAUSED;
    }
    return ON;
}

static void say_names(const struct str_list *names, struct str *out)
{
    enum { SHOWN = 5 };
    for (size_t i = 0; i < names->n && i < SHOWN; i++)
        str_addf(out, "%s%s", i ? ", " : "", names->v[i]);
    if (names->n > SHOWN)
        str_addf(out, " and %zu more", names->n - SHOWN);
    str_add_char(out, '.');
}

static void say_dependents(const struct str_list *needed_by, struct str *out)
{
    size_t n = needed_by->n;
    if (!n)
        return;
    str_addf(out, n == 1 ? " 1 service depends on it: " : " %zu services depend on it: ", n);
    say_names(needed_by, out);
}

/* One answer while it is written. */
struct answer {
    struct cluster *cluster;
    const struct jobs *jobs; /* NULL = no guard rails */
    const struct action_query *query;
    struct jw *w;
    char *away;                  /* why its node gets no commands; NULL = it is there */
    const struct policy *policy; /* of its node; NULL = not told yet */
};

struct offer {
    enum command_verb verb;
    const char *label, *confirm;
    bool danger;
    const char *target;  /* as the node's policy knows it */
    const char *guard;   /* NULL = none stands against it */
    const char *warning; /* what to do before; NULL = nothing */
};

/* NULL = it can be done. The text lasts as long as `e` and `a`. */
static const char *why_not(const struct answer *a, const struct offer *o, struct err *e)
{
    if (a->away)
        return a->away;
    int r = 0;
    if (a->policy)
        r = o->verb == COMMAND_MOUNT_REMOUNT
                ? policy_check_mount(a->policy, o->target, e)
                : policy_check(a->policy, command_verb_name(o->verb), o->target, e);
    const struct job *other = a->jobs ? beside_other(a->jobs, o->verb, a->query->id) : NULL;
    if (r >= 0 && other) {
        AUTO(mem_freep) char *why = beside_sentence(other);
        r = err_set(e, -EEXIST, "%s", why);
    }
    return r < 0 ? e->text : NULL;
}

/* `argument`: what is to be asked for; NULL = the asker's to say, or nothing. */
static void print_offer_of(const struct answer *a, const struct offer *o, const char *argument)
{
    struct jw *w = a->w;
    struct err e = {0};
    const char *why = why_not(a, o, &e);
    jw_object(w);
    jw_key_str(w, "verb", command_verb_name(o->verb));
    jw_key_str(w, "label", o->label);
    jw_key_str(w, "permission", permission_name(verb_permission(o->verb)));
    jw_key_bool(w, "allowed", !why);
    jw_key_str(w, "why", why);
    jw_key_bool(w, "danger", o->danger);
    jw_key_str(w, "confirm", o->confirm);
    jw_key_str(w, "warning", o->warning);
    jw_key_str(w, "guard", verb_is_guarded(o->verb) ? o->guard : NULL);
    jw_key_str(w, "argument", argument);
    jw_end_object(w);
}

static void print_offer(const struct answer *a, const struct offer *o)
{
    print_offer_of(a, o, NULL);
}

static bool may(const struct answer *a, enum command_verb verb)
{
    return a->query->permissions & permission_bit(verb_permission(verb));
}

static const char *short_label(enum command_verb v)
{
    return v == COMMAND_UNIT_RESET_FAILED        ? "Reset failure"
           : v == COMMAND_CONTAINER_TRUNCATE_LOG ? "Empty log"
           : v == COMMAND_JOURNAL_VACUUM         ? "Shorten journal"
                                                 : verb_label(v);
}

static void print_effect(const char *effect, const char *name, struct str *out)
{
    const char *at = strstr(effect, "%s");
    str_add_n(out, effect, (size_t)(at - effect));
    str_addf(out, "%s%s", name, at + 2);
}

static void print_for_service(const struct answer *a, const struct service_look *look)
{
    unsigned now = condition_of(look);
    size_t prefix = strlen(kind_prefix(look));
    AUTO(mem_freep)
    char *guard = a->jobs ? guarded_service(a->jobs, look->id, a->query->now) : NULL;
    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        enum command_verb verb = offers[i].verb;
        if (!(offers[i].when & now) || !may(a, verb) ||
            strncmp(command_verb_name(verb), kind_prefix(look), prefix) != 0 ||
            (verb == COMMAND_CONTAINER_TRUNCATE_LOG && !str_eq(look->engine, "docker")))
            continue;
        struct str confirm = {0};
        print_effect(offers[i].effect, look->name, &confirm);
        if (verb_interrupts(verb))
            say_dependents(&look->needed_by, &confirm);
        const char *warning =
            verb == COMMAND_CONTAINER_UPDATE && look->database ? backup_first : NULL;
        if (warning)
            str_addf(&confirm, " %s", warning);
        print_offer(a, &(struct offer){verb, short_label(verb), str_text(&confirm),
                                       offers[i].danger, look->observed, guard, warning});
        str_done(&confirm);
    }
}

/* --- a node --- */

/* Without an argument it takes what can be fetched or made again. */
static void print_prune(const struct answer *a)
{
    if (!may(a, COMMAND_DOCKER_PRUNE))
        return;
    AUTO(mem_freep)
    char *confirm = mem_printf("Images that no container uses, networks without containers and the "
                               "build cache of %s will be removed. Nothing that runs is touched.",
                               a->query->id);
    print_offer(a, &(struct offer){COMMAND_DOCKER_PRUNE, verb_label(COMMAND_DOCKER_PRUNE), confirm,
                                   true, "", NULL, NULL});
}

/* What stays is the asker's to say. Whether there is a journal, the node knows. */
static void print_vacuum(const struct answer *a)
{
    enum command_verb verb = COMMAND_JOURNAL_VACUUM;
    if (!may(a, verb))
        return;
    AUTO(mem_freep)
    char *confirm = mem_printf("The oldest entries of the journal of %s are removed for good, up "
                               "to what is to stay. Nothing that runs is touched.",
                               a->query->id);
    print_offer(a, &(struct offer){verb, short_label(verb), confirm, true, "", NULL, NULL});
}

/* Offered where there is a newer one. */
static void print_upgrade(const struct answer *a, const struct node_look *look)
{
    enum command_verb verb = COMMAND_AGENT_UPGRADE;
    if (!*look->agent->upgrade || *look->agent->upgrade_obstacle || !may(a, verb))
        return;
    AUTO(mem_freep)
    char *label = mem_printf("Upgrade agent to %s", look->agent->upgrade);
    AUTO(mem_freep)
    char *confirm =
        mem_printf("The agent of %s is replaced by %s; when it does not reach the hub "
                   "within a minute, the present one goes on. Services are not touched.",
                   a->query->id, look->agent->upgrade);
    print_offer(a, &(struct offer){verb, label, confirm, false, "", NULL, NULL});
}

/* Of a node that is away, where another one can reach its card: that one's policy decides. */
static void print_wake(const struct answer *a)
{
    AUTO(str_done) struct str macs = {0};
    AUTO(str_list_done) struct str_list wakers = {0};
    struct answer of = *a;
    if (!may(a, COMMAND_MACHINE_WAKE) ||
        cluster_look_wake(a->cluster, a->query->id, NULL, &macs, &wakers) < 0)
        return;
    for (size_t i = 0; a->jobs && i < wakers.n; i++) {
        of.policy = jobs_policy(a->jobs, wakers.v[i]);
        if (of.policy && policy_check(of.policy, "machine.wake", macs.p, NULL) >= 0)
            break;
    }
    AUTO(mem_freep)
    char *confirm = mem_printf("Its network card is told to switch %s on, by another node in its "
                               "network.",
                               a->query->id);
    of.away = NULL;
    print_offer(&of, &(struct offer){COMMAND_MACHINE_WAKE, verb_label(COMMAND_MACHINE_WAKE),
                                     confirm, false, macs.p, NULL, NULL});
}

/* By its controller, whether the node is there or not: the policy of who asks it decides. */
static void print_power(const struct answer *a, unsigned services, const char *guard)
{
    static const struct {
        const char *label, *effect;
    } words[POWER_WORDS] = {
        [POWER_STATUS] = {"Ask whether it is on", "The controller of %s is asked. Nothing changes"},
        [POWER_ON] = {"Switch on", "%s will be switched on by its controller"},
        [POWER_SOFT] = {"Press its power button",
                        "%s will be told to shut down, as by its power button"},
        [POWER_OFF] = {"Switch off at once", "%s will lose its power at once: what is not written "
                                             "yet is lost, and file systems are not unmounted"},
        [POWER_CYCLE] = {"Power cycle", "%s will lose its power at once and get it back: what is "
                                        "not written yet is lost"},
        [POWER_RESET] = {"Reset", "%s will start anew at once, as by its reset button: what is not "
                                  "written yet is lost"},
    };
    struct fleet_bmc b;
    struct node_look via;
    struct answer of = *a;
    if (!may(a, COMMAND_MACHINE_POWER) || !a->jobs || !jobs_bmc(a->jobs, a->query->id, &b))
        return;
    AUTO(mem_freep) char *target = mem_printf(POWER_TARGET "%s", b.address);
    bool there = cluster_look_node(a->cluster, b.via, NULL, &via) >= 0 && !via.away;
    AUTO(mem_freep)
    char *away = there ? NULL : mem_printf("%s, which asks its controller, is away.", b.via);
    of.away = str_eq(b.via, a->query->id) ? (char *)"It can't ask its own controller: choose "
                                                    "another node that does."
                                          : away;
    of.policy = jobs_policy(a->jobs, b.via);
    for (unsigned w = 0; w < POWER_WORDS; w++) {
        bool interrupts = power_word_interrupts((enum power_word)w);
        struct str confirm = {0};
        print_effect(words[w].effect, a->query->id, &confirm);
        if (interrupts)
            str_addf(&confirm, "; with it go the %u services on it", services);
        str_add_char(&confirm, '.');
        const struct offer o = {COMMAND_MACHINE_POWER,
                                words[w].label,
                                str_text(&confirm),
                                interrupts,
                                target,
                                interrupts ? guard : NULL,
                                NULL};
        print_offer_of(&of, &o, power_word_name((enum power_word)w));
        str_done(&confirm);
    }
}

static void say_cut_off(const struct answer *a, struct str *out)
{
    AUTO(str_list_done) struct str_list titles = {0};
    if (a->jobs)
        beside_cut_off(a->jobs, a->query->id, &titles);
    if (!titles.n)
        return;
    str_add(out, " What is under way there is cut off: ");
    say_names(&titles, out);
}

static void print_for_node(const struct answer *a, const struct node_look *look)
{
    static const struct {
        enum command_verb verb;
        const char *effect;
    } both[] = {{COMMAND_MACHINE_REBOOT, "will be away for some minutes"},
                {COMMAND_MACHINE_POWER_OFF, "will be off until somebody switches it on"}};
    const char *node = a->query->id;
    AUTO(mem_freep) char *guard = a->jobs ? guarded_node(a->jobs, node, a->query->now) : NULL;
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        if (!may(a, both[i].verb))
            continue;
        struct str confirm = {0};
        str_addf(&confirm, "%s %s, and with it the %u services on it.", node, both[i].effect,
                 look->services);
        say_cut_off(a, &confirm);
        print_offer(a, &(struct offer){both[i].verb, verb_label(both[i].verb), str_text(&confirm),
                                       true, "", guard, NULL});
        str_done(&confirm);
    }
    if (look->engine)
        print_prune(a);
    print_vacuum(a);
    print_upgrade(a, look);
    if (look->away)
        print_wake(a);
    print_power(a, look->services, guard);
}

static void print_for_process(const struct answer *a)
{
    enum command_verb verb = COMMAND_PROCESS_SIGNAL;
    const struct action_query *q = a->query;
    if (!may(a, verb))
        return;
    AUTO(mem_freep)
    char *guard = a->jobs ? guarded_process(a->jobs, q->id, q->process_of, q->now) : NULL;
    print_offer(a, &(struct offer){verb, "Send signal",
                                   "What a signal does is the program's own decision, but for KILL "
                                   "and STOP, which it is not asked about.",
                                   false, q->process, guard, NULL});
}

static void print_for_mount(const struct answer *a)
{
    enum command_verb verb = COMMAND_MOUNT_REMOUNT;
    if (!may(a, verb))
        return;
    AUTO(mem_freep)
    char *confirm = mem_printf("%s is unmounted, by force when it does not answer, and mounted "
                               "again. Programs that have files of it open may have to be started "
                               "anew.",
                               a->query->mount);
    AUTO(mem_freep)
    char *guard = a->jobs ? guarded_node(a->jobs, a->query->id, a->query->now) : NULL;
    print_offer(
        a, &(struct offer){verb, verb_label(verb), confirm, false, a->query->mount, guard, NULL});
}

/* --- a compose project --- */

static const struct {
    enum command_verb verb;
    unsigned when; /* any of its services is in any of these */
    bool danger;
    const char *label, *effect;
} project_offers[] = {
    {COMMAND_PROJECT_RESTART, ON | PAUSED | LOOPING, false, "Restart",
     "restarted, what others need first; each is away for a moment"},
    {COMMAND_PROJECT_UP, OFF | FAILED | PAUSED, false, "Up",
     "started where they don't run, what others need first"},
    {COMMAND_PROJECT_DOWN, ON | PAUSED | LOOPING, true, "Down",
     "stopped, what others need last, until somebody starts them; none is removed"},
    {COMMAND_PROJECT_PULL, ALWAYS, false, "Pull images",
     "given nothing new yet: their images are pulled, and each runs on with its old one until it "
     "is updated"},
};

static unsigned conditions_of(const struct service_looks *of)
{
    unsigned all = 0;
    for (size_t i = 0; i < of->n; i++)
        all |= condition_of(&of->v[i]);
    return all;
}

/* In the order in which the node takes them. */
static void name_services(const struct service_looks *of, enum command_verb verb,
                          struct str_list *ret_names)
{
    bool backwards = verb == COMMAND_PROJECT_DOWN;
    for (size_t i = 0; i < of->n; i++)
        str_list_add(ret_names, of->v[backwards ? of->n - 1 - i : i].name);
}

/* Services outside that need one inside, each once. */
static void name_dependents(const struct service_looks *of, const struct str_list *inside,
                            struct str_list *ret_names)
{
    for (size_t i = 0; i < of->n; i++)
        for (size_t k = 0; k < of->v[i].needed_by.n; k++) {
            const char *name = of->v[i].needed_by.v[k];
            if (!str_list_has(inside, name) && !str_list_has(ret_names, name))
                str_list_add(ret_names, name);
        }
}

static void say_project(enum command_verb verb, const char *effect, const struct service_looks *of,
                        struct str *out)
{
    AUTO(str_list_done) struct str_list names = {0};
    AUTO(str_list_done) struct str_list needed_by = {0};
    name_services(of, verb, &names);
    str_addf(out, "%zu %s %s: ", of->n, of->n == 1 ? "service is" : "services are", effect);
    say_names(&names, out);
    if (!verb_interrupts(verb))
        return;
    name_dependents(of, &names, &needed_by);
    say_dependents(&needed_by, out);
}

static int print_for_project(const struct answer *a, struct err *e)
{
    const struct action_query *q = a->query;
    AUTO(service_looks_done) struct service_looks of = {0};
    project_services(a->cluster, q->id, q->project, q->now.mono_ms, &of);
    if (!of.n)
        return err_set(e, -ENOENT, "There is no compose project %.100s on %.60s.", q->project,
                       q->id);
    AUTO(mem_freep)
    char *guard = a->jobs ? guarded_project(a->jobs, q->id, q->project, q->now) : NULL;
    for (size_t i = 0; i < COUNT_OF(project_offers); i++) {
        enum command_verb verb = project_offers[i].verb;
        if (!(project_offers[i].when & conditions_of(&of)) || !may(a, verb))
            continue;
        struct str confirm = {0};
        say_project(verb, project_offers[i].effect, &of, &confirm);
        print_offer(a, &(struct offer){verb, project_offers[i].label, str_text(&confirm),
                                       project_offers[i].danger, q->project, guard, NULL});
        str_done(&confirm);
    }
    return 0;
}

/* --- the answer --- */

static int print_about(struct answer *a, const struct node_look *node,
                       const struct service_look *service, struct err *e)
{
    const struct action_query *q = a->query;
    if (node && q->project)
        return print_for_project(a, e);
    if (node && q->process)
        print_for_process(a);
    else if (node && q->mount)
        print_for_mount(a);
    else if (node)
        print_for_node(a, node);
    else if (*service->node && service->kind != OBSERVED_PROCESS)
        print_for_service(a, service);
    return 0;
}

int actions_print(struct cluster *c, const struct jobs *j, const struct action_query *q,
                  struct jw *w, struct err *e)
{
    struct node_look node, home;
    AUTO(service_look_done) struct service_look service = {0};
    struct answer a = {.cluster = c, .jobs = j, .query = q, .w = w};
    bool is_node = cluster_look_node(c, q->id, NULL, &node) >= 0;
    int r = is_node ? 0 : cluster_look(c, q->id, q->now.mono_ms, e, &service);
    if (r < 0)
        return err_set(e, r, "There is no service or node with the id %.200s.", q->id);
    const char *at = is_node ? q->id : service.node;
    if (cluster_look_node(c, at, NULL, &home) >= 0 && home.away)
        a.away = mem_printf("%s is away.", at);
    a.policy = j ? jobs_policy(j, at) : NULL;
    jw_object(w);
    jw_key(w, "actions");
    jw_array(w);
    r = print_about(&a, is_node ? &node : NULL, &service, e);
    jw_end_array(w);
    jw_end_object(w);
    mem_free(a.away);
    return r;
}
