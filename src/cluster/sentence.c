/* The sentence that tells all, and the line under it. */
#include "cluster/model.h"

#include "base/clock.h"

enum { SENTENCE_GAP_MS = 2000 };

void sentence_count(struct cluster *c, struct counts *ret)
{
    *ret = (struct counts){0};
    SERVICES_FOREACH(c, s)
    {
        if (s->who.hidden) {
            ret->hidden++;
            continue;
        }
        ret->total++;
        ret->by_state[service_state(s)]++;
        ret->problems += service_is_problem(s);
        ret->down += service_is_problem(s) && service_state(s) == STATE_DOWN;
    }
    NODES_FOREACH(c, n)
    {
        ret->nodes++;
        ret->nodes_online += n->state == NODE_ONLINE;
    }
}

/* A verdict in the making. */
struct draft {
    const char *severity;
    struct str sentence, detail;
    const struct counts *n;
};

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

/* Down before degraded, then what breaks most, then what is longest so. */
static bool is_worse(const struct live_service *a, const struct live_service *b)
{
    if (!b || service_state(a) != service_state(b))
        return !b || service_state(a) == STATE_DOWN;
    if (a->n_broken != b->n_broken)
        return a->n_broken > b->n_broken;
    return a->health.since_ms < b->health.since_ms;
}

static struct live_service *worst(struct cluster *c)
{
    struct live_service *found = NULL;
    SERVICES_FOREACH(c, s)
    {
        if (service_is_problem(s) && is_worse(s, found))
            found = s;
    }
    return found;
}

static unsigned nodes_with(struct cluster *c, enum service_state state)
{
    unsigned n = 0;
    NODES_FOREACH(c, node)
    {
        bool has = false;
        SERVICES_FOREACH(c, s)
        {
            has |= s->node == node && service_is_problem(s) && service_state(s) == state;
        }
        n += has;
    }
    return n;
}

static void say_one(struct draft *d, const struct live_service *s, int64_t wall)
{
    char title[SERVICE_TITLE_SIZE], age[CLOCK_AGE_SIZE];
    unsigned breaks = s->n_broken;
    str_addf(&d->sentence, "%s has been %s for %s", service_title(s, title),
             service_state_name(service_state(s)), clock_age(wall - s->health.since_ms, age));
    if (breaks)
        str_addf(&d->sentence, ": %u service%s depend%s on it", breaks, breaks == 1 ? "" : "s",
                 breaks == 1 ? "s" : "");
}

static void say_many(struct cluster *c, struct draft *d, unsigned n, enum service_state state)
{
    unsigned nodes = nodes_with(c, state);
    str_addf(&d->sentence, "%u services are %s", n, service_state_name(state));
    if (nodes)
        str_addf(&d->sentence, " on %u node%s", nodes, plural(nodes));
}

static void add_part(struct str *out, unsigned n, const char *word)
{
    if (n)
        str_addf(out, "%s%u %s", out->len ? ", " : "", n, word);
}

/* "The other 38 services are healthy on 3 nodes", else what there is of each. */
static void detail_problem(struct draft *d, unsigned told)
{
    const unsigned *by = d->n->by_state;
    unsigned well = by[STATE_HEALTHY] + by[STATE_UNCHECKED];
    unsigned rest = d->n->total - told - by[STATE_STOPPED];
    if (well && well == rest)
        str_addf(&d->detail, "The other %u service%s %s on %u node%s", well,
                 well == 1 ? " is" : "s are", by[STATE_UNCHECKED] ? "running" : "healthy",
                 d->n->nodes_online, plural(d->n->nodes_online));
    else {
        add_part(&d->detail, by[STATE_DOWN], "down");
        add_part(&d->detail, by[STATE_DEGRADED], "degraded");
        add_part(&d->detail, by[STATE_UNKNOWN], "unknown");
        add_part(&d->detail, by[STATE_WORKING], "starting or stopping");
        add_part(&d->detail, by[STATE_HEALTHY], "healthy");
        add_part(&d->detail, by[STATE_UNCHECKED], "without a check");
    }
}

static bool draft_problem(struct cluster *c, struct draft *d, struct cluster_now now)
{
    struct live_service *s = worst(c);
    if (!s)
        return false;
    enum service_state state = service_state(s);
    unsigned n = state == STATE_DOWN ? d->n->down : d->n->problems;
    d->severity = state == STATE_DOWN ? "bad" : "warn";
    if (n == 1)
        say_one(d, s, now.wall_ms);
    else
        say_many(c, d, n, state);
    detail_problem(d, n);
    return true;
}

static bool draft_away(struct cluster *c, struct draft *d, struct cluster_now now)
{
    unsigned away = 0;
    const struct live_node *first = NULL;
    NODES_FOREACH(c, n)
    {
        if (n->state != NODE_AWAY)
            continue;
        away++;
        first = first ? first : n;
    }
    if (!away)
        return false;
    char age[CLOCK_AGE_SIZE];
    d->severity = "bad";
    if (away == 1)
        str_addf(&d->sentence, "%s has not been heard from for %s", first->id,
                 clock_age(now.wall_ms - first->seen_wall_ms, age));
    else
        str_addf(&d->sentence, "%u of %u nodes have not been heard from", away, d->n->nodes);
    if (d->n->by_state[STATE_UNKNOWN])
        str_addf(&d->sentence, ": %u service%s unknown", d->n->by_state[STATE_UNKNOWN],
                 d->n->by_state[STATE_UNKNOWN] == 1 ? " is" : "s are");
    detail_problem(d, d->n->by_state[STATE_UNKNOWN]);
    return true;
}

