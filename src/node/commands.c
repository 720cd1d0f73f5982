#include "node/queue-private.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct action_ops *const ops_of[COMMAND_COUNT] = {
    [COMMAND_UNIT_START] = &unit_action,
    [COMMAND_UNIT_STOP] = &unit_action,
    [COMMAND_UNIT_RESTART] = &unit_action,
    [COMMAND_UNIT_RELOAD] = &unit_action,
    [COMMAND_UNIT_RESET_FAILED] = &unit_action,
    [COMMAND_UNIT_MASK] = &unit_action,
    [COMMAND_UNIT_UNMASK] = &unit_action,
    [COMMAND_CONTAINER_START] = &container_action,
    [COMMAND_CONTAINER_STOP] = &container_action,
    [COMMAND_CONTAINER_RESTART] = &container_action,
    [COMMAND_CONTAINER_PAUSE] = &container_action,
    [COMMAND_CONTAINER_UNPAUSE] = &container_action,
    [COMMAND_CONTAINER_KILL] = &container_action,
    [COMMAND_CONTAINER_RENAME] = &container_action,
    [COMMAND_CONTAINER_REMOVE] = &container_action,
    [COMMAND_CONTAINER_UPDATE] = &update_action,
    [COMMAND_CONTAINER_CONNECT] = &container_action,
    [COMMAND_CONTAINER_DISCONNECT] = &container_action,
    [COMMAND_CONTAINER_TRUNCATE_LOG] = &root_action,
    [COMMAND_PROJECT_UP] = &project_action,
    [COMMAND_PROJECT_DOWN] = &project_action,
    [COMMAND_PROJECT_RESTART] = &project_action,
    [COMMAND_PROJECT_PULL] = &project_action,
    [COMMAND_PROCESS_SIGNAL] = &process_action,
    [COMMAND_MACHINE_REBOOT] = &machine_action,
    [COMMAND_MACHINE_POWER_OFF] = &machine_action,
    [COMMAND_DOCKER_PRUNE] = &prune_action,
    [COMMAND_AGENT_UPGRADE] = &agent_action,
    [COMMAND_GENERATION_SWITCH] = &switch_action,
    [COMMAND_GENERATION_ROLLBACK] = &switch_action,
    [COMMAND_GENERATION_REBUILD] = &rebuild_action,
    [COMMAND_GENERATION_COLLECT] = &collect_action,
    [COMMAND_GENERATION_CONFIRM] = &confirm_action,
    [COMMAND_MACHINE_WAKE] = &wake_action,
    [COMMAND_MOUNT_REMOUNT] = &root_action,
    [COMMAND_MACHINE_POWER] = &power_action,
    [COMMAND_JOURNAL_VACUUM] = &root_action,
};

static const struct action_ops *ops_for(const struct command *c)
{
    return str_starts(c->target, "rc.d/") && ops_of[c->verb] == &unit_action ? &rcd_action
                                                                             : ops_of[c->verb];
}

static struct commands *state_of(struct node *n)
{
    return node_module_state(n, &commands_module);
}

/* --- the policy --- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_mode == b->st_mode && a->st_uid == b->st_uid;
}

/* The default needs no line in everybody's log. */
static void say_policy(const struct policy *p)
{
    if (p->trouble)
        log_warn("commands", "the policy can't be used, so nothing is allowed", "path=%s error=%s",
                 LOG_Q(p->path), LOG_Q(p->trouble));
    else if (!str_is_empty(p->path))
        log_info("commands", "policy", "path=%s rules=%zu", LOG_Q(p->path), p->rules.n);
}

void commands_look_at_policy(struct commands *s)
{
    const char *path = s->node->settings.policy;
    struct stat st = {0};
    int why = path && stat(path, &st) < 0 ? errno : 0;
    if (why)
        st = (struct stat){0};
    if (s->policy && why == s->policy_errno && same_file(&st, &s->policy_file))
        return;
    policy_free(s->policy);
    s->policy = policy_load(path, s->node->settings.policy_named);
    s->policy_file = st;
    s->policy_errno = why;
    say_policy(s->policy);
    node_emit(s->node,
              (struct node_report){.kind = REPORT_POLICY, .policy = policy_copy(s->policy)});
}

/* A switch over a reboot is one, too. */
static bool takes_reboot(const struct command *c)
{
    AUTO(str_list_done) struct str_list words = {0};
    if (c->verb != COMMAND_GENERATION_SWITCH && c->verb != COMMAND_GENERATION_ROLLBACK)
        return false;
    str_list_split(&words, c->argument, ' ');
    return str_list_has(&words, "reboot");
}

