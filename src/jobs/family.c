/* Several services of one order: one after another, until one does not work. */
#include "jobs/guarded.h"
#include "jobs/jobs-private.h"

#include <ctype.h>

static struct live_job *child_in(const struct jobs *j, const struct live_job *parent, size_t i)
{
    return jobs_live(j, parent->job.children.v[i]);
}

static void cancel_waiting(struct jobs *j, const struct live_job *parent, const char *text,
                           struct cluster_now now)
{
    for (size_t i = 0; i < parent->job.children.n; i++) {
        struct live_job *child = child_in(j, parent, i);
        if (child && child->job.state == JOB_WAITING)
            jobs_set_state(j, child, JOB_CANCELLED, text, now);
    }
}

static void end_well(struct jobs *j, struct live_job *parent, struct cluster_now now)
{
    AUTO(mem_freep) char *text = mem_printf("All %zu done.", parent->job.children.n);
    jobs_set_state(j, parent, JOB_DONE, text, now);
}

static void end_badly(struct jobs *j, struct live_job *parent, const struct live_job *bad,
                      size_t n_done, struct cluster_now now)
{
    AUTO(mem_freep) char *title = job_title(&bad->job);
    AUTO(mem_freep)
    char *text =
        mem_printf("%zu of %zu done. %s: %s", n_done, parent->job.children.n, title,
                   str_is_empty(bad->job.text) ? job_state_name(bad->job.state) : bad->job.text);
    enum job_state s = bad->job.state == JOB_CANCELLED                ? JOB_CANCELLED
                       : n_done == 0 && bad->job.state == JOB_REFUSED ? JOB_REFUSED
                                                                      : JOB_FAILED;
    jobs_set_state(j, parent, s, text, now);
    cancel_waiting(j, parent, "Not begun: what was to be done before it did not work.", now);
}

/* A child that is not known here, for another Hydra wrote it, or its row is gone. */
static void end_unknown(struct jobs *j, struct live_job *parent, size_t n_done,
                        struct cluster_now now)
{
    AUTO(mem_freep)
    char *text = mem_printf("%zu of %zu done. Nothing is known of the next one: look there whether "
                            "it was done.",
                            n_done, parent->job.children.n);
    jobs_set_state(j, parent, JOB_LOST, text, now);
    cancel_waiting(j, parent, "Not begun: nothing is known of what was to be done before it.", now);
}

/* Why what waited for others of its order must not begin: mem_free(), NULL = it may. */

static char *why_not_theirs(const struct jobs *j, const struct job *next, const struct subject *by)
{
    const struct resource on = cluster_resource(j->cluster, job_resource(next));
    if (policy_allows(by, verb_permission(next->verb), &on))
        return NULL;
    if (!by && *next->by_token)
        return mem_printf("Not begun: the API token with which %s ordered it does not count any "
                          "more.",
                          next->actor);
    AUTO(mem_freep) char *title = job_title(next);
    *title = (char)tolower(*title);
    return mem_printf("Not begun: %s may no longer %s.", next->actor, title);
}

static char *why_not_now(const struct jobs *j, const struct job *next, bool may_force,
                         struct cluster_now now)
{
    if (now.wall_ms - next->created_ms > JOB_FAMILY_MS)
        return mem_strdup("Not begun: it was ordered more than two hours ago. Order it again.");
    if ((next->forced && may_force) || !verb_is_guarded(next->verb))
        return NULL;
    AUTO(mem_freep)
    char *why = verb_is_project(next->verb) ? guarded_project(j, next->node, next->target, now)
                                            : guarded_service(j, next->service, now);
    return why ? mem_printf("Not begun: %s", why) : NULL;
}

/* Rights and guard rails are looked at again: much may have changed since the order. */
static void begin_turn(struct jobs *j, struct live_job *next, struct cluster_now now)
{
    struct subject may;
    const struct job *job = &next->job;
    int r = j->hooks.subject(j->hooks.arg, job->by_user, job->by_token, now.wall_ms, &may);
    const struct subject *by = r < 0 ? NULL : &may;
    AUTO(mem_freep) char *why = why_not_theirs(j, job, by);
    enum job_state s = why ? JOB_REFUSED : JOB_CANCELLED;
    if (!why)
        why = why_not_now(j, job, policy_allows(by, PERM_SETTINGS_WRITE, NULL), now);
    next->to_send = !why;
    jobs_set_state(j, next, why ? s : JOB_RUNNING, why ? why : "", now);
}

void jobs_next_child(struct jobs *j, struct live_job *parent, struct cluster_now now)
{
    size_t n = 0;
    while (n < parent->job.children.n) {
        const struct live_job *child = child_in(j, parent, n);
        if (!child || child->job.state != JOB_DONE)
            break;
        n++;
    }
    if (n == parent->job.children.n) {
        end_well(j, parent, now);
        return;
    }
    struct live_job *next = child_in(j, parent, n);
    if (!next) {
        end_unknown(j, parent, n, now);
        return;
    }
    if (job_is_over(next->job.state)) {
        end_badly(j, parent, next, n, now);
        return;
    }
    AUTO(mem_freep) char *title = job_title(&next->job);
    AUTO(mem_freep)
    char *step = mem_printf("%zu of %zu: %s", n + 1, parent->job.children.n, title);
    jobs_set_step(j, parent, step);
    if (next->job.state == JOB_WAITING)
        begin_turn(j, next, now);
}
