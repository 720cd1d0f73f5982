/* The agents of other nodes: where they dial in, enrol and report.
 *
 * One gRPC server on the hub's loop, which listens once there is somebody to wait for: a node, or
 * an enrolment that waits. Whether a node may report is the fleet's to say; what it reports goes to
 * the cluster by way of the hooks. All functions: on the loop. */
#pragma once

#include "access/fleet.h"
#include "io/loop.h"
#include "io/worker.h"
#include "node/inspect.h"
#include "node/logs.h"
#include "node/report.h"

struct agents;
struct programs;

enum {
    LIMIT_ENROLLING = 16,          /* enrolments under way at once */
    LIMIT_ENROLL_MESSAGE = 16384,  /* bytes of what one says */
    LIMIT_LOGS_MESSAGE = 1 << 20,  /* and of lines: one has about LIMIT_WIRE_LOGS */
    LIMIT_PROGRAM_ASK = 1024,      /* and of who fetches a program */
    AGENTS_TICK_MS = 1000,         /* what was taken is acknowledged so often */
    AGENTS_KEEPALIVE_MS = 15000,   /* a link without a byte is asked whether it lives */
    AGENTS_CLONE_MS = 3000,        /* a link heard from so lately does not dial a second time */
    AGENTS_CLONE_TOLD_MS = 600000, /* how long two machines with one identity are told of */
    AGENTS_SKEW_FRAMES = 30,       /* frames that a clock is measured by */
    AGENTS_SKEW_MS = 1500,         /* a clock this wrong is put right in what the node reports */
    AGENTS_SKEW_TOLD_MS = 60000,   /* and this wrong it is told of */
};

struct agents_settings {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    struct fleet *fleet;
    const struct programs *programs; /* to hand out */
    const char *listen;              /* "HOST:PORT"; "none" = no other nodes */
    /* A node has come to be known, or is known no more. */
    void (*added)(void *arg, const char *node);
    void (*removed)(void *arg, const char *node);
    void (*linked)(void *arg, const char *node);
    void (*unlinked)(void *arg, const char *node); /* and no other link took its place */
    /* Ownership of what `r` points to moves. `late`: from a time when the link was down. */
    void (*report)(void *arg, const char *node, struct node_report *r, bool late);
    /* A node answered; the answer is valid during the call. */
    void (*inspected)(void *arg, const char *node, uint64_t id, const struct inspect_answer *a);
    /* Something that a person should look at; `text` NULL = over. */
    void (*notice)(void *arg, const char *key, const char *text, const char *hint);
    void *arg;
};

struct agents *agents_new(const struct agents_settings *s); /* calls `added` for what is known */
/* After the workers have ended, before the loop is freed. */
void agents_free(struct agents *a);

/* The fleet changed: listens when there is somebody to wait for, ends links that count no more. */
void agents_update(struct agents *a);

/* Starts a reader of a node's logs. Any thread. */
void agents_logs(struct agents *a, const char *node, struct log_reader *r);

/* Since when (wall clock, ms) its agent is linked; 0 = it is not. */
int64_t agents_linked_since(const struct agents *a, const char *node);

/* Why its agent can't be upgraded from here, in its own words; NULL. */
const char *agents_upgrade_obstacle(const struct agents *a, const char *node);

/* While held, nothing that this node tells is acknowledged: its local audit entries are not yet
 * written. */
void agents_hold(struct agents *a, const char *node, bool held);

bool agents_knows(const struct agents *a, const char *node);

/* The node's checks from now on, also when it links later. */
void agents_checks(struct agents *a, const char *node, const struct check_spec *specs, size_t n);
int agents_check_now(struct agents *a, const char *node, const char *service) MUST_CHECK;
/* Gives a command to a linked node, or asks what became of one. -ENOTCONN: it is not linked, and
 * nothing was sent. */
int agents_command(struct agents *a, const char *node, const struct command *c,
                   struct err *e) MUST_CHECK;
int agents_query(struct agents *a, const char *node, const char *command, struct err *e) MUST_CHECK;

/* Asks a linked node; the answer comes to `inspected`. -ENOTCONN, and -ENOSYS: its agent is too
 * old. */
int agents_inspect(struct agents *a, const char *node, uint64_t id, const struct inspection *q,
                   struct err *e) MUST_CHECK;
/* Nobody waits for it any more. */
void agents_inspect_cancel(struct agents *a, const char *node, uint64_t id);
