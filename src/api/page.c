#include "api/page.h"

#include "api/body.h"
#include "api/pack.h"
#include "api/problem.h"

#include <stdio.h>

int page_read(struct http_exchange *x, int64_t *ret_before, unsigned *ret_limit)
{
    const char *before = http_query(x, "before"), *limit = http_query(x, "limit");
    int64_t cursor = 0;
    uint64_t n = PAGE_DEFAULT;
    if (before && (str_to_i64(before, &cursor) < 0 || cursor <= 0))
        return body_refuse(x, "before", "\"before\" is the `next` of the page before it.");
    if (limit && (str_to_u64(limit, &n) < 0 || n < 1 || n > LIMIT_PAGE))
        return body_refuse(x, "limit", "\"limit\" is a number from 1 to %d.", LIMIT_PAGE);
    *ret_before = cursor;
    *ret_limit = (unsigned)n;
    return 0;
}

void page_print_next(struct jw *w, int n, unsigned limit, int64_t last_row)
{
    char cursor[24];
    snprintf(cursor, sizeof cursor, "%lld", (long long)last_row);
    jw_key_str(w, "next", n >= 0 && (unsigned)n == limit ? cursor : NULL);
}

void page_reply(struct http_exchange *x, int n, const struct err *e, struct str *body)
{
    if (n < 0) {
        str_done(body);
        problem_reply_err(x, n, e);
        return;
    }
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply(x, 200, "application/json", body);
}
