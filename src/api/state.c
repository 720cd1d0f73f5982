/* What is: reads that the live model answers from ready-made JSON, on the loop. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/problem.h"

typedef struct buf *make_answer(struct cluster *c, const char *id);

static void reply(struct http_exchange *x, make_answer *make, const char *what)
{
    struct api *a = api_of(x);
    char detail[256];
    if (state_cache_reply(&a->state_cache, x, a->cluster, make))
        return;
    snprintf(detail, sizeof detail, "There is no %s with the id %.160s.", what,
             http_param(x, "id"));
    problem_reply(x, &(struct problem){.status = 404, .type = PROBLEM_NOT_FOUND, .detail = detail});
}

static void get_overview(struct http_exchange *x)
{
    struct api *a = api_of(x);
    struct buf *b = cluster_overview_for(a->cluster, policy_permissions(subject_of(x), NULL));
    pack_reply_buf(x, 200, "application/json", b, &a->packed_overview);
}

static struct buf *make_nodes(struct cluster *c, const char *id)
{
    (void)id;
    return cluster_nodes(c);
}

static struct buf *make_trends(struct cluster *c, const char *id)
{
    (void)id;
    return cluster_trends(c);
}

static struct buf *make_services(struct cluster *c, const char *id)
{
    (void)id;
    return cluster_services(c);
}

static struct buf *make_status(struct cluster *c, const char *id)
{
    (void)id;
    return cluster_status(c);
}

static void get_nodes(struct http_exchange *x)
{
    reply(x, make_nodes, "list");
}

static void get_node(struct http_exchange *x)
{
    reply(x, cluster_node, "node");
}

static void get_window(struct http_exchange *x)
{
    reply(x, cluster_window, "node");
}

static void get_trends(struct http_exchange *x)
{
    reply(x, make_trends, "list");
}

static void get_processes(struct http_exchange *x)
{
    reply(x, cluster_processes, "node");
}

static void get_services(struct http_exchange *x)
{
    reply(x, make_services, "list");
}

static void get_service(struct http_exchange *x)
{
    reply(x, cluster_service, "service");
}

/* An end of the id will do that only one service has. */
static struct buf *make_service_by_end(struct cluster *c, const char *text)
{
    char id[256];
    return cluster_find_service(c, text, NULL, id) < 0 ? NULL : cluster_service(c, id);
}

static void get_service_by_end(struct http_exchange *x)
{
    struct err e = {0};
    char id[256];
    int r = cluster_find_service(api_of(x)->cluster, http_param(x, "id"), &e, id);
    if (r < 0)
        problem_reply_err(x, r, &e);
    else
        reply(x, make_service_by_end, "service");
}

static void get_status(struct http_exchange *x)
{
    reply(x, make_status, "status");
}

const struct http_route state_routes[] = {
    {"GET", "/api/web/overview", ROUTE_ON_LOOP, 0, "services:read", get_overview, 0},
    {"GET", "/api/web/nodes", ROUTE_ON_LOOP, 0, "nodes:read", get_nodes, 0},
    {"GET", "/api/web/nodes/{id}", ROUTE_ON_LOOP, 0, "nodes:read", get_node, 0},
    {"GET", "/api/web/nodes/{id}/window", ROUTE_ON_LOOP, 0, "nodes:read", get_window, 0},
    {"GET", "/api/web/trends", ROUTE_ON_LOOP, 0, "nodes:read", get_trends, 0},
    {"GET", "/api/web/nodes/{id}/processes", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "processes:read",
     get_processes, 0},
    {"GET", "/api/web/services", ROUTE_ON_LOOP, 0, "services:read", get_services, 0},
    {"GET", "/api/web/services/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_service, 0},
    {"GET", "/api/cli/status", ROUTE_ON_LOOP, 0, "services:read", get_status, 0},
    {"GET", "/api/cli/services/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_service_by_end, 0},
    {"GET", "/api/automation/services", ROUTE_ON_LOOP, 0, "services:read", get_services, 0},
    {"GET", "/api/automation/services/{id...}", ROUTE_ON_LOOP, 0, "services:read", get_service, 0},
    {0},
};
