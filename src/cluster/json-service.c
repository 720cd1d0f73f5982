/* A service as JSON: its row. Its page stands in json-service-detail.c. */
#include "cluster/model.h"

#include <math.h>

static const char *kind_name(const struct live_service *s)
{
    if (!s->seen)
        return "manual";
    switch (s->seen->kind) {
    case OBSERVED_CONTAINER:
        return "container";
    case OBSERVED_UNIT:
        return "unit";
    case OBSERVED_PROCESS:
        break;
    }
    return "process";
}

static const char *proof_name(enum proof p)
{
    return p == PROOF_SET ? "set" : p == PROOF_AUTO ? "auto" : "none";
}

void jw_key_service(struct jw *w, const char *key, const struct live_node *n, const char *observed)
{
    if (!observed) {
        jw_key_str(w, key, NULL);
        return;
    }
    char *id = mem_printf("%s/%s", n->id, observed);
    jw_key_str(w, key, id);
    mem_free(id);
}

static void ports_json(struct jw *w, const struct observed *o)
{
    jw_key(w, "ports");
    jw_array(w);
    for (size_t i = 0; o && i < o->ports.n; i++) {
        bool told = false;
        for (size_t j = 0; j < i; j++)
            told |= o->ports.v[j].port == o->ports.v[i].port;
        if (!told)
            jw_uint(w, o->ports.v[i].port);
    }
    jw_end_array(w);
}

/* All but the closing numbers, which change each second without being news. */
void json_service_fields(struct jw *w, const struct live_service *s, int64_t mono)
{
    const struct judgement *j = &s->health.told;
    jw_key_str(w, "id", s->id);
    jw_key_str(w, "node", s->node ? s->node->id : NULL);
    jw_key_str(w, "kind", kind_name(s));
    jw_key_str(w, "engine", s->seen ? s->seen->engine : "hydra");
    jw_key_str(w, "name", s->seen ? s->seen->name : s->who.name);
    jw_key_str(w, "display", s->who.name);
    jw_key_str(w, "group", s->who.group);
    jw_key_str(w, "icon", s->who.icon);
    jw_key_str(w, "url", s->who.url);
    jw_key_str(w, "state", service_state_name(j->state));
    jw_key_time(w, "since", s->health.since_ms);
    jw_key_str(w, "reason", j->reason[0] ? j->reason : NULL);
    jw_key_str(w, "project", s->seen ? s->seen->project : NULL);
    jw_key_bool(w, "hidden", s->who.hidden);
    jw_key_bool(w, "manual", s->record && s->record->manual);
    jw_key_bool(w, "overridden", s->record && !s->record->manual);
    ports_json(w, s->seen);
    jw_key_uint(w, "problems", service_is_problem(s));
    jw_key_str(w, "caused_by", s->cause ? s->cause->id : NULL);
    jw_key_uint(w, "restarts", s->seen ? s->seen->restarts : 0);
    jw_key_bool(w, "looping", service_is_looping(s, mono));
    jw_key_str(w, "check", proof_name(j->proof));
}

void json_service_row(struct cluster *c, struct live_service *s, struct cluster_now now)
{
    (void)c;
    str_clear(&s->row);
    struct jw w = jw_begin(&s->row);
    jw_object(&w);
    json_service_fields(&w, s, now.mono_ms);
    s->row_state = s->health.told.state;
}

static double latency_ms(const struct live_service *s)
{
    const struct check_track *t = &s->check;
    return t->wanted && t->latency_us ? (double)t->latency_us / 1000 : (double)NAN;
}

void json_service_numbers(struct str *out, const struct live_service *s)
{
    str_add(out, ",\"latency_ms\":");
    str_add_fixed(out, latency_ms(s), 1);
    str_add(out, ",\"cpu\":");
    str_add_fixed(out, s->cpu, 1);
    str_add(out, ",\"memory\":");
    str_add_fixed(out, s->memory, 0);
}

void json_service_splice(struct jw *w, const struct live_service *s)
{
    jw_raw(w, s->row.p, s->row.len);
    json_service_numbers(w->out, s);
    str_add_char(w->out, '}');
}

static void add_group(struct str_list *groups, const char *group)
{
    if (!str_list_has(groups, group))
        str_list_add(groups, group);
}

struct buf *cluster_services(struct cluster *c)
{
    char event[EVENT_ID_SIZE];
    struct str out = {0};
    struct str_list groups = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    jw_key_str(&w, "event_id", event_log_id(c->log, event_log_last(c->log), event));
    jw_key(&w, "services");
    jw_array(&w);
    SERVICES_FOREACH(c, s)
    {
        if (s->row.len)
            json_service_splice(&w, s);
        add_group(&groups, s->who.group);
    }
    jw_end_array(&w);
    jw_key_strs(&w, "groups", &groups);
    jw_end_object(&w);
    str_list_done(&groups);
    return buf_take(&out);
}
