/* Has hydra-agent-helper do something, by starting its unit over D-Bus, and waits for its answer.
 * For the files of this folder; on the node's loop. */
#pragma once

#include "node/node-private.h"
#include "node/root-request.h"

struct root_call;

/* `a`: what it answered; NULL with a sentence why there is none. Comes once, later than the start;
 * the call is over, but still to be freed. */
typedef void root_fn(void *arg, const struct root_answer *a, const char *trouble);

/* What it says that it does now, each time it says something else. */
typedef void root_step_fn(void *arg, const char *step);

/* Never NULL: failure to start comes to `done`. */
struct root_call *root_call_start(struct node *n, const struct root_request *r, root_fn *done,
                                  void *arg);
/* The same for one that was started before, maybe by an agent that is no more: watched as soon as
 * D-Bus is there. */
struct root_call *root_call_watch(struct node *n, const struct root_request *r, root_fn *done,
                                  void *arg);
void root_call_on_step(struct root_call *c, root_step_fn *fn);
/* D-Bus is lost: what was started goes on, and is watched again when D-Bus is back. NULL is fine.
 */
void root_call_bus_lost(struct root_call *c);
/* In `done`, without an answer: it may still go on, for nobody could be asked. */
bool root_call_is_lost(const struct root_call *c);
/* `done` is not called any more; what was started goes on. NULL is fine. */
void root_call_free(struct root_call *c);
