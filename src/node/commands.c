#include "node/commands-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "node/command-log.h"

#include <assert.h>
#include <stdarg.h>
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
    [COMMAND_PROJECT_UP] = &project_action,
    [COMMAND_PROJECT_DOWN] = &project_action,
    [COMMAND_PROJECT_RESTART] = &project_action,
    [COMMAND_PROJECT_PULL] = &project_action,
    [COMMAND_PROCESS_SIGNAL] = &process_action,
    [COMMAND_MACHINE_REBOOT] = &machine_action,
    [COMMAND_MACHINE_POWER_OFF] = &machine_action,
};

struct commands {
    struct node *node;
    struct command_log *log; /* NULL: it can't be read, so nothing is done */
    struct err trouble;      /* why */
    char boot[COMMAND_BOOT_SIZE];
    struct policy *policy;
    struct stat policy_file;      /* as it was when it was read; zero = there was none */
    int64_t policy_at_ms;         /* mono: when it was looked at */
    VEC(struct action *) actions; /* those that run and those that wait, in the order of coming */
    bool starting, again;         /* start_waiting() is at work; and is to look once more */
};

static struct commands *state_of(struct node *n)
{
    return node_module_state(n, &commands_module);
}

/* --- outcomes --- */

static void tell(struct node *n, const struct command_outcome *o)
{
    struct command_outcome *copy = mem_dup(o, sizeof *o);
    copy->step = mem_strdup(o->step ? o->step : "");
    copy->text = mem_strdup(o->text ? o->text : "");
    copy->output = mem_strdup(o->output ? o->output : "");
    node_emit(n, (struct node_report){.kind = REPORT_OUTCOME, .outcome = copy});
}

static struct command_outcome outcome_of(const char *id, enum outcome_state state, const char *text)
{
    struct command_outcome o = {.state = state, .time_ms = clock_wall_ms(), .text = (char *)text};
    str_copy(o.id, sizeof o.id, id);
    return o;
}

static void log_outcome(const struct command *c, const struct command_outcome *o)
{
    log_info("commands", outcome_state_name(o->state), "id=%s user=%s verb=%s target=%s text=%s",
             LOG_Q(c->id), LOG_Q(c->user), command_verb_name(c->verb), LOG_Q(c->target),
             LOG_Q(o->text));
}

/* Once told, it stays so: it is kept, unless it would be refused again anyway. */
static void refuse(struct commands *s, const struct command *c, const char *why, bool keep)
{
    struct command_outcome o = outcome_of(c->id, OUTCOME_REFUSED, why);
    if (keep && s->log && command_log_begin(s->log, c, s->boot, o.time_ms, NULL) == 0)
        (void)!command_log_end(s->log, &o, NULL);
    log_outcome(c, &o);
    tell(s->node, &o);
}

/* --- an action --- */

static void action_free(struct action *a)
{
    loop_timer_free(a->deadline);
    command_done(&a->command);
    mem_free(a->step);
    mem_free(a);
}

static void tell_step(const struct action *a)
{
    struct command_outcome o = outcome_of(a->command.id, OUTCOME_RUNNING, "");
    o.step = a->step;
    tell(a->node, &o);
}

void action_step(struct action *a, const char *fmt, ...)
{
    struct str s = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&s, fmt, ap);
    va_end(ap);
    struct command_record *r =
        a->owner->log ? command_log_find(a->owner->log, a->command.id) : NULL;
    if (mem_set_str(&a->step, s.p))
        tell_step(a);
    if (r)
        mem_set_str(&r->outcome.step, s.p);
    str_done(&s);
}

int action_note(struct action *a, const char *note, struct err *e)
{
    return command_log_note(a->owner->log, a->command.id, note, e);
}

const char *action_took(const struct action *a, char ret_text[ACTION_TOOK_SIZE])
{
    double s = (double)(clock_mono_ms() - a->start_ms) / 1000;
    snprintf(ret_text, ACTION_TOOK_SIZE, s < 10 ? "%.1f s" : "%.0f s", s);
    return ret_text;
}

static void start_waiting(struct commands *s);

static void forget(struct commands *s, const struct action *a)
{
    for (size_t i = 0; i < s->actions.n; i++)
        if (s->actions.v[i] == a) {
            vec_remove_at(&s->actions, i);
            return;
        }
}

