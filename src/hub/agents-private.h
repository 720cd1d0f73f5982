/* What the files of agents*.c share. */
#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "hub/agents.h"
#include "node/wire.h"
#include "rpc/rpc.h"

struct agent_link;
struct agent_log;
struct program_call;

/* A node of the fleet, linked or not. */
struct agent_node {
    char id[AUTHORITY_NODE_SIZE];
    struct str checks; /* FromHub, as it was last ordered; empty = never */
    struct agent_link *link;
    struct program_call *program;       /* the one that fetches a program; NULL */
    char serial[AUTHORITY_SERIAL_SIZE]; /* of the link that `taken` counts for */
    uint64_t session;                   /* of the agent: which start of it */
    uint64_t taken;                     /* the highest sequence that came */
    int64_t clone_ms;                   /* mono; a second machine came; 0 = never */
    char *upgrade_obstacle;             /* as its agent says; NULL */
    bool held;                          /* nothing is acknowledged: it is being written */
    bool skewed;                        /* its clock is told of */
};

struct agents {
    struct agents_settings settings;
    char *listen;
    struct tls_context *tls;
    struct rpc_server *server;    /* NULL = does not listen */
    struct map nodes;             /* of struct agent_node */
    VEC(struct agent_log *) logs; /* queries of logs under way */
    struct loop_timer *timer;
    unsigned enrolling;
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE]; /* that agents are told */
    size_t n_pins;                                        /* the first is shown */
    bool told_trouble;                                    /* that it can't listen */
    bool stopped;
};

/* --- agents.c --- */
struct agent_node *agents_node(struct agents *a, const char *id);
/* Lends `fn` a connection to the database on a worker, then calls `done` on the loop. `arg` begins
 * with a struct agents_work. False: too much waits already, neither is called. */
struct agents_work {
    struct agents *agents;
    int (*fn)(void *arg, struct db *db, struct err *e);
    void (*done)(void *arg);
    int r;
    struct err e;
};
bool agents_submit(struct agents_work *w);

/* Who calls; false: it has been told that it may not. */
bool agents_admit(struct agents *a, struct rpc_call *c, struct identity *ret_who);

/* --- agent-program.c --- */
extern const struct rpc_events agent_program_events;
void agent_program_begin(struct rpc_call *c, void *arg);
void agent_program_end(struct agent_node *n, enum rpc_code code, const char *why); /* if any */

/* --- agent-logs.c --- */
extern const struct rpc_events agent_logs_events;
void agent_logs_begin(struct rpc_call *c, void *arg);
void agent_logs_tick(struct agents *a);
void agent_logs_free(struct agents *a);

/* --- agent-enrol.c, agent-link.c --- */
extern const struct rpc_events agent_enrol_events, agent_link_events;
void agent_enrol_begin(struct rpc_call *c, void *arg);
void agent_link_begin(struct rpc_call *c, void *arg);
/* -ENOTCONN: the link is not greeted yet, or over, and nothing was sent. */
int agent_link_send(struct agent_link *l, const struct str *message) MUST_CHECK;
int agent_link_command(struct agent_link *l, const struct command *c) MUST_CHECK;
void agent_forget_notices(struct agents *a, const struct agent_node *n);
void agent_link_tick(struct agent_link *l);
void agent_link_look(struct agent_link *l, const struct fleet_node *now); /* ends it when its
                                                        certificate counts no more */
void agent_link_end(struct agent_link *l, enum rpc_code code, const char *text);
bool agent_link_is_greeted(const struct agent_link *l);
int64_t agent_link_since_ms(const struct agent_link *l); /* wall; 0 = not greeted */
bool agent_link_reads_logs(const struct agent_link *l);  /* Hello said so */
bool agent_link_answers(const struct agent_link *l);     /* and this */
bool agent_link_obeys(const struct agent_link *l);       /* commands */
int64_t agent_link_skew_ms(const struct agent_link *l);  /* to add to the node's times */
