/* Between inspect-node.c and the kinds (inspect-*.c). On the node's loop, but for what says
 * otherwise. */
#pragma once

#include "base/json.h"
#include "base/vec.h"
#include "io/http-client.h"
#include "node/inspect.h"
#include "node/node-private.h"

extern const struct node_module inspect_module;

/* A question that is being answered. */
struct inspect {
    struct node *node;
    uint64_t id;
    struct inspection q;
    const struct inspect_ops *ops;
    void *state; /* the ops' own */
    bool begun;
    struct loop_timer *deadline;
    struct inspect_work *work; /* NULL = nothing of it runs on another thread */
    inspect_fn *done;
    void *arg;
};

struct inspect_ops {
    const char *allowed_as; /* what the policy must allow; NULL = anybody may ask */
    unsigned at_once;       /* so many of the kind; 0 = as many as of all */
    /* Begins. Must come to inspect_answer() or inspect_fail(), at once or later. */
    void (*start)(struct inspect *i);
    /* Lets go of all that runs, and of `state`; nothing may come of it afterwards. NULL: there is
     * nothing but inspect_on_thread(). */
    void (*stop)(struct inspect *i);
};

extern const struct inspect_ops unraid_inspect, networks_inspect;
extern const struct inspect_ops processes_inspect, kernel_log_inspect, time_inspect, disks_inspect,
    packages_inspect;
extern const struct inspect_ops docker_usage_inspect, generations_inspect, generation_diff_inspect,
    generation_plan_inspect, garbage_inspect, folders_inspect, mounts_inspect, log_usage_inspect,
    ports_inspect, reach_inspect;

/* Both end it: `i` is gone afterwards. */
void inspect_answer(struct inspect *i, const struct str *json);
void inspect_fail(struct inspect *i, int code, const char *fmt, ...) PRINTF(3, 4);

/* For what asks by HTTP; of the node. */
struct http_client *inspect_http(struct inspect *i);

/* Runs `fn` on another thread, for a node at a time one that is quick and one that is not (by
 * inspect_timeout_ms()); what it returns ends the inspection. When that was ended before, `fn` runs
 * to its end all the same, or never. `free_arg` is called once, on the loop; NULL. */
typedef int inspect_work_fn(void *arg, struct jw *w, struct err *e);
void inspect_on_thread(struct inspect *i, inspect_work_fn *fn, void *arg, loop_fn *free_arg);
