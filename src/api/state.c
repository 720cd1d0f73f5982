/* What is: reads that the live model answers from ready-made JSON, on the loop. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/pack.h"
#include "api/problem.h"

/* Takes `b`. The snapshots change every second: no browser or proxy is to keep them. */
static void reply_packed(struct http_exchange *x, struct buf *b, const char *what,
                         struct pack_cache *cache)
{
    if (!b) {
        char detail[256];
        snprintf(detail, sizeof detail, "There is no %s with the id %.160s.", what,
                 http_param(x, "id"));
        problem_reply(
            x, &(struct problem){.status = 404, .type = PROBLEM_NOT_FOUND, .detail = detail});
        return;
    }
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply_buf(x, 200, "application/json", b, cache);
}

static void reply(struct http_exchange *x, struct buf *b, const char *what)
{
    reply_packed(x, b, what, NULL);
}

static void get_overview(struct http_exchange *x)
{
    struct api *a = api_of(x);
    struct buf *b = cluster_overview_for(a->cluster, subject_of(x)->permissions);
    reply_packed(x, b, "overview", &a->packed_overview);
}

static void get_nodes(struct http_exchange *x)
{
    reply(x, cluster_nodes(api_of(x)->cluster), "list");
}

static void get_node(struct http_exchange *x)
{
    reply(x, cluster_node(api_of(x)->cluster, http_param(x, "id")), "node");
}

static void get_window(struct http_exchange *x)
{
    reply(x, cluster_window(api_of(x)->cluster, http_param(x, "id")), "node");
}

static void get_trends(struct http_exchange *x)
{
    reply(x, cluster_trends(api_of(x)->cluster), "list");
}

static void get_processes(struct http_exchange *x)
{
    reply(x, cluster_processes(api_of(x)->cluster, http_param(x, "id")), "node");
}

static void get_services(struct http_exchange *x)
{
    reply(x, cluster_services(api_of(x)->cluster), "list");
}

static void get_service(struct http_exchange *x)
{
    reply(x, cluster_service(api_of(x)->cluster, http_param(x, "id")), "service");
}

static void get_status(struct http_exchange *x)
{
    reply(x, cluster_status(api_of(x)->cluster), "status");
}

const struct http_route state_routes[] = {
    {"GET", "/api/web/overview", ROUTE_ON_LOOP, 0, "services:read", get_overview, 0},
    {"GET", "/api/web/nodes", ROUTE_ON_LOOP, 0, "nodes:read", get_nodes, 0},
    {"GET", "/api/web/nodes/{id}", ROUTE_ON_LOOP, 0, "nodes:read", get_node, 0},
    {"GET", "/api/web/nodes/{id}/window", ROUTE_ON_LOOP, 0, "nodes:read", get_window, 0},
    {"GET", "/api/web/trends", ROUTE_ON_LOOP, 0, "nodes:read", get_trends, 0},
    {"GET", "/api/web/nodes/{id}/processes", ROUTE_ON_LOOP, 0, "processes:read", get_processes, 0},
    {"GET", "/api/web/services", ROUTE_ON_LOOP, 0, "services:read", get_services, 0},
    {"GET", "/api/web/services/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_service, 0},
    {"GET", "/api/cli/status", ROUTE_ON_LOOP, 0, "services:read", get_status, 0},
    {"GET", "/api/cli/services/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_service, 0},
    {"GET", "/api/automation/services", ROUTE_ON_LOOP, 0, "services:read", get_services, 0},
    {"GET", "/api/automation/services/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_service, 0},
    {0},
};
