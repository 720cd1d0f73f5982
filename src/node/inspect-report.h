/* A question for which root's helper looks first, where this program may not: what it reports is at
 * hand when the rest is told on a thread. */
#pragma once

#include "node/inspect-private.h"
#include "node/root-call.h"

/* Of the kind's own state. */
struct inspect_report {
    char *text;        /* NULL = nobody was asked, or there is none */
    char *trouble;     /* why there is none; NULL */
    struct inspect *i; /* NULL once it is on its thread */
    struct root_request request;
    struct root_call *call;
    inspect_work_fn *tell;
    void *arg;
    loop_fn *free_arg;
};

/* As inspect_on_thread(), after the helper did `verb`; its ids begin with `id`. Until then `arg` is
 * the inspection's state. */
void inspect_with_report(struct inspect *i, struct inspect_report *r, enum root_verb verb,
                         const char *id, inspect_work_fn *tell, void *arg, loop_fn *free_arg);
void inspect_report_done(struct inspect_report *r); /* asks no longer */
