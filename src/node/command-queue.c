/* Commands that run and that wait: outcomes, the life of an action, whose turn it is. */
#include "node/queue-private.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { ACTION_THREADS = 4, LIMIT_ACTION_WORKS = 64 /* that wait for a thread */ };

/* --- outcomes --- */

static struct command_outcome *outcome_copy(const struct command_outcome *o)
{
    struct command_outcome *copy = mem_dup(o, sizeof *o);
    copy->step = mem_strdup(o->step ? o->step : "");
    copy->text = mem_strdup(o->text ? o->text : "");
    copy->output = mem_strdup(o->output ? o->output : "");
    return copy;
}

static struct local_action *local_of(const struct command *c, const struct command_outcome *o,
                                     bool again)
{
    struct local_action *a = mem_alloc(sizeof *a);
    *a = (struct local_action){.user = mem_strdup(c->user),
                               .uid = c->uid,
                               .verb = mem_strdup(command_verb_name(c->verb)),
                               .target = mem_strdup(c->target),
                               .argument = mem_strdup(c->argument),
                               .outcome = outcome_copy(o),
                               .again = again};
    return a;
}

static void tell(struct node *n, const struct command *c, const struct command_outcome *o,
                 bool again)
{
    if (c && c->is_local)
        node_emit(n, (struct node_report){.kind = REPORT_LOCAL, .local = local_of(c, o, again)});
    else
        node_emit(n, (struct node_report){.kind = REPORT_OUTCOME, .outcome = outcome_copy(o)});
}

void commands_tell(struct node *n, const struct command *c, const struct command_outcome *o)
{
    tell(n, c, o, false);
}

void commands_tell_again(struct node *n, const struct command *c, const struct command_outcome *o)
{
    tell(n, c, o, true);
}

struct command_outcome command_outcome_of(const char *id, enum outcome_state state,
                                          const char *text)
{
    struct command_outcome o = {.state = state, .time_ms = clock_wall_ms(), .text = (char *)text};
    str_copy(o.id, sizeof o.id, id);
    return o;
}

void command_outcome_log(const struct command *c, const struct command_outcome *o)
{
    log_info("commands", outcome_state_name(o->state), "id=%s user=%s verb=%s target=%s text=%s",
             LOG_Q(c->id), LOG_Q(c->user), command_verb_name(c->verb), LOG_Q(c->target),
             LOG_Q(o->text));
}

/* Once told, it stays so: it is kept, unless it would be refused again anyway. What people of this
 * machine ask for in vain must not push the hub's commands out. */
void commands_refuse(struct commands *s, const struct command *c, const char *why, bool keep)
{
    struct command_outcome o = command_outcome_of(c->id, OUTCOME_REFUSED, why);
    if (keep && !c->is_local && s->log &&
        command_log_begin(s->log, c, s->boot, o.time_ms, NULL) == 0)
        (void)!command_log_end(s->log, &o, NULL);
    command_outcome_log(c, &o);
    commands_tell(s->node, c, &o);
}

/* --- an action --- */

void action_free(struct action *a)
{
    loop_timer_free(a->deadline);
    command_done(&a->command);
    mem_free(a->step);
    mem_free(a);
}

void action_tell_step(const struct action *a)
{
    struct command_outcome o = command_outcome_of(a->command.id, OUTCOME_RUNNING, "");
    o.step = a->step;
    commands_tell(a->node, &a->command, &o);
}

int action_on_thread(struct action *a, worker_fn *fn, void *arg)
{
    struct commands *s = a->owner;
    if (!s->workers)
        s->workers = workers_new(ACTION_THREADS, LIMIT_ACTION_WORKS, 0);
    return workers_submit(s->workers, fn, arg);
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
        action_tell_step(a);
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
    struct command_outcome o = command_outcome_of(a->command.id, state, text.p);
    struct err e = {0};
    if (output && strlen(output) > LIMIT_COMMAND_OUTPUT)
        output[LIMIT_COMMAND_OUTPUT] = 0;
    o.output = output;
    if (a->begun)
        a->ops->stop(a);
    if (command_log_end(s->log, &o, &e) < 0)
        log_warn("commands", "outcome not written", "id=%s error=%s it=%s", LOG_Q(o.id),
                 LOG_Q(e.text), "is told all the same");
    command_outcome_log(&a->command, &o);
    commands_tell(s->node, &a->command, &o);
    forget(s, a);
    action_free(a);
    mem_free(output);
    str_done(&text);
    commands_start_waiting(s);
}

