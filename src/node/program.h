/* Runs another program to its end: an argument vector, never a shell; a deadline; no more of its
 * output than is asked for. Blocks: not on a loop. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stdatomic.h>

enum { LIMIT_PROGRAM_ERRORS = 8 << 10 }; /* bytes of what it said wrong: the last ones */

struct program {
    const char *const *argv; /* argv[0] is a path; ended by NULL */
    const char *const *env;  /* NULL = a small one: PATH of the system, LC_ALL=C, HOME=/ */
    uint32_t deadline_ms;    /* then it is killed, with all in its process group */
    size_t output_max;       /* of its standard output; more is an error: -E2BIG */
    bool mixed;              /* standard error goes to the same text, and is cut instead */
};

struct program_end {
    int status;      /* exit code; 128 + signal when one ended it */
    struct str text; /* standard output */
    struct str errors;
};
void program_end_done(struct program_end *end);

/* What this thread runs is killed when the flag becomes true, and ends with -ECANCELED; NULL =
 * nothing ends it early. The flag outlives what is run. */
void program_stop_by(const atomic_bool *flag);
bool program_is_stopped(void); /* for what else the thread does meanwhile */

/* Where a program of that name is, in the folders of the system, seen from this program; NULL.
 * mem_free(). */
char *program_find(const char *root, const char *name);

/* 0: it ran and ended, whatever its exit code. -ENOENT …: it could not be started. -ETIMEDOUT,
 * -ECANCELED, -E2BIG. With a sentence. */
int program_run(const struct program *p, struct err *e, struct program_end *ret_end) MUST_CHECK;
