/* What the parts of a node share. For the files of this folder and their tests.
 *
 * A node is a set of modules on one loop: the collectors (collect.h), the process table, and those
 * that watch something (Docker, systemd, listening sockets, checks). A module is a `struct
 * node_module` in the table of node.c; it reports with node_emit() and node_source(). */
#pragma once

#include "node/node.h"
#include "node/owners.h"
#include "node/series.h"

enum { NODE_MODULES_MAX = 16 };

struct node {
    struct loop *loop;
    struct node_settings settings; /* strings are the node's own copies; root is never NULL */
    struct series *series;
    struct owners *owners;           /* observed services by cgroup and pid; fed by node_emit() */
    void *modules[NODE_MODULES_MAX]; /* state of each module, in the order of node.c's table */
    const struct census *census;     /* of this tick */
    struct node_core *core;          /* node.c's own */
    struct loop_timer *timer;
    uint64_t ticks; /* done so far */
};

/* A part of the node. All functions run on the loop. */
struct node_module {
    const char *name;
    /* Returns its state; must not block. What is absent is a source state, not an error. */
    void *(*start)(struct node *n);
    /* Once a tick (settings.interval_ms), after the collectors; may be NULL. `now_ms` is
     * monotonic. */
    void (*tick)(void *state, int64_t now_ms);
    /* Ends and frees it. May close uv handles asynchronously; must report nothing after. */
    void (*stop)(void *state);
};

/* State of a started module, for calls from elsewhere (node_set_checks()); NULL before the start.
 */
void *node_module_state(struct node *n, const struct node_module *module);

/* Hands a report to the sink; what it points to is the receiver's afterwards. Services pass through
 * here to `owners`, so that processes and cgroups are attributed to them. */
void node_emit(struct node *n, struct node_report r);

/* Tells the state of a source, when it differs from what was last told; `text` and `hint` may be
 * NULL. With `services_complete` it is always told. Returns true when it was. */
bool node_source(struct node *n, const char *name, enum source_state state, const char *text,
                 const char *hint, bool services_complete);

/* "ROOT/proc/…" of settings.root in `ret_path`. Returns `ret_path`, or "" when too long. */
enum { NODE_PATH_MAX = 512 };
const char *node_path(const struct node *n, const char *path, char ret_path[NODE_PATH_MAX]);

/* The observed id that process `pid` belongs to (a pid it was announced with, or its cgroup), NULL
 * when to none. The string lives until that service is gone. Reads /proc/PID/cgroup. */
const char *node_service_of_pid(struct node *n, int pid);
