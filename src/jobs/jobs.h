/* Jobs: commands to nodes, from the order to the outcome.
 *
 * Lives on the hub's loop. A change goes: jobs_plan() on the loop makes the jobs, a worker writes
 * them and their audit entry in one transaction (jobs_write()), then jobs_begin() on the loop hands
 * the first command to its node. Everything later (steps, outcomes, the next child) begins on the
 * loop and is written by a worker in the background; the command of a child goes out only after it
 * is written that it does.
 *
 * A command is sent once, at most. When its link breaks or hydrad ends meanwhile, the node is asked
 * for the outcome; when nobody knows it the job is lost.
 *
 * Sequence numbers of commands grow, also over restarts and when the clock is set back: each is
 * above the one before and, where it can, the wall milliseconds; the database holds a ceiling that
 * none given out has passed, and a restart begins above it. While the clock is behind, the ceiling
 * rises with the numbers. */
#pragma once

#include "access/audit.h"
#include "access/bmc.h"
#include "cluster/cluster.h"
#include "io/loop.h"
#include "io/worker.h"
#include "jobs/guard.h"
#include "jobs/job.h"
#include "node/policy.h"

enum {
    LIMIT_JOB_SERVICES = 50,            /* of one order */
    LIMIT_JOBS_RUNNING = 500,           /* not over, or planned: when so many are, no more begin */
    LIMIT_JOBS_REMEMBERED = 100,        /* finished ones kept in memory, for those who follow */
    JOB_COMMAND_LIFE_MS = 60 * 1000,    /* a node that gets it later refuses it */
    JOB_QUIET_MS = 30 * 1000,           /* nothing heard for so long: ask */
    JOB_ASK_AGAIN_MS = 5 * 1000,        /* of a node that is away */
    JOB_SILENCE_MS = 10 * 60 * 1000,    /* a node that is there and says nothing: lost */
    JOB_AWAY_MS = 24 * 60 * 60 * 1000,  /* a node that stays away: lost */
    JOB_STALE_MS = 15 * 60 * 1000,      /* not begun and recalled later than this: cancelled */
    JOB_FAMILY_MS = 2 * 60 * 60 * 1000, /* what waits for others of its order begins within that */
    JOB_SEQUENCE_AHEAD_MS = 60 * 1000,  /* of the ceiling above the clock */
    JOB_SEQUENCES_AHEAD = 1000,         /* and above the last one given out */
    JOBS_PRUNE_EVERY_MS = 60 * 60 * 1000,
};

struct jobs;

struct jobs_hooks {
    void *arg;
    /* Hands a command to a node: 0, -ENOTCONN when it is away, or another refusal with a sentence.
     * Borrows `c`. */
    int (*command)(void *arg, const char *node, const struct command *c, struct err *e);
    /* Asks for the outcome of a command that was given before. The same errors. */
    int (*query)(void *arg, const char *node, const char *id, struct err *e);
    /* The management controller of a node, `via` filled in; false = none is known. NULL = none is
     * of any. */
    bool (*bmc)(void *arg, const char *node, struct fleet_bmc *ret_b);
    /* What a user, or a token of the user's ("" = in person), may do by now. Negative: nothing. */
    int (*subject)(void *arg, const char *user, const char *token, int64_t wall_ms,
                   struct subject *ret_subject);
};

struct jobs *jobs_new(struct loop *loop, struct workers *workers, struct store *store,
                      struct cluster *cluster, struct event_log *log,
                      const struct jobs_hooks *hooks);
/* Reads guard rails and what was under way before a restart. Before the loop runs. Blocks. */
int jobs_recall(struct jobs *j, struct cluster_now now, struct err *e) MUST_CHECK;
/* Writes what is left, here and now. After the workers have ended, before the loop is freed. */
void jobs_free(struct jobs *j);

/* Once a second, on the loop. */
void jobs_tick(struct jobs *j, struct cluster_now now);

/* --- an order --- */

struct job_order {
    const char *verb; /* "unit.restart"; of services also "restart": fits each one's kind */
    const struct str_list *services; /* ids; or: */
    const char *node; /* for machine.*, and for project.* and process.signal by target */
    const char *target, *argument; /* NULL = none */
    const char *process_of; /* of process.signal: the service that it belongs to, "" = none; NULL =
                               nobody can tell, and so any on its node */
    const struct subject *by; /* whose rights and limits count */
    const char *actor, *via;
    bool by_end;    /* services may be given by a unique end of the id */
    bool may_force; /* the actor holds settings:write */
    bool force;     /* the actor insists, whatever the guard rails say */
};

/* Makes the jobs of an order: the first is the job, children follow. On the loop. Until
 * jobs_begin() or jobs_abandon(), one of which must follow, they count as under way. -EINVAL,
 * -ENOENT, -EEXIST (the same is under way, or an ambiguous service), -ENOTCONN (its node is away),
 * -EKEYREJECTED (guard rails), -EPERM (outside of the limits), -EAGAIN (too many under way). */
int jobs_plan(struct jobs *j, const struct job_order *o, struct cluster_now now, struct err *e,
              struct job_list *ret_jobs) MUST_CHECK;
/* Rows and audit entry, inside the caller's transaction. On a worker. `entry` has actor, way and
 * address. */
int jobs_write(struct db *db, const struct job_list *jobs, const struct audit_entry *entry,
               struct err *e) MUST_CHECK;
/* They are written: go. On the loop; takes what the list holds. */
void jobs_begin(struct jobs *j, struct job_list *jobs, struct cluster_now now);
/* They could not be written: as if never planned. On the loop; frees what the list holds. */
void jobs_abandon(struct jobs *j, struct job_list *jobs);

/* Cancels what has not begun: a waiting job, or the waiting children of one that runs. On the loop.
 * Copies of what is changed are appended, to be written with an audit entry; jobs_cancelled() must
 * follow. -ENOENT, -EBUSY (it has begun, or is over): nothing is changed. */
int jobs_cancel(struct jobs *j, const char *id, const char *actor, struct cluster_now now,
                struct err *e, struct job_list *ret_changed) MUST_CHECK;
/* The copies were written, or not: then states and their audit entries are written in the
 * background. On the loop. */
void jobs_cancelled(struct jobs *j, const struct job_list *changed, bool written);

/* --- what nodes tell --- */

/* Takes nothing. Outcomes of unknown jobs, or of another node's, are ignored. On the loop. */
void jobs_outcome(struct jobs *j, const char *node, const struct command_outcome *o,
                  struct cluster_now now);
/* The node is back, or gone. On the loop. */
void jobs_node_back(struct jobs *j, const char *node, struct cluster_now now);
void jobs_node_away(struct jobs *j, const char *node, struct cluster_now now);
/* It is no node of ours any more: what it allowed is forgotten. On the loop. */
void jobs_node_removed(struct jobs *j, const char *node);

/* What the node allows, by its own word; copied. On the loop. */
void jobs_set_policy(struct jobs *j, const char *node, const struct policy *p);

/* --- what others read: on the loop --- */

const struct policy *jobs_policy(const struct jobs *j, const char *node); /* NULL = not told yet */
bool jobs_bmc(const struct jobs *j, const char *node, struct fleet_bmc *ret_b);

/* NULL when it is neither under way nor over since lately: the database knows it then. */
const struct job *jobs_find(const struct jobs *j, const char *id);

struct cluster *jobs_cluster(const struct jobs *j); /* what they are done to */

const struct guard *jobs_guard(const struct jobs *j);
/* Copied, unless what holds was saved later. On the loop. */
void jobs_set_guard(struct jobs *j, const struct guard *g);
