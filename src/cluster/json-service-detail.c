/* What the page of a service shows beside its row. */
#include "cluster/model.h"

#include <math.h>

static void labels_json(struct jw *w, const struct observed *o)
{
    jw_key(w, "labels");
    jw_array(w);
    for (size_t i = 0; o && i < o->labels.n; i++) {
        const struct label *l = &o->labels.v[i];
        bool masked = mask_is_secret(l->key, l->value);
        jw_object(w);
        jw_key_str(w, "key", l->key);
        jw_key_str(w, "value", masked ? "" : l->value);
        jw_key_bool(w, "masked", masked);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void port_list_json(struct jw *w, const struct observed *o)
{
    jw_key(w, "port_list");
    jw_array(w);
    for (size_t i = 0; o && i < o->ports.n; i++) {
        const struct observed_port *p = &o->ports.v[i];
        jw_object(w);
        jw_key_str(w, "address", p->address);
        jw_key_uint(w, "port", p->port);
        jw_key(w, "inner");
        if (p->inner)
            jw_uint(w, p->inner);
        else
            jw_null(w);
        jw_key_str(w, "protocol", p->udp ? "udp" : "tcp");
        jw_key_str(w, "process", p->process);
        jw_key(w, "pid");
        if (p->pid)
            jw_int(w, p->pid);
        else
            jw_null(w);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void ids_json(struct jw *w, const char *key, struct live_service *const *v, size_t n)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, v[i]->id);
    jw_end_array(w);
}

static void history_json(struct jw *w, const struct live_service *s, int64_t now_wall)
{
    jw_key(w, "history");
    jw_array(w);
    for (size_t i = 0; i < s->history.n; i++) {
        const struct past_state *p = &s->history.v[i];
        jw_object(w);
        jw_key_time(w, "from", p->from_ms);
        jw_key_time(w, "to", past_state_end(p, now_wall));
        jw_key_str(w, "state", service_state_name(p->state));
        jw_key_str(w, "reason", p->reason);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static const char *check_state_name(const struct check_track *t)
{
    if (!t->text && !t->time_ms)
        return "waiting";
    switch (t->word) {
    case CHECK_GOOD:
        return "up";
    case CHECK_UNTRIED:
        return "unknown";
    case CHECK_WAITING:
    case CHECK_NOT_SET:
    case CHECK_RETRYING:
    case CHECK_ERRORS:
    case CHECK_DEAD:
        break;
    }
    return "down";
}

static void check_json(struct jw *w, const struct check_track *t)
{
    jw_object(w);
    jw_key_str(w, "kind", check_kind_name(t->spec.kind));
    jw_key_str(w, "target", t->spec.target);
    jw_key_uint(w, "interval_ms", t->spec.interval_ms);
    jw_key_bool(w, "automatic", t->automatic);
    jw_key_str(w, "state", check_state_name(t));
    jw_key_str(w, "text", t->text);
    jw_key_fixed(w, "latency_ms", t->latency_us ? (double)t->latency_us / 1000 : (double)NAN, 1);
    jw_key_time(w, "time", t->time_ms);
    jw_key(w, "code");
    if (t->code)
        jw_int(w, t->code);
    else
        jw_null(w);
    jw_key_time(w, "tls_expires", t->tls_expires_ms);
    jw_key(w, "last");
    jw_array(w);
    for (unsigned i = 0; i < t->n_last; i++)
        jw_decimal(w, (double)t->last[i], 1);
    jw_end_array(w);
    jw_end_object(w);
}

static void record_json(struct jw *w, const struct service_record *r)
{
    jw_key(w, "record");
    if (r)
        service_record_print(w, r);
    else
        jw_null(w);
}

static void feed_of(struct jw *w, const struct cluster *c, const struct live_service *s)
{
    jw_key(w, "feed");
    jw_array(w);
    for (size_t i = c->feed.n, left = OVERVIEW_FEED; i-- > 0 && left > 0;)
        if (str_eq(c->feed.v[i].service, s->id)) {
            json_feed(w, &c->feed.v[i]);
            left--;
        }
    jw_end_array(w);
}

static void int_or_null(struct jw *w, const char *key, bool has, int64_t v)
{
    jw_key(w, key);
    if (has)
        jw_int(w, v);
    else
        jw_null(w);
}

static void masked_command(struct jw *w, const struct observed *o)
{
    char *command = o->command ? mask_command(o->command) : NULL;
    jw_key_str(w, "command", command);
    mem_free(command);
}

static void engine_fields(struct jw *w, const struct observed *o)
{
    static const struct observed none = {0};
    char meaning[EXIT_MEANING_SIZE] = "";
    bool seen = o != NULL;
    if (!o)
        o = &none;
    if (o->has_exit)
        exit_meaning(o->exit_code, o->oom_killed, o->kind, meaning);
    jw_key_str(w, "run_text", o->run_text ? o->run_text : "");
    jw_key_time(w, "started", o->started_ms);
    jw_key_time(w, "ended", o->ended_ms);
    int_or_null(w, "exit_code", o->has_exit, o->exit_code);
    jw_key_str(w, "exit_meaning", meaning[0] ? meaning : NULL);
    jw_key_bool(w, "oom_killed", o->oom_killed);
    jw_key_str(w, "why", o->why);
    jw_key_str(w, "image", o->image);
    jw_key_str(w, "image_id", o->image_id);
    jw_key_str(w, "container_id", o->container_id);
    jw_key_str(w, "unit_file", o->unit_file);
    masked_command(w, o);
    int_or_null(w, "main_pid", o->main_pid > 0, o->main_pid);
    jw_key(w, "enabled");
    if (seen && o->kind != OBSERVED_PROCESS)
        jw_bool(w, o->enabled);
    else
        jw_null(w);
    jw_key_strs(w, "mounts", &o->mounts);
    jw_key_strs(w, "networks", &o->networks);
}

static const char *run_name(const struct observed *o)
{
    static const char *const names[] = {
        [RUN_RUNNING] = "running", [RUN_STARTING] = "starting", [RUN_STOPPING] = "stopping",
        [RUN_STOPPED] = "stopped", [RUN_FAILED] = "failed",     [RUN_RESTARTING] = "restarting",
        [RUN_PAUSED] = "paused",
    };
    return o ? names[o->run] : "none";
}

static void warnings_json(struct jw *w, const struct live_service *s)
{
    jw_key(w, "warnings");
    jw_array(w);
    for (size_t i = 0; i < s->warnings.n; i++)
        jw_str(w, s->warnings.v[i].text);
    jw_end_array(w);
}

static void detail_fields(struct jw *w, const struct cluster *c, const struct live_service *s)
{
    jw_key_str(w, "description", s->who.description);
    jw_key_str(w, "run", run_name(s->seen));
    engine_fields(w, s->seen);
    jw_key_str(w, "last_error", s->last_error);
    labels_json(w, s->seen);
    port_list_json(w, s->seen);
    ids_json(w, "depends_on", s->needs.v, s->needs.n);
    ids_json(w, "needed_by", s->needed_by.v, s->needed_by.n);
    warnings_json(w, s);
    history_json(w, s, c->now.wall_ms);
    jw_key(w, "uptime");
    jw_object(w);
    jw_key_fixed(w, "hours24", history_uptime(&s->history, c->now.wall_ms), 2);
    jw_end_object(w);
    jw_key(w, "checks");
    jw_array(w);
    if (s->check.wanted)
        check_json(w, &s->check);
    jw_end_array(w);
    jw_key_uint(w, "restarts_10min", service_restarts_10min(s, c->now.mono_ms));
    record_json(w, s->record);
    feed_of(w, c, s);
}

struct buf *cluster_service(struct cluster *c, const char *id)
{
    const struct live_service *s = model_service(c, id);
    if (!s)
        return NULL;
    char event[EVENT_ID_SIZE];
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_str(&w, "event_id", event_log_id(c->log, event_log_last(c->log), event));
    json_service_fields(&w, s, c->now.mono_ms);
    json_service_numbers(&out, s);
    detail_fields(&w, c, s);
    jw_end_object(&w);
    return buf_take(&out);
}
