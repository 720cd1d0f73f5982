/* Which check a service gets, what its results mean, and the lists that nodes are given. */
#include "cluster/model.h"

#include <math.h>
#include <stdio.h>

enum {
    RETRY_MS = 300, /* a first failure is looked into at once, not at the next interval */
};

static bool is_set(const struct service_record *r)
{
    return r && !str_is_empty(r->check_kind) && !str_eq(r->check_kind, "none");
}

/* A person may say "none": then no automatic one either. */
static bool is_refused(const struct service_record *r)
{
    return r && str_eq(r->check_kind, "none");
}

static bool make_set(const struct live_service *s, struct check_spec *spec)
{
    const struct service_record *r = s->record;
    if (check_kind_parse(r->check_kind, &spec->kind) < 0)
        return false;
    const char *target = str_is_empty(r->check_target) ? r->url : r->check_target;
    if (str_is_empty(target))
        return false;
    spec->target = mem_strdup(target);
    spec->interval_ms = r->interval_ms ? r->interval_ms : SERVICE_CHECK_INTERVAL_MS;
    spec->timeout_ms = r->timeout_ms ? r->timeout_ms : SERVICE_CHECK_TIMEOUT_MS;
    spec->expect_status = str_is_empty(r->expect_status) ? NULL : mem_strdup(r->expect_status);
    spec->expect_body = str_is_empty(r->expect_body) ? NULL : mem_strdup(r->expect_body);
    spec->tls_verify = true;
    return true;
}

/* The identity check of the catalogue, for what certainly is that service and listens. */
static bool make_automatic(const struct live_service *s, struct check_spec *spec)
{
    const struct integration *i = s->kind;
    if (!i || !i->health_path || !s->kind_strong || !s->seen || s->seen->run != RUN_RUNNING)
        return false;
    const struct observed_port *p = naming_web_port(s->seen, i);
    if (!p)
        return false;
    char host[64];
    naming_local_host(p->address, host, sizeof host);
    spec->kind = CHECK_HTTP;
    spec->target = mem_printf("%s://%s:%u%s", naming_scheme(p), host, p->port, i->health_path);
    spec->interval_ms = SERVICE_CHECK_INTERVAL_MS;
    spec->timeout_ms = SERVICE_CHECK_TIMEOUT_MS;
    spec->expect_status = i->health_status ? mem_strdup(i->health_status) : NULL;
    spec->expect_body = i->health_body ? mem_strdup(i->health_body) : NULL;
    if (s->seen->kind != OBSERVED_CONTAINER && p->process)
        spec->expect_process = mem_strdup(p->process);
    return true;
}

static bool same_question(const struct check_spec *a, const struct check_spec *b)
{
    return a->kind == b->kind && str_eq(a->target, b->target) &&
           str_eq(a->expect_status, b->expect_status) && str_eq(a->expect_body, b->expect_body) &&
           str_eq(a->expect_process, b->expect_process);
}

static void take_spec(struct check_track *t, struct check_spec *spec)
{
    if (t->wanted && same_question(&t->spec, spec)) {
        check_spec_done(&t->spec); /* what it answered so far stays true */
    } else {
        check_track_done(t);
        t->word = CHECK_WAITING;
    }
    t->spec = *spec;
    t->wanted = true;
}

void checks_choose(struct cluster *c, struct live_service *s)
{
    struct check_spec spec = {0};
    bool set = is_set(s->record) && make_set(s, &spec);
    bool automatic = !set && !is_refused(s->record) && make_automatic(s, &spec);
    if (set || automatic) {
        spec.service = mem_strdup(s->id);
        take_spec(&s->check, &spec);
        s->check.automatic = automatic;
        s->check.retries = set ? record_retries(s->record) : SERVICE_CHECK_RETRIES;
    } else {
        check_spec_done(&spec);
        check_track_done(&s->check);
    }
    c->checks_dirty = true;
}

/* A refused connection or a wrong answer is a fact at once; silence is tried again. */
static enum check_word failed_word(const struct check_track *t, const struct check_result *r)
{
    if (t->automatic && !t->ever_good)
        return CHECK_WAITING; /* it may ask wrongly: it never proved anything */
    if (t->failures <= t->retries)
        return t->word == CHECK_GOOD || t->word == CHECK_RETRYING ? CHECK_RETRYING : t->word;
    bool other = r->text && str_starts(r->text, "answers, but");
    return r->code && !other ? CHECK_ERRORS : CHECK_DEAD;
}

static void keep_latency(struct check_track *t, const struct check_result *r)
{
    if (t->n_last == CHECK_LATENCIES) {
        memmove(t->last, t->last + 1, sizeof t->last - sizeof t->last[0]);
        t->n_last--;
    }
    t->last[t->n_last++] = r->state == CHECK_UP ? (float)r->latency_us / 1000 : NAN;
}

void checks_result(struct live_service *s, const struct check_result *r)
{
    struct check_track *t = &s->check;
    if (!t->wanted)
        return;
    t->failures = r->state == CHECK_DOWN ? t->failures + 1 : 0;
    if (r->state == CHECK_UP)
        t->word = CHECK_GOOD;
    else
        t->word = r->state == CHECK_UNKNOWN ? CHECK_UNTRIED : failed_word(t, r);
    t->ever_good |= r->state == CHECK_UP;
    mem_set_str(&t->text, r->text);
    t->latency_us = r->state == CHECK_UP ? r->latency_us : 0;
    t->code = r->code;
    t->time_ms = r->time_ms;
    t->tls_expires_ms = r->tls_expires_ms;
    if (r->state != CHECK_UNKNOWN)
        keep_latency(t, r);
}

static bool is_deciding(const struct check_track *t)
{
    return t->failures > 0 && t->failures <= t->retries && (!t->automatic || t->ever_good);
}

static struct live_node *checking_node(struct cluster *c, const struct live_service *s)
{
    return s->node ? s->node : c->home;
}

static void add_spec_text(struct str *out, const struct check_spec *p)
{
    str_addf(out, "%s\n%d %s %u %u\n%s\n%s\n%s\n", p->service, (int)p->kind, p->target,
             p->interval_ms, p->timeout_ms, p->expect_status ? p->expect_status : "",
             p->expect_body ? p->expect_body : "", p->expect_process ? p->expect_process : "");
}

static void order_node(struct cluster *c, struct live_node *n)
{
    VEC(struct check_spec) specs = {0};
    struct str text = {0};
    SERVICES_FOREACH(c, s)
    {
        if (!s->check.wanted || checking_node(c, s) != n)
            continue;
        struct check_spec *p = vec_add(&specs);
        *p = s->check.spec; /* borrowed for the call */
        if (is_deciding(&s->check) && p->interval_ms > RETRY_MS)
            p->interval_ms = RETRY_MS;
        add_spec_text(&text, p);
    }
    bool had = n->specs_text != NULL;
    if (mem_set_str(&n->specs_text, str_text(&text)) && (had || specs.n) && c->hooks.checks)
        c->hooks.checks(c->hooks.arg, n->id, specs.v, specs.n);
    str_done(&text);
    vec_done(&specs);
}

void checks_order(struct cluster *c)
{
    c->checks_dirty = false;
    NODES_FOREACH(c, n)
    {
        order_node(c, n);
    }
}