void action_end(struct action *a, enum outcome_state state, char *output, const char *fmt, ...)
{
    struct commands *s = a->owner;
    struct str text = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&text, fmt, ap);
    va_end(ap);
    struct command_outcome o = outcome_of(a->command.id, state, text.p);
    struct err e = {0};
    if (output && strlen(output) > LIMIT_COMMAND_OUTPUT)
        output[LIMIT_COMMAND_OUTPUT] = 0;
    o.output = output;
    if (a->begun)
        a->ops->stop(a);
    if (command_log_end(s->log, &o, &e) < 0)
        log_warn("commands", "outcome not written", "id=%s error=%s it=%s", LOG_Q(o.id),
                 LOG_Q(e.text), "is told all the same");
    log_outcome(&a->command, &o);
    tell(s->node, &o);
    forget(s, a);
    action_free(a);
    mem_free(output);
    str_done(&text);
    start_waiting(s);
}

static void on_deadline(void *arg)
{
    struct action *a = arg;
    action_end(a, OUTCOME_FAILED, NULL, "%s", a->ops->late);
}

static struct action *action_new(struct commands *s, const struct command *c)
{
    struct action *a = mem_alloc(sizeof *a);
    a->node = s->node;
    a->owner = s;
    command_copy(&a->command, c);
    a->ops = ops_of[c->verb];
    *vec_add(&s->actions) = a;
    return a;
}

static void run(struct action *a)
{
    assert(a->ops);
    a->begun = true;
    a->start_ms = clock_mono_ms();
    a->deadline = loop_timer_new(a->node->loop, a->ops->deadline_ms, 0, on_deadline, a);
}

/* --- whose turn it is --- */

static bool is_of_project(const struct action *a)
{
    return a->command.verb >= COMMAND_PROJECT_UP && a->command.verb <= COMMAND_PROJECT_PULL;
}

/* A project's action may touch every container of its engine. */
static bool same_engine(const struct action *a, const struct action *b)
{
    size_t n = strcspn(a->command.target, "/");
    return n == strcspn(b->command.target, "/") &&
           strncmp(a->command.target, b->command.target, n) == 0;
}

static bool conflicts(const struct action *a, const struct action *b)
{
    return str_eq(a->command.target, b->command.target) ||
           ((is_of_project(a) || is_of_project(b)) && same_engine(a, b));
}

/* Those before it that run, or wait for the same. */
static bool is_its_turn(const struct commands *s, const struct action *a)
{
    unsigned running = 0;
    bool before = true;
    for (size_t i = 0; i < s->actions.n; i++) {
        const struct action *other = s->actions.v[i];
        before = before && other != a;
        running += other->begun;
        if (other != a && (other->begun || before) && conflicts(a, other))
            return false;
    }
    return running < COMMANDS_AT_ONCE;
}

static bool is_stale(const struct command *c)
{
    return c->expires_ms && clock_wall_ms() > c->expires_ms;
}

static void refuse_stale(struct commands *s, const struct command *c)
{
    char until[CLOCK_RFC3339_SIZE];
    AUTO(mem_freep)
    char *why =
        mem_printf("It came too late: it was to be begun before %s by this node's clock. Ask for "
                   "it again.",
                   clock_rfc3339(c->expires_ms, until));
    refuse(s, c, why, false);
}

static void drop_waiting(struct commands *s, struct action *a)
{
    forget(s, a);
    action_free(a);
}

static void begin(struct commands *s, struct action *a)
{
    struct err e = {0};
    if (is_stale(&a->command)) {
        refuse_stale(s, &a->command);
        drop_waiting(s, a);
    } else if (command_log_begin(s->log, &a->command, s->boot, clock_wall_ms(), &e) < 0) {
        AUTO(mem_freep)
        char *why = mem_printf("Nothing is done that can't be written down first: %s", e.text);
        refuse(s, &a->command, why, false);
        drop_waiting(s, a);
    } else {
        run(a);
        a->ops->start(a);
    }
}

static bool start_one(struct commands *s)
{
    for (size_t i = 0; i < s->actions.n; i++) {
        struct action *a = s->actions.v[i];
        if (!a->begun && is_its_turn(s, a)) {
            begin(s, a);
            return true;
        }
    }
    return false;
}

