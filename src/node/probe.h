/* Probes: what may hang, in a process of its own with a deadline.
 *
 * A probe is `/proc/self/exe node-probe VERB ARGUMENTS…`; it prints one line and exits. A process
 * that hangs in the kernel (dead NFS) survives its kill until the kernel lets go: the caller has
 * its answer all the same, and probe_is_over() says when the process is gone, so that none is
 * started beside it. */
#pragma once

#include "io/loop.h"

enum { LIMIT_PROBE_LINE = 4096, PROBE_ARGS_MAX = 8 };

struct probe;

/* `line`: what was printed, without the newline; NULL with an error: -ETIMEDOUT, -EIO (it died or
 * printed nothing). On the loop; the probe is over, but still to be freed. */
typedef void probe_fn(void *arg, int error, const char *line);

/* Starts one; at most PROBE_ARGS_MAX - 1 arguments, the verb first, ended by NULL. Never NULL:
 * failure to start comes to `done`, later. */
struct probe *probe_start(struct loop *l, const char *const *args, uint32_t deadline_ms,
                          probe_fn *done, void *arg);

/* Has it answered, and is its process gone? */
bool probe_is_over(const struct probe *p);

/* Kills what runs; `done` is not called any more. */
void probe_free(struct probe *p);

/* A verb of the child: prints its line to stdout, returns the exit code. */
struct probe_verb {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

/* statfs PATH: prints "BSIZE BLOCKS FREE AVAILABLE FILES FILES_FREE READONLY" or "error ERRNO". */
int probe_statfs(int argc, char **argv);
