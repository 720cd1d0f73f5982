/* After a restart: what was under way is asked for; what had not begun goes on, or is too old. */
#include "jobs/jobs-private.h"

static void recall_one(struct jobs *j, struct job *taken, struct cluster_now now)
{
    struct live_job *l = jobs_add(j, taken);
    l->audited = job_is_over(l->job.state);
    /* Written before it was sent: it may have been, so it is never sent again. */
    l->sent = l->job.state == JOB_RUNNING;
    l->heard_mono_ms = now.mono_ms - JOB_QUIET_MS; /* to be asked for at the first tick */
    l->asked_mono_ms = now.mono_ms - JOB_ASK_AGAIN_MS;
}

/* What nobody would begin, or too late. */
static void cancel_stale(struct jobs *j, struct cluster_now now)
{
    MAP_FOREACH (&j->live, entry) {
        struct live_job *l = entry->value;
        if (l->job.state != JOB_WAITING)
            continue;
        if (!jobs_live(j, l->job.parent))
            jobs_set_state(j, l, JOB_CANCELLED, "Not begun: what it was a part of is over.", now);
        else if (now.wall_ms - l->job.created_ms > JOB_STALE_MS)
            jobs_set_state(j, l, JOB_CANCELLED,
                           "Not begun: Hydra was away for too long after it was ordered.", now);
    }
}

/* Parents whose child ended just before the end go on from there. */
static void go_on(struct jobs *j, struct cluster_now now)
{
    MAP_FOREACH (&j->live, entry) {
        struct live_job *l = entry->value;
        if (l->job.children.n && l->job.state == JOB_RUNNING)
            jobs_next_child(j, l, now);
    }
}

int jobs_recall(struct jobs *j, struct cluster_now now, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    struct job_list list = {0};
    int64_t ceiling = 0;
    int r = store_take(j->store, e, &db);
    if (r >= 0)
        r = guard_load(db, e, &j->guard);
    if (r >= 0)
        r = job_db_ceiling(db, e, &ceiling);
    if (r >= 0)
        r = job_db_unfinished(db, e, &list);
    j->sequence = (uint64_t)ceiling;
    j->ceiling = ceiling;
    for (size_t i = 0; r >= 0 && i < list.n; i++)
        recall_one(j, &list.v[i], now);
    job_list_done(&list);
    if (r >= 0) {
        cancel_stale(j, now);
        go_on(j, now);
    }
    return r < 0 ? r : 0;
}
