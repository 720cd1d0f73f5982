#include "node/check-private.h"

#include "base/clock.h"

#include <stdio.h>

enum {
    RUNS_MAX = 16, /* at once */
    FIRST_WITHIN_MS = 2000,
    INTERVAL_MIN_MS = 1000,
    TIMEOUT_MIN_MS = 100,
};

struct check {
    struct checker *checker;
    struct check_spec spec;
    uint64_t next_ms; /* loop time */
    uint32_t phase;   /* of 2³²: where in its interval it runs */
    bool ran;         /* at least once */
    bool running, done;
    struct check_run run;
    struct loop_timer *deadline;
};

struct checker {
    struct node *node;
    struct http_client *http;
    uv_timer_t *timer;
    struct loop_timer *sweep; /* runs that are done are cleaned outside their own callbacks */
    VEC(struct check *) v;
    unsigned running;
};

static const struct check_kind_ops *const kinds[] = {
    [CHECK_HTTP] = &check_http,       [CHECK_TCP] = &check_tcp,
    [CHECK_DNS] = &check_dns,         [CHECK_ICMP] = &check_icmp,
    [CHECK_DOCKER] = &check_docker,   [CHECK_SYSTEMD] = &check_systemd,
    [CHECK_PROCESS] = &check_process,
};

static void schedule(struct checker *k);

static uint64_t now_ms(const struct checker *k)
{
    return uv_now(loop_uv(k->node->loop));
}

/* --- results --- */

