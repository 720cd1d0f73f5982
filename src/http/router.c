#include "http/router.h"

#include "http/chars.h"

#include <errno.h>

/* A route, and the names of its parameters, which stand in its path. */
struct named_route {
    const struct http_route *route;
    struct route_param params[LIMIT_ROUTE_PARAMS]; /* without values */
};

struct node {
    char *segment; /* NULL of the root, of `{name}` and of `{name...}` */
    size_t len;
    struct node **literals;
    size_t n_literals;
    struct node *param, *rest;
    struct named_route *routes[METHOD_COUNT];
    const struct http_asset *asset;
    unsigned allowed; /* as in struct route_match */
};

struct slot {
    const char *path;
    size_t len;
    uint32_t hash;
    struct node *node;
};

struct router {
    struct node root;
    struct slot *slots; /* by hash of the whole path; open addressing, at most half full */
    size_t n_slots, used;
};

DEFINE_FREEP(struct router, router_free)

static const char *const method_names[METHOD_COUNT] = {"GET",   "HEAD",   "POST",   "PUT",
                                                       "PATCH", "DELETE", "OPTIONS"};

enum route_method route_method(const char *name)
{
    enum route_method m = METHOD_GET;
    while (m < METHOD_COUNT && strcmp(method_names[m], name) != 0)
        m++;
    return m;
}

void route_allow_text(unsigned allowed, struct str *out)
{
    for (unsigned m = 0; m < METHOD_COUNT; m++)
        if (allowed & 1u << m) {
            if (out->len)
                str_add(out, ", ");
            str_add(out, method_names[m]);
        }
}

/* FNV-1a, over words of eight bytes; the routes and assets are ours: nobody picks what collides. */
static uint32_t hash_path(const char *path, size_t len)
{
    uint64_t h = 14695981039346656037u, word = 0;
    for (; len >= sizeof word; path += sizeof word, len -= sizeof word) {
        memcpy(&word, path, sizeof word);
        h = (h ^ word) * 1099511628211u;
        h ^= h >> 32;
    }
    word = len;
    memcpy(&word, path, len);
    h = (h ^ word) * 1099511628211u;
    return (uint32_t)(h >> 32);
}

static struct slot *find_slot(const struct router *r, const char *path, size_t len)
{
    uint32_t h = hash_path(path, len);
    size_t mask = r->n_slots - 1, i = h & mask;
    for (; r->slots[i].node; i = (i + 1) & mask)
        if (r->slots[i].hash == h && r->slots[i].len == len &&
            memcmp(r->slots[i].path, path, len) == 0)
            break;
    return &r->slots[i];
}

static void grow_slots(struct router *r)
{
    struct slot *old = r->slots;
    size_t n = r->n_slots;
    r->n_slots = n ? n * 2 : 64;
    r->slots = mem_array(r->n_slots, sizeof *r->slots);
    for (size_t i = 0; i < n; i++)
        if (old[i].node)
            *find_slot(r, old[i].path, old[i].len) = old[i];
    mem_free(old);
}

static void add_slot(struct router *r, const char *path, struct node *node)
{
    if (r->used * 2 >= r->n_slots)
        grow_slots(r);
    size_t len = strlen(path);
    struct slot *s = find_slot(r, path, len);
    r->used += !s->node;
    *s = (struct slot){path, len, hash_path(path, len), node};
}

static struct node *find_literal(const struct node *n, const char *segment, size_t len)
{
    for (size_t i = 0; i < n->n_literals; i++)
        if (n->literals[i]->len == len && memcmp(n->literals[i]->segment, segment, len) == 0)
            return n->literals[i];
    return NULL;
}

static struct node *add_literal(struct node *n, const char *segment, size_t len)
{
    struct node *child = find_literal(n, segment, len);
    if (child)
        return child;
    child = mem_alloc(sizeof *child);
    child->segment = mem_strndup(segment, len);
    child->len = len;
    n->literals = mem_realloc(n->literals, (n->n_literals + 1) * sizeof(struct node *));
    n->literals[n->n_literals++] = child;
    return child;
}

