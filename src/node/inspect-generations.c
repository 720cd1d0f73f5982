/* Generations of NixOS: which there are, what differs, what a clean-up would win. */
#include "base/clock.h"
#include "node/command.h"
#include "node/commands.h"
#include "node/inspect-private.h"
#include "node/nix-diff.h"
#include "node/nix-garbage.h"
#include "node/nix-store.h"
#include "node/nix-switch.h"

#include <stdio.h>

/* What the thread works on. */
struct question {
    char *root, *target, *argument;
    struct policy *policy;
};

static void free_question(void *arg)
{
    struct question *q = arg;
    mem_free(q->root);
    mem_free(q->target);
    mem_free(q->argument);
    policy_free(q->policy);
    mem_free(q);
}

static void ask(struct inspect *i, inspect_work_fn *fn)
{
    struct question *q = mem_alloc(sizeof *q);
    q->root = mem_strdup(i->node->settings.root);
    q->target = mem_strdup(i->q.target);
    q->argument = mem_strdup(i->q.argument);
    q->policy = policy_copy(commands_policy(i->node));
    inspect_on_thread(i, fn, q, free_question);
}

/* --- the list --- */

/* The sentence with which the node would refuse it; null. */
static void print_refusal(const struct question *q, const char *key, enum command_verb verb,
                          const char *target, struct jw *w)
{
    struct err e = {0};
    int r = policy_check(q->policy, command_verb_name(verb), target, &e);
    jw_key_str(w, key, r < 0 ? e.text : NULL);
}

static void print_flakes_of(const struct question *q, const struct policy_rule *rule, struct jw *w)
{
    for (size_t i = 0; i < rule->targets.n; i++)
        if (policy_check_flake(q->policy, rule->targets.v[i], NULL) >= 0)
            jw_str(w, rule->targets.v[i]);
}

static void print_flakes(const struct question *q, struct jw *w)
{
    jw_key(w, "flakes");
    jw_array(w);
    for (size_t i = 0; i < q->policy->rules.n; i++)
        if (!q->policy->rules.v[i].deny && !q->policy->trouble)
            print_flakes_of(q, &q->policy->rules.v[i], w);
    jw_end_array(w);
}

static void print_generation(const struct question *q, const struct generation *g, struct jw *w)
{
    char number[16];
    snprintf(number, sizeof number, "%u", g->number);
    jw_object(w);
    generation_print(g, w);
    print_refusal(q, "why_not", COMMAND_GENERATION_SWITCH, number, w);
    jw_end_object(w);
}

static void print_switch(const struct question *q, struct jw *w)
{
    AUTO(mem_freep) char *path = mem_printf("%s%s", q->root, SWITCH_FILE);
    struct switch_state s = {0};
    jw_key(w, "switch");
    if (switch_state_read(path, NULL, &s) < 0) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "job", s.id);
    jw_key_str(w, "phase", switch_phase_name(s.phase));
    jw_key_str(w, "from", s.from);
    jw_key_str(w, "to", s.to);
    jw_key_bool(w, "reboot", s.reboot);
    jw_key_time(w, "until", s.until_ms);
    jw_key_str(w, "text", s.text);
    jw_end_object(w);
    switch_state_done(&s);
}

static int print_list(void *arg, struct jw *w, struct err *e)
{
    const struct question *q = arg;
    struct generations l = {0};
    int r = generations_read(q->root, e, &l);
    if (r < 0)
        return r;
    jw_object(w);
    jw_key(w, "generations");
    jw_array(w);
    for (size_t i = 0; i < l.n; i++)
        print_generation(q, &l.v[i], w);
    jw_end_array(w);
    jw_key(w, "why_not");
    jw_object(w);
    print_refusal(q, "rollback", COMMAND_GENERATION_ROLLBACK, "", w);
    print_refusal(q, "collect", COMMAND_GENERATION_COLLECT, "", w);
    jw_end_object(w);
    print_flakes(q, w);
    print_switch(q, w);
    jw_end_object(w);
    generations_done(&l);
    return 0;
}

static void start_list(struct inspect *i)
{
    ask(i, print_list);
}

const struct inspect_ops generations_inspect = {.start = start_list};

/* --- two of them --- */

static void print_side(const char *key, const struct generation *g, struct jw *w)
{
    jw_key(w, key);
    jw_object(w);
    generation_print(g, w);
    jw_end_object(w);
}

static int print_pair(const struct question *q, const struct generation *from,
                      const struct generation *to, struct jw *w, struct err *e)
{
    AUTO(str_list_done) struct str_list old = {0};
    AUTO(str_list_done) struct str_list new = {0};
    int r = nix_closure(q->root, (const char *const *)&from->path, 1, e, &old);
    if (r >= 0)
        r = nix_closure(q->root, (const char *const *)&to->path, 1, e, &new);
    if (r < 0)
        return r;
    jw_object(w);
    print_side("from", from, w);
    print_side("to", to, w);
    nix_print_packages(&old, &new, w);
    nix_print_units(q->root, from->path, to->path, w);
    jw_end_object(w);
    return 0;
}

static int print_diff(void *arg, struct jw *w, struct err *e)
{
    const struct question *q = arg;
    const struct generation *from = NULL, *to = NULL;
    struct generations l = {0};
    int r = generations_read(q->root, e, &l);
    if (r >= 0)
        r = generations_pick(&l, q->target, e, &from);
    if (r >= 0)
        r = generations_pick(&l, q->argument, e, &to);
    if (r >= 0)
        r = print_pair(q, from, to, w, e);
    generations_done(&l);
    return r;
}

static void start_diff(struct inspect *i)
{
    ask(i, print_diff);
}

const struct inspect_ops generation_diff_inspect = {.start = start_diff};

/* --- garbage --- */

static int print_garbage(void *arg, struct jw *w, struct err *e)
{
    const struct question *q = arg;
    unsigned days = 0;
    int r = garbage_days(q->argument, e, &days);
    if (r < 0)
        return r;
    jw_object(w);
    r = garbage_print(q->root, days, clock_wall_ms(), w, e);
    jw_end_object(w);
    return r;
}

static void start_garbage(struct inspect *i)
{
    ask(i, print_garbage);
}

const struct inspect_ops garbage_inspect = {.start = start_garbage};
