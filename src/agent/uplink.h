/* The link to the hub: dialled, greeted, and dialled again when it ends, for as long as it takes.
 * Belongs to the loop. */
#pragma once

#include "agent/identity.h"
#include "io/loop.h"
#include "rpc/rpc.h"

#include "agent.pb-c.h"

enum uplink_state {
    UPLINK_WAITING,  /* until the next try */
    UPLINK_DIALLING, /* name, TCP, TLS */
    UPLINK_GREETING, /* Hello was said, Welcome is awaited */
    UPLINK_UP,
};

struct uplink;

struct uplink_settings {
    struct loop *loop;
    struct identity *identity; /* pins of a Welcome are kept in it */
    uint64_t session;          /* random: this run of the agent */
    const char *boot_id;
    bool on_trial;                /* Hello says so */
    const char *upgrade_obstacle; /* NULL = none */
    bool reads_logs;              /* on order: LogOpen */
    bool answers;                 /* on order: Inspect */
    void (*up)(void *arg, const Hydra__Agent__V1__Welcome *w);
    void (*down)(void *arg);                                      /* after `up` */
    void (*order)(void *arg, const Hydra__Agent__V1__FromHub *m); /* anything but Welcome */
    void (*writable)(void *arg);
    void (*replaced)(void *arg); /* the identity is that of another node now */
    void *arg;
};

struct uplink *uplink_start(const struct uplink_settings *s);
void uplink_free(struct uplink *u); /* nothing is told */

/* The identity has a new certificate: drops the link and dials anew, at once. */
void uplink_relink(struct uplink *u);

enum uplink_state uplink_state(const struct uplink *u);
int uplink_send(struct uplink *u, const void *bytes, size_t len) MUST_CHECK; /* -EPIPE, -ENOBUFS */
/* A call beside the link, on the same connection; gone with it: after `down` nothing is told. NULL:
 * there is none. */
struct rpc_call *uplink_call(struct uplink *u, const char *path, const struct rpc_events *events,
                             void *arg);
size_t uplink_backlog(const struct uplink *u);
