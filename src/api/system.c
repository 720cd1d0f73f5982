/* Hydra itself: health, readiness, metrics, the contract as a document. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/openapi-json.h"
#include "api/pack.h"
#include "api/pieces.h"
#include "api/problem.h"
#include "base/clock.h"

static void reply_json(struct http_exchange *x, int status, struct str *body)
{
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, status, "application/json", body);
}

static void get_healthz(struct http_exchange *x)
{
    struct str body = {0};
    str_add(&body, "{\"status\":\"ok\"}");
    reply_json(x, 200, &body);
}

static void print_check(struct jw *w, const char *name, bool ok, const char *text)
{
    jw_object(w);
    jw_key_str(w, "name", name);
    jw_key_bool(w, "ok", ok);
    jw_key_str(w, "text", text);
    jw_end_object(w);
}

static void get_readyz(struct http_exchange *x)
{
    struct api *a = api_of(x);
    struct store_health h = store_health(a->store);
    bool ok = a->ready && h.code == 0;
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_str(&w, "status", ok ? "ok" : "failing");
    jw_key(&w, "checks");
    jw_array(&w);
    print_check(&w, "database", h.code == 0, h.code ? h.text : NULL);
    print_check(&w, "start", a->ready, a->ready ? NULL : "Still starting.");
    jw_end_array(&w);
    jw_end_object(&w);
    reply_json(x, ok ? 200 : 503, &body);
}

/* --- /metrics --- */

static void metric(struct str *out, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    str_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
             (unsigned long long)value);
}

static uint64_t resident_bytes(void)
{
    unsigned long long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%llu %llu", &size, &resident) != 2)
            resident = 0;
        fclose(f);
    }
    return resident * 4096;
}

static void print_own_metrics(struct api *a, struct str *out)
{
    struct http_stats h = http_server_stats(a->server);
    struct fanout_stats f = fanout_stats(a->fanout);
    struct workers_stats w = workers_stats(a->workers);
    struct event_log_stats l = event_log_stats(a->log);
    str_addf(out,
             "# HELP hydra_build_info The version that runs.\n# TYPE hydra_build_info "
             "gauge\nhydra_build_info{version=\"%s\"} 1\n",
             HYDRA_VERSION);
    metric(out, "hydra_uptime_seconds", "gauge", "Since this process began.",
           (uint64_t)(clock_mono_ms() - a->started_mono_ms) / 1000);
    metric(out, "hydra_resident_memory_bytes", "gauge", "Resident memory of hydrad.",
           resident_bytes());
    metric(out, "hydra_http_connections", "gauge", "Open HTTP connections.", h.connections_now);
    metric(out, "hydra_http_requests_total", "counter", "HTTP requests answered.",
           h.requests_total);
    metric(out, "hydra_http_refused_total", "counter",
           "Connections and requests refused by a limit.", h.refused_total);
    metric(out, "hydra_http_received_bytes_total", "counter", "Bytes received over HTTP.",
           h.bytes_in);
    metric(out, "hydra_http_sent_bytes_total", "counter", "Bytes sent over HTTP.", h.bytes_out);
    str_add(out, "# HELP hydra_http_responses_total HTTP answers by class of status.\n# TYPE "
                 "hydra_http_responses_total counter\n");
    for (int i = 1; i < 6; i++)
        str_addf(out, "hydra_http_responses_total{class=\"%dxx\"} %llu\n", i,
                 (unsigned long long)h.status_class[i]);
    metric(out, "hydra_stream_subscribers", "gauge", "Open event streams.", f.subscribers);
    metric(out, "hydra_stream_deliveries_total", "counter", "Events delivered to subscribers.",
           f.deliveries_total);
    metric(out, "hydra_stream_resyncs_total", "counter", "Subscribers sent a fresh snapshot.",
           f.resyncs_total);
    metric(out, "hydra_stream_stalled_total", "counter",
           "Subscribers closed because they took nothing.", f.stalled_total);
    metric(out, "hydra_stream_revoked_total", "counter",
           "Streams closed because a session, token or user ended.", f.revoked_total);
    metric(out, "hydra_stream_expired_total", "counter",
           "Streams closed because their session or token expired.", f.expired_total);
    metric(out, "hydra_stream_lag_entries", "gauge",
           "Events between the newest and the slowest subscriber.", f.max_lag_entries);
    metric(out, "hydra_events_total", "counter", "Events appended to the log.", l.appended_total);
    metric(out, "hydra_event_log_entries", "gauge", "Events that can be resumed from.", l.entries);
    metric(out, "hydra_event_log_bytes", "gauge", "Bytes of them.", l.bytes);
    metric(out, "hydra_event_log_limit_bytes", "gauge", "Bytes that the log may hold.",
           l.bytes_limit);
    metric(out, "hydra_workers_busy", "gauge", "Worker threads at work.", w.busy);
    metric(out, "hydra_workers_queued", "gauge", "Jobs that wait for a worker.", w.queued);
    metric(out, "hydra_workers_refused_total", "counter",
           "Jobs refused because the queue was full.", w.refused);
    metric(out, "hydra_database_up", "gauge", "1 while the database answers.",
           store_health(a->store).code == 0);
}

