#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

static void record(void *arg, const struct feed_entry *e)
{
    struct rig *r = arg;
    str_list_take(&r->feed, mem_printf("%s %s %s", e->severity, e->kind, e->text));
}

static void remember(void *arg, const struct state_note *note)
{
    struct rig *r = arg;
    (void)note;
    r->n_remembered++;
}

static void checks(void *arg, const char *node, const struct check_spec *specs, size_t n)
{
    struct rig *r = arg;
    (void)node;
    r->n_orders++;
    str_clear(&r->checks);
    for (size_t i = 0; i < n; i++)
        str_addf(&r->checks, "%s %s %s %u\n", specs[i].service, check_kind_name(specs[i].kind),
                 specs[i].target, specs[i].interval_ms);
}

struct rig *rig_new(void)
{
    struct rig *r = mem_alloc(sizeof *r);
    struct event_log_limits limits = event_log_limits_default();
    r->log = event_log_new(&limits, 1764000000000);
    struct cluster_hooks hooks = {r, record, remember, checks};
    r->c = cluster_new(r->log, &hooks);
    r->now = (struct cluster_now){.mono_ms = 1000000, .wall_ms = 1764000000000};
    return r;
}

void rig_free(struct rig *r)
{
    cluster_free(r->c);
    event_log_free(r->log);
    fixture_done(&r->fixture);
    str_list_done(&r->feed);
    str_done(&r->checks);
    mem_free(r);
}

static void sink(void *arg, const char *node, struct node_report *report)
{
    struct rig *r = arg;
    if (!model_node(r->c, node))
        cluster_node_add(r->c, node, "", r->now);
    cluster_report(r->c, node, report, r->now);
}

void rig_line(struct rig *r, const char *line)
{
    struct err e = {0};
    if (fixture_line(&r->fixture, line, sink, r, &e) < 0)
        fail_msg("%s: %s", e.text, line);
}

void rig_file(struct rig *r, const char *name)
{
    struct err e = {0};
    char *path = mem_printf("%s/%s", getenv("TEST_DATA"), name);
    if (fixture_file(&r->fixture, path, sink, r, &e) < 0)
        fail_msg("%s", e.text);
    mem_free(path);
}

/* Nodes are heard from each second unless they are to fall silent: see the tests of silence. */
void rig_after(struct rig *r, int64_t ms)
{
    while (ms > 0) {
        int64_t step = ms < 1000 ? ms : 1000;
        r->now.mono_ms += step;
        r->now.wall_ms += step;
        ms -= step;
        cluster_tick(r->c, r->now);
    }
}

json_t *rig_json(struct buf *b)
{
    struct err e = {0};
    json_t *j = NULL;
    assert_non_null(b);
    if (json_parse(b->bytes, b->len, 64 << 20, &e, &j) < 0)
        fail_msg("%s in %.300s", e.text, b->bytes);
    buf_unref(b);
    return j;
}

static struct live_service *service(struct rig *r, const char *id)
{
    struct live_service *s = model_service(r->c, id);
    if (!s)
        fail_msg("no service %s", id);
    return s;
}

enum service_state rig_state(struct rig *r, const char *id)
{
    return service_state(service(r, id));
}

const char *rig_reason(struct rig *r, const char *id)
{
    return service(r, id)->health.told.reason;
}

bool rig_said(const struct rig *r, const char *text)
{
    for (size_t i = 0; i < r->feed.n; i++)
        if (strstr(r->feed.v[i], text))
            return true;
    return false;
}

const char *rig_sentence(struct rig *r)
{
    return r->c->verdict.sentence ? r->c->verdict.sentence : "";
}
