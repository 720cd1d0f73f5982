/* Jobs on a database of the kind under test, with two pretend nodes that write down what they are
 * told, and a clock that can be set ahead. Each number of a command must be new, and not above the
 * ceiling that is written. */
#pragma once

#include "../store/store-test.h"

#include "jobs/jobs-private.h"

struct told_command {
    char id[COMMAND_ID_SIZE], node[32];
    enum command_verb verb;
    char target[64], user[32];
    uint64_t sequence;
    int64_t expires_ms;
};

struct rig {
    struct fixture *f;
    struct loop *loop;
    struct workers *workers;
    struct event_log *log;
    struct cluster *cluster;
    struct jobs *jobs;
    bool away;           /* the nodes take nothing */
    const char *refusal; /* they refuse with this */
    int64_t ahead_ms;    /* of the clock */
    const char *limits;  /* of who orders; NULL = none */
    bool force;          /* who orders insists */
    const char *token;   /* with which it is ordered; NULL = in person */
    struct subject may;  /* what who ordered may do when a turn comes: everything, at first */
    int may_result;      /* negative = nothing */
    char asked[80];      /* "USER TOKEN" of whom this was asked last */
    VEC(struct told_command) commands;
    struct str_list queries; /* ids */
};

struct rig *rig_new(bool postgresql);
void rig_free(struct rig *g);
struct cluster_now rig_now(const struct rig *g);
/* As after kill -9: nothing is written any more; and a new start. */
void rig_kill(struct rig *g);
void rig_start(struct rig *g);

/* Containers tower/docker/NAME, a unit as tower/systemd/NAME; all run. */
void rig_container(struct rig *g, const char *node, const char *name);
void rig_unit(struct rig *g, const char *node, const char *name, enum observed_run run);

/* Plans as ada over the web, and no more. */
int rig_plan(struct rig *g, const char *verb, const char *services, const char *node, struct err *e,
             struct job_list *ret_jobs);
/* As the worker that took the order. */
void rig_write(struct rig *g, const struct job_list *jobs);
/* Orders as ada over the web, and writes and begins. Returns the id of the job, or "" with the
 * error in *ret_r. */
const char *rig_order(struct rig *g, const char *verb, const char *services, const char *node,
                      int *ret_r, struct err *e);
/* The same, and it must be taken. */
const char *rig_do(struct rig *g, const char *verb, const char *services);
void rig_outcome(struct rig *g, const char *node, const char *id, enum outcome_state s,
                 const char *text);
void rig_settle(struct rig *g);                           /* until everything is written */
const struct job *rig_job(struct rig *g, const char *id); /* alive; fails when there is none */
struct job rig_row(struct rig *g, const char *id);        /* of the database; job_done() */
/* Changes the database behind the back of jobs. */
void rig_sql(struct rig *g, const char *sql);
int64_t rig_count(struct rig *g, const char *sql);

#define RUN_ON_BOTH(tests)                                                                         \
    (run_on(false, (tests), COUNT_OF(tests)) + run_on(true, (tests), COUNT_OF(tests)))
int run_on(bool postgresql, const struct CMUnitTest *tests, size_t n);
int rig_setup(void **state);
int rig_teardown(void **state);
