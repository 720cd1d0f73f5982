/* What a NixOS machine runs: a switch with confirm or roll back, a rebuild, a clean-up. Root's part
 * is hydra-agent-helper's; here it is ordered, watched by what it writes down, and told once. */
#include "node/commands-private.h"

#include "base/clock.h"
#include "node/nix-garbage.h"
#include "node/root-call.h"
#include "node/rooted.h"
#include "node/systemd-private.h"

#include <stdio.h>

enum {
    SWITCH_MS = 3 * 60 * 60 * 1000,
    REBUILD_MS = 10 * 60 * 60 * 1000,
    COLLECT_WAIT_MS = 3 * 60 * 60 * 1000,
    CONFIRM_MS = 25 * 60 * 1000,
    LOOK_MS = 500,
    OVERDUE_MS = 60 * 1000,          /* after the way back should have been taken */
    LOST_MS = 30 * 1000,             /* without a word of how it stands */
    SETTLE_AGAIN_MS = 2 * 60 * 1000, /* between two reminders */
    LIMIT_ACTIVATE_LOG = 6 << 10,
};

struct generation_action {
    struct action *a;
    struct root_request request;
    struct root_call *call, *reminder;
    struct loop_timer *look;
    bool answered;       /* the helper has, or never will */
    char *plan;          /* what the new system said that it would do */
    unsigned told;       /* how many phases of the way were told */
    int64_t reminded_ms; /* mono; 0 = never */
    int64_t lost_ms;     /* since when nothing is written down of it; mono; 0 = it is */
    char boot[SWITCH_BOOT_SIZE];
};

/* --- what is ordered --- */

static int take_word(const char *word, struct root_request *r, struct err *e)
{
    static const char within[] = "within:";
    uint64_t seconds;
    if (str_eq(word, "reboot")) {
        r->reboot = true;
        return 0;
    }
    if (str_starts(word, within) && str_to_u64(word + strlen(within), &seconds) == 0 &&
        seconds >= SWITCH_WITHIN_MIN_S && seconds <= SWITCH_WITHIN_MAX_S) {
        r->within_s = (unsigned)seconds;
        return 0;
    }
    return err_set(e, -EINVAL,
                   "\"%.60s\" can't be said of a switch: say reboot, or within:SECONDS from %d to "
                   "%d.",
                   word, SWITCH_WITHIN_MIN_S, SWITCH_WITHIN_MAX_S);
}

static int take_words(const char *text, struct root_request *r, struct err *e)
{
    AUTO(str_list_done) struct str_list words = {0};
    int status = 0;
    str_list_split(&words, text, ' ');
    for (size_t i = 0; status >= 0 && i < words.n; i++)
        status = take_word(words.v[i], r, e);
    return status;
}

static int take_order(const struct command *c, struct root_request *r, struct err *e)
{
    int status = 0;
    *r = (struct root_request){.within_s = SWITCH_WITHIN_S};
    str_copy(r->id, sizeof r->id, c->id);
    switch ((int)c->verb) {
    case COMMAND_GENERATION_REBUILD:
        r->verb = ROOT_REBUILD;
        root_hash(c->argument, r->hash);
        return 0;
    case COMMAND_GENERATION_COLLECT:
        r->verb = ROOT_COLLECT;
        return garbage_days(c->argument, e, &r->days);
    case COMMAND_GENERATION_CONFIRM:
        r->verb = ROOT_CONFIRM;
        str_copy(r->id, sizeof r->id, c->target);
        return 0;
    case COMMAND_GENERATION_SWITCH:
        status = command_read_generation(c->target, &r->generation, e);
        break;
    default:
        break;
    }
    r->verb = ROOT_SWITCH;
    return status < 0 ? status : take_words(c->argument, r, e);
}

/* --- the end --- */

/* Plan, and what the activation said: the last of it. */
static char *output_of(const struct generation_action *g)
{
    struct str out = {0};
    AUTO(str_done) struct str said = {0};
    if (!str_is_empty(g->plan))
        str_addf(&out, "%s\n", g->plan);
    if (rooted_read("", SWITCH_FOLDER "/activate.log", 1 << 20, &said) >= 0 && said.len) {
        size_t skip = said.len > LIMIT_ACTIVATE_LOG ? said.len - LIMIT_ACTIVATE_LOG : 0;
        str_addf(&out, "--- the switch itself ---\n%s", said.p + skip);
    }
    return str_mend_utf8(str_take(&out));
}

