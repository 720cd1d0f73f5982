/* The live side of jobs, for the files of this folder. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "jobs/job-db.h"
#include "jobs/jobs.h"

struct live_job {
    struct job job;
    bool dirty;   /* to be written */
    bool to_send; /* its command goes out once that is written */
    bool audited; /* its end is, or need not be */
    bool writing; /* as it was, by our worker */
    bool held;    /* by who cancelled it: written there, with that audit entry */
    bool sent;
    int64_t heard_mono_ms; /* when its node last said something of it, or got it */
    int64_t well_mono_ms;  /* of a switch that waits: since when its node is well; 0 = it is not */
    int64_t confirmed_mono_ms; /* when the node was last told so; 0 = never */
    int64_t asked_mono_ms;     /* when its node was last asked; 0 = not since it was heard */
};

/* What is being written by a worker. */
struct written {
    bool to_send, audit;
};
struct job_writing {
    struct job_list jobs;
    VEC(struct written) marks; /* of each */
    int64_t ceiling;           /* 0 = leave it */
    bool prune;
};

struct jobs {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    struct cluster *cluster;
    struct event_log *log;
    struct jobs_hooks hooks;
    struct guard guard;
    struct map policies; /* of struct policy, by node */
    struct map live;     /* of struct live_job, in the order they came */
    struct map planned;  /* of struct job, by id: between jobs_plan() and jobs_begin() */
    unsigned n_unfinished;
    uint64_t sequence; /* the last given out, or the ceiling of the Hydra before */
    int64_t ceiling;   /* written: none above it is given out */
    bool used_up;      /* one was asked for above it: it is to be raised */
    struct job_writing writing;
    bool busy, failed, closing;
    int64_t pruned_mono_ms;
};

struct live_job *jobs_add(struct jobs *j, struct job *taken);
struct live_job *jobs_live(const struct jobs *j, const char *id);

/* The one place where a state changes. */
void jobs_set_state(struct jobs *j, struct live_job *l, enum job_state s, const char *text,
                    struct cluster_now now);
/* A child has ended, or its parent was recalled: the next one, or the parent's end. */
void jobs_next_child(struct jobs *j, struct live_job *parent, struct cluster_now now);
void jobs_send(struct jobs *j, struct live_job *l, struct cluster_now now);
void jobs_set_step(struct jobs *j, struct live_job *l, const char *step);
/* 0: there is none below the ceiling; there will be when it is written anew, which begins with the
 * next jobs_flush(). */
uint64_t jobs_next_sequence(struct jobs *j, int64_t wall_ms);
void jobs_publish(struct jobs *j, const struct live_job *l);

/* The ceiling to be written before the next commands go out. */
int64_t jobs_ceiling(const struct jobs *j, int64_t wall_ms);
/* It is written. */
void jobs_ceiling_raised(struct jobs *j, int64_t ceiling);

/* confirm.c: tells a node that its switch is well. */
void jobs_confirm(struct jobs *j, struct live_job *l, struct cluster_now now);
bool jobs_is_switch(const struct job *job);

/* jobs-write.c: writes what is dirty, unless a worker is at it. */
void jobs_flush(struct jobs *j);
void jobs_write_rest(struct jobs *j);
