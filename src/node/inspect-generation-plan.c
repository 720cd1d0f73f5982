/* What a switch would do to units, in the words of the system that it goes to. */
#include "base/clock.h"
#include "node/command.h"
#include "node/commands.h"
#include "node/inspect-private.h"
#include "node/nix-generations.h"
#include "node/root-call.h"

#include <stdio.h>

struct plan {
    struct inspect *i;
    struct root_request request;
    struct root_call *call;
};

/* --- what it said --- */

/* "would stop the following units: a.service, b.service"; a list for each kind. */
static const struct {
    const char *key, *line;
} kinds[] = {{"stop", "would stop the following units: "},
             {"start", "would start the following units: "},
             {"restart", "would restart the following units: "},
             {"reload", "would reload the following units: "}};

static void print_units(const struct str_list *lines, const char *key, const char *head,
                        struct jw *w)
{
    struct str_list units = {0};
    for (size_t i = 0; i < lines->n; i++)
        if (str_starts(lines->v[i], head))
            str_list_split(&units, lines->v[i] + strlen(head), ',');
    jw_key_strs(w, key, &units);
    str_list_done(&units);
}

struct said {
    char *root, *word, *text;
};

static void free_said(void *arg)
{
    struct said *s = arg;
    mem_free(s->root);
    mem_free(s->word);
    mem_free(s->text);
    mem_free(s);
}

static int print_plan(void *arg, struct jw *w, struct err *e)
{
    const struct said *s = arg;
    struct generations l = {0};
    const struct generation *to = NULL;
    AUTO(str_list_done) struct str_list lines = {0};
    int r = generations_read(s->root, e, &l);
    if (r >= 0)
        r = generations_pick(&l, s->word, e, &to);
    if (r >= 0) {
        AUTO(mem_freep) char *reboot = nix_needs_reboot(s->root, to->path);
        str_list_split(&lines, s->text, '\n');
        jw_object(w);
        jw_key(w, "to");
        jw_object(w);
        generation_print(to, w);
        jw_end_object(w);
        for (size_t i = 0; i < COUNT_OF(kinds); i++)
            print_units(&lines, kinds[i].key, kinds[i].line, w);
        jw_key_str(w, "needs_reboot", reboot);
        jw_key_str(w, "output", s->text);
        jw_end_object(w);
    }
    generations_done(&l);
    return r;
}

/* --- asking --- */

static void on_answer(void *arg, const struct root_answer *a, const char *trouble)
{
    struct plan *p = arg;
    if (!a || a->state != ROOT_DONE) {
        inspect_fail(p->i, -EIO, "%s", a ? a->text : trouble);
        return;
    }
    struct said *s = mem_alloc(sizeof *s);
    s->root = mem_strdup(p->i->node->settings.root);
    s->word = mem_strdup(p->i->q.target);
    s->text = mem_strdup(a->output);
    root_call_free(TAKE(p->call));
    inspect_on_thread(p->i, print_plan, s, free_said);
}

static int read_target(const struct inspect *i, struct root_request *r, struct err *e)
{
    uint64_t n;
    if (str_eq(i->q.target, "previous"))
        return 0;
    if (str_to_u64(i->q.target, &n) < 0 || n == 0 || n > INT32_MAX)
        return err_set(e, -EINVAL,
                       "\"%.60s\" is no generation that could be switched to: say its number, or "
                       "previous.",
                       i->q.target);
    r->generation = (unsigned)n;
    return 0;
}

static void start(struct inspect *i)
{
    static unsigned count; /* on the node's loop alone */
    struct plan *p = i->state = mem_alloc(sizeof *p);
    struct err e = {0};
    p->i = i;
    p->request.verb = ROOT_PLAN;
    snprintf(p->request.id, sizeof p->request.id, "plan-%llx-%u",
             (unsigned long long)clock_wall_ms(), ++count);
    int r = read_target(i, &p->request, &e);
    if (r >= 0)
        r = root_request_check(&p->request, commands_policy(i->node), &e);
    if (r < 0)
        inspect_fail(i, r, "%s", e.text);
    else
        p->call = root_call_start(i->node, &p->request, on_answer, p);
}

static void stop(struct inspect *i)
{
    struct plan *p = i->state;
    root_call_free(p->call);
    mem_free(p);
}

const struct inspect_ops generation_plan_inspect = {.start = start, .stop = stop};
