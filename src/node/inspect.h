/* Questions to a machine: read-only, each with one answer, JSON of its own shape
 * (api/openapi.yaml).
 *
 * inspect.c says what can be asked; inspect-node.c asks it; each kind is one file inspect-X.c. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum inspect_kind {
    INSPECT_DOCKER_USAGE,    /* what images, containers, volumes and build caches take up */
    INSPECT_GENERATIONS,     /* of NixOS */
    INSPECT_GENERATION_DIFF, /* target, argument: from and to, as generations_pick() takes them */
    INSPECT_GENERATION_PLAN, /* target: what a switch to it would do to units */
    INSPECT_GARBAGE,         /* argument: days; what a clean-up of the Nix store would win */
    INSPECT_PROCESSES,       /* all of them */
    INSPECT_KERNEL_LOG,      /* its errors since the start */
    INSPECT_TIME,            /* is the clock kept right? */
    INSPECT_DISKS,           /* and how they are */
    INSPECT_PACKAGES,        /* pending updates */
    INSPECT_FOLDERS,         /* target: a path; what the folders in it take up */
    INSPECT_UNRAID,          /* array, parity, disks, shares of Unraid */
    INSPECT_MOUNTS,    /* network mounts: there or not, who uses them, what may be remounted */
    INSPECT_LOG_USAGE, /* what the journal and the logs of containers take up */
    INSPECT_PORTS,     /* argument: a port, "" = all; who listens */
    INSPECT_REACH,     /* target and argument as reach_order_parse() takes them */
    INSPECT_NETWORKS,  /* target: "docker/plex", "docker", "" = the first engine; its networks */
    INSPECT_COUNT,
};
const char *inspect_kind_name(enum inspect_kind k);                            /* "docker-usage" */
int inspect_kind_parse(const char *name, enum inspect_kind *ret_k) MUST_CHECK; /* -ENOENT */
uint32_t inspect_timeout_ms(enum inspect_kind k); /* that people wait for it, unless they say */

enum {
    LIMIT_INSPECT_ANSWER = 1 << 20, /* bytes */
    LIMIT_INSPECT_VALUES = 200000,  /* in an answer of a node: each is a piece of memory */
    LIMIT_INSPECT_TEXT = 512,       /* bytes of target and argument */
    LIMIT_INSPECTIONS = 32,         /* at once on one machine */
    INSPECT_MIN_MS = 100,
    INSPECT_MAX_MS = 10 * 60000,
};

struct inspection {
    enum inspect_kind kind;
    char *target, *argument; /* the kind's own; "" = none */
    uint32_t timeout_ms;     /* 0 = inspect_timeout_ms() */
};
void inspection_copy(struct inspection *to, const struct inspection *from);
void inspection_done(struct inspection *q);

/* Valid during the call only. */
struct inspect_answer {
    int code; /* 0, or: -EINVAL, -ENOENT (its target is not there), -EACCES (the node's policy),
                 -EOPNOTSUPP (this machine has nothing of the kind), -ETIMEDOUT, -EAGAIN, -ENOSYS
                 (the agent is too old), -ENOTCONN (the node is away), -ECANCELED, -EIO */
    const char *text; /* a sentence that says what to do; "" when answered */
    const char *json; /* an object; "" when not */
    size_t len;
};
typedef void inspect_fn(void *arg, uint64_t id, const struct inspect_answer *a);

struct node;
/* Asks. `done` comes exactly once, later, on the node's loop; not after node_free(). `q` is copied;
 * the id is the asker's. On the loop. */
void node_inspect(struct node *n, uint64_t id, const struct inspection *q, inspect_fn *done,
                  void *arg);
/* Nobody waits for it any more: `done` doesn't come. Unknown ids are fine. On the loop. */
void node_inspect_cancel(struct node *n, uint64_t id);