static void end_by_state(struct generation_action *g, const struct switch_state *s)
{
    AUTO(mem_freep) char *text = mem_strdup(s->text);
    action_end(g->a, s->phase == SWITCH_CONFIRMED ? OUTCOME_DONE : OUTCOME_FAILED, output_of(g),
               "%s%s", s->phase == SWITCH_CONFIRMED ? "" : "Rolled back. ", text);
}

static void end_by_answer(struct generation_action *g, const struct root_answer *a)
{
    static const enum outcome_state states[] = {[ROOT_RUNNING] = OUTCOME_FAILED,
                                                [ROOT_DONE] = OUTCOME_DONE,
                                                [ROOT_REFUSED] = OUTCOME_REFUSED,
                                                [ROOT_FAILED] = OUTCOME_FAILED};
    AUTO(mem_freep) char *text = mem_strdup(a->text);
    action_end(g->a, states[a->state], mem_strdup(a->output), "%s", text);
}

/* --- looking --- */

static bool read_own(const struct generation_action *g, struct switch_state *ret_s)
{
    if (switch_state_read(SWITCH_FILE, NULL, ret_s) < 0)
        return false;
    if (str_eq(ret_s->id, g->a->command.id))
        return true;
    switch_state_done(ret_s);
    return false;
}

static void on_reminded(void *arg, const struct root_answer *a, const char *trouble)
{
    struct generation_action *g = arg;
    (void)a, (void)trouble;
    root_call_free(TAKE(g->reminder));
}

/* Where it is, and what it passed on the way there between two looks. */
static void tell_way(struct generation_action *g, const struct switch_state *s)
{
    const enum switch_phase way[] = {SWITCH_ARMED, s->reboot ? SWITCH_BOOTING : SWITCH_ACTIVATING,
                                     SWITCH_WAITING};
    unsigned at = 0;
    while (at < COUNT_OF(way) && way[at] != s->phase)
        at++;
    for (; at < COUNT_OF(way) && g->told < at; g->told++)
        action_step(g->a, "%s", switch_phase_step(way[g->told]));
    action_step(g->a, "%s", switch_phase_step(s->phase));
}

/* The timer or the boot unit should have seen to it. */
static void remind(struct generation_action *g, const struct switch_state *s)
{
    int64_t now = clock_mono_ms();
    bool overdue = clock_wall_ms() > s->until_ms + OVERDUE_MS;
    bool other_boot = *g->boot && !str_eq(g->boot, s->boot);
    if ((!overdue && !other_boot) || g->reminder || !systemd_bus(g->a->node) ||
        (g->reminded_ms && now - g->reminded_ms < SETTLE_AGAIN_MS))
        return;
    g->reminded_ms = now;
    g->reminder =
        root_call_start(g->a->node, &(struct root_request){.verb = ROOT_SETTLE}, on_reminded, g);
}

static void on_answer(void *arg, const struct root_answer *a, const char *trouble)
{
    struct generation_action *g = arg;
    struct switch_state s = {0};
    bool is_lost = root_call_is_lost(g->call);
    root_call_free(TAKE(g->call));
    g->answered = true;
    if (a)
        mem_set_str(&g->plan, a->output);
    if (read_own(g, &s))
        switch_state_done(&s); /* it has begun: what is written down tells how it ends */
    else if (!a)
        action_end(g->a, OUTCOME_FAILED, NULL, "%s%s", is_lost ? "" : "Nothing was switched. ",
                   trouble);
    else if (a->state != ROOT_DONE || g->request.verb == ROOT_COLLECT)
        end_by_answer(g, a);
}

/* It was begun, and nothing tells any more how it ends. */
static void look_for_lost(struct generation_action *g)
{
    int64_t now = clock_mono_ms();
    if (!g->lost_ms)
        g->lost_ms = now;
    if (now - g->lost_ms < LOST_MS)
        return;
    action_end(
        g->a, OUTCOME_FAILED, output_of(g),
        "What was written down of it in %s is damaged or gone, so nobody sees it to its end. "
        "Look at what the node runs, and at the log of hydra-generation there.",
        SWITCH_FILE);
}