static void get_metrics(struct http_exchange *x)
{
    struct api *a = api_of(x);
    struct str out = {0};
    print_own_metrics(a, &out);
    cluster_metrics(a->cluster, &out);
    http_add_header(x, "Cache-Control", "no-store");
    pack_reply(x, 200, "text/plain; version=0.0.4; charset=utf-8", &out);
}

/* --- Hydra's own state for its admins --- */

static void print_listeners(struct jw *w, const struct api *a)
{
    jw_key(w, "listen");
    jw_array(w);
    for (size_t i = 0; i < a->listeners.n; i++) {
        jw_object(w);
        jw_key_str(w, "address", a->listeners.v[i].address);
        jw_key_bool(w, "tls", false);
        jw_key_bool(w, "exposed", a->listeners.v[i].exposed);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void print_warning(struct jw *w, const char *key, const char *text, const char *hint)
{
    jw_object(w);
    jw_key_str(w, "key", key);
    jw_key_str(w, "text", text);
    jw_key_str(w, "hint", hint);
    jw_end_object(w);
}

static void print_vain_proxy(struct jw *w, const char *proxy)
{
    AUTO(mem_freep)
    char *text =
        mem_printf("Requests from %s say for whom they ask (X-Forwarded-For) and are not believed: "
                   "everybody behind it has that address in sessions and in the audit log.",
                   proxy);
    AUTO(mem_freep)
    char *hint =
        mem_printf("If that is your reverse proxy, set trusted-proxies: %s in hydrad.yaml.",
                   str_eq(proxy, "local") ? "unix" : proxy);
    print_warning(w, "untrusted-proxy", text, hint);
}

static bool is_exposed(const struct api *a)
{
    for (size_t i = 0; i < a->listeners.n; i++)
        if (a->listeners.v[i].exposed)
            return true;
    return false;
}

static void print_warnings(struct jw *w, const struct api *a)
{
    jw_key(w, "warnings");
    jw_array(w);
    if (is_exposed(a))
        print_warning(w, "plain-http",
                      "Other machines reach this page without encryption: passwords and what you "
                      "see can be read on the network.",
                      "Put a reverse proxy with TLS in front, or listen on 127.0.0.1 and use a "
                      "VPN or an SSH tunnel.");
    if (a->vain_proxy[0])
        print_vain_proxy(w, a->vain_proxy);
    jw_end_array(w);
}

static void get_system(struct http_exchange *x)
{
    struct api *a = api_of(x);
    struct store_health h = store_health(a->store);
    struct http_stats s = http_server_stats(a->server);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_str(&w, "version", HYDRA_VERSION);
    jw_key_int(&w, "uptime_s", (clock_mono_ms() - a->started_mono_ms) / 1000);
    jw_key(&w, "database");
    jw_object(&w);
    jw_key_str(&w, "kind", store_kind(a->store) == STORE_SQLITE ? "sqlite" : "postgresql");
    jw_key_str(&w, "label", store_label(a->store));
    jw_key_str(&w, "state", h.code ? "failing" : "ok");
    jw_key_str(&w, "text", h.code ? h.text : NULL);
    jw_end_object(&w);
    jw_key(&w, "streams");
    stream_stats_print(a, &w);
    jw_key(&w, "http");
    jw_object(&w);
    jw_key_uint(&w, "connections", s.connections_now);
    jw_key_uint(&w, "requests_total", s.requests_total);
    jw_key_uint(&w, "refused_total", s.refused_total);
    jw_end_object(&w);
    print_listeners(&w, a);
    print_warnings(&w, a);
    jw_end_object(&w);
    reply_json(x, 200, &body);
}

static void get_openapi(struct http_exchange *x)
{
    struct api *a = api_of(x);
    if (!a->openapi)
        a->openapi = buf_new(openapi_json, openapi_json_len);
    http_add_header(x, "Cache-Control", "no-cache");
    pack_reply_buf(x, 200, "application/json", buf_ref(a->openapi), &a->packed_openapi);
}

const struct http_route system_routes[] = {
    {"GET", "/healthz", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_healthz, 0},
    {"GET", "/readyz", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_readyz, 0},
    {"GET", "/metrics", ROUTE_ON_LOOP, 0, "metrics:read", get_metrics, 0},
    {"GET", "/openapi.json", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_openapi, 0},
    {"GET", "/api/web/system", ROUTE_ON_LOOP, 0, "settings:read", get_system, 0},
    {0},
};
