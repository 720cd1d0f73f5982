/* A connection to the hub: its name looked up, its addresses tried in turn, TLS 1.3 with a key that
 * must be one of the pins. Belongs to the loop. */
#pragma once

#include "agent/identity.h"
#include "rpc/rpc.h"

struct dial_settings {
    struct loop *loop;
    const char *address;           /* HOST:PORT */
    const struct pins *pins;       /* outlives the dial */
    const char *certificate, *key; /* NULL: no one yet */
    unsigned keepalive_ms;
    void (*ready)(void *arg, struct rpc_client *client);
    void (*ended)(void *arg, const struct err *e); /* once; never from within dial_start() */
    void *arg;
};

struct dial;
struct dial *dial_start(const struct dial_settings *s);
void dial_free(struct dial *d); /* ends it; nothing is told. NULL is fine */

/* Whether the hub ended it on purpose while it looked at our certificate. */
bool dial_was_refused(const struct err *e);
