/* What `hydra status` shows, and the Prometheus text of all nodes. */
#include "cluster/model.h"

static int exit_code(const struct verdict *v)
{
    return str_eq(v->severity, "ok")                           ? 0
           : str_eq(v->severity, "unknown") || !v->severity[0] ? 2
                                                               : 1;
}

struct buf *cluster_status(struct cluster *c)
{
    const struct verdict *v = &c->verdict;
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_int(&w, "exit", exit_code(v));
    jw_key_str(&w, "severity", v->severity[0] ? v->severity : "unknown");
    jw_key_str(&w, "sentence", v->sentence ? v->sentence : "Looking around");
    jw_key_str(&w, "detail", v->detail ? v->detail : "");
    jw_key(&w, "attention");
    jw_raw(&w, c->attention.p, c->attention.len);
    jw_end_object(&w);
    return buf_take(&out);
}

/* --- metrics --- */

static void add_escaped(struct str *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            str_add_char(out, '\\');
        if (*s == '\n')
            str_add(out, "\\n");
        else
            str_add_char(out, *s);
    }
}

static void add_sample(struct str *out, const struct live_node *n, const struct series_def *d,
                       double value)
{
    str_add(out, d->name);
    str_add(out, "{node=\"");
    add_escaped(out, n->id);
    str_add_char(out, '"');
    if (d->labels[0])
        str_addf(out, ",%s", d->labels);
    if (value == (double)(int64_t)value)
        str_addf(out, "} %lld\n", (long long)value);
    else
        str_addf(out, "} %.17g\n", value);
}

/* All samples of one name must stand together, over all nodes. */
static void collect(struct map *families, const struct live_node *n)
{
    const struct numbers *m = &n->numbers;
    for (uint32_t i = 0; m->last && i < m->defs.n && i < m->last->n; i++) {
        const struct series_def *d = &m->defs.v[i];
        double value = m->last->values[i];
        if (value != value)
            continue;
        struct str *family = map_get(families, d->name);
        if (!family) {
            family = mem_alloc(sizeof *family);
            map_set(families, d->name, family);
            if (d->help)
                str_addf(family, "# HELP %s %s\n", d->name, d->help);
            str_addf(family, "# TYPE %s %s\n", d->name,
                     d->kind == SERIES_COUNTER ? "counter" : "gauge");
        }
        add_sample(family, n, d, value);
    }
}

static void free_family(void *p)
{
    str_done(p);
    mem_free(p);
}

void cluster_metrics(struct cluster *c, struct str *out)
{
    struct map families = {0};
    NODES_FOREACH(c, n)
    {
        if (n->state != NODE_AWAY && !n->recalled)
            collect(&families, n);
    }
    MAP_FOREACH (&families, e) {
        const struct str *family = e->value;
        str_add_n(out, family->p, family->len);
    }
    map_done(&families, free_family);
}