/* `{name}` or `{name...}`: returns 1 or 2; 0 for a literal, -1 for what is malformed. */
static int param_kind(const char *segment, size_t len)
{
    if (!memchr(segment, '{', len) && !memchr(segment, '}', len))
        return 0;
    if (len < 3 || segment[0] != '{' || segment[len - 1] != '}')
        return -1;
    bool rest = len > 5 && memcmp(segment + len - 4, "...}", 4) == 0;
    size_t name = rest ? len - 5 : len - 2;
    return char_span(segment + 1, name, CHAR_HOST) == name ? 1 + rest : -1;
}

static struct node *add_segment(struct node *n, const char *segment, size_t len, bool last)
{
    int kind = param_kind(segment, len);
    if (kind < 0 || (kind == 2 && !last))
        return NULL;
    if (kind == 0)
        return add_literal(n, segment, len);
    struct node **child = kind == 1 ? &n->param : &n->rest;
    if (!*child)
        *child = mem_alloc(sizeof **child);
    return *child;
}

/* The node of that path, made where it is missing. NULL when the path is malformed. */
static struct node *add_path(struct router *r, const char *path, bool *ret_literal)
{
    struct node *n = &r->root;
    unsigned segments = 0, params = 0;
    if (path[0] != '/')
        return NULL;
    for (const char *p = path; *p && n;) {
        const char *segment = p + 1;
        p = strchrnul(segment, '/');
        params += *segment == '{';
        if (++segments > LIMIT_ROUTE_SEGMENTS || params > LIMIT_ROUTE_PARAMS)
            return NULL;
        n = add_segment(n, segment, (size_t)(p - segment), !*p);
    }
    *ret_literal = params == 0;
    return n;
}

/* Whoever has GET has HEAD, and all have OPTIONS. */
static void allow(struct node *n, enum route_method m)
{
    n->allowed |= 1u << m | 1u << METHOD_OPTIONS;
    if (m == METHOD_GET)
        n->allowed |= 1u << METHOD_HEAD;
}

static struct named_route *name_params(const struct http_route *route)
{
    struct named_route *n = mem_alloc(sizeof *n);
    const char *p = route->path;
    n->route = route;
    for (unsigned i = 0; (p = strchr(p, '{')); i++) {
        p++;
        n->params[i] = (struct route_param){.name = p, .name_len = strcspn(p, ".}")};
    }
    return n;
}

static int add_route(struct router *r, const struct http_route *route, struct err *e)
{
    enum route_method m = route_method(route->method);
    if (m == METHOD_COUNT || m == METHOD_HEAD)
        return err_set(e, -EINVAL, "route %s %s: the server has no such method", route->method,
                       route->path);
    if (!route->permission && !(route->flags & ROUTE_PUBLIC))
        return err_set(e, -EINVAL, "route %s %s: needs a permission, or ROUTE_PUBLIC on purpose",
                       route->method, route->path);
    if (!route->handle)
        return err_set(e, -EINVAL, "route %s %s: has no handler", route->method, route->path);
    if ((route->flags & ROUTE_STREAM_BODY) && route->where != ROUTE_ON_WORKER)
        return err_set(e, -EINVAL, "route %s %s: a body in pieces is read on a worker only",
                       route->method, route->path);
    bool literal;
    struct node *n = add_path(r, route->path, &literal);
    if (!n)
        return err_set(e, -EINVAL, "route %s %s: the path is malformed", route->method,
                       route->path);
    if (n->routes[m])
        return err_set(e, -EINVAL, "route %s %s: is there already", route->method, route->path);
    n->routes[m] = name_params(route);
    allow(n, m);
    if (literal)
        add_slot(r, route->path, n);
    return 0;
}

