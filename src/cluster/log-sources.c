/* Whose logs can be read: containers, units, and each node's journal. */
#include "cluster/model.h"

static bool has_log(const struct live_service *s)
{
    return s->seen && s->node && s->seen->kind != OBSERVED_PROCESS;
}

bool cluster_has_log(struct cluster *c, const char *id)
{
    const struct live_service *s = model_service(c, id);
    return s && has_log(s);
}

bool cluster_has_node(struct cluster *c, const char *id)
{
    return model_node(c, id) != NULL;
}

static void print_source(struct jw *w, const char *service, const char *name, const char *node,
                         const char *kind, const char *group)
{
    jw_object(w);
    jw_key_str(w, "service", service);
    jw_key_str(w, "name", name);
    jw_key_str(w, "node", node);
    jw_key_str(w, "kind", kind);
    jw_key_str(w, "group", group);
    jw_end_object(w);
}

struct buf *cluster_log_sources(struct cluster *c, const char *limits)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key(&w, "sources");
    jw_array(&w);
    SERVICES_FOREACH(c, s)
    {
        struct resource r = resource_of_service(s);
        if (has_log(s) && limits_fit(limits, &r))
            print_source(&w, s->id, s->who.name, s->node->id,
                         s->seen->kind == OBSERVED_UNIT ? "unit" : "container", s->who.group);
    }
    NODES_FOREACH(c, n)
    {
        if (limits_fit(limits, &(struct resource){.node = n->id}))
            print_source(&w, NULL, n->id, n->id, "node", NULL);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    return buf_take(&out);
}
