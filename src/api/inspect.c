/* Questions to a node: its own answer is passed on as it is. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/pack.h"
#include "api/problem.h"

/* How a node's refusal is told. What is not listed: 503, the node failed to answer. */
static const struct {
    int code, status;
    const char *type;
    unsigned retry_after_s;
} refusals[] = {
    {-EINVAL, 400, PROBLEM_INVALID, 0},     {-ENOENT, 404, PROBLEM_NOT_FOUND, 0},
    {-EACCES, 409, PROBLEM_CONFLICT, 0},    {-EOPNOTSUPP, 409, PROBLEM_NOT_HERE, 0},
    {-ENOSYS, 409, PROBLEM_AGENT_OLD, 0},   {-EAGAIN, 429, PROBLEM_TOO_MANY, 5},
    {-ENOTCONN, 503, PROBLEM_NODE_AWAY, 5}, {-EIO, 503, PROBLEM_UNAVAILABLE, 0},
};

static void refuse(struct http_exchange *x, const struct inspect_answer *a)
{
    struct problem p = {
        .status = 503, .type = PROBLEM_UNAVAILABLE, .detail = a->text, .retry_after_s = 5};
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        if (refusals[i].code == a->code) {
            p.status = refusals[i].status;
            p.type = refusals[i].type;
            p.retry_after_s = refusals[i].retry_after_s;
        }
    problem_reply(x, &p);
}

static void on_answer(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct http_exchange *x = arg;
    struct str body = {0};
    (void)id;
    if (a->code < 0) {
        refuse(x, a);
        return;
    }
    str_add_n(&body, a->json, a->len);
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply(x, 200, "application/json", &body);
}

static void on_left(void *arg)
{
    struct http_exchange *x = arg;
    const struct api *a = api_of(x);
    a->inspect_cancel(a->arg, on_answer, x);
}

static void ask(struct http_exchange *x, enum inspect_kind kind, const char *target,
                const char *argument)
{
    const struct api *a = api_of(x);
    const char *node = http_param(x, "id");
    struct inspection q = {.kind = kind, .target = (char *)target, .argument = (char *)argument};
    if (!cluster_has_node(a->cluster, node)) {
        AUTO(mem_freep) char *why = mem_printf("There is no node with the id %.100s.", node);
        problem_reply(x,
                      &(struct problem){.status = 404, .type = PROBLEM_NOT_FOUND, .detail = why});
        return;
    }
    http_defer(x);
    http_on_left(x, on_left, x);
    a->inspect(a->arg, node, &q, on_answer, x);
}

static void get_docker_usage(struct http_exchange *x)
{
    ask(x, INSPECT_DOCKER_USAGE, "", "");
}

static void get_generations(struct http_exchange *x)
{
    ask(x, INSPECT_GENERATIONS, "", "");
}

static const char *query_or(struct http_exchange *x, const char *name, const char *otherwise)
{
    const char *value = http_query(x, name);
    return str_is_empty(value) ? otherwise : value;
}

static void get_generation_diff(struct http_exchange *x)
{
    ask(x, INSPECT_GENERATION_DIFF, query_or(x, "from", "previous"), query_or(x, "to", "current"));
}

static void get_generation_plan(struct http_exchange *x)
{
    ask(x, INSPECT_GENERATION_PLAN, query_or(x, "to", "previous"), "");
}

static void get_garbage(struct http_exchange *x)
{
    ask(x, INSPECT_GARBAGE, "", query_or(x, "older_than_days", ""));
}

static void get_process_tree(struct http_exchange *x)
{
    ask(x, INSPECT_PROCESSES, "", "");
}

static void get_kernel_log(struct http_exchange *x)
{
    ask(x, INSPECT_KERNEL_LOG, "", "");
}

static void get_time(struct http_exchange *x)
{
    ask(x, INSPECT_TIME, "", "");
}

static void get_disks(struct http_exchange *x)
{
    ask(x, INSPECT_DISKS, "", "");
}

static void get_packages(struct http_exchange *x)
{
    ask(x, INSPECT_PACKAGES, "", "");
}

static void get_folders(struct http_exchange *x)
{
    ask(x, INSPECT_FOLDERS, query_or(x, "path", "/"), "");
}

static void get_unraid(struct http_exchange *x)
{
    ask(x, INSPECT_UNRAID, "", "");
}

static void get_mounts(struct http_exchange *x)
{
    ask(x, INSPECT_MOUNTS, "", "");
}

static void get_log_usage(struct http_exchange *x)
{
    ask(x, INSPECT_LOG_USAGE, "", "");
}

static void get_ports(struct http_exchange *x)
{
    ask(x, INSPECT_PORTS, "", query_or(x, "port", ""));
}

/* A node, or NODE:PORT, is asked for where it is known to be. The caller frees. */
static char *place_of(struct cluster *c, const char *to)
{
    size_t n = strcspn(to, ":");
    AUTO(mem_freep) char *node = mem_strndup(to, n);
    const char *address = cluster_has_node(c, node) ? cluster_node_address(c, node) : NULL;
    if (!address)
        return mem_strdup(to);
    return mem_printf(to[n] && strchr(address, ':') ? "[%s]%s" : "%s%s", address, to + n);
}

static void get_reach(struct http_exchange *x)
{
    AUTO(mem_freep) char *to = place_of(api_of(x)->cluster, query_or(x, "to", ""));
    AUTO(mem_freep)
    char *argument = mem_printf("%s %s", query_or(x, "port", "0"), query_or(x, "tries", "0"));
    ask(x, INSPECT_REACH, to, argument);
}

static void get_networks(struct http_exchange *x)
{
    ask(x, INSPECT_NETWORKS, query_or(x, "of", ""), "");
}

#define FOR_PEOPLE(tail, permission, handler)                                                      \
    {"GET", "/api/web/nodes/{id}" tail, ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, permission, handler, 0}, \
    {                                                                                              \
        "GET", "/api/cli/nodes/{id}" tail, ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, permission, handler,  \
            0                                                                                      \
    }

const struct http_route inspect_routes[] = {
    FOR_PEOPLE("/docker-usage", "nodes:read", get_docker_usage),
    FOR_PEOPLE("/generations", "nodes:read", get_generations),
    FOR_PEOPLE("/generations/diff", "nodes:read", get_generation_diff),
    FOR_PEOPLE("/generations/plan", "generation:switch", get_generation_plan),
    FOR_PEOPLE("/garbage", "nodes:read", get_garbage),
    FOR_PEOPLE("/process-tree", "processes:read", get_process_tree),
    FOR_PEOPLE("/kernel-log", "logs:read", get_kernel_log),
    FOR_PEOPLE("/time", "nodes:read", get_time),
    FOR_PEOPLE("/disks", "nodes:read", get_disks),
    FOR_PEOPLE("/packages", "nodes:read", get_packages),
    FOR_PEOPLE("/folders", "processes:read", get_folders),
    FOR_PEOPLE("/unraid", "nodes:read", get_unraid),
    FOR_PEOPLE("/mounts", "processes:read", get_mounts),
    FOR_PEOPLE("/log-usage", "nodes:read", get_log_usage),
    FOR_PEOPLE("/networks", "nodes:read", get_networks),
    FOR_PEOPLE("/ports", "processes:read", get_ports),
    FOR_PEOPLE("/reach", "node:reach", get_reach),
    {0},
};