/* The first moments: nothing is said of what was not looked at. */
static bool draft_settling(struct cluster *c, struct draft *d, struct cluster_now now)
{
    bool settling = d->n->nodes == 0;
    NODES_FOREACH(c, n)
    {
        settling |= node_is_settling(n, now.mono_ms);
    }
    if (!settling)
        return false;
    d->severity = "unknown";
    str_add(&d->sentence, d->n->nodes ? "Looking around" : "No node yet");
    if (d->n->total)
        str_addf(&d->sentence, ": %u service%s found so far", d->n->total, plural(d->n->total));
    return true;
}

static bool draft_unknown(struct draft *d)
{
    unsigned n = d->n->by_state[STATE_UNKNOWN];
    if (!n)
        return false;
    d->severity = "unknown";
    str_addf(&d->sentence, "Can't tell about %u of %u service%s", n, d->n->total,
             plural(d->n->total));
    detail_problem(d, n);
    return true;
}

static void detail_well(struct draft *d)
{
    const unsigned *by = d->n->by_state;
    if (by[STATE_UNCHECKED]) {
        add_part(&d->detail, by[STATE_HEALTHY], "proven healthy");
        add_part(&d->detail, by[STATE_UNCHECKED], "without a check");
    }
    add_part(&d->detail, by[STATE_WORKING], "starting or stopping");
    add_part(&d->detail, by[STATE_STOPPED], "stopped on purpose");
}

static void draft_well(struct cluster *c, struct draft *d)
{
    unsigned total = d->n->total - d->n->by_state[STATE_STOPPED];
    const char *word = d->n->by_state[STATE_UNCHECKED] ? "running" : "healthy";
    d->severity = c->n_attention_bad ? "bad" : "ok";
    if (total == 0)
        str_addf(&d->sentence, "No services found on %u node%s", d->n->nodes, plural(d->n->nodes));
    else
        str_addf(&d->sentence, "%s%u service%s %s on %u node%s", total == 1 ? "" : "All ", total,
                 plural(total), word, d->n->nodes, plural(d->n->nodes));
    if (c->n_attention_bad && c->attention_worst)
        str_addf(&d->sentence, ", but %s", c->attention_worst);
    detail_well(d);
}

static void make_draft(struct cluster *c, struct draft *d, struct cluster_now now)
{
    if (draft_settling(c, d, now) || draft_away(c, d, now) || draft_problem(c, d, now) ||
        draft_unknown(d))
        return;
    draft_well(c, d);
}

void verdict_json(struct jw *w, const struct verdict *v)
{
    const struct counts *n = &v->counts;
    jw_object(w);
    jw_key_str(w, "severity", v->severity[0] ? v->severity : "unknown");
    jw_key_str(w, "sentence", v->sentence ? v->sentence : "Looking around");
    jw_key_str(w, "detail", v->detail ? v->detail : "");
    jw_key_time(w, "since", v->since_ms);
    jw_key(w, "counts");
    jw_object(w);
    jw_key_uint(w, "total", n->total);
    for (int s = STATE_HEALTHY; s <= STATE_STOPPED; s++)
        jw_key_uint(w, service_state_name((enum service_state)s), n->by_state[s]);
    jw_key_uint(w, "nodes", n->nodes);
    jw_key_uint(w, "nodes_online", n->nodes_online);
    jw_end_object(w);
    jw_end_object(w);
}

static bool is_bad(const char *severity)
{
    return str_eq(severity, "bad") || str_eq(severity, "warn");
}

/* Bad news comes at once; everything else no oftener than the gap. */
static bool may_tell(const struct verdict *v, const struct draft *d, int64_t mono)
{
    bool first_bad =
        is_bad(d->severity) && !str_eq(d->severity, v->severity) && !str_eq(v->severity, "bad");
    return first_bad || !v->sentence || mono - v->told_mono_ms >= SENTENCE_GAP_MS;
}

static void take_draft(struct cluster *c, struct draft *d, const struct counts *counts,
                       struct cluster_now now)
{
    struct verdict *v = &c->verdict;
    if (!str_eq(v->severity, d->severity))
        v->since_ms = now.wall_ms;
    str_copy(v->severity, sizeof v->severity, d->severity);
    mem_set_str(&v->sentence, str_text(&d->sentence));
    mem_set_str(&v->detail, str_text(&d->detail));
    v->counts = *counts;
    v->told_mono_ms = now.mono_ms;
    struct str json = {0};
    struct jw w = jw_begin(&json);
    verdict_json(&w, v);
    publish(c, EVENT_CLASS_STATE, NULL, "verdict.changed", PERMS_STATE, &json);
    str_done(&json);
}

void sentence_update(struct cluster *c, struct cluster_now now)
{
    struct counts counts;
    sentence_count(c, &counts);
    struct draft d = {.n = &counts};
    make_draft(c, &d, now);
    struct verdict *v = &c->verdict;
    bool same = str_eq(v->severity, d.severity) && str_eq(v->sentence, str_text(&d.sentence)) &&
                str_eq(v->detail, str_text(&d.detail)) &&
                !memcmp(&v->counts, &counts, sizeof counts);
    if (!same && may_tell(v, &d, now.mono_ms))
        take_draft(c, &d, &counts, now);
    str_done(&d.sentence);
    str_done(&d.detail);
}

struct cluster_verdict cluster_verdict(const struct cluster *c)
{
    const struct verdict *v = &c->verdict;
    return (struct cluster_verdict){v->sentence ? v->sentence : "", v->detail ? v->detail : ""};
}

void cluster_states(struct cluster *c,
                    void (*see)(void *arg, const char *group, enum service_state s), void *arg)
{
    SERVICES_FOREACH(c, s)
    {
        if (s->row.len && !s->who.hidden)
            see(arg, s->who.group, s->row_state);
    }
}