/* An action may end at its start, and comes here again. */
static void start_waiting(struct commands *s)
{
    s->again = true;
    if (s->starting)
        return;
    s->starting = true;
    while (s->again) {
        s->again = false;
        while (start_one(s))
            ;
    }
    s->starting = false;
}

/* --- the policy --- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_mode == b->st_mode && a->st_uid == b->st_uid;
}

static void look_at_policy(struct commands *s)
{
    const char *path = s->node->settings.policy;
    struct stat st = {0};
    if (path && stat(path, &st) < 0)
        st = (struct stat){0};
    if (s->policy && same_file(&st, &s->policy_file))
        return;
    policy_free(s->policy);
    s->policy = policy_load(path);
    s->policy_file = st;
    log_info("commands", "policy", "path=%s rules=%zu trouble=%s", LOG_Q(s->policy->path),
             s->policy->rules.n, LOG_Q(s->policy->trouble ? s->policy->trouble : ""));
    node_emit(s->node,
              (struct node_report){.kind = REPORT_POLICY, .policy = policy_copy(s->policy)});
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
        tell_step(a);
    else if (r)
        tell(s->node, &r->outcome);
    return a || r;
}

static bool is_refused(struct commands *s, const struct command *c)
{
    struct err e = {0};
    if (!s->log) {
        refuse(s, c, s->trouble.text, false);
    } else if (is_stale(c)) {
        refuse_stale(s, c);
    } else if (c->sequence && c->sequence <= highest_sequence(s)) {
        refuse(s, c, "It came again, or after a later one: nothing was done. Ask for it anew.",
               false);
    } else if (policy_check(s->policy, command_verb_name(c->verb), c->target, &e) < 0) {
        refuse(s, c, e.text, true);
    } else if (!ops_of[c->verb]) {
        refuse(s, c, "This agent does not know how; bring it up to date.", true);
    } else if (s->actions.n >= COMMANDS_AT_ONCE + LIMIT_COMMANDS_WAITING) {
        refuse(s, c, "Too many commands wait on this node. Ask again when they are done.", true);
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
    look_at_policy(s);
    if (is_refused(s, c))
        return;
    struct action *a = action_new(s, c);
    if (is_its_turn(s, a))
        start_waiting(s);
    else
        action_step(a, "waiting for others to be done");
}

void node_command_query(struct node *n, const char *id)
{
    struct commands *s = state_of(n);
    struct command_outcome o = outcome_of(id, OUTCOME_UNKNOWN, "This node does not know of it.");
    assert(s);
    if (!tell_known(s, id))
        tell(n, &o);
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

/* --- what a former run left undone --- */

static void end_record(struct commands *s, const struct command_record *r, enum outcome_state state,
                       const char *text)
{
    struct command_outcome o = outcome_of(r->command.id, state, text);
    log_outcome(&r->command, &o);
    (void)!command_log_end(s->log, &o, NULL);
    tell(s->node, &o);
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
    const struct action_ops *ops = ops_of[c->verb];
    bool restarted = c->verb == COMMAND_MACHINE_REBOOT || c->verb == COMMAND_MACHINE_POWER_OFF;
    if (restarted && !str_eq(r->boot, s->boot)) {
        end_record(s, r, OUTCOME_DONE, "The node went down, and is up again.");
    } else if (c->verb == COMMAND_UNIT_RESTART && is_own_unit(s, c->target)) {
        end_record(s, r, OUTCOME_DONE, "Restarted: it is the agent itself.");
    } else if (ops && ops->resume) {
        struct action *a = action_new(s, c);
        run(a);
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

static void *start(struct node *n)
{
    struct commands *s = mem_alloc(sizeof *s);
    s->node = n;
    read_boot(s);
    look_at_policy(s);
    if (command_log_open(n->settings.state_dir, &s->trouble, &s->log) < 0)
        log_error("commands", "log not opened", "error=%s all=%s", LOG_Q(s->trouble.text),
                  "are refused");
    else
        recover_all(s);
    return s;
}

static void tick(void *state, int64_t now_ms)
{
    struct commands *s = state;
    if (now_ms - s->policy_at_ms < POLICY_LOOK_MS)
        return;
    s->policy_at_ms = now_ms;
    look_at_policy(s);
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
    command_log_free(s->log);
    policy_free(s->policy);
    mem_free(s);
}

const struct node_module commands_module = {
    .name = "commands", .start = start, .tick = tick, .stop = stop};
