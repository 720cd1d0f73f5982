#include "api/api.h"

#include "api/gate.h"
#include "api/problem.h"
#include "api/recent-keys.h"
#include "api/routes.h"
#include "base/clock.h"

#include <pthread.h>

static const struct http_route *const tables[] = {
    state_routes, service_routes, session_routes, user_routes,   session_list_routes,
    token_routes, fleet_routes,   feed_routes,    stream_routes, job_routes,
    guard_routes, log_routes,     inspect_routes, reach_routes,  node_policy_routes,
    audit_routes, bmc_routes,     table_routes,   system_routes, dashboard_routes};

static VEC(struct http_route) all_routes;
static pthread_once_t joined = PTHREAD_ONCE_INIT;

static void join_tables(void)
{
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        for (const struct http_route *r = tables[i]; r->method; r++)
            *vec_add(&all_routes) = *r;
    vec_add(&all_routes);
}

const struct http_route *api_routes(void)
{
    pthread_once(&joined, join_tables);
    return all_routes.v;
}

struct http_hooks api_hooks(struct api *a)
{
    return (struct http_hooks){.arg = a, .gate = gate_check, .problem = problem_hook};
}

void api_show_health(struct api *a)
{
    struct store_health h = store_health(a->store);
    struct cluster_now now = {.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
    cluster_set_notice(a->cluster, "database", "bad", h.code ? h.text : NULL,
                       "Live values go on; changes and sign-ins fail until the database is back.",
                       now);
}
