/* RFC 9457 problems: the one place where an error becomes an HTTP answer. */
#pragma once

#include "base/err.h"
#include "http/http.h"

/* The problem types that are stable contract; the last path segment of `type`. */
#define PROBLEM_INVALID "invalid-request"
#define PROBLEM_SIGNED_OUT "signed-out"
#define PROBLEM_FORBIDDEN "forbidden"
#define PROBLEM_NOT_FOUND "not-found"
#define PROBLEM_CONFLICT "conflict"
#define PROBLEM_NODE_AWAY "node-away"
#define PROBLEM_NOT_HERE "not-here" /* a node has nothing of the kind */
#define PROBLEM_AGENT_OLD "agent-too-old"
#define PROBLEM_GUARDED "guarded"
#define PROBLEM_NODE_EXISTS "node-exists"
#define PROBLEM_TOO_MANY "too-many-requests"
#define PROBLEM_UNAVAILABLE "unavailable"
#define PROBLEM_INTERNAL "internal"

struct problem {
    int status;
    const char *type;       /* one of the above */
    const char *detail;     /* says what to do */
    const char *permission; /* the missing one, or NULL */
    const char *field;      /* the offending member of the body, or NULL */
    unsigned retry_after_s; /* 0 = none */
};

void problem_reply(struct http_exchange *x, const struct problem *p);

/* From a negative errno and its sentence: -EINVAL 400, -EACCES 401, -EPERM 403, -ENOENT 404,
 * -EEXIST and -EBUSY 409, -ENOTCONN (a node is away) and
 * -EKEYREJECTED (guard rails) 409, -EAGAIN 429, database trouble 503, anything else 500. */
void problem_reply_err(struct http_exchange *x, int code, const struct err *e);

/* For http_hooks.problem. */
void problem_hook(void *arg, struct http_exchange *x, int status, const char *type,
                  const char *detail);
