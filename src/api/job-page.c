#include "api/job-page.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/page.h"
#include "api/problem.h"

struct freshening {
    const struct jobs *jobs;
    struct job_list *list;
};

static void freshen_on_loop(void *arg)
{
    const struct freshening *f = arg;
    for (size_t i = 0; i < f->list->n; i++) {
        const struct job *live = jobs_find(f->jobs, f->list->v[i].id);
        if (!live)
            continue;
        job_done(&f->list->v[i]);
        job_copy(&f->list->v[i], live);
    }
}

void jobs_freshen(struct api *a, struct job_list *jobs)
{
    struct freshening f = {a->jobs, jobs};
    loop_call(a->loop, freshen_on_loop, &f);
}

int jobs_page(struct http_exchange *x, struct job_filter *ret_filter, struct job_list *ret_jobs)
{
    const char *limit = http_query(x, "limit");
    uint64_t n = PAGE_DEFAULT;
    struct err e = {0};
    if (limit && (str_to_u64(limit, &n) < 0 || n < 1 || n > LIMIT_PAGE))
        return body_refuse(x, "limit", "\"limit\" is a number from 1 to %d.", LIMIT_PAGE);
    *ret_filter = (struct job_filter){.service = http_query(x, "service"),
                                      .node = http_query(x, "node"),
                                      .before = http_query(x, "cursor"),
                                      .limit = (unsigned)n};
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return -EIO;
    int r = job_db_list(db, ret_filter, &e, ret_jobs);
    if (r < 0) {
        job_list_done(ret_jobs);
        problem_reply_err(x, r, &e);
        return r;
    }
    jobs_freshen(api_of(x), ret_jobs);
    return 0;
}

void jobs_page_next(struct jw *w, const struct job_filter *f, const struct job_list *jobs)
{
    jw_key_str(w, "next", jobs->n == f->limit ? jobs->v[jobs->n - 1].id : NULL);
}
