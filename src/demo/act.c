/* Commands: the steps, sentences and refusals of a real node, on one that is played. */
#include "demo/act-private.h"

#include "base/clock.h"

/* --- outcomes --- */

static struct command_outcome *outcome_of(const char *id, enum outcome_state state,
                                          const char *step, const char *text, const char *output)
{
    struct command_outcome *o = mem_alloc(sizeof *o);
    *o = (struct command_outcome){.state = state,
                                  .time_ms = clock_wall_ms(),
                                  .step = mem_strdup(step),
                                  .text = mem_strdup(text),
                                  .output = mem_strdup(output)};
    str_copy(o->id, sizeof o->id, id);
    return o;
}

static void tell(struct player *p, const char *id, enum outcome_state state, const char *step,
                 const char *text, const char *output)
{
    command_outcome_free(map_set(&p->outcomes, id, outcome_of(id, state, step, text, output)));
    player_tell(p, (struct node_report){.kind = REPORT_OUTCOME,
                                        .outcome = outcome_of(id, state, step, text, output)});
}

void player_query(struct player *p, const char *id)
{
    const struct command_outcome *o = map_get(&p->outcomes, id);
    struct command_outcome *answer = o ? outcome_of(id, o->state, o->step, o->text, o->output)
                                       : outcome_of(id, OUTCOME_UNKNOWN, "", "", "");
    player_tell(p, (struct node_report){.kind = REPORT_OUTCOME, .outcome = answer});
}

unsigned act_go_on(struct act *a, unsigned ms, const char *fmt, ...)
{
    AUTO(str_done) struct str step = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&step, fmt, ap);
    va_end(ap);
    a->step++;
    tell(a->player, a->command.id, OUTCOME_RUNNING, str_text(&step), "", "");
    return ms;
}

unsigned act_end(struct act *a, enum outcome_state state, const char *output, const char *fmt, ...)
{
    AUTO(str_done) struct str text = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&text, fmt, ap);
    va_end(ap);
    tell(a->player, a->command.id, state, "", str_text(&text), output ? output : "");
    return 0;
}

double act_took_s(const struct act *a)
{
    return (double)(clock_wall_ms() - a->begun_ms) / 1000;
}

static void free_act(struct act *a)
{
    struct act **at = &a->player->acts;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    loop_timer_free(a->timer);
    command_done(&a->command);
    str_list_done(&a->members);
    mem_free(a->note);
    mem_free(a);
}

unsigned act_end_done(struct act *a, const char *what)
{
    return act_end(a, OUTCOME_DONE, NULL, "%s in %.1f s" MARK ".", what, act_took_s(a));
}

/* --- which is which --- */

static act_step_fn *step_of(enum command_verb v)
{
    if (v <= COMMAND_CONTAINER_DISCONNECT && v != COMMAND_CONTAINER_UPDATE)
        return act_step_service;
    switch ((int)v) {
    case COMMAND_CONTAINER_UPDATE:
        return act_step_update;
    case COMMAND_PROJECT_UP:
    case COMMAND_PROJECT_DOWN:
    case COMMAND_PROJECT_RESTART:
    case COMMAND_PROJECT_PULL:
        return act_step_project;
    case COMMAND_PROCESS_SIGNAL:
        return act_step_signal;
    case COMMAND_MACHINE_REBOOT:
    case COMMAND_MACHINE_POWER_OFF:
        return act_step_machine;
    case COMMAND_MACHINE_WAKE:
        return act_step_wake;
    case COMMAND_MACHINE_POWER:
        return act_step_power;
    case COMMAND_CONTAINER_TRUNCATE_LOG:
        return act_step_empty_log;
    case COMMAND_JOURNAL_VACUUM:
        return act_step_vacuum;
    case COMMAND_MOUNT_REMOUNT:
        return act_step_remount;
    case COMMAND_GENERATION_SWITCH:
    case COMMAND_GENERATION_ROLLBACK:
        return act_step_switch;
    case COMMAND_GENERATION_CONFIRM:
        return act_step_confirm;
    case COMMAND_GENERATION_REBUILD:
        return act_step_rebuild;
    case COMMAND_GENERATION_COLLECT:
        return act_step_collect;
    case COMMAND_DOCKER_PRUNE:
        return act_step_prune;
    default:
        return NULL;
    }
}

static bool is_under_way(const struct player *p, const struct act *a)
{
    for (const struct act *o = p->acts; o; o = o->next)
        if (o == a)
            return true;
    return false;
}

/* A step may switch the machine off, and what is done on it is gone. */
static void on_step(void *arg)
{
    struct act *a = arg;
    struct player *p = a->player;
    loop_timer_free(TAKE(a->timer));
    unsigned ms = step_of(a->command.verb)(a);
    if (!is_under_way(p, a))
        return;
    if (ms)
        a->timer = loop_timer_new(p->settings.loop, ms, 0, on_step, a);
    else
        free_act(a);
}

void player_command(struct player *p, const struct command *c)
{
    struct err e = {0};
    const char *name = command_verb_name(c->verb);
    bool own = c->verb == COMMAND_GENERATION_CONFIRM; /* the hub's, as a switch was allowed */
    if (!own && policy_check(p->policy, name, c->target, &e) < 0) {
        tell(p, c->id, OUTCOME_REFUSED, "", e.text, "");
        return;
    }
    if (!step_of(c->verb)) {
        AUTO(mem_freep) char *text = mem_printf("A demonstration can't do %s.", name);
        tell(p, c->id, OUTCOME_FAILED, "", text, "");
        return;
    }
    struct act *a = mem_alloc(sizeof *a);
    a->player = p;
    a->begun_ms = clock_wall_ms();
    command_copy(&a->command, c);
    a->next = p->acts;
    p->acts = a;
    a->timer = loop_timer_new(p->settings.loop, ACT_FIRST_MS, 0, on_step, a);
}

void acts_free(struct player *p)
{
    while (p->acts)
        free_act(p->acts);
}