/* The hub's confirm only ends what the policy allowed before. */
int commands_check_policy(const struct commands *s, const struct command *c, struct err *e)
{
    if (c->verb == COMMAND_GENERATION_CONFIRM)
        return 0;
    if (c->verb == COMMAND_GENERATION_REBUILD)
        return policy_check_flake(s->policy, c->argument, e);
    if (c->verb == COMMAND_MOUNT_REMOUNT)
        return policy_check_mount(s->policy, c->target, e);
    int r = policy_check(s->policy, command_verb_name(c->verb), c->target, e);
    if (r >= 0 && c->verb == COMMAND_CONTAINER_RENAME)
        r = policy_check_rename(s->policy, c->target, c->argument, e);
    if (r >= 0 && takes_reboot(c))
        r = policy_check(s->policy, command_verb_name(COMMAND_MACHINE_REBOOT), "", e);
    return r;
}

const struct policy *commands_policy(struct node *n)
{
    struct commands *s = state_of(n);
    commands_look_at_policy(s);
    return s->policy;
}

int commands_allow(struct node *n, const char *verb, const char *target, struct err *e)
{
    struct commands *s = state_of(n);
    commands_look_at_policy(s);
    return policy_check(s->policy, verb, target, e);
}

bool action_is_denied(const struct action *a, enum command_verb verb, const char *target)
{
    return policy_denies(a->owner->policy, command_verb_name(verb), target);
}

/* --- what a former run left undone --- */

static void end_record(struct commands *s, const struct command_record *r, enum outcome_state state,
                       const char *text)
{
    struct command_outcome o = command_outcome_of(r->command.id, state, text);
    command_outcome_log(&r->command, &o);
    (void)!command_log_end(s->log, &o, NULL);
    commands_tell(s->node, &r->command, &o);
}

/* Is it the unit that this very program runs in? */
static bool is_own_unit(const struct commands *s, const char *target)
{
    char cgroup[CGROUP_PATH_MAX];
    const char *slash = strchr(target, '/');
    return slash && cgroup_of_pid(s->node->settings.root, getpid(), cgroup) == 0 &&
           str_ends(cgroup, slash);
}

static void recover(struct commands *s, const struct command_record *r)
{
    const struct command *c = &r->command;
    const struct action_ops *ops = ops_for(c);
    if (command_goes_down(c->verb) && !str_eq(r->boot, s->boot)) {
        end_record(s, r, OUTCOME_DONE, "The node went down, and is up again.");
    } else if (c->verb == COMMAND_UNIT_RESTART && is_own_unit(s, c->target)) {
        end_record(s, r, OUTCOME_DONE, "Restarted: it is the agent itself.");
    } else if (ops && ops->resume) {
        struct action *a = action_new(s, c, ops_for(c));
        action_run(a);
        ops->resume(a, r->note);
    } else {
        end_record(s, r, OUTCOME_FAILED,
                   "The agent was restarted while it ran; look at the service.");
    }
}

static void recover_all(struct commands *s)
{
    const struct command_record *r;
    VEC(const struct command_record *) undone = {0};
    for (size_t i = 0; (r = command_log_at(s->log, i)); i++)
        if (r->outcome.state == OUTCOME_RUNNING)
            *vec_add(&undone) = r;
    for (size_t i = 0; i < undone.n; i++)
        recover(s, undone.v[i]);
    vec_done(&undone);
}

static int open_log(struct commands *s)
{
    int r = command_log_open(s->node->settings.state_dir, &s->trouble, &s->log);
    if (r == 0)
        recover_all(s);
    return r;
}

/* A full disk has room again: all is taken up where it was left. */
static bool has_log(struct commands *s)
{
    if (!s->log && open_log(s) == 0)
        log_info("commands", "log opened", "commands=%s", "are taken again");
    return s->log;
}

/* --- what comes in --- */

static uint64_t highest_sequence(const struct commands *s)
{
    uint64_t n = command_log_sequence(s->log);
    for (size_t i = 0; i < s->actions.n; i++)
        if (s->actions.v[i]->command.sequence > n)
            n = s->actions.v[i]->command.sequence;
    return n;
}

struct action *commands_find(struct node *n, enum command_verb verb)
{
    struct commands *s = state_of(n);
    for (size_t i = 0; s && i < s->actions.n; i++)
        if (s->actions.v[i]->begun && s->actions.v[i]->command.verb == verb)
            return s->actions.v[i];
    return NULL;
}

bool node_is_busy(struct node *n)
{
    struct commands *s = state_of(n);
    for (size_t i = 0; s && i < s->actions.n; i++)
        if (s->actions.v[i]->begun && s->actions.v[i]->command.verb != COMMAND_AGENT_UPGRADE)
            return true;
    return false;
}

static struct action *find_action(const struct commands *s, const char *id)
{
    for (size_t i = 0; i < s->actions.n; i++)
        if (str_eq(s->actions.v[i]->command.id, id))
            return s->actions.v[i];
    return NULL;
}

/* Tells of a command that came before. */
static bool tell_known(struct commands *s, const char *id)
{
    const struct action *a = find_action(s, id);
    const struct command_record *r = s->log ? command_log_find(s->log, id) : NULL;
    if (a)
        action_tell_step(a);
    else if (r)
        commands_tell_again(s->node, &r->command, &r->outcome);
    return a || r;
}

