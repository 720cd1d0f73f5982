/* What those need to know who act on services and nodes. */
#include "cluster/label.h"
#include "cluster/model.h"

#include <stdio.h>
#include <stdlib.h>

static char *copy_or_empty(const char *s)
{
    return mem_strdup(s ? s : "");
}

int cluster_look(struct cluster *c, const char *service, int64_t mono_ms, struct err *e,
                 struct service_look *ret_look)
{
    const struct live_service *s = model_service(c, service);
    char title[SERVICE_TITLE_SIZE];
    if (!s)
        return err_set(e, -ENOENT, "There is no service with the id %.200s.", service);
    const struct observed *o = s->seen;
    *ret_look = (struct service_look){
        .id = mem_strdup(s->id),
        .name = copy_or_empty(s->who.name),
        .title = mem_strdup(service_title(s, title)),
        .node = copy_or_empty(o ? s->node->id : NULL),
        .observed = copy_or_empty(o ? o->id : NULL),
        .engine = copy_or_empty(o ? o->engine : NULL),
        .project = copy_or_empty(o ? o->project : NULL),
        .kind = o ? o->kind : OBSERVED_PROCESS,
        .run = o ? o->run : RUN_RUNNING,
        .database = s->kind && s->kind->database,
        .looping = service_is_looping(s, mono_ms) || (o && o->run == RUN_RESTARTING),
    };
    for (size_t i = 0; i < s->needed_by.n; i++)
        str_list_add(&ret_look->needed_by, s->needed_by.v[i]->who.name);
    return 0;
}

void service_look_done(struct service_look *l)
{
    mem_free(l->id);
    mem_free(l->name);
    mem_free(l->title);
    mem_free(l->node);
    mem_free(l->observed);
    mem_free(l->engine);
    mem_free(l->project);
    str_list_done(&l->needed_by);
    *l = (struct service_look){0};
}

static const struct observed_port *port_of(const struct live_service *s)
{
    const struct observed_port *p = s->seen ? naming_web_port(s->seen, s->kind) : NULL;
    for (size_t i = 0; !p && s->seen && i < s->seen->ports.n; i++)
        if (!s->seen->ports.v[i].udp)
            p = &s->seen->ports.v[i];
    return p;
}

int cluster_look_place(struct cluster *c, const char *service, struct err *e,
                       struct service_place *ret_place)
{
    const struct live_service *s = model_service(c, service);
    if (!s)
        return err_set(e, -ENOENT, "There is no service with the id %.200s.", service);
    const struct observed_port *p = port_of(s);
    if (!s->seen)
        return err_set(e, -EINVAL,
                       "It was added by hand: Hydra does not know which node it is on.");
    if (!p)
        return err_set(e, -EINVAL, "It listens on no TCP port.");
    const char *address = cluster_node_address(c, s->node->id);
    *ret_place =
        (struct service_place){.port = p->port, .loopback = naming_is_loopback(p->address)};
    str_copy(ret_place->node, sizeof ret_place->node, s->node->id);
    str_copy(ret_place->address, sizeof ret_place->address, address ? address : "");
    naming_local_host(p->address, ret_place->host, sizeof ret_place->host);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void cluster_other_nodes(struct cluster *c, const char *than, struct str_list *ret_nodes)
{
    MAP_FOREACH (&c->nodes, e) {
        const struct live_node *n = e->value;
        if (n->state == NODE_ONLINE && !str_eq(n->id, than))
            str_list_add(ret_nodes, n->id);
    }
    if (ret_nodes->n)
        qsort(ret_nodes->v, ret_nodes->n, sizeof *ret_nodes->v, by_text);
}

static bool has_engine(const struct live_node *n)
{
    for (size_t i = 0; i < n->sources.n; i++) {
        const struct live_source *s = &n->sources.v[i];
        if (s->state == SOURCE_OK &&
            (str_starts(s->name, "docker") || str_starts(s->name, "podman")))
            return true;
    }
    return false;
}

int cluster_look_node(struct cluster *c, const char *node, struct err *e,
                      struct node_look *ret_look)
{
    const struct live_node *n = model_node(c, node);
    if (!n)
        return err_set(e, -ENOENT, "There is no node with the id %.200s.", node);
    *ret_look = (struct node_look){.away = n->state == NODE_AWAY,
                                   .seen_ms = n->seen_wall_ms,
                                   .services = n->n_services,
                                   .engine = has_engine(n),
                                   .arch = n->facts && n->facts->arch ? n->facts->arch : "",
                                   .agent = &n->agent};
    return 0;
}

static const char *label_of(const void *of, const char *key)
{
    const struct observed *o = of;
    return label_get(o->labels.v, o->labels.n, key);
}

struct resource resource_of_service(const struct live_service *s)
{
    return (struct resource){.node = s->node ? s->node->id : NULL,
                             .group = s->who.group,
                             .label = s->seen ? label_of : NULL,
                             .of = s->seen};
}

struct resource cluster_resource(struct cluster *c, const char *id)
{
    const struct live_service *s = model_service(c, id);
    const struct live_node *n = model_node(c, id);
    if (s)
        return resource_of_service(s);
    return (struct resource){.node = n ? n->id : NULL};
}

void cluster_services_of(struct cluster *c, const char *node, struct str_list *ret_ids)
{
    SERVICES_FOREACH(c, s)
    {
        if (s->node && str_eq(s->node->id, node))
            str_list_add(ret_ids, s->id);
    }
}

/* Is `text` a whole last part of `id`, the ".service" of a unit apart? */
static bool is_end_of(const char *text, const char *id)
{
    size_t n = strlen(text), len = strlen(id);
    if (str_ends(id, ".service") && !str_ends(text, ".service"))
        len -= strlen(".service");
    return n < len && id[len - n - 1] == '/' && strncmp(id + len - n, text, n) == 0;
}

int cluster_find_service(struct cluster *c, const char *text, struct err *e, char ret_id[256])
{
    struct str found = {0};
    const char *id = NULL;
    unsigned n = 0;
    SERVICES_FOREACH(c, s)
    {
        if (str_eq(s->id, text)) {
            str_done(&found);
            return str_copy(ret_id, 256, s->id) ? 0 : -EINVAL;
        }
        if (!is_end_of(text, s->id))
            continue;
        id = s->id;
        str_addf(&found, "%s%s", n++ ? ", " : "", s->id);
    }
    int r = n == 1 && str_copy(ret_id, 256, id) ? 0
            : n > 1 ? err_set(e, -EEXIST, "%.100s means several services: %.300s. Say which.", text,
                              str_text(&found))
                    : err_set(e, -ENOENT, "There is no service with the id %.200s.", text);
    str_done(&found);
    return r;
}
