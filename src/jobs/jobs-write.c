/* Writing jobs: an order's rows on the worker that took it, later changes in the background. */
#include "jobs/jobs-private.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

/* --- an order --- */

static void print_detail(const struct job *j, struct str *out)
{
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key_str(&w, "job", j->id);
    jw_key_str(&w, "verb", command_verb_name(j->verb));
    if (!str_is_empty(j->target))
        jw_key_str(&w, "on", j->target);
    if (!str_is_empty(j->argument))
        jw_key_str(&w, "argument", j->argument);
    if (job_is_over(j->state)) {
        jw_key_str(&w, "state", job_state_name(j->state));
        jw_key_str(&w, "text", j->text);
    }
    jw_end_object(&w);
}

static const char *audit_target(const struct job *j)
{
    return !str_is_empty(j->service) ? j->service : j->node;
}

static int audit(struct db *db, const struct job *j, struct audit_entry entry, struct err *e)
{
    struct str detail = {0};
    print_detail(j, &detail);
    entry.target = audit_target(j);
    entry.detail = str_text(&detail);
    int r = audit_append(db, &entry, e);
    str_done(&detail);
    return r;
}

int jobs_write(struct db *db, const struct job_list *jobs, const struct audit_entry *entry,
               struct err *e)
{
    int r = job_db_raise_ceiling(db, jobs->ceiling, e);
    for (size_t i = 0; r >= 0 && i < jobs->n; i++)
        r = job_db_insert(db, &jobs->v[i], e);
    for (size_t i = 0; r >= 0 && i < jobs->n; i++)
        if (!jobs->v[i].children.n) /* each of several stands for itself */
            r = audit(db, &jobs->v[i], *entry, e);
    return r;
}

/* --- later changes --- */

static int audit_end(struct db *db, const struct job *j, struct err *e)
{
    bool done = j->state == JOB_DONE, refused = j->state == JOB_REFUSED;
    return audit(db, j,
                 (struct audit_entry){.time_ms = j->ended_ms,
                                      .actor = j->actor,
                                      .via = j->via,
                                      .address = "",
                                      .action = "job.end",
                                      .outcome = done      ? "done"
                                                 : refused ? "refused"
                                                           : "failed"},
                 e);
}

static int write_all(struct db *db, const struct job_writing *w, struct err *e)
{
    int r = db_begin(db, e);
    if (r >= 0 && w->ceiling)
        r = job_db_raise_ceiling(db, w->ceiling, e);
    for (size_t i = 0; r >= 0 && i < w->jobs.n; i++)
        r = job_db_update(db, &w->jobs.v[i], e);
    if (r >= 0 && w->prune)
        r = job_db_prune(db, clock_wall_ms(), e);
    for (size_t i = 0; r >= 0 && i < w->jobs.n; i++)
        if (w->marks.v[i].audit)
            r = audit_end(db, &w->jobs.v[i], e);
    if (r >= 0)
        return db_commit(db, e);
    db_rollback(db);
    return r;
}

static int write_now(struct jobs *j, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    int r = store_take(j->store, e, &db);
    return r < 0 ? r : write_all(db, &j->writing, e);
}

static void writing_done(struct job_writing *w)
{
    job_list_done(&w->jobs);
    vec_done(&w->marks);
    *w = (struct job_writing){0};
}

static void put_back(struct jobs *j)
{
    for (size_t i = 0; i < j->writing.jobs.n; i++) {
        struct live_job *l = jobs_live(j, j->writing.jobs.v[i].id);
        if (!l)
            continue;
        l->writing = false;
        l->dirty = true;
        l->to_send |= j->writing.marks.v[i].to_send && l->job.state == JOB_RUNNING && !l->sent;
        if (j->writing.marks.v[i].audit)
            l->audited = false;
    }
}

static void send_written(struct jobs *j, struct cluster_now now)
{
    jobs_ceiling_raised(j, j->writing.ceiling);
    for (size_t i = 0; i < j->writing.jobs.n; i++) {
        struct live_job *l = jobs_live(j, j->writing.jobs.v[i].id);
        if (l)
            l->writing = false;
        if (l && j->writing.marks.v[i].to_send && l->job.state == JOB_RUNNING && !l->sent)
            jobs_send(j, l, now);
    }
}

static struct cluster_now now_of(void)
{
    return (struct cluster_now){.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

static void after_write(void *arg)
{
    struct jobs *j = arg;
    bool again = !j->failed;
    if (j->closing)
        return; /* jobs_write_rest() has seen to it */
    j->busy = false;
    if (j->failed)
        put_back(j);
    else
        send_written(j, now_of());
    writing_done(&j->writing);
    if (again)
        jobs_flush(j); /* what changed meanwhile; after a failure the next tick tries */
}

static void write_on_worker(void *arg)
{
    struct jobs *j = arg;
    struct err e = {0};
    bool failed = write_now(j, &e) < 0;
    if (failed && !j->failed)
        log_warn("jobs", "states of jobs not written, kept for later", "error=%s", LOG_Q(e.text));
    j->failed = failed;
    loop_post(j->loop, after_write, j);
}

/* A text that no database takes must not keep the state from being written. */
static void make_writable(struct job *j)
{
    str_mend_utf8(j->step);
    str_mend_utf8(j->text);
    str_mend_utf8(j->output);
}

/* Copies what is dirty. At the end nobody holds a job any more. */
static void gather(struct jobs *j)
{
    bool sends = false;
    MAP_FOREACH (&j->live, entry) {
        struct live_job *l = entry->value;
        if (!l->dirty || (l->held && !j->closing))
            continue;
        make_writable(&l->job);
        struct written mark = {.to_send = l->to_send,
                               .audit =
                                   job_is_over(l->job.state) && !l->audited && !l->job.children.n};
        job_copy(vec_add(&j->writing.jobs), &l->job);
        *vec_add(&j->writing.marks) = mark;
        l->dirty = l->to_send = false;
        l->writing = true;
        l->audited |= mark.audit;
        sends |= mark.to_send;
    }
    if (sends || j->used_up)
        j->writing.ceiling = jobs_ceiling(j, clock_wall_ms());
}

void jobs_flush(struct jobs *j)
{
    if (j->busy)
        return;
    gather(j);
    int64_t mono = clock_mono_ms();
    j->writing.prune = mono - j->pruned_mono_ms > JOBS_PRUNE_EVERY_MS || !j->pruned_mono_ms;
    if (!j->writing.jobs.n && !j->writing.prune && !j->writing.ceiling)
        return;
    j->pruned_mono_ms = j->writing.prune ? mono : j->pruned_mono_ms;
    j->busy = true;
    if (workers_submit(j->workers, write_on_worker, j) < 0) {
        j->busy = false;
        put_back(j);
        writing_done(&j->writing);
    }
}

/* What was not sent has not begun. */
static void unbegin(struct jobs *j)
{
    MAP_FOREACH (&j->live, entry) {
        struct live_job *l = entry->value;
        if (l->job.state != JOB_RUNNING || l->sent || l->job.children.n)
            continue;
        l->job.state = JOB_WAITING;
        l->job.started_ms = 0;
        l->dirty = true;
        l->to_send = false;
    }
}

void jobs_write_rest(struct jobs *j)
{
    struct err e = {0};
    j->closing = true;
    if (j->busy && j->failed)
        put_back(j);
    writing_done(&j->writing);
    unbegin(j);
    gather(j);
    if (j->writing.jobs.n && write_now(j, &e) < 0)
        log_warn("jobs", "last states of jobs not written", "error=%s", LOG_Q(e.text));
    writing_done(&j->writing);
}