static int add_asset(struct router *r, const struct http_asset *asset, struct err *e)
{
    bool literal;
    struct node *n = add_path(r, asset->path, &literal);
    if (!n || !literal)
        return err_set(e, -EINVAL, "asset %s: the path is malformed", asset->path);
    if (n->asset || n->routes[METHOD_GET])
        return err_set(e, -EINVAL, "asset %s: the path is taken already", asset->path);
    n->asset = asset;
    allow(n, METHOD_GET);
    add_slot(r, asset->path, n);
    return 0;
}

int router_new(const struct http_route *routes, const struct http_asset *assets, struct err *e,
               struct router **ret_router)
{
    AUTO(router_freep) struct router *r = mem_alloc(sizeof *r);
    grow_slots(r);
    for (; routes && routes->method; routes++) {
        int rc = add_route(r, routes, e);
        if (rc < 0)
            return rc;
    }
    for (; assets && assets->path; assets++) {
        int rc = add_asset(r, assets, e);
        if (rc < 0)
            return rc;
    }
    *ret_router = TAKE(r);
    return 0;
}

static void node_free(struct node *n);

static void node_done(struct node *n)
{
    for (size_t i = 0; i < n->n_literals; i++)
        node_free(n->literals[i]);
    node_free(n->param);
    node_free(n->rest);
    for (unsigned m = 0; m < METHOD_COUNT; m++)
        mem_free(n->routes[m]);
    mem_free(n->literals);
    mem_free(n->segment);
}

static void node_free(struct node *n)
{
    if (!n)
        return;
    node_done(n);
    mem_free(n);
}

void router_free(struct router *r)
{
    if (!r)
        return;
    node_done(&r->root);
    mem_free(r->slots);
    mem_free(r);
}

/* --- finding --- */

struct walk {
    enum route_method method;
    const char *end;
    struct route_param values[LIMIT_ROUTE_PARAMS];
    unsigned n_values;
    struct route_match *match;
};

static void match_route(struct walk *w, const struct named_route *named)
{
    w->match->route = named->route;
    for (unsigned i = 0; i < w->n_values; i++) {
        struct route_param *p = &w->match->params[i];
        *p = w->values[i];
        p->name = named->params[i].name;
        p->name_len = named->params[i].name_len;
    }
    w->match->n_params = w->n_values;
}

static bool take_node(struct walk *w, const struct node *n)
{
    enum route_method m = w->method == METHOD_HEAD ? METHOD_GET : w->method;
    w->match->allowed |= n->allowed;
    if (m == METHOD_COUNT)
        return false;
    if (n->routes[m]) {
        match_route(w, n->routes[m]);
        return true;
    }
    if (m == METHOD_GET)
        w->match->asset = n->asset;
    return w->match->asset != NULL;
}

static bool walk_node(struct walk *w, const struct node *n, const char *p);

static bool walk_param(struct walk *w, const struct node *n, const char *value, const char *end)
{
    if (!n || value == end)
        return false;
    w->values[w->n_values++] =
        (struct route_param){.value = value, .value_len = (size_t)(end - value)};
    if (walk_node(w, n, end))
        return true;
    w->n_values--;
    return false;
}

/* `p` is the end of the path or the '/' before the next segment. */
static bool walk_node(struct walk *w, const struct node *n, const char *p)
{
    if (p == w->end)
        return take_node(w, n);
    const char *segment = p + 1;
    const char *slash = memchr(segment, '/', (size_t)(w->end - segment));
    const char *end = slash ? slash : w->end;
    const struct node *literal = find_literal(n, segment, (size_t)(end - segment));
    return (literal && walk_node(w, literal, end)) || walk_param(w, n->param, segment, end) ||
           walk_param(w, n->rest, segment, w->end);
}

void router_find(const struct router *r, enum route_method method, const char *path, size_t len,
                 struct route_match *ret_match)
{
    struct walk w = {.method = method, .end = path + len, .match = ret_match};
    *ret_match = (struct route_match){0};
    const struct slot *s = find_slot(r, path, len);
    if (s->node && take_node(&w, s->node))
        return;
    if (len && path[0] == '/')
        walk_node(&w, &r->root, path);
}
