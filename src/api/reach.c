/* A service, asked from its own node and from another: what differs, in words. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/pack.h"
#include "api/problem.h"
#include "cluster/reach-words.h"

/* One of the two questions. */
struct side {
    struct compare *of;
    bool done;
    enum reach_result result;
    char *node, *json, *text; /* what it said; NULL = it did not, or was not asked */
};

struct compare {
    struct http_exchange *x;
    struct service_place place;
    char *service;
    struct side itself, other; /* without a node: there is no other */
    unsigned waiting;
};

/* --- the answer --- */

static void print_side(struct jw *w, const char *key, const struct side *s)
{
    jw_key(w, key);
    if (!s->node) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "node", s->node);
    jw_key(w, "reach");
    if (s->json)
        jw_raw(w, s->json, strlen(s->json));
    else
        jw_null(w);
    jw_key_str(w, "error", s->text);
    jw_end_object(w);
}

static struct reach_side meant(const struct side *s)
{
    return (struct reach_side){.node = s->node, .asked = s->json, .result = s->result};
}

static void print(const struct compare *c, struct str *out)
{
    struct jw w = jw_begin(out);
    struct reach_side itself = meant(&c->itself), other = meant(&c->other);
    AUTO(mem_freep)
    char *text =
        reach_words(&itself, c->other.node ? &other : NULL, c->place.port, c->place.loopback);
    jw_object(&w);
    jw_key_str(&w, "service", c->service);
    jw_key_uint(&w, "port", c->place.port);
    jw_key_str(&w, "text", text);
    print_side(&w, "itself", &c->itself);
    print_side(&w, "other", &c->other);
    jw_end_object(&w);
}

static void free_side(struct side *s)
{
    mem_free(s->node);
    mem_free(s->json);
    mem_free(s->text);
}

static void finish(struct compare *c)
{
    struct str body = {0};
    print(c, &body);
    http_add_header(c->x, "Cache-Control", "no-store");
    pack_reply(c->x, 200, "application/json", &body);
    free_side(&c->itself);
    free_side(&c->other);
    mem_free(c->service);
    mem_free(c);
}

/* --- asking --- */

static enum reach_result result_in(const char *json, size_t len)
{
    AUTO(json_decrefp) json_t *j = NULL;
    if (json_parse(json, len, LIMIT_INSPECT_ANSWER, NULL, &j) == 0)
        for (unsigned r = 0; r < REACH_RESULTS; r++)
            if (str_eq(json_get_str(j, "result", ""), reach_result_name((enum reach_result)r)))
                return (enum reach_result)r;
    return REACH_UNREACHABLE;
}

static void on_answer(void *arg, uint64_t id, const struct inspect_answer *a)
{
    struct side *s = arg;
    struct compare *c = s->of;
    (void)id;
    s->done = true;
    if (a->code < 0) {
        s->text = mem_strdup(a->text);
    } else {
        s->json = mem_strndup(a->json, a->len);
        s->result = result_in(a->json, a->len);
    }
    if (--c->waiting == 0)
        finish(c);
}

/* The last one takes the comparison along. */
static void on_left(void *arg)
{
    struct compare *c = arg;
    const struct api *a = api_of(c->x);
    struct side *waits[2];
    unsigned n = 0;
    if (!c->itself.done)
        waits[n++] = &c->itself;
    if (c->other.node && !c->other.done)
        waits[n++] = &c->other;
    for (unsigned i = 0; i < n; i++)
        a->inspect_cancel(a->arg, on_answer, waits[i]);
}

static void ask(const struct api *a, struct side *s, const char *host, uint16_t port)
{
    AUTO(mem_freep) char *target = mem_strdup(host);
    AUTO(mem_freep) char *node = mem_strdup(s->node);
    AUTO(mem_freep) char *argument = mem_printf("%u 2", port);
    struct inspection q = {.kind = INSPECT_REACH, .target = target, .argument = argument};
    a->inspect(a->arg, node, &q, on_answer, s);
}

/* Hydra's own node, where it has one and the service is on another; else any that the asker may
 * use. NULL: none. mem_free(). */
static char *choose_other(struct http_exchange *x, const char *node)
{
    const struct api *a = api_of(x);
    AUTO(str_list_done) struct str_list others = {0};
    const char *own = a->local_node;
    if (own && cluster_has_node(a->cluster, own) && !str_eq(own, node))
        str_list_add(&others, own);
    cluster_other_nodes(a->cluster, node, &others);
    for (size_t i = 0; i < others.n; i++)
        if (gate_may_on(x, PERM_NODE_REACH, others.v[i]))
            return mem_strdup(others.v[i]);
    return NULL;
}

static void compare(struct http_exchange *x, const char *service, const struct service_place *p,
                    const char *from)
{
    const struct api *a = api_of(x);
    struct compare *c = mem_alloc(sizeof *c);
    *c = (struct compare){.x = x, .place = *p, .service = mem_strdup(service)};
    c->itself = (struct side){.of = c, .node = mem_strdup(p->node)};
    c->other = (struct side){.of = c, .node = from && *p->address ? mem_strdup(from) : NULL};
    c->waiting = c->other.node ? 2 : 1;
    http_defer(x);
    http_on_left(x, on_left, c);
    if (c->other.node)
        ask(a, &c->other, p->address, p->port);
    ask(a, &c->itself, p->host, p->port); /* last: it may be the end of `c` */
}

static void get_reach(struct http_exchange *x)
{
    const struct api *a = api_of(x);
    struct err e = {0};
    struct service_place p;
    const char *id = http_param(x, "id"), *from = http_query(x, "from");
    int r = cluster_look_place(a->cluster, id, &e, &p);
    if (r >= 0 && !str_is_empty(from) && !cluster_has_node(a->cluster, from))
        r = err_set(&e, -ENOENT, "There is no node with the id %.100s.", from);
    if (r >= 0 && str_eq(from, p.node))
        r = err_set(&e, -EINVAL, "It runs on %s itself: ask from another node.", p.node);
    if (r >= 0 && !str_is_empty(from) && !*p.address)
        r = err_set(&e, -EINVAL, "No address of %s is known, by which %.100s could ask it.", p.node,
                    from);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    if (!str_is_empty(from) && !gate_may_on(x, PERM_NODE_REACH, from)) {
        gate_refuse(x, PERM_NODE_REACH);
        return;
    }
    AUTO(mem_freep) char *any = str_is_empty(from) ? choose_other(x, p.node) : NULL;
    compare(x, id, &p, str_is_empty(from) ? any : from);
}

const struct http_route reach_routes[] = {
    {"GET", "/api/web/reach/{id...}", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "node:reach", get_reach, 0},
    {"GET", "/api/cli/reach/{id...}", ROUTE_ON_LOOP, ROUTE_OF_RESOURCE, "node:reach", get_reach, 0},
    {0},
};
