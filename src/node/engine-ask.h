/* A question to Docker's engine for a program without a loop: one GET, one answer. Blocks; any
 * thread. */
#pragma once

#include "base/json.h"

/* The engine that is the machine's own: who may put a socket there is root. */
#define ENGINE_SOCKETS                                                                             \
    {                                                                                              \
        "/run/docker.sock", "/var/run/docker.sock"                                                 \
    }

/* The answer to GET `path` of the newest API. -ENOENT: there is nothing of the kind, or no engine
 * on this machine (-ECONNREFUSED: none that answers). */
int engine_ask(const char *path, struct err *e, json_t **ret_answer) MUST_CHECK;
/* The JSON of an answer in HTTP/1.0, all of it. -EINVAL, -ENOENT, -EIO. Pure. */
int engine_answer_parse(const char *text, size_t len, struct err *e,
                        json_t **ret_answer) MUST_CHECK;
