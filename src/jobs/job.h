/* A job: work that takes longer than a click.
 *
 * One command to one node, or a parent whose children run one after another. Mirrors the table
 * `jobs` and the Job of the contract. Pure. */
#pragma once

#include "access/policy.h"
#include "base/json.h"
#include "base/rand.h"
#include "node/command.h"

enum job_state {
    JOB_WAITING,   /* not begun: its turn has not come; can be cancelled */
    JOB_RUNNING,   /* the command was sent, or is about to be: never sent again */
    JOB_DONE,      /* worked */
    JOB_FAILED,    /* did not work */
    JOB_REFUSED,   /* nothing was done: not allowed there, or the node was away */
    JOB_CANCELLED, /* nothing was done: a person, or a job before it, saw to that */
    JOB_LOST,      /* sent, and nobody knows what came of it */
};
const char *job_state_name(enum job_state s);
int job_state_parse(const char *name, enum job_state *ret_s) MUST_CHECK; /* -ENOENT */
static inline bool job_is_over(enum job_state s)
{
    return s > JOB_RUNNING;
}

struct job {
    char id[RAND_ID_SIZE];
    char parent[RAND_ID_SIZE]; /* "" = none */
    enum command_verb verb;
    enum job_state state;
    char *node, *service;       /* "" = several, or the node itself */
    char *target, *argument;    /* as the node calls it; "" = none */
    char *step, *text, *output; /* what it does now; how it ended; what the thing itself said */
    char *actor, *via;
    char by_user[32], by_token[40]; /* ids: whose rights count; without a token in person */
    char *ran_before;               /* of a switch of systems: health_now() before it; else "" */
    int64_t created_ms, started_ms, ended_ms; /* 0 = not yet */
    struct str_list children;                 /* ids, in their order */
    bool forced; /* whatever the guard rails say; not kept over a restart */
};
void job_done(struct job *j);
void job_copy(struct job *to, const struct job *from);

/* A list that owns its jobs. */
struct job_list {
    struct job *v;
    size_t n, cap;
    int64_t
        ceiling; /* of a plan: sequence numbers up to this may be given out once it is written */
};
void job_list_done(struct job_list *l);

/* "Restart plex on tower", "Reboot tower", "Restart 3 services". mem_free(). */
char *job_title(const struct job *j);
/* With the output only for those who may read logs. */
void job_print(struct jw *w, const struct job *j, bool with_output);

/* What a verb is for people and for rights. */
enum permission verb_permission(enum command_verb v);
const char *verb_label(enum command_verb v); /* "Restart" */
bool verb_is_machine(enum command_verb v);
bool verb_is_project(enum command_verb v);
bool verb_interrupts(enum command_verb v); /* something that runs will stop, if only for a moment */
bool verb_is_guarded(enum command_verb v); /* the guard rails count */

/* On what the right to do it must be: the service, or the node of a whole project. */
const char *job_resource(const struct job *j);
