/* The target of a request: path and query, decoded once (RFC 3986, RFC 9112 section 3.2).
 *
 * A path that two readers could read in two ways is refused: dot segments, empty segments, encoded
 * slashes, backslashes, control characters, bytes that are no UTF-8. Pure. */
#pragma once

#include "base/mem.h"

enum { LIMIT_QUERY_PAIRS = 64 };

struct query_pair {
    char *name, *value;
};

enum target_form {
    TARGET_ORIGIN,   /* /path?query */
    TARGET_ABSOLUTE, /* http://authority/path?query */
    TARGET_STAR,     /* *, of OPTIONS */
};

struct target {
    enum target_form form;
    const char *authority; /* of TARGET_ABSOLUTE, not terminated */
    size_t authority_len;
    char *path; /* starts with '/'; "*" for TARGET_STAR */
    size_t path_len;
    struct query_pair *pairs; /* the caller's memory, LIMIT_QUERY_PAIRS of them */
    unsigned n_pairs;
};

/* Takes `raw` (NUL-terminated, changed, must outlive `t`) apart. 0, or -EINVAL with a sentence. */
int target_parse(struct target *t, char *raw, size_t len, const char **ret_why) MUST_CHECK;

/* The value of the first pair of that name, NULL when there is none. */
const char *target_query(const struct target *t, const char *name);
/* The n-th of them, from 0. */
const char *target_query_nth(const struct target *t, const char *name, unsigned n);