static bool is_refused(struct commands *s, const struct command *c)
{
    struct err e = {0};
    if (!s->log) {
        commands_refuse(s, c, s->trouble.text, false);
    } else if (command_is_stale(c)) {
        commands_refuse_stale(s, c);
    } else if (c->sequence && c->sequence <= highest_sequence(s)) {
        commands_refuse(
            s, c, "It came again, or after a later one: nothing was done. Ask for it anew.", false);
    } else if (commands_check_policy(s, c, &e) < 0) {
        commands_refuse(s, c, e.text, true);
    } else if (!ops_of[c->verb]) {
        commands_refuse(s, c, "This agent does not know how; bring it up to date.", true);
    } else if (s->actions.n >= COMMANDS_AT_ONCE + LIMIT_COMMANDS_WAITING) {
        commands_refuse(s, c, "Too many commands wait on this node. Ask again when they are done.",
                        true);
    } else {
        return false;
    }
    return true;
}

void node_command(struct node *n, const struct command *c)
{
    struct commands *s = state_of(n);
    assert(s);
    if (tell_known(s, c->id))
        return;
    commands_look_at_policy(s);
    if (is_refused(s, c))
        return;
    struct action *a = action_new(s, c, ops_for(c));
    if (action_is_its_turn(s, a))
        commands_start_waiting(s);
    else
        action_step(a, "waiting for others to be done");
}

/* Those that wait were the former hub's: they are refused as stale in their time, or done. */
void node_commands_restart(struct node *n)
{
    struct commands *s = state_of(n);
    struct err e = {0};
    for (size_t i = 0; s && i < s->actions.n; i++)
        s->actions.v[i]->command.sequence = 0;
    if (s && s->log && command_log_restart(s->log, &e) < 0)
        log_warn("commands", "count not restarted on disk", "error=%s it=%s", LOG_Q(e.text),
                 "counts in memory");
}

/* "Unknown" would mean that it was never begun. A hub that hears of one that runs asks again, also
 * one that is older. */
static void tell_nothing_yet(struct commands *s, const char *id)
{
    struct command_outcome o = command_outcome_of(id, OUTCOME_RUNNING, "");
    AUTO(mem_freep)
    char *step = mem_printf("this node can't tell yet whether it was done: %s", s->trouble.text);
    o.step = step;
    commands_tell(s->node, NULL, &o);
}

void node_command_query(struct node *n, const char *id)
{
    struct commands *s = state_of(n);
    struct command_outcome o =
        command_outcome_of(id, OUTCOME_UNKNOWN, "This node does not know of it.");
    assert(s);
    if (tell_known(s, id))
        return;
    if (!has_log(s))
        tell_nothing_yet(s, id);
    else if (!tell_known(s, id)) /* the log may have been opened just now */
        commands_tell(n, NULL, &o);
}

void commands_bus_lost(struct node *n)
{
    struct commands *s = state_of(n);
    for (size_t i = s ? s->actions.n : 0; i-- > 0;) { /* each may end, and others begin behind it */
        struct action *a = i < s->actions.n ? s->actions.v[i] : NULL;
        if (a && a->begun && a->ops->bus_lost)
            a->ops->bus_lost(a);
    }
}

/* --- the module --- */

static void read_boot(struct commands *s)
{
    char path[NODE_PATH_MAX];
    FILE *f = fopen(node_path(s->node, "/proc/sys/kernel/random/boot_id", path), "re");
    if (!f)
        return;
    if (fgets(s->boot, sizeof s->boot, f))
        str_trim(s->boot);
    fclose(f);
}

static void look_at_log(struct commands *s, int64_t now_ms)
{
    if (s->log)
        command_log_catch_up(s->log);
    else if (now_ms - s->log_at_ms >= LOG_LOOK_MS) {
        s->log_at_ms = now_ms;
        (void)has_log(s);
    }
}

static void *start(struct node *n)
{
    struct commands *s = mem_alloc(sizeof *s);
    s->node = n;
    read_boot(s);
    commands_look_at_policy(s);
    if (open_log(s) < 0)
        log_error("commands", "log not opened", "error=%s all=%s", LOG_Q(s->trouble.text),
                  "are refused");
    return s;
}

static void tick(void *state, int64_t now_ms)
{
    struct commands *s = state;
    if (now_ms - s->policy_at_ms < POLICY_LOOK_MS)
        return;
    s->policy_at_ms = now_ms;
    commands_look_at_policy(s);
    look_at_log(s, now_ms);
}

/* What runs is told as broken off by the next run. */
static void stop(void *state)
{
    struct commands *s = state;
    for (size_t i = 0; i < s->actions.n; i++) {
        if (s->actions.v[i]->begun)
            s->actions.v[i]->ops->stop(s->actions.v[i]);
        action_free(s->actions.v[i]);
    }
    vec_done(&s->actions);
    workers_free(s->workers);
    command_log_free(s->log);
    policy_free(s->policy);
    mem_free(s);
}

const struct node_module commands_module = {
    .name = "commands", .start = start, .tick = tick, .stop = stop};