static void on_look(void *arg)
{
    struct generation_action *g = arg;
    struct switch_state s = {0};
    if (read_own(g, &s)) {
        g->lost_ms = 0;
        if (switch_is_over(s.phase)) {
            end_by_state(g, &s);
        } else {
            tell_way(g, &s);
            remind(g, &s);
        }
        switch_state_done(&s);
    } else if (g->answered) {
        look_for_lost(g);
    }
}

/* --- life --- */

static struct generation_action *new_state(struct action *a)
{
    struct generation_action *g = a->state = mem_alloc(sizeof *g);
    AUTO(str_done) struct str boot = {0};
    g->a = a;
    if (rooted_read("", "/proc/sys/kernel/random/boot_id", SWITCH_BOOT_SIZE, &boot) >= 0)
        str_copy(g->boot, sizeof g->boot, str_trim(boot.p));
    return g;
}

static const char *first_step(enum root_verb v)
{
    return v == ROOT_REBUILD ? "building" : v == ROOT_COLLECT ? "cleaning up" : "plan";
}

static void start(struct action *a)
{
    struct generation_action *g = new_state(a);
    struct err e = {0};
    int r = take_order(&a->command, &g->request, &e);
    if (r >= 0)
        r = root_request_reads_back(&g->request, &e);
    if (r < 0) {
        action_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
        return;
    }
    action_step(a, "%s", first_step(g->request.verb));
    g->call = root_call_start(a->node, &g->request, on_answer, g);
    g->look = loop_timer_new(a->node->loop, LOOK_MS, LOOK_MS, on_look, g);
}

static void resume(struct action *a, const char *note)
{
    struct generation_action *g = new_state(a);
    (void)note;
    (void)!take_order(&a->command, &g->request, NULL); /* it was taken before */
    g->call = root_call_watch(a->node, &g->request, on_answer, g);
    g->look = loop_timer_new(a->node->loop, 0, LOOK_MS, on_look, g);
}

static void stop(struct action *a)
{
    struct generation_action *g = TAKE(a->state);
    if (!g)
        return;
    root_call_free(g->call);
    root_call_free(g->reminder);
    loop_timer_free(g->look);
    mem_free(g->plan);
    mem_free(g);
}

static void bus_lost(struct action *a)
{
    struct generation_action *g = a->state;
    root_call_bus_lost(g->call);
    root_call_free(TAKE(g->reminder));
}

const struct action_ops switch_action = {
    .deadline_ms = SWITCH_MS,
    .late = "It has not come to an end within 3 hours; look at the node: journalctl -u "
            "'hydra-*'.",
    .start = start,
    .resume = resume,
    .stop = stop,
    .bus_lost = bus_lost,
};

const struct action_ops rebuild_action = {
    .deadline_ms = REBUILD_MS,
    .late = "It has not come to an end within 10 hours; look at the node: journalctl -u "
            "'hydra-*'.",
    .start = start,
    .resume = resume,
    .stop = stop,
    .bus_lost = bus_lost,
};

const struct action_ops collect_action = {
    .deadline_ms = COLLECT_WAIT_MS,
    .late = "The clean-up has not come to an end within 3 hours; it may go on.",
    .start = start,
    .resume = resume,
    .stop = stop,
    .bus_lost = bus_lost,
};

/* --- the hub's word --- */

static void on_confirmed(void *arg, const struct root_answer *a, const char *trouble)
{
    struct generation_action *g = arg;
    if (a)
        end_by_answer(g, a);
    else
        action_end(g->a, OUTCOME_FAILED, NULL, "%s", trouble);
}

static void start_confirm(struct action *a)
{
    struct generation_action *g = new_state(a);
    struct err e = {0};
    int r = take_order(&a->command, &g->request, &e);
    if (r >= 0)
        r = root_request_reads_back(&g->request, &e);
    if (r < 0)
        action_end(a, OUTCOME_REFUSED, NULL, "%s", e.text);
    else
        g->call = root_call_start(a->node, &g->request, on_confirmed, g);
}

const struct action_ops confirm_action = {
    .deadline_ms = CONFIRM_MS,
    .late = "The switch was not confirmed in time.",
    .start = start_confirm,
    .stop = stop,
    .bus_lost = bus_lost,
};
