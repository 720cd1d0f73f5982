/* What people had done on the nodes themselves (hydra --local) goes into the audit log at the time
 * it happened, once, however often its node tells of it. A node has so many at once and a minute;
 * what is beyond becomes one row ("audit.left-out"). On the hub's loop. */
#pragma once

#include "io/loop.h"
#include "io/worker.h"
#include "node/report.h"
#include "store/store.h"

enum {
    LIMIT_LOCAL_AUDIT_BURST = 1000,    /* of one node: what may have waited while it was away */
    LIMIT_LOCAL_AUDIT_MINUTE = 60,     /* and from then on */
    LIMIT_LOCAL_AUDIT_WAITING = 10000, /* of all nodes, while the database takes nothing */
    LOCAL_AUDIT_BATCH = 100,           /* rows of one transaction */
};

struct local_audit;

struct local_audit_settings {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    /* Everything of this node that was handed over so far is in the database, or nothing is. */
    void (*settled)(void *arg, const char *node, bool all_written);
    void *arg;
    int64_t left_out_ms; /* from what was left out to its row; 0 = a minute */
};

struct local_audit *local_audit_new(const struct local_audit_settings *s);
void local_audit_free(struct local_audit *a); /* after the workers have ended; what waits is lost to
                                                 us, not to its node, which tells it again */
void local_audit_add(struct local_audit *a, const char *node, struct local_action *taken);
void local_audit_tick(struct local_audit *a); /* tries again what could not be written,
                                                   and tells what was left out */
