/* Gathers what is known of a service for judge(). */
#include "cluster/model.h"

/* Programs that hold a container's published port: that says nothing about what is behind. */
static bool is_port_proxy(const char *process)
{
    static const char *const proxies[] = {"docker-proxy", "rootlessport", "conmon", "pasta",
                                          "pasta.avx2",   "slirp4netns",  "podman", NULL};
    for (const char *const *p = proxies; *p; p++)
        if (str_eq(process, *p))
            return true;
    return false;
}

static bool holds_port(const struct live_service *s)
{
    for (size_t i = 0; i < s->seen->ports.n; i++) {
        const struct observed_port *p = &s->seen->ports.v[i];
        if (p->pid && p->process && !is_port_proxy(p->process))
            return true;
    }
    return false;
}

static void add_source(const struct live_service *s, struct evidence *e)
{
    const struct live_source *source = model_source_of(s);
    bool partial = source && source->state == SOURCE_DENIED && s->seen->kind == OBSERVED_PROCESS;
    e->source_lost =
        source && (source->listed || s->recalled) && source->state != SOURCE_OK && !partial;
    e->source_name = source ? source->name : s->seen->engine;
}

static int64_t run_ms(const struct live_service *s, struct cluster_now now)
{
    int64_t seen = now.mono_ms - s->run_mono_ms;
    if (s->seen->run != RUN_RUNNING || s->seen->started_ms <= 0)
        return seen;
    int64_t told = now.wall_ms - s->seen->started_ms;
    return told > seen ? told : seen;
}

static void add_observed(const struct live_service *s, struct evidence *e, struct cluster_now now)
{
    const struct observed *o = s->seen;
    e->kind = o->kind;
    e->run = o->run;
    e->health = o->health;
    e->on_purpose = o->on_purpose;
    e->has_exit = o->has_exit;
    e->oom_killed = o->oom_killed;
    e->exit_code = o->exit_code;
    e->why = o->why;
    e->health_text = o->health_text;
    e->run_ms = run_ms(s, now);
    e->looping = service_is_looping(s, now.mono_ms);
    e->restarts_10min = service_restarts_10min(s, now.mono_ms);
    e->holds_port = holds_port(s);
    if (s->gone_mono_ms && o->run != RUN_STOPPED)
        e->run = RUN_STOPPING; /* on its way out, or being made anew */
    if (e->looping && str_is_empty(e->why))
        e->why = s->last_error;
    add_source(s, e);
}

struct evidence evidence_of(struct cluster *c, const struct live_service *s, struct cluster_now now)
{
    const struct live_node *n = s->node ? s->node : c->home;
    struct evidence e = {
        .manual = !s->seen,
        .node = n ? n->state : NODE_ONLINE,
        .check = s->check.wanted ? s->check.word : CHECK_NOT_SET,
        .check_automatic = s->check.automatic,
        .check_text = s->check.text,
        .check_asks = s->check_asks,
    };
    if (s->seen)
        add_observed(s, &e, now);
    if (s->recalled && e.node == NODE_ONLINE && !e.source_lost)
        e.node = NODE_LATE; /* it speaks again, but not of this one yet */
    return e;
}
