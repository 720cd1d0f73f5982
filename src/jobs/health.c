#include "jobs/health.h"

enum { HEARD_MS = 5000 }; /* a node that said nothing for so long is not known to be well */

/* In front of ids. */
enum { RAN = '+', HAD_FAILED = '-' };

static bool has_failed(const struct service_look *look)
{
    return look->run == RUN_FAILED || look->looping;
}

static void add_line(const struct service_look *look, struct str *out)
{
    if (has_failed(look))
        str_addf(out, "%c%s\n", HAD_FAILED, look->id);
    else if (look->kind == OBSERVED_UNIT && look->run == RUN_RUNNING)
        str_addf(out, "%c%s\n", RAN, look->id);
}

char *health_now(struct cluster *c, const char *node, int64_t mono_ms)
{
    AUTO(str_list_done) struct str_list ids = {0};
    struct str out = {0};
    cluster_services_of(c, node, &ids);
    for (size_t i = 0; i < ids.n; i++) {
        struct service_look look;
        if (cluster_look(c, ids.v[i], mono_ms, NULL, &look) < 0)
            continue;
        add_line(&look, &out);
        service_look_done(&look);
    }
    return str_take(&out);
}

/* Of what ran. */
static char *trouble_of(struct cluster *c, const char *id, int64_t mono_ms)
{
    struct service_look look;
    if (cluster_look(c, id, mono_ms, NULL, &look) < 0)
        return NULL;
    char *text =
        look.run == RUN_RUNNING ? NULL : mem_printf("%s ran before, and does not now", look.name);
    service_look_done(&look);
    return text;
}

static char *find_stopped(struct cluster *c, const struct str_list *lines, int64_t mono_ms)
{
    char *text = NULL;
    for (size_t i = 0; !text && i < lines->n; i++)
        if (lines->v[i][0] == RAN)
            text = trouble_of(c, lines->v[i] + 1, mono_ms);
    return text;
}

static char *find_failed(struct cluster *c, const char *node, const struct str_list *lines,
                         int64_t mono_ms)
{
    AUTO(str_list_done) struct str_list ids = {0};
    char *text = NULL;
    cluster_services_of(c, node, &ids);
    for (size_t i = 0; !text && i < ids.n; i++) {
        AUTO(mem_freep) char *line = mem_printf("%c%s", HAD_FAILED, ids.v[i]);
        struct service_look look;
        if (str_list_has(lines, line) || cluster_look(c, ids.v[i], mono_ms, NULL, &look) < 0)
            continue;
        if (has_failed(&look))
            text = mem_printf("%s has failed", look.name);
        service_look_done(&look);
    }
    return text;
}

char *health_trouble(struct cluster *c, const char *node, const char *then, struct cluster_now now)
{
    AUTO(str_list_done) struct str_list lines = {0};
    struct node_look look;
    if (cluster_look_node(c, node, NULL, &look) < 0 || look.away ||
        now.wall_ms - look.seen_ms > HEARD_MS)
        return mem_printf("%s is not back yet", node);
    str_list_split(&lines, then, '\n');
    char *text = find_stopped(c, &lines, now.mono_ms);
    return text ? text : find_failed(c, node, &lines, now.mono_ms);
}
