/* What people had done on the nodes themselves (hydra --local) goes into the audit log at the time
 * it happened, once, however often its node tells of it. On the hub's loop. */
#pragma once

#include "io/loop.h"
#include "io/worker.h"
#include "node/report.h"
#include "store/store.h"

struct local_audit;

struct local_audit_settings {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    /* Everything of this node that was handed over so far is in the database, or nothing is. */
    void (*settled)(void *arg, const char *node, bool all_written);
    void *arg;
};

struct local_audit *local_audit_new(const struct local_audit_settings *s);
void local_audit_free(struct local_audit *a); /* after the workers have ended; what waits is lost to
                                                 us, not to its node, which tells it again */
void local_audit_add(struct local_audit *a, const char *node, struct local_action *taken);
void local_audit_tick(struct local_audit *a); /* tries again what could not be written */
