/* A node on a loop of its own thread whose reports become lines that a test waits for:
 *   service docker/web running exit=- why=- deps=docker/db ports=0.0.0.0:8080
 *   gone docker/web
 *   source docker ok complete | Docker 20.10
 *   outcome c1 refused | | It came too late …
 *   policy /etc/hydra/agent.yaml | trouble */
#pragma once

#include "../test.h"
#include "probing.h"

#include "base/clock.h"
#include "node/node.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct watching {
    struct loop *loop;
    struct node *node;
    struct node_settings settings;
    pthread_mutex_t lock;
    struct str_list lines; /* under `lock` */
    size_t from;           /* lines before are done with */
};

static void add_service(struct str *s, const struct observed *o)
{
    static const char *const runs[] = {"running", "starting",   "stopping", "stopped",
                                       "failed",  "restarting", "paused"};
    str_addf(s, "service %s %s%s exit=", o->id, runs[o->run], o->on_purpose ? " meant" : "");
    if (o->has_exit)
        str_addf(s, "%d", o->exit_code);
    str_addf(s, " why=%s deps=", o->why ? o->why : "");
    for (size_t i = 0; i < o->depends_on.n; i++)
        str_addf(s, "%s%s", i ? "," : "", o->depends_on.v[i]);
    str_add(s, " ports=");
    for (size_t i = 0; i < o->ports.n; i++)
        str_addf(s, "%s%s:%u", i ? "," : "", o->ports.v[i].address, o->ports.v[i].port);
}

static void add_source(struct str *s, const struct source_report *r)
{
    static const char *const states[] = {"ok", "absent", "denied", "failed"};
    str_addf(s, "source %s %s%s | %s | %s", r->name, states[r->state],
             r->services_complete ? " complete" : "", r->text ? r->text : "",
             r->hint ? r->hint : "");
}

static void watching_report(void *arg, struct node_report *r)
{
    struct watching *w = arg;
    struct str s = {0};
    if (r->kind == REPORT_SERVICE)
        add_service(&s, r->service);
    else if (r->kind == REPORT_SERVICE_GONE)
        str_addf(&s, "gone %s", r->gone);
    else if (r->kind == REPORT_SOURCE)
        add_source(&s, r->source);
    else if (r->kind == REPORT_OUTCOME)
        str_addf(&s, "outcome %s %s | %s | %s", r->outcome->id,
                 outcome_state_name(r->outcome->state), r->outcome->step, r->outcome->text);
    else if (r->kind == REPORT_LOCAL)
        str_addf(&s, "local%s %s %s %s %u %s %s | %s", r->local->again ? " again" : "",
                 r->local->outcome->id, outcome_state_name(r->local->outcome->state),
                 r->local->user, r->local->uid, r->local->verb, r->local->target,
                 r->local->outcome->text);
    else if (r->kind == REPORT_POLICY)
        str_addf(&s, "policy %s | %s", r->policy->path,
                 r->policy->trouble ? r->policy->trouble : "");
    if (s.len) {
        pthread_mutex_lock(&w->lock);
        str_list_take(&w->lines, str_take(&s));
        pthread_mutex_unlock(&w->lock);
    }
    node_report_free(r);
}

static void watching_start_node(void *arg)
{
    struct watching *w = arg;
    w->node = node_new(w->loop, &w->settings);
    node_start(w->node);
}

static void watching_stop_node(void *arg)
{
    struct watching *w = arg;
    node_free(w->node);
}

static void watching_start(struct watching *w, struct node_settings settings)
{
    *w = (struct watching){.loop = loop_new("node"), .settings = settings};
    pthread_mutex_init(&w->lock, NULL);
    w->settings.report = watching_report;
    w->settings.arg = w;
    loop_start_thread(w->loop);
    loop_call(w->loop, watching_start_node, w);
}

static void watching_stop(struct watching *w)
{
    loop_call(w->loop, watching_stop_node, w);
    loop_stop(w->loop);
    loop_join(w->loop);
    loop_free(w->loop);
    str_list_done(&w->lines);
    pthread_mutex_destroy(&w->lock);
}

static bool watching_find(struct watching *w, const char *pattern, size_t *ret_at)
{
    bool found = false;
    pthread_mutex_lock(&w->lock);
    for (size_t i = w->from; i < w->lines.n && !found; i++)
        if (str_glob(pattern, w->lines.v[i])) {
            *ret_at = i;
            found = true;
        }
    pthread_mutex_unlock(&w->lock);
    return found;
}

/* Waits, at most a minute, for a line that fits; later waits begin behind it. Returns the ms it
 * took.
 */
static inline int64_t wait_for(struct watching *w, const char *pattern)
{
    int64_t start = clock_mono_ms();
    size_t at;
    while (!watching_find(w, pattern, &at)) {
        if (clock_mono_ms() - start > 60000) {
            for (size_t i = w->from; i < w->lines.n; i++)
                print_message("  %s\n", w->lines.v[i]);
            fail_msg("did not hear: %s", pattern);
        }
        usleep(2000);
    }
    w->from = at + 1;
    return clock_mono_ms() - start;
}

/* Waits like wait_for(), but later waits may still find what came before. */
static inline void wait_for_any(struct watching *w, const char *pattern)
{
    size_t from = w->from;
    wait_for(w, pattern);
    w->from = from;
}

/* Later waits begin behind all that was heard. */
static inline void forget_all(struct watching *w)
{
    pthread_mutex_lock(&w->lock);
    w->from = w->lines.n;
    pthread_mutex_unlock(&w->lock);
}

static inline bool was_heard(struct watching *w, const char *pattern)
{
    size_t at;
    return watching_find(w, pattern, &at);
}
