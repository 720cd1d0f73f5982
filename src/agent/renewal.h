/* A new certificate, for a new key, when a third of the time of the old one is left. It is asked
 * for over the link and takes effect with the next one. Belongs to the loop. */
#pragma once

#include "agent/identity.h"
#include "io/loop.h"

struct renewal;

struct renewal *renewal_new(struct loop *loop, struct identity *i,
                            int (*send)(void *arg, const void *bytes, size_t len), void *arg);
void renewal_free(struct renewal *r);
void renewal_look(struct renewal *r); /* the link is up: asks if it is due; so it does each hour */
void renewal_take(struct renewal *r, const char *certificate); /* the hub's answer */
