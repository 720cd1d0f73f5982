#include "jobs/job-db.h"

#include "base/vec.h"

#define COLUMNS                                                                                    \
    "id, kind, node, target, service, argument, parent, state, step, text, output, actor, via, "   \
    "created_ms, started_ms, ended_ms, ran_before, by_user, by_token"

int job_db_insert(struct db *db, const struct job *j, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO jobs (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                   "$10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
                   "sssssssssssssiiisss", j->id, command_verb_name(j->verb), j->node, j->target,
                   j->service, j->argument, j->parent, job_state_name(j->state), j->step, j->text,
                   j->output, j->actor, j->via, j->created_ms, j->started_ms, j->ended_ms,
                   j->ran_before ? j->ran_before : "", j->by_user, j->by_token);
}

int job_db_update(struct db *db, const struct job *j, struct err *e)
{
    return db_exec(db, e,
                   "UPDATE jobs SET state = $2, step = $3, text = $4, output = $5, started_ms = "
                   "$6, ended_ms = $7 WHERE id = $1 AND (ended_ms = 0 OR $7 > 0)",
                   "sssssii", j->id, job_state_name(j->state), j->step, j->text, j->output,
                   j->started_ms, j->ended_ms);
}

/* A row that an older or newer Hydra wrote may hold a verb unknown here: -ENOENT. */
static int read_row(const struct rows *rows, struct job *ret_job)
{
    struct job j = {0};
    if (command_verb_parse(rows_text(rows, 1), &j.verb) < 0 ||
        job_state_parse(rows_text(rows, 7), &j.state) < 0)
        return -ENOENT;
    str_copy(j.id, sizeof j.id, rows_text(rows, 0));
    str_copy(j.parent, sizeof j.parent, rows_text(rows, 6));
    char **const texts[] = {&j.node, &j.target, &j.service, &j.argument, NULL,  NULL,
                            &j.step, &j.text,   &j.output,  &j.actor,    &j.via};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i])
            *texts[i] = mem_strdup(rows_text(rows, (int)i + 2));
    j.created_ms = rows_int(rows, 13);
    j.started_ms = rows_int(rows, 14);
    j.ended_ms = rows_int(rows, 15);
    j.ran_before = mem_strdup(rows_text(rows, 16));
    str_copy(j.by_user, sizeof j.by_user, rows_text(rows, 17));
    str_copy(j.by_token, sizeof j.by_token, rows_text(rows, 18));
    *ret_job = j;
    return 0;
}

static int read_rows(struct rows *rows, struct job_list *l, struct err *e)
{
    int r, n = 0;
    while ((r = rows_next(rows, e)) > 0) {
        struct job j;
        if (read_row(rows, &j) < 0)
            continue;
        *(struct job *)vec_add(l) = j;
        n++;
    }
    return r < 0 ? r : n;
}

/* Only a job without service and target that is no machine's has children. */
static int read_children(struct db *db, struct job *j, struct err *e)
{
    if (*j->parent || *j->service || *j->target || verb_is_machine(j->verb))
        return 0;
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e, "SELECT id FROM jobs WHERE parent = $1 ORDER BY created_ms, id", &rows,
                     "s", j->id);
    while (r >= 0 && (r = rows_next(rows, e)) > 0)
        str_list_add(&j->children, rows_text(rows, 0));
    return r;
}

int job_db_get(struct db *db, const char *id, struct err *e, struct job *ret_job)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    struct job j;
    int r = db_query_one(db, e, "SELECT " COLUMNS " FROM jobs WHERE id = $1", &rows, "s", id);
    if (r >= 0)
        r = read_row(rows, &j);
    if (r == -ENOENT)
        return err_set(e, r, "There is no job with the id %.60s.", id);
    if (r < 0)
        return r;
    r = read_children(db, &j, e);
    if (r < 0)
        job_done(&j);
    else
        *ret_job = j;
    return r < 0 ? r : 0;
}

/* Rows, and for parents among them their children. */
static int read_families(struct db *db, struct rows *rows, struct job_list *l, struct err *e)
{
    size_t first = l->n;
    int n = read_rows(rows, l, e);
    for (size_t i = first; n >= 0 && i < l->n; i++) {
        int r = read_children(db, &l->v[i], e);
        n = r < 0 ? r : n;
    }
    return n;
}

int job_db_list(struct db *db, const struct job_filter *f, struct err *e, struct job_list *ret_jobs)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    const char *service = f->service ? f->service : "", *node = f->node ? f->node : "";
    const char *before = f->before ? f->before : "";
    int r =
        db_query(db, e,
                 "SELECT " COLUMNS " FROM jobs WHERE ($1 = '' OR service = $2) AND ($3 = '' OR "
                 "node = $4) AND ($5 <> '' OR parent = '') AND ($6 = '' OR id < $7) ORDER BY id "
                 "DESC LIMIT $8",
                 &rows, "sssssssi", service, service, node, node, service, before, before,
                 (int64_t)f->limit);
    return r < 0 ? r : read_families(db, rows, ret_jobs, e);
}

int job_db_unfinished(struct db *db, struct err *e, struct job_list *ret_jobs)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e,
                     "SELECT " COLUMNS " FROM jobs WHERE state IN ('waiting', 'running') OR parent "
                     "IN (SELECT id FROM jobs WHERE state IN ('waiting', 'running')) ORDER BY "
                     "CASE WHEN parent = '' THEN 0 ELSE 1 END, created_ms, id",
                     &rows, "");
    return r < 0 ? r : read_families(db, rows, ret_jobs, e);
}

int job_db_prune(struct db *db, int64_t now_wall_ms, struct err *e)
{
    return db_exec(db, e, "DELETE FROM jobs WHERE ended_ms > 0 AND ended_ms < $1", "i",
                   now_wall_ms - (int64_t)JOBS_KEPT_DAYS * 24 * 3600 * 1000);
}

int job_db_ceiling(struct db *db, struct err *e, int64_t *ret_ceiling)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query_one(db, e, "SELECT changed_ms FROM settings WHERE key = 'jobs.sequence'",
                         &rows, "");
    if (r < 0 && r != -ENOENT)
        return r;
    *ret_ceiling = r < 0 ? 0 : rows_int(rows, 0);
    return 0;
}

int job_db_raise_ceiling(struct db *db, int64_t ceiling, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO settings (key, value, changed_ms) VALUES ('jobs.sequence', '', $1) "
                   "ON CONFLICT (key) DO UPDATE SET changed_ms = excluded.changed_ms WHERE "
                   "settings.changed_ms < excluded.changed_ms",
                   "i", ceiling);
}
