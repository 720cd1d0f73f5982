/* Switches with confirm or roll back: when a node waits for it and is well for a while, it is told
 * so. A node that hears nothing goes back to its old system by itself. */
#include "base/rand.h"
#include "jobs/health.h"
#include "jobs/jobs-private.h"

enum {
    WELL_FOR_MS = 5000,          /* what fails at once does so within seconds */
    CONFIRM_AGAIN_MS = 10 * 1000 /* a word that was lost; the node takes the first */
};

bool jobs_is_switch(const struct job *job)
{
    return command_is_generation(job->verb) && job->verb != COMMAND_GENERATION_COLLECT;
}

/* A command of its own, and nobody's job: what comes of it the switch's own outcome tells. */
static void send_confirm(struct jobs *j, struct live_job *l, struct cluster_now now)
{
    struct command c = {.user = (char *)"hydra",
                        .verb = COMMAND_GENERATION_CONFIRM,
                        .target = l->job.id,
                        .argument = (char *)"",
                        .expires_ms = now.wall_ms + JOB_COMMAND_LIFE_MS,
                        .sequence = jobs_next_sequence(j, now.wall_ms)};
    if (!c.sequence) /* the next tick has one */
        return;
    rand_id(c.id);
    l->confirmed_mono_ms = now.mono_ms;
    (void)!j->hooks.command(j->hooks.arg, l->job.node, &c, NULL); /* asked again soon */
    jobs_set_step(j, l, COMMAND_STEP_HEALTH ": all is well, confirming");
}

void jobs_confirm(struct jobs *j, struct live_job *l, struct cluster_now now)
{
    if (!jobs_is_switch(&l->job) || l->job.state != JOB_RUNNING ||
        !str_starts(l->job.step, COMMAND_STEP_HEALTH)) {
        l->well_mono_ms = 0;
        return;
    }
    AUTO(mem_freep)
    char *trouble = health_trouble(j->cluster, l->job.node, l->job.ran_before, now);
    if (trouble) {
        AUTO(mem_freep) char *step = mem_printf(COMMAND_STEP_HEALTH ": %s", trouble);
        l->well_mono_ms = 0;
        jobs_set_step(j, l, step);
        return;
    }
    if (!l->well_mono_ms)
        l->well_mono_ms = now.mono_ms;
    if (now.mono_ms - l->well_mono_ms >= WELL_FOR_MS &&
        (!l->confirmed_mono_ms || now.mono_ms - l->confirmed_mono_ms >= CONFIRM_AGAIN_MS))
        send_confirm(j, l, now);
}
