/* The backends-for-frontends: web, command line, automation, streams. Turns HTTP into calls of the
 * domain and back.
 *
 * The only layer that knows both. Routes stand in one table per file; all of them are listed in
 * api.c. Everything that answers from memory runs on the loop, everything that touches the database
 * on a worker. */
#pragma once

#include "access/access.h"
#include "access/fleet.h"
#include "api/state-cache.h"
#include "cluster/cluster.h"
#include "http/http.h"
#include "jobs/jobs.h"
#include "node/inspect.h"
#include "store/store.h"
#include "stream/fanout.h"

struct api_listener {
    char address[128];
    bool exposed; /* reachable from other machines, without TLS */
};

/* What the handlers work on. Made by the hub; lives as long as the server. */
struct api {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    struct access *access;
    struct fleet *fleet;
    const char *agents_address; /* HOST:PORT that agents dial; "" = the setting keeps them out */
    struct cluster *cluster;    /* on the loop only */
    struct jobs *jobs;          /* on the loop only */
    struct event_log *log;
    struct fanout *fanout;
    struct logs *logs;
    struct http_server *server;
    const char *local_node; /* id of the node that this hydrad watches */
    /* Checks one service now. On the loop. -ENOENT. */
    int (*check_now)(void *arg, const char *service);
    /* Asks a node; `done` comes once, on the loop. On the loop. */
    void (*inspect)(void *arg, const char *node, const struct inspection *q, inspect_fn *done,
                    void *done_arg);
    /* Who asked with these waits no more: `done` comes at once. On the loop. */
    void (*inspect_cancel)(void *arg, inspect_fn *done, void *done_arg);
    void *arg;
    const struct http_asset *assets; /* ends with .path = NULL */
    VEC(struct api_listener) listeners;
    int64_t started_mono_ms;
    struct recent_keys *recent_keys; /* on the loop */
    char vain_proxy[64]; /* who signed-in people came through, and is not believed; on the loop */
    struct state_cache state_cache;                    /* on the loop */
    struct pack_cache packed_overview, packed_openapi; /* on the loop */
    struct buf *openapi;                               /* made when first asked for; on the loop */
    bool ready;                                        /* on the loop */
    bool demo;                                         /* simulated nodes: marked everywhere */
};

/* Every route, for the server and for the check against api/openapi.yaml. Ends with .method = NULL.
 */
const struct http_route *api_routes(void);

struct http_hooks api_hooks(struct api *a);

/* A running server keeps the state of the database visible: call after each change of
 * store_health(). On the loop. */
void api_show_health(struct api *a);
