/* What is under way stands against an order, or is cut off by it. On the loop. */
#pragma once

#include "jobs/jobs.h"

/* The same, done to the same: a second click; NULL = none. Of generations any is the same. */
const struct job *beside_same(const struct jobs *j, enum command_verb verb, const char *node,
                              const char *target);
bool is_same_job(const struct job *j, enum command_verb verb, const char *node, const char *target);

/* What can't run beside it on that node: nothing goes down while its system or agent is replaced,
 * nor twice. NULL = none. */
const struct job *beside_other(const struct jobs *j, enum command_verb verb, const char *node);
/* "Roll back nas is under way, ordered by ada: wait until it is over." mem_free(). */
char *beside_sentence(const struct job *other);

/* Titles of what runs on a node, and would be cut off where it goes down. */
void beside_cut_off(const struct jobs *j, const char *node, struct str_list *ret_titles);
