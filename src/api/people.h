/* What users, sessions and tokens have in common. The same handlers serve web and command line. */
#pragma once

#include "access/policy.h"
#include "api/routes.h"

/* Answers with `body` (taken), which no cache may keep. */
void people_reply(struct http_exchange *x, int status, struct str *body);
void people_done(struct http_exchange *x, int r, const struct err *e); /* 204, or the problem */

/* Does the caller ask for everybody's? Sets *ret_user to whose to show (NULL = all); false after a
 * refusal. */
bool people_whose(struct http_exchange *x, enum permission for_all, const char **ret_user);

/* The lines of a table for the same handler under web and command line. */
#define PEOPLE_BOTH_WITH(flags, method, tail, permission, handler)                                 \
    {method, "/api/web/" tail, ROUTE_ON_WORKER, flags, permission, handler, 0},                    \
    {                                                                                              \
        method, "/api/cli/" tail, ROUTE_ON_WORKER, flags, permission, handler, 0                   \
    }
#define PEOPLE_BOTH(method, tail, permission, handler)                                             \
    PEOPLE_BOTH_WITH(0, method, tail, permission, handler)
