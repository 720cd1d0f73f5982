/* What happened, one line for people each. */
#include "cluster/model.h"

#include "base/clock.h"
#include "base/rand.h"

void feed_done(struct live_feed *f)
{
    mem_free(f->severity);
    mem_free(f->kind);
    mem_free(f->node);
    mem_free(f->service);
    mem_free(f->text);
    *f = (struct live_feed){0};
}

void json_feed(struct jw *w, const struct live_feed *f)
{
    jw_object(w);
    jw_key_str(w, "id", f->id);
    jw_key_time(w, "time", f->time_ms);
    jw_key_str(w, "severity", f->severity);
    jw_key_str(w, "kind", f->kind);
    jw_key_str(w, "node", f->node);
    jw_key_str(w, "service", f->service);
    jw_key_str(w, "text", f->text);
    jw_end_object(w);
}

static struct live_feed *keep(struct cluster *c)
{
    if (c->feed.n >= LIMIT_FEED) {
        feed_done(&c->feed.v[0]);
        vec_remove_at(&c->feed, 0);
    }
    return vec_add(&c->feed);
}

/* In the order of time, whatever the order of telling. */
static void insert(struct cluster *c, const struct live_feed *f)
{
    struct live_feed *slot = keep(c);
    for (; slot > c->feed.v && slot[-1].time_ms > f->time_ms; slot--)
        *slot = slot[-1];
    *slot = *f;
}

static void announce(struct cluster *c, const struct live_feed *f)
{
    struct str json = {0};
    struct jw w = jw_begin(&json);
    json_feed(&w, f);
    publish(c, EVENT_CLASS_FEED, NULL, "feed.added", permission_bit(PERM_EVENTS_READ), &json);
    str_done(&json);
    if (!c->hooks.record)
        return;
    struct feed_entry entry = {.time_ms = f->time_ms,
                               .severity = f->severity,
                               .kind = f->kind,
                               .node = f->node ? f->node : "",
                               .service = f->service ? f->service : "",
                               .text = f->text};
    str_copy(entry.id, sizeof entry.id, f->id);
    c->hooks.record(c->hooks.arg, &entry);
}

void feed_say(struct cluster *c, struct cluster_now now, const char *severity, const char *kind,
              const struct live_node *n, const struct live_service *s, const char *fmt, ...)
{
    struct live_feed f = {.time_ms = now.wall_ms};
    struct str text = {0};
    va_list ap;
    va_start(ap, fmt);
    str_addv(&text, fmt, ap);
    va_end(ap);
    rand_id(f.id);
    f.severity = mem_strdup(severity);
    f.kind = mem_strdup(kind);
    f.node = n ? mem_strdup(n->id) : NULL;
    f.service = s ? mem_strdup(s->id) : NULL;
    f.text = str_take(&text);
    announce(c, &f);
    insert(c, &f);
}

void cluster_recall_feed(struct cluster *c, const struct feed_entry *entry)
{
    if (c->feed.n >= LIMIT_FEED && entry->time_ms <= c->feed.v[0].time_ms)
        return;
    struct live_feed f = {.time_ms = entry->time_ms};
    str_copy(f.id, sizeof f.id, entry->id);
    f.severity = mem_strdup(entry->severity);
    f.kind = mem_strdup(entry->kind);
    f.node = str_is_empty(entry->node) ? NULL : mem_strdup(entry->node);
    f.service = str_is_empty(entry->service) ? NULL : mem_strdup(entry->service);
    f.text = mem_strdup(entry->text);
    insert(c, &f);
}

static void say_well(struct cluster *c, struct live_service *s, enum service_state from,
                     int64_t from_since_ms, const char *title, struct cluster_now now)
{
    char age[CLOCK_AGE_SIZE];
    if (from == STATE_DOWN || from == STATE_DEGRADED) {
        clock_age(now.wall_ms - from_since_ms, age);
        feed_say(c, now, "ok", "service.healthy", s->node, s, "%s %s again after %s", title,
                 service_state(s) == STATE_HEALTHY ? "is healthy" : "runs", age);
    } else if (from == STATE_STOPPED) {
        feed_say(c, now, "info", "service.started", s->node, s, "%s was started", title);
    }
}

void feed_state(struct cluster *c, struct live_service *s, enum service_state from,
                int64_t from_since_ms, struct cluster_now now)
{
    char title[SERVICE_TITLE_SIZE];
    const char *reason = s->health.told.reason, *colon = reason[0] ? ": " : "";
    service_title(s, title);
    if (s->who.hidden || service_state(s) == from)
        return;
    switch (service_state(s)) {
    case STATE_HEALTHY:
    case STATE_UNCHECKED:
        say_well(c, s, from, from_since_ms, title, now);
        return;
    case STATE_DEGRADED:
        feed_say(c, now, "warn", "service.degraded", s->node, s, "%s is degraded%s%s", title, colon,
                 reason);
        return;
    case STATE_DOWN:
        feed_say(c, now, s->cause ? "warn" : "bad", "service.down", s->node, s, "%s is down%s%s",
                 title, colon, reason);
        return;
    case STATE_STOPPED:
        feed_say(c, now, "info", "service.stopped", s->node, s, "%s was %s", title,
                 str_eq(reason, "paused") ? "paused" : "stopped");
        return;
    case STATE_UNKNOWN:
    case STATE_WORKING:
        return;
    }
}
