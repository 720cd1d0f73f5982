/* A new certificate, for a new key, when a third of the time of the old one is left. It is asked
 * for over the link and takes effect with a new one. Belongs to the loop. */
#pragma once

#include "agent/identity.h"
#include "io/loop.h"

struct renewal;

struct renewal *renewal_new(struct loop *loop, struct identity *i,
                            int (*send)(void *arg, const void *bytes, size_t len), void *arg);
void renewal_free(struct renewal *r);
void renewal_look(struct renewal *r); /* the link is up: asks if it is due; so it does each hour */
/* The hub's answer. True: the identity has it now, so link anew: over the old link the hub can't
 * know that it arrived. */
bool renewal_take(struct renewal *r, const char *certificate) MUST_CHECK;