const char *check_took(const struct check_run *run, char ret_text[CHECK_TOOK_SIZE])
{
    double ms = (double)(uv_hrtime() - run->started_ns) / 1e6;
    snprintf(ret_text, CHECK_TOOK_SIZE, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
    return ret_text;
}

static void emit(struct check *c, enum check_state state, const struct check_details *d, char *text)
{
    struct check_result *r = mem_alloc(sizeof *r);
    r->service = mem_strdup(c->spec.service);
    r->state = state;
    r->time_ms = clock_wall_ms();
    r->latency_us = (uint32_t)((uv_hrtime() - c->run.started_ns) / 1000);
    r->code = d ? d->code : 0;
    r->tls_expires_ms = d ? d->tls_expires_ms : 0;
    r->text = text;
    node_emit(c->checker->node, (struct node_report){.kind = REPORT_CHECK, .check = r});
}

static void clean(struct check *c)
{
    if (!c->running)
        return;
    const struct check_kind_ops *ops = kinds[c->spec.kind];
    loop_timer_free(TAKE(c->deadline));
    if (ops->clean)
        ops->clean(&c->run);
    c->run.state = NULL;
    c->running = c->done = false;
    c->checker->running--;
}

static void on_sweep(void *arg)
{
    struct checker *k = arg;
    loop_timer_free(TAKE(k->sweep));
    for (size_t i = 0; i < k->v.n; i++)
        if (k->v.v[i]->done)
            clean(k->v.v[i]);
    schedule(k);
}

void check_finish(struct check_run *run, enum check_state state, const struct check_details *d,
                  const char *fmt, ...)
{
    struct check *c = CONTAINER_OF(run, struct check, run);
    struct checker *k = c->checker;
    struct str text = {0};
    va_list ap;
    if (c->done)
        return;
    c->done = true;
    va_start(ap, fmt);
    str_addv(&text, fmt, ap);
    va_end(ap);
    emit(c, state, d, str_take(&text));
    if (!k->sweep)
        k->sweep = loop_timer_new(k->node->loop, 0, 0, on_sweep, k);
}

static void on_deadline(void *arg)
{
    struct check *c = arg;
    uint32_t ms = c->spec.timeout_ms;
    if (ms % 1000)
        check_finish(&c->run, CHECK_DOWN, NULL, "no answer within %u ms", ms);
    else
        check_finish(&c->run, CHECK_DOWN, NULL, "no answer within %u s", ms / 1000);
}

/* --- schedule --- */

static uint64_t part_of(uint32_t phase, uint64_t ms)
{
    return (uint64_t)phase * ms >> 32;
}

/* The first interval is stretched or shortened so that checks that began together part. */
static void set_next(struct check *c, uint64_t now)
{
    uint64_t interval = c->spec.interval_ms;
    c->next_ms += c->ran ? interval : interval / 2 + part_of(c->phase, interval);
    c->ran = true;
    if (c->next_ms <= now)
        c->next_ms = now + interval;
}

static void start(struct check *c)
{
    struct checker *k = c->checker;
    set_next(c, now_ms(k));
    c->running = true;
    c->done = false;
    k->running++;
    c->run = (struct check_run){
        .node = k->node, .http = k->http, .spec = &c->spec, .started_ns = uv_hrtime()};
    c->deadline = loop_timer_new(k->node->loop, c->spec.timeout_ms, 0, on_deadline, c);
    kinds[c->spec.kind]->start(&c->run);
}

static struct check *most_due(struct checker *k)
{
    struct check *best = NULL;
    for (size_t i = 0; i < k->v.n; i++)
        if (!k->v.v[i]->running && (!best || k->v.v[i]->next_ms < best->next_ms))
            best = k->v.v[i];
    return best;
}

static void on_timer(uv_timer_t *t)
{
    schedule(t->data);
}

static void schedule(struct checker *k)
{
    uv_update_time(loop_uv(k->node->loop));
    struct check *c;
    while (k->running < RUNS_MAX && (c = most_due(k))) {
        uint64_t now = now_ms(k);
        if (c->next_ms > now) {
            uv_timer_start(k->timer, on_timer, c->next_ms - now, 0);
            return;
        }
        start(c);
    }
    uv_timer_stop(k->timer); /* the end of a run comes back here */
}

/* --- the list --- */

static bool same_spec(const struct check_spec *a, const struct check_spec *b)
{
    return str_eq(a->service, b->service) && a->kind == b->kind && str_eq(a->target, b->target) &&
           a->interval_ms == b->interval_ms && a->timeout_ms == b->timeout_ms &&
           str_eq(a->expect_status, b->expect_status) && str_eq(a->expect_body, b->expect_body) &&
           str_eq(a->expect_process, b->expect_process) && a->tls_verify == b->tls_verify;
}

static struct check *check_new(struct checker *k, const struct check_spec *spec)
{
    struct check *c = mem_alloc(sizeof *c);
    c->checker = k;
    check_spec_copy(&c->spec, spec);
    if (c->spec.interval_ms < INTERVAL_MIN_MS)
        c->spec.interval_ms = INTERVAL_MIN_MS;
    if (c->spec.timeout_ms < TIMEOUT_MIN_MS)
        c->spec.timeout_ms = TIMEOUT_MIN_MS;
    c->phase = str_hash(str_hash(STR_HASH + (uint32_t)spec->kind, spec->target), spec->service);
    uint64_t within = c->spec.interval_ms < FIRST_WITHIN_MS ? c->spec.interval_ms : FIRST_WITHIN_MS;
    c->next_ms = now_ms(k) + part_of(c->phase, within);
    return c;
}

static void check_free(struct check *c)
{
    clean(c);
    check_spec_done(&c->spec);
    mem_free(c);
}

static bool is_wanted(const struct check *c, const struct check_spec *specs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (same_spec(&c->spec, &specs[i]))
            return true;
    return false;
}

static bool is_there(const struct checker *k, const struct check_spec *spec)
{
    for (size_t i = 0; i < k->v.n; i++)
        if (same_spec(&k->v.v[i]->spec, spec))
            return true;
    return false;
}

void node_set_checks(struct node *n, const struct check_spec *specs, size_t n_specs)
{
    struct checker *k = node_module_state(n, &check_module);
    if (!k)
        return;
    for (size_t i = k->v.n; i-- > 0;)
        if (!is_wanted(k->v.v[i], specs, n_specs)) {
            check_free(k->v.v[i]);
            vec_remove_at(&k->v, i);
        }
    for (size_t i = 0; i < n_specs; i++)
        if (!is_there(k, &specs[i]))
            *vec_add(&k->v) = check_new(k, &specs[i]);
    schedule(k);
}

int node_check_now(struct node *n, const char *service)
{
    struct checker *k = node_module_state(n, &check_module);
    bool found = false;
    for (size_t i = 0; k && i < k->v.n; i++)
        if (str_eq(k->v.v[i]->spec.service, service)) {
            found = true;
            k->v.v[i]->next_ms = 0;
        }
    if (found)
        schedule(k);
    return found ? 0 : -ENOENT;
}

/* --- the module --- */

static void *start_module(struct node *n)
{
    struct checker *k = mem_alloc(sizeof *k);
    k->node = n;
    k->http = http_client_new(n->loop);
    k->timer = mem_alloc(sizeof *k->timer);
    uv_timer_init(loop_uv(n->loop), k->timer);
    k->timer->data = k;
    return k;
}

static void on_timer_closed(uv_handle_t *h)
{
    mem_free(h);
}

static void stop_module(void *state)
{
    struct checker *k = state;
    for (size_t i = 0; i < k->v.n; i++)
        check_free(k->v.v[i]);
    vec_done(&k->v);
    loop_timer_free(k->sweep);
    uv_close((uv_handle_t *)k->timer, on_timer_closed);
    http_client_free(k->http);
    mem_free(k);
}

const struct node_module check_module = {
    .name = "check", .start = start_module, .stop = stop_module};
