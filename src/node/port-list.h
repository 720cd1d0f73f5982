/* Every socket of this machine that waits for others, and who holds it: what `ss -tulpn` tells.
 * Blocks: looks into the open files of every process. */
#pragma once

#include "base/json.h"
#include "node/owners.h"
#include "node/sockets.h"

enum { LIMIT_PORTS_ANSWER = 960 << 10 /* bytes; those that fit no more are left out */ };

/* Of one socket, what the loop knew: strings owned. */
struct port_claim {
    char *container;   /* that publishes the port; NULL = none */
    char *socket_unit; /* that listens for a service to be started; NULL = none */
};

struct port_question {
    const char *root;
    const struct owners *owners; /* a copy of the thread's own */
    const struct socket_table *table;
    const struct port_claim *claims; /* as many as sockets, in their order */
    uint16_t port;                   /* 0 = all */
};

void port_list_print(const struct port_question *q, struct jw *w);
