/* Jobs in the database. Blocking: worker threads. */
#pragma once

#include "jobs/job.h"
#include "store/store.h"

enum { JOBS_KEPT_DAYS = 30 }; /* finished ones */

/* Inside the caller's transaction. */
int job_db_insert(struct db *db, const struct job *j, struct err *e) MUST_CHECK;
/* State, times and texts, unless the row is over already and this is not. */
int job_db_update(struct db *db, const struct job *j, struct err *e) MUST_CHECK;

int job_db_get(struct db *db, const char *id, struct err *e, struct job *ret_job) MUST_CHECK;

struct job_filter {
    const char *service, *node; /* NULL = any; without `service` no children */
    const char *before;         /* id of the last one seen; NULL = newest */
    unsigned limit;
};
/* Newest first. Returns how many were appended. */
int job_db_list(struct db *db, const struct job_filter *f, struct err *e,
                struct job_list *ret_jobs) MUST_CHECK;
/* All that is not over, and the siblings of it that are; parents, who know all their children, even
 * those that can't be read, before them; oldest first. */
int job_db_unfinished(struct db *db, struct err *e, struct job_list *ret_jobs) MUST_CHECK;
/* Forgets what ended before JOBS_KEPT_DAYS. Returns how many. */
int job_db_prune(struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;

/* Sequence numbers up to this may have been given out: see jobs.h. */
int job_db_ceiling(struct db *db, struct err *e, int64_t *ret_ceiling) MUST_CHECK;
int job_db_raise_ceiling(struct db *db, int64_t ceiling, struct err *e) MUST_CHECK;
