/* Event streams: hands the socket to the fan-out. And events that automation publishes. */
#include "api/routes.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/pieces.h"
#include "api/problem.h"
#include "api/recent-keys.h"
#include "base/log.h"

static struct subscriber_draft draft_of(const struct http_exchange *x)
{
    const struct subject *s = subject_of(x);
    const char *header = http_header(x, "Last-Event-ID"), *since = http_query(x, "since");
    return (struct subscriber_draft){.permissions = policy_permissions(s, NULL),
                                     .subject = s->id,
                                     .expires_wall_ms = s->expires_wall_ms,
                                     .last_event_id = !str_is_empty(header) ? header : since};
}

/* Hands the socket to the fan-out; `first` (an event, may be "") goes before all others. */
static void attach(struct http_exchange *x, struct subscriber_draft *d, const char *first)
{
    struct api *a = api_of(x);
    if (!fanout_has_room(a->fanout)) {
        problem_reply(
            x, &(struct problem){
                   .status = 503,
                   .type = PROBLEM_UNAVAILABLE,
                   .detail = "Too many event streams are open. Close some, or try again later.",
                   .retry_after_s = 10});
        return;
    }
    AUTO(mem_freep)
    char *head = mem_printf("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: "
                            "no-store\r\nX-Accel-Buffering: no\r\n"
                            "Connection: close\r\n%s\r\n%s",
                            http_security_headers(a->server), first);
    d->head = head;
    if (strcmp(http_method(x), "HEAD") == 0) {
        http_reply(x, 200, "text/event-stream", NULL, 0);
        return;
    }
    d->fd = http_take_socket(x);
    if (d->fd < 0) {
        problem_reply(
            x,
            &(struct problem){
                .status = 400,
                .type = PROBLEM_INVALID,
                .detail =
                    "Ask for an event stream on a connection without further requests in flight."});
        return;
    }
    if (fanout_attach(a->fanout, d) < 0)
        log_debug("api", "event stream not attached", "subject=%s", subject_of(x)->id);
}

static void get_stream(struct http_exchange *x)
{
    struct err e = {0};
    struct subscriber_draft d = draft_of(x);
    if (event_topics_parse(http_query(x, "topics"), &d.topics, &e) < 0)
        body_refuse(x, "topics", "%s", e.text);
    else
        attach(x, &d, "");
}

/* Begins with the job as it is, so that no change between asking and listening is missed. */
static void get_job_stream(struct http_exchange *x)
{
    const struct job *j = jobs_find(api_of(x)->jobs, http_param(x, "id"));
    struct subscriber_draft d = draft_of(x);
    struct err e = {0};
    char topic[64];
    if (!j) {
        problem_reply(x, &(struct problem){.status = 404,
                                           .type = PROBLEM_NOT_FOUND,
                                           .detail = "No such job is under way. What is over is "
                                                     "read at /api/web/jobs/ID."});
        return;
    }
    snprintf(topic, sizeof topic, "jobs/%s", j->id);
    if (event_topics_parse(topic, &d.topics, &e) < 0) {
        body_refuse(x, "id", "%s", e.text);
        return;
    }
    d.last_event_id = NULL;
    struct str first = {0};
    str_add(&first, "event: job.changed\ndata: ");
    struct jw w = jw_begin(&first);
    job_print(&w, j, false);
    str_add(&first, "\n\n");
    attach(x, &d, str_text(&first));
    str_done(&first);
}

static void print_ring(struct api *a, struct jw *w)
{
    char id[EVENT_ID_SIZE];
    struct event_log_stats l = event_log_stats(a->log);
    jw_key_str(w, "oldest_id", l.oldest ? event_log_id(a->log, l.oldest, id) : NULL);
    jw_key_uint(w, "entries", l.entries);
    jw_key_uint(w, "ring_bytes", l.bytes);
    jw_key_uint(w, "ring_bytes_limit", l.bytes_limit);
    jw_key_uint(w, "appended_total", l.appended_total);
}