static void on_deadline(void *arg)
{
    struct action *a = arg;
    action_end(a, OUTCOME_FAILED, NULL, "%s", a->ops->late);
}

struct action *action_new(struct commands *s, const struct command *c, const struct action_ops *ops)
{
    struct action *a = mem_alloc(sizeof *a);
    a->node = s->node;
    a->owner = s;
    command_copy(&a->command, c);
    a->ops = ops;
    *vec_add(&s->actions) = a;
    return a;
}

void action_run(struct action *a)
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

static bool is_of_container(const struct action *a)
{
    return a->command.verb >= COMMAND_CONTAINER_START &&
           a->command.verb <= COMMAND_CONTAINER_UPDATE;
}

/* What another action has stopped, put aside or pulled looks unused. */
static bool prunes(const struct action *a, const struct action *b)
{
    return a->command.verb == COMMAND_DOCKER_PRUNE &&
           (is_of_container(b) || is_of_project(b) || b->command.verb == COMMAND_DOCKER_PRUNE) &&
           (!*a->command.target || !*b->command.target || same_engine(a, b));
}

/* Of the machine as a whole, and nothing waits for it: only room is made. */
static bool makes_room(const struct action *a)
{
    enum command_verb v = a->command.verb;
    return v == COMMAND_DOCKER_PRUNE || v == COMMAND_JOURNAL_VACUUM ||
           v == COMMAND_GENERATION_COLLECT;
}

/* Where there is no target it is the machine. */
static bool same_target(const struct action *a, const struct action *b)
{
    return str_eq(a->command.target, b->command.target) &&
           (*a->command.target || a->command.verb == b->command.verb ||
            !(makes_room(a) || makes_room(b)));
}

/* In the midst of it the machine must not go down. */
static bool switches(const struct action *a, const struct action *b)
{
    return a->command.verb == COMMAND_GENERATION_SWITCH && command_goes_down(b->command.verb);
}

static bool conflicts(const struct action *a, const struct action *b)
{
    return same_target(a, b) || prunes(a, b) || prunes(b, a) || switches(a, b) || switches(b, a) ||
           (command_is_generation(a->command.verb) && command_is_generation(b->command.verb)) ||
           ((is_of_project(a) || is_of_project(b)) && same_engine(a, b));
}

/* Those before it that run, or wait for the same. */
bool action_is_its_turn(const struct commands *s, const struct action *a)
{
    unsigned running = 0;
    bool before = true;
    if (a->command.verb == COMMAND_GENERATION_CONFIRM) /* what it confirms waits for it */
        return true;
    for (size_t i = 0; i < s->actions.n; i++) {
        const struct action *other = s->actions.v[i];
        before = before && other != a;
        running += other->begun;
        if (other != a && (other->begun || before) && conflicts(a, other))
            return false;
    }
    return running < COMMANDS_AT_ONCE;
}

bool command_is_stale(const struct command *c)
{
    return c->expires_ms && clock_wall_ms() > c->expires_ms;
}

void commands_refuse_stale(struct commands *s, const struct command *c)
{
    char until[CLOCK_RFC3339_SIZE];
    AUTO(mem_freep)
    char *why =
        mem_printf("It came too late: it was to be begun before %s by this node's clock. Ask for "
                   "it again.",
                   clock_rfc3339(c->expires_ms, until));
    commands_refuse(s, c, why, false);
}

static void drop_waiting(struct commands *s, struct action *a)
{
    forget(s, a);
    action_free(a);
}

static void begin(struct commands *s, struct action *a)
{
    struct err e = {0};
    commands_look_at_policy(s); /* it may have waited for long */
    if (command_is_stale(&a->command)) {
        commands_refuse_stale(s, &a->command);
        drop_waiting(s, a);
    } else if (commands_check_policy(s, &a->command, &e) < 0) {
        commands_refuse(s, &a->command, e.text, true);
        drop_waiting(s, a);
    } else if (command_log_begin(s->log, &a->command, s->boot, clock_wall_ms(), &e) < 0) {
        AUTO(mem_freep)
        char *why = mem_printf("Nothing is done that can't be written down first: %s", e.text);
        commands_refuse(s, &a->command, why, false);
        drop_waiting(s, a);
    } else {
        action_run(a);
        a->ops->start(a);
    }
}

static bool start_one(struct commands *s)
{
    for (size_t i = 0; i < s->actions.n; i++) {
        struct action *a = s->actions.v[i];
        if (!a->begun && action_is_its_turn(s, a)) {
            begin(s, a);
            return true;
        }
    }
    return false;
}

/* An action may end at its start, and comes here again. */
void commands_start_waiting(struct commands *s)
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
