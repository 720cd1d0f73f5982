#include "node/inspect-report.h"

#include "base/clock.h"

#include <stdio.h>

static void on_answer(void *arg, const struct root_answer *a, const char *trouble)
{
    struct inspect_report *r = arg;
    struct inspect *i = TAKE(r->i);
    root_call_free(TAKE(r->call));
    if (a && a->state == ROOT_DONE)
        r->text = mem_strdup(a->output);
    else
        r->trouble = mem_strdup(a ? a->text : trouble);
    i->state = NULL;
    inspect_on_thread(i, r->tell, r->arg, r->free_arg);
}

void inspect_with_report(struct inspect *i, struct inspect_report *r, enum root_verb verb,
                         const char *id, inspect_work_fn *tell, void *arg, loop_fn *free_arg)
{
    static unsigned count; /* on the node's loop alone */
    *r = (struct inspect_report){.i = i, .tell = tell, .arg = arg, .free_arg = free_arg};
    i->state = arg;
    r->request.verb = verb;
    snprintf(r->request.id, sizeof r->request.id, "%s%llx-%u", id,
             (unsigned long long)clock_wall_ms(), ++count);
    r->call = root_call_start(i->node, &r->request, on_answer, r);
}

void inspect_report_done(struct inspect_report *r)
{
    root_call_free(r->call);
    mem_free(r->text);
    mem_free(r->trouble);
}
