#include "jobs/guarded.h"

#include "base/vec.h"

char *guarded_service(const struct jobs *j, const char *id, struct cluster_now now)
{
    return guard_sentence(jobs_guard(j), id, guard_time_of(now.wall_ms));
}

char *guarded_node(const struct jobs *j, const char *node, struct cluster_now now)
{
    AUTO(str_list_done) struct str_list ids = {0};
    char *why = guarded_service(j, node, now);
    cluster_services_of(jobs_cluster(j), node, &ids);
    for (size_t i = 0; !why && i < ids.n; i++)
        why = guarded_service(j, ids.v[i], now);
    return why;
}

char *guarded_process(const struct jobs *j, const char *node, const char *of,
                      struct cluster_now now)
{
    if (of && !*of)
        return NULL;
    return of ? guarded_service(j, of, now) : guarded_node(j, node, now);
}

static bool is_of(const struct service_look *look, const char *project)
{
    const char *slash = strchr(project, '/');
    if (str_is_empty(look->project) || !str_eq(look->project, slash ? slash + 1 : project))
        return false;
    size_t n = slash ? (size_t)(slash - project) : 0;
    return !slash || (strlen(look->engine) == n && strncmp(look->engine, project, n) == 0);
}

static int by_name(const void *a, const void *b)
{
    const struct service_look *l = a, *r = b;
    return strcmp(l->name, r->name);
}

/* Does it need one of those from `first` on? */
static bool waits_for_another(const struct service_looks *of, size_t i, size_t first)
{
    for (size_t k = first; k < of->n; k++)
        if (k != i && str_list_has(&of->v[k].needed_by, of->v[i].name))
            return true;
    return false;
}

/* What others need before those that need it, else by name; a circle is cut at its first name. */
static void order_by_need(struct service_looks *of)
{
    if (of->n)
        qsort(of->v, of->n, sizeof *of->v, by_name);
    for (size_t first = 0; first < of->n; first++) {
        size_t next = first;
        while (next < of->n && waits_for_another(of, next, first))
            next++;
        if (next == of->n)
            continue;
        struct service_look taken = of->v[next];
        memmove(of->v + first + 1, of->v + first, (next - first) * sizeof *of->v);
        of->v[first] = taken;
    }
}

void project_services(struct cluster *c, const char *node, const char *project, int64_t mono_ms,
                      struct service_looks *ret)
{
    AUTO(str_list_done) struct str_list ids = {0};
    cluster_services_of(c, node, &ids);
    for (size_t i = 0; i < ids.n; i++) {
        struct service_look look;
        if (cluster_look(c, ids.v[i], mono_ms, NULL, &look) < 0)
            continue;
        if (is_of(&look, project))
            *(struct service_look *)vec_add(ret) = look;
        else
            service_look_done(&look);
    }
    order_by_need(ret);
}

void service_looks_done(struct service_looks *l)
{
    for (size_t i = 0; i < l->n; i++)
        service_look_done(&l->v[i]);
    vec_done(l);
}

char *guarded_project(const struct jobs *j, const char *node, const char *project,
                      struct cluster_now now)
{
    AUTO(service_looks_done) struct service_looks of = {0};
    char *why = NULL;
    project_services(jobs_cluster(j), node, project, now.mono_ms, &of);
    for (size_t i = 0; !why && i < of.n; i++)
        why = guarded_service(j, of.v[i].id, now);
    return why;
}