void stream_stats_print(struct api *a, struct jw *w)
{
    struct fanout_stats s = fanout_stats(a->fanout);
    char id[EVENT_ID_SIZE];
    uint64_t epoch = 0;
    event_log_id(a->log, event_log_last(a->log), id);
    char *dash = strchr(id, '-');
    char first[EVENT_ID_SIZE];
    str_copy(first, dash ? (size_t)(dash - id) + 1 : sizeof first, id);
    if (str_to_u64(first, &epoch) < 0)
        epoch = 0;
    jw_object(w);
    jw_key_uint(w, "epoch", epoch);
    jw_key_str(w, "last_id", id);
    print_ring(a, w);
    jw_key_uint(w, "subscribers", s.subscribers);
    jw_key_uint(w, "attached_total", s.attached_total);
    jw_key_uint(w, "deliveries_total", s.deliveries_total);
    jw_key_uint(w, "writes_total", s.writes_total);
    jw_key_uint(w, "bytes_total", s.bytes_total);
    jw_key_uint(w, "resyncs_total", s.resyncs_total);
    jw_key_uint(w, "stalled_total", s.stalled_total);
    jw_key_uint(w, "revoked_total", s.revoked_total);
    jw_key_uint(w, "expired_total", s.expired_total);
    jw_key_uint(w, "max_lag_entries", s.max_lag_entries);
    jw_end_object(w);
}

static void get_stats(struct http_exchange *x)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    stream_stats_print(api_of(x), &w);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", &body);
}

static void reply_published(struct http_exchange *x, const char *id)
{
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_str(&w, "id", id);
    jw_end_object(&w);
    http_reply_str(x, 202, "application/json", &body);
}

static void publish(struct http_exchange *x, const char *type, char ret_id[EVENT_ID_SIZE])
{
    struct api *a = api_of(x);
    size_t len;
    const char *text = http_body(
        x, &len); /* a valid JSON object with exactly type and data: goes out as it came */
    struct event_draft d = {.topic = EVENT_CLASS_CUSTOM,
                            .type = type,
                            .permissions = permission_bit(PERM_EVENTS_READ),
                            .data = text,
                            .len = len};
    uint64_t sequence;
    int r = event_log_append(a->log, &d, &sequence);
    if (r == -E2BIG)
        problem_reply(x, &(struct problem){.status = 413,
                                           .type = PROBLEM_INVALID,
                                           .detail = "The event is too large: at most 256 KiB."});
    else if (r < 0)
        body_refuse(x, "type", "\"type\" is 1 to 64 characters of a-z, 0-9, '.', '_' and '-'.");
    else
        event_log_id(a->log, sequence, ret_id);
}

static void post_event(struct http_exchange *x)
{
    static const char *const members[] = {"type", "data", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    const char *type, *key = http_header(x, "Idempotency-Key");
    char id[EVENT_ID_SIZE] = "";
    size_t len;
    if (!body || body_text(x, body, "type", true, &type) < 0)
        return;
    if (!json_object_get(body, "data")) {
        body_refuse(x, "data", "\"data\" is missing: any JSON value.");
        return;
    }
    const char *text = http_body(x, &len);
    int r =
        key ? recent_keys_find(api_of(x)->recent_keys, subject_of(x)->user_id, key, text, len, id)
            : -ENOENT;
    if (r == -EEXIST) {
        problem_reply(
            x, &(struct problem){
                   .status = 409,
                   .type = PROBLEM_CONFLICT,
                   .detail = "That Idempotency-Key was used for another event. Use a new key."});
        return;
    }
    if (r == 0) {
        reply_published(x, id);
        return;
    }
    publish(x, type, id);
    if (!*id)
        return;
    if (key)
        recent_keys_add(api_of(x)->recent_keys, subject_of(x)->user_id, key, text, len, id);
    reply_published(x, id);
}

const struct http_route stream_routes[] = {
    {"GET", "/api/events/cluster", ROUTE_ON_LOOP, 0, "events:read", get_stream, 0},
    {"GET", "/api/events/jobs/{id}", ROUTE_ON_LOOP, 0, "services:read", get_job_stream, 0},
    {"GET", "/api/events/stats", ROUTE_ON_LOOP, 0, "events:read", get_stats, 0},
    {"POST", "/api/automation/events", ROUTE_ON_LOOP, 0, "events:write", post_event, 0},
    {0},
};
