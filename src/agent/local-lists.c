/* Status and services of this one node. Judging is the hub's work: here stands what the machine
 * itself says. */
#include "agent/local-private.h"

#include "agent/spool.h"

#include <stdio.h>

struct line {
    char *id, *name, *why;
    const char *state; /* as the hub's ServiceState */
    int64_t since_ms;
    unsigned restarts;
    enum observed_kind kind;
};

struct lines {
    VEC(struct line) v;
};

static const char *state_of(const struct observed *o)
{
    bool failed = !o->on_purpose && (o->oom_killed || (o->has_exit && o->exit_code != 0));
    switch (o->run) {
    case RUN_RUNNING:
        return o->health == HEALTH_UNHEALTHY  ? "degraded"
               : o->health == HEALTH_HEALTHY  ? "healthy"
               : o->health == HEALTH_STARTING ? "working"
                                              : "unchecked";
    case RUN_STARTING:
    case RUN_STOPPING:
        return "working";
    case RUN_STOPPED:
        return failed ? "down" : "stopped";
    case RUN_PAUSED:
        return "stopped";
    case RUN_FAILED:
    case RUN_RESTARTING:
        return "down";
    }
    return "unknown";
}

static bool is_bad(const struct line *l)
{
    return str_eq(l->state, "down") || str_eq(l->state, "degraded");
}

static void add_line(void *arg, const struct observed *o)
{
    struct line *l = vec_add(&((struct lines *)arg)->v);
    bool runs = o->run == RUN_RUNNING || o->run == RUN_STARTING || o->run == RUN_PAUSED;
    const char *unhealthy = o->health == HEALTH_UNHEALTHY ? o->health_text : NULL;
    *l = (struct line){.id = mem_strdup(o->id),
                       .name = mem_strdup(o->name),
                       .state = state_of(o),
                       .since_ms = runs ? o->started_ms : o->ended_ms,
                       .restarts = o->restarts,
                       .kind = o->kind};
    l->why = !is_bad(l)  ? NULL
             : unhealthy ? mem_strdup(unhealthy)
                         : mem_strdup(str_is_empty(o->why) ? o->run_text : o->why);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->id, ((const struct line *)b)->id);
}

static struct lines lines_of(const struct local *l)
{
    struct lines all = {0};
    known_each_service(outgoing_known(l->settings.outgoing), add_line, &all);
    if (all.v.n)
        qsort(all.v.v, all.v.n, sizeof *all.v.v, by_id);
    return all;
}

static void lines_done(struct lines *all)
{
    for (size_t i = 0; i < all->v.n; i++) {
        mem_free(all->v.v[i].id);
        mem_free(all->v.v[i].name);
        mem_free(all->v.v[i].why);
    }
    vec_done(&all->v);
}

/* --- one of them by a word --- */

/* "nginx" is "systemd/nginx.service", too. */
static bool goes_by(const struct line *l, const char *word)
{
    const char *slash = strchr(l->id, '/'), *tail = slash ? slash + 1 : l->id;
    size_t n = strlen(word);
    return str_eq(l->name, word) || str_eq(tail, word) ||
           (strncmp(tail, word, n) == 0 && str_eq(tail + n, ".service"));
}

/* NULL: `e` says why. */
static const struct line *choose(const struct lines *all, const char *word, struct err *e)
{
    const struct line *found = NULL;
    for (size_t i = 0; i < all->v.n; i++) {
        const struct line *l = &all->v.v[i];
        if (str_eq(l->id, word))
            return l;
        if (!goes_by(l, word))
            continue;
        if (found) {
            err_set(e, -EINVAL, "%s may be %s or %s: write the whole id.", word, found->id, l->id);
            return NULL;
        }
        found = l;
    }
    if (!found)
        err_set(e, -ENOENT,
                "There is no service %s on this node. `hydra --local services` lists them.", word);
    return found;
}

int local_find(const struct local *l, const char *word, struct err *e, char **ret_id)
{
    const char *node = l->settings.identity->node;
    size_t n = strlen(node);
    struct lines all = lines_of(l);
    if (strncmp(word, node, n) == 0 && word[n] == '/')
        word += n + 1;
    const struct line *found = choose(&all, word, e);
    if (found)
        *ret_id = mem_strdup(found->id);
    lines_done(&all);
    return found ? 0 : err_field(e, e->code, "service");
}

/* --- status --- */

static void print_size(uint64_t bytes, struct str *out)
{
    if (bytes < UINT64_C(1000000))
        str_addf(out, "%llu kB", (unsigned long long)(bytes + 999) / 1000);
    else
        str_addf(out, "%.1f MB", (double)bytes / 1e6);
}

static void print_detail(const struct local *l, struct str *out)
{
    const struct local_settings *s = &l->settings;
    if (uplink_state(s->uplink) == UPLINK_UP) {
        str_addf(out, "Connected to the hub %s as %s.", s->identity->address, s->identity->node);
        return;
    }
    str_addf(out, "The hub %s is not reached; ", s->identity->address);
    print_size(spool_bytes(s->spool), out);
    str_add(out, " wait for it.");
    if (spool_trouble(s->spool))
        str_addf(out, " %s", spool_trouble(s->spool));
}

static void print_attention(struct jw *w, const struct lines *all)
{
    jw_key(w, "attention");
    jw_array(w);
    for (size_t i = 0; i < all->v.n; i++) {
        const struct line *l = &all->v.v[i];
        if (!is_bad(l))
            continue;
        jw_object(w);
        jw_key_str(w, "severity", str_eq(l->state, "down") ? "bad" : "warn");
        jw_key_str(w, "title", l->id);
        jw_key_str(w, "text", str_is_empty(l->why) ? l->state : l->why);
        jw_end_object(w);
    }
    jw_end_array(w);
}

