/* Pages by cursor: `before` and `limit` in, `next` out. */
#pragma once

#include "base/json.h"
#include "http/http.h"

enum { PAGE_DEFAULT = 100, LIMIT_PAGE = 500 };

/* 0, or -EINVAL after a problem was sent. *ret_before is 0 for the newest page. */
int page_read(struct http_exchange *x, int64_t *ret_before, unsigned *ret_limit) MUST_CHECK;

/* Writes "next": the cursor, or null when this page of `n` rows was the last. */
void page_print_next(struct jw *w, int n, unsigned limit, int64_t last_row);

/* Sends the body, or the problem when n is negative. Takes `body`. */
void page_reply(struct http_exchange *x, int n, const struct err *e, struct str *body);
