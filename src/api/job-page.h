/* Pages of jobs, newest first, for web and command line. On a worker. */
#pragma once

#include "api/api.h"
#include "jobs/job-db.h"

/* Reads `cursor`, `limit`, `service` and `node` of the request, and the page: rows of the database,
 * those under way as they are now. Negative after a problem was sent. */
int jobs_page(struct http_exchange *x, struct job_filter *ret_filter,
              struct job_list *ret_jobs) MUST_CHECK;
/* Writes "next". */
void jobs_page_next(struct jw *w, const struct job_filter *f, const struct job_list *jobs);
/* Replaces each by what is known of it now. */
void jobs_freshen(struct api *a, struct job_list *jobs);