struct counts {
    size_t all, bad, down, run, healthy, working, stopped;
};

static struct counts count(const struct lines *all)
{
    struct counts n = {.all = all->v.n};
    for (size_t i = 0; i < all->v.n; i++) {
        const char *state = all->v.v[i].state;
        bool healthy = str_eq(state, "healthy");
        n.bad += is_bad(&all->v.v[i]);
        n.down += str_eq(state, "down");
        n.run += healthy || str_eq(state, "unchecked");
        n.healthy += healthy;
        n.working += str_eq(state, "working");
        n.stopped += str_eq(state, "stopped");
    }
    return n;
}

/* "3 run (1 proven healthy), 2 are stopped". */
static void print_counts(const struct counts *n, struct str *out)
{
    str_addf(out, "%zu %s", n->run, n->run == 1 ? "runs" : "run");
    if (n->healthy)
        str_addf(out, " (%zu proven healthy)", n->healthy);
    if (n->working)
        str_addf(out, ", %zu %s under way", n->working, n->working == 1 ? "is" : "are");
    if (n->stopped)
        str_addf(out, ", %zu %s stopped", n->stopped, n->stopped == 1 ? "is" : "are");
}

static void print_sentence(const struct counts *n, const char *node, struct str *out)
{
    if (n->bad)
        str_addf(out, "%zu of %zu services on %s %s not well", n->bad, n->all, node,
                 n->bad == 1 ? "is" : "are");
    else
        str_addf(out, "None of %zu services on %s has failed", n->all, node);
    str_add(out, ": ");
    print_counts(n, out);
}

void local_get_status(struct http_exchange *x)
{
    const struct local *l = local_of(x);
    struct lines all = lines_of(l);
    struct counts n = count(&all);
    struct str body = {0};
    AUTO(str_done) struct str sentence = {0};
    AUTO(str_done) struct str detail = {0};
    print_sentence(&n, l->settings.identity->node, &sentence);
    str_add(&detail, "As the machine itself says; checks over the network are the hub's. ");
    print_detail(l, &detail);
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_int(&w, "exit", n.bad ? 1 : 0);
    jw_key_str(&w, "severity", n.down ? "bad" : n.bad ? "warn" : "ok");
    jw_key_str(&w, "sentence", str_text(&sentence));
    jw_key_str(&w, "detail", str_text(&detail));
    print_attention(&w, &all);
    jw_end_object(&w);
    lines_done(&all);
    local_reply_json(x, 200, &body);
}

/* --- services --- */

static void print_columns(struct jw *w)
{
    static const char *const columns[][3] = {{"service", "SERVICE", "text"},
                                             {"state", "STATE", "state"},
                                             {"since", "SINCE", "age"},
                                             {"restarts", "RESTARTS", "number"},
                                             {"reason", "WHY", "text"}};
    jw_key(w, "columns");
    jw_array(w);
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        jw_object(w);
        jw_key_str(w, "name", columns[i][0]);
        jw_key_str(w, "title", columns[i][1]);
        jw_key_str(w, "align", str_eq(columns[i][2], "number") ? "right" : "left");
        jw_key_str(w, "kind", columns[i][2]);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void print_row(struct jw *w, const char *node, const struct line *l)
{
    AUTO(mem_freep) char *id = mem_printf("%s/%s", node, l->id);
    jw_array(w);
    jw_str(w, id);
    jw_str(w, l->state);
    if (l->since_ms)
        jw_time(w, l->since_ms);
    else
        jw_null(w);
    jw_uint(w, l->restarts);
    jw_str(w, l->why);
    jw_end_array(w);
}

void local_get_services(struct http_exchange *x)
{
    const struct local *l = local_of(x);
    struct lines all = lines_of(l);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    print_columns(&w);
    jw_key(&w, "rows");
    jw_array(&w);
    for (size_t i = 0; i < all.v.n; i++)
        print_row(&w, l->settings.identity->node, &all.v.v[i]);
    jw_end_array(&w);
    jw_key_str(&w, "next", NULL);
    jw_end_object(&w);
    lines_done(&all);
    local_reply_json(x, 200, &body);
}

/* --- whose logs there are --- */

static void print_source(struct jw *w, const char *node, const char *id, const char *name,
                         const char *kind)
{
    AUTO(mem_freep) char *service = id ? mem_printf("%s/%s", node, id) : NULL;
    jw_object(w);
    jw_key_str(w, "service", service);
    jw_key_str(w, "name", name);
    jw_key_str(w, "node", node);
    jw_key_str(w, "kind", kind);
    jw_key_str(w, "group", NULL);
    jw_end_object(w);
}

void local_get_sources(struct http_exchange *x)
{
    const struct local *l = local_of(x);
    const char *node = l->settings.identity->node;
    struct lines all = lines_of(l);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "sources");
    jw_array(&w);
    for (size_t i = 0; i < all.v.n; i++)
        if (all.v.v[i].kind != OBSERVED_PROCESS)
            print_source(&w, node, all.v.v[i].id, all.v.v[i].name,
                         all.v.v[i].kind == OBSERVED_UNIT ? "unit" : "container");
    print_source(&w, node, NULL, node, "node");
    jw_end_array(&w);
    jw_end_object(&w);
    lines_done(&all);
    local_reply_json(x, 200, &body);
}
