#include "hub/serve.h"

#include "access/seal.h"
#include "api/api.h"
#include "api/recent-keys.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/proxies.h"
#include "hub/assets.h"
#include "hub/database.h"
#include "hub/hosts.h"
#include "hub/nodes.h"
#include "hub/recall.h"
#include "logs/logs.h"
#include "node/power.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum {
    WORKER_QUEUE = 1024,
    SHUTDOWN_GRACE_MS = 5000,
    STREAM_GRACE_MS = 500,
    REFRESH_MS = 1000,
    EVENT_LOG_BYTES = 4 << 20, /* minutes of one machine's numbers; who lags more gets a snapshot */
    MALLOC_ARENAS = 2,         /* threads share: each arena keeps what it once held */
};

struct hub {
    const struct config *config;
    struct api api;
    struct recorder *recorder;
    struct nodes *nodes;
    struct str_list hosts;
    const char **allowed_hosts; /* the same, as the HTTP server reads them */
    struct str_list strict;
    const char **strict_hosts;
    struct http_proxies proxies;
    struct http_asset *assets; /* what the HTTP server serves by itself */
    char node_id[128];
    char agents_address[256]; /* what agents are told to dial; "" = none may come */
    uv_signal_t signals[2];
    atomic_bool refreshing;
    int lock_fd;
};

static struct cluster_now now(void)
{
    return (struct cluster_now){.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

/* --- what the parts tell each other --- */

static void on_record(void *arg, const struct feed_entry *entry)
{
    log_debug("cluster", "happened", "kind=%s text=%s", entry->kind, LOG_Q(entry->text));
    recorder_feed(((struct hub *)arg)->recorder, entry);
}

static void on_remember(void *arg, const struct state_note *note)
{
    recorder_state(((struct hub *)arg)->recorder, note);
}

static void on_checks(void *arg, const char *node, const struct check_spec *specs, size_t n)
{
    struct hub *h = arg;
    if (h->nodes)
        nodes_checks(h->nodes, node, specs, n);
}

/* "cycle nas" to a controller goes with user and password. */
static int command_power(const struct hub *h, const char *node, const struct command *c,
                         struct err *e)
{
    struct str secret = {0};
    struct command with = *c;
    const char *space = strchr(c->argument, ' ');
    int r = fleet_bmc_secret(h->api.fleet, space ? space + 1 : "", c->target + strlen(POWER_TARGET),
                             node, str_eq(node, h->node_id), e, &secret);
    with.secret = secret.p;
    if (r >= 0)
        r = nodes_command(h->nodes, node, &with, e);
    seal_wipe(&secret);
    return r;
}

static int on_command(void *arg, const char *node, const struct command *c, struct err *e)
{
    const struct hub *h = arg;
    return c->verb == COMMAND_MACHINE_POWER ? command_power(h, node, c, e)
                                            : nodes_command(h->nodes, node, c, e);
}

static bool on_bmc(void *arg, const char *node, struct fleet_bmc *ret_b)
{
    const struct hub *h = arg;
    if (!fleet_bmc(h->api.fleet, node, ret_b))
        return false;
    if (!*ret_b->via)
        str_copy(ret_b->via, sizeof ret_b->via, h->node_id);
    return true;
}

static int on_subject(void *arg, const char *user, const char *token, int64_t wall_ms,
                      struct subject *ret_subject)
{
    return access_subject(((struct hub *)arg)->api.access, user, token, wall_ms, ret_subject);
}

static int on_query(void *arg, const char *node, const char *id, struct err *e)
{
    return nodes_query(((struct hub *)arg)->nodes, node, id, e);
}

static int on_check_now(void *arg, const char *service)
{
    return nodes_check_now(((struct hub *)arg)->nodes, service);
}

static void on_inspect(void *arg, const char *node, const struct inspection *q, inspect_fn *done,
                       void *done_arg)
{
    nodes_inspect(((struct hub *)arg)->nodes, node, q, done, done_arg);
}

static void on_inspect_cancel(void *arg, inspect_fn *done, void *done_arg)
{
    nodes_inspect_cancel(((struct hub *)arg)->nodes, done, done_arg);
}

static void on_revoked(void *arg, const char *subject)
{
    struct api *a = &((struct hub *)arg)->api;
    fanout_revoke(a->fanout, subject);
    if (a->logs)
        logs_revoke(a->logs, subject);
}

static void on_access_changed(void *arg, const char *what)
{
    struct hub *h = arg;
    char data[64];
    int n = snprintf(data, sizeof data, "{\"what\":\"%s\"}", what);
    uint64_t sequence;
    struct event_draft d = {.topic = EVENT_CLASS_ACCESS,
                            .type = "access.changed",
                            .permissions = permission_bit(PERM_SELF),
                            .data = data,
                            .len = (size_t)n};
    if (event_log_append(h->api.log, &d, &sequence) < 0)
        log_debug("hub", "change of access not told", "what=%s", what);
}

static void on_fleet_changed(void *arg)
{
    struct hub *h = arg;
    on_access_changed(arg, "nodes");
    if (h->nodes)
        nodes_fleet_changed(h->nodes);
}

static void on_read_logs(void *arg, const char *node, struct log_reader *r)
{
    nodes_logs(((struct hub *)arg)->nodes, node, r);
}

static struct buf *on_snapshot(void *arg, uint64_t permissions, uint64_t *ret_sequence)
{
    return cluster_snapshot(((struct hub *)arg)->api.cluster, permissions, ret_sequence);
}

static void show_health(void *arg)
{
    api_show_health(arg);
}

static void on_health(void *arg)
{
    struct hub *h = arg;
    loop_post(h->api.loop, show_health, &h->api);
}

static void on_tick(void *arg)
{
    struct hub *h = arg;
    cluster_tick(h->api.cluster, now());
    jobs_tick(h->api.jobs, now());
    nodes_tick(h->nodes);
}

static void refresh_on_worker(void *arg)
{
    struct hub *h = arg;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    if (store_health(h->api.store).code)
        log_debug("hub", "database tried again", "result=%d", store_probe(h->api.store, &e));
    int r = store_take(h->api.store, &e, &db);
    if (r >= 0)
        r = access_refresh(h->api.access, db, clock_wall_ms(), &e);
    if (r >= 0)
        r = fleet_refresh(h->api.fleet, db, clock_wall_ms(), &e);
    if (r < 0)
        log_debug("hub", "users and nodes not refreshed", "error=%s", LOG_Q(e.text));
    h->refreshing = false;
}

static void on_refresh(void *arg)
{
    struct hub *h = arg;
    if (h->refreshing)
        return;
    h->refreshing = true;
    if (workers_submit(h->api.workers, refresh_on_worker, h) < 0)
        h->refreshing = false;
}

/* --- start --- */

static void raise_file_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static int open_data(struct hub *h, struct err *e)
{
    int r = data_folder_make(h->config, e);
    if (r >= 0)
        r = h->lock_fd = data_folder_lock(h->config, e);
    if (r >= 0)
        r = database_open(h->config, e, &h->api.store);
    if (r >= 0)
        r = access_new(
            h->api.store,
            &(struct access_hooks){.arg = h, .revoked = on_revoked, .changed = on_access_changed},
            e, &h->api.access);
    if (r >= 0)
        r = fleet_new(h->api.store, h->config->value[SETTING_DATA],
                      &(struct fleet_hooks){.arg = h, .changed = on_fleet_changed}, e,
                      &h->api.fleet);
    return r;
}

/* What is copied before start_domain() returns. */
static struct node_loki loki_settings(struct hub *h, char **url)
{
    const struct config *c = h->config;
    if (*c->value[SETTING_LOKI] && node_loki_url(c->value[SETTING_LOKI], NULL, url) < 0)
        *url = NULL; /* was seen when the settings were read */
    return (struct node_loki){.url = *url,
                              .tenant = c->value[SETTING_LOKI_TENANT],
                              .credentials = c->value[SETTING_LOKI_AUTH],
                              .host = h->node_id,
                              .spool_mib = config_number(c, SETTING_LOKI_SPOOL)};
}

static int start_domain(struct hub *h, struct err *e)
{
    AUTO(mem_freep) char *loki_url = NULL;
    struct api *a = &h->api;
    struct event_log_limits limits = event_log_limits_default();
    limits.bytes = EVENT_LOG_BYTES;
    a->loop = loop_new("hydrad");
    a->workers = workers_new(config_number(h->config, SETTING_WORKERS), WORKER_QUEUE, 0);
    a->log = event_log_new(&limits, (uint64_t)clock_wall_ms());
    a->recent_keys = recent_keys_new();
    a->cluster = cluster_new(
        a->log, &(struct cluster_hooks){
                    .arg = h, .record = on_record, .remember = on_remember, .checks = on_checks});
    a->fanout = fanout_new(a->log, &(struct fanout_settings){
                                       .threads = 1,
                                       .heartbeat_ms = 15000,
                                       .retry_ms = 2000,
                                       .stall_ms = 60000,
                                       .max_subscribers = config_number(h->config, SETTING_STREAMS),
                                       .snapshot = on_snapshot,
                                       .arg = h});
    a->jobs = jobs_new(a->loop, a->workers, a->store, a->cluster, a->log,
                       &(struct jobs_hooks){.arg = h,
                                            .command = on_command,
                                            .query = on_query,
                                            .bmc = on_bmc,
                                            .subject = on_subject});
    a->logs = logs_new(&(struct logs_hooks){.read = on_read_logs, .arg = h, .loop = a->loop});
    h->recorder = recorder_new(a->loop, a->workers, a->store);
    hosts_node_id(h->config->value[SETTING_NODE], h->node_id, sizeof h->node_id);
    a->local_node = h->node_id;
    a->demo = str_eq(h->config->value[SETTING_DEMO], "yes");
    const char *agents = h->config->value[SETTING_AGENTS];
    if (!str_eq(agents, "none"))
        hosts_agents_address(agents, h->config->value[SETTING_AGENTS_ADDRESS], h->agents_address,
                             sizeof h->agents_address);
    a->agents_address = h->agents_address;
    a->check_now = on_check_now;
    a->inspect = on_inspect;
    a->inspect_cancel = on_inspect_cancel;
    a->arg = h;
    /* Before the services that people defined: their checks are ordered as they come. */
    h->nodes =
        nodes_start(&(struct nodes_settings){.loop = a->loop,
                                             .workers = a->workers,
                                             .store = a->store,
                                             .fleet = a->fleet,
                                             .cluster = a->cluster,
                                             .jobs = a->jobs,
                                             .local = a->demo ? NULL : h->node_id,
                                             .docker = h->config->value[SETTING_DOCKER],
                                             .data = h->config->value[SETTING_DATA],
                                             .journal = h->config->value[SETTING_JOURNAL],
                                             .loki = loki_settings(h, &loki_url),
                                             .programs = h->config->value[SETTING_AGENT_PROGRAMS],
                                             .agents = h->config->value[SETTING_AGENTS]});
    int r = recall(a->store, h->recorder, a->cluster, now(), e);
    return r < 0 ? r : jobs_recall(a->jobs, now(), e);
}

static void note_listener(struct hub *h, const char *address)
{
    struct api_listener *l = vec_add(&h->api.listeners);
    str_copy(l->address, sizeof l->address, address);
    l->exposed = hosts_is_exposed(address);
    log_info("hub", "listening", "address=%s", address);
    if (l->exposed)
        log_warn("hub", "other machines reach the dashboard without encryption",
                 "address=%s advice=%s", address,
                 LOG_Q("put a reverse proxy with TLS in front, or listen on 127.0.0.1 and use a "
                       "VPN or SSH tunnel"));
}

/* Sockets that systemd opened for us win over the setting. */
static int listen_all(struct hub *h, struct err *e)
{
    int inherited = sd_listen_fds(1), r = 0;
    for (int i = 0; r >= 0 && i < inherited; i++) {
        char address[64];
        hosts_of_socket(SD_LISTEN_FDS_START + i, address, sizeof address);
        r = http_server_listen_fd(h->api.server, SD_LISTEN_FDS_START + i, e);
        if (r >= 0)
            note_listener(h, address);
    }
    if (inherited > 0)
        return r;
    struct str_list addresses = {0};
    str_list_split(&addresses, h->config->value[SETTING_LISTEN], ',');
    for (size_t i = 0; r >= 0 && i < addresses.n; i++) {
        r = http_server_listen(h->api.server, addresses.v[i], e);
        if (r < 0)
            break;
        AUTO(mem_freep) char *shown = mem_strdup(addresses.v[i]);
        char *colon = strrchr(shown, ':');
        if (colon)
            *colon = 0;
        AUTO(mem_freep) char *full = mem_printf("%s:%d", shown, r);
        note_listener(h, full);
    }
    str_list_done(&addresses);
    return r;
}

static bool is_route(const char *path)
{
    for (const struct http_route *r = api_routes(); r->method; r++)
        if (str_eq(r->path, path))
            return true;
    return false;
}

/* All files but the pages that the API serves with the numbers in them. */
static struct http_asset *other_assets(void)
{
    size_t n = 0, kept = 0;
    while (hydra_assets[n].path)
        n++;
    struct http_asset *others = mem_array(n + 1, sizeof *others);
    for (size_t i = 0; i < n; i++)
        if (!is_route(hydra_assets[i].path))
            others[kept++] = hydra_assets[i];
    return others;
}

/* The same texts as an array that ends with NULL. */
static const char **terminated(const struct str_list *l)
{
    const char **v = mem_array(l->n + 1, sizeof *v);
    if (l->n)
        memcpy(v, l->v, l->n * sizeof *v);
    return v;
}

static int start_http(struct hub *h, struct err *e)
{
    struct api *a = &h->api;
    const char *hosts = h->config->value[SETTING_HOSTS];
    hosts_allowed(hosts, &h->hosts);
    hosts_strict(hosts, &h->strict);
    h->allowed_hosts = terminated(&h->hosts);
    h->strict_hosts = terminated(&h->strict);
    int r = http_proxies_parse(&h->proxies, h->config->value[SETTING_TRUSTED_PROXIES], e);
    if (r < 0)
        return r;
    a->assets = hydra_assets;
    h->assets = other_assets();
    struct http_settings s = {.limits = http_limits_default(),
                              .hooks = api_hooks(a),
                              .routes = api_routes(),
                              .assets = h->assets,
                              .hosts = h->allowed_hosts,
                              .strict_hosts = h->strict_hosts,
                              .proxies = &h->proxies,
                              .security_policy = "default-src 'none'; frame-ancestors 'none'"};
    s.limits.connections = config_number(h->config, SETTING_CONNECTIONS);
    r = http_server_new(a->loop, a->workers, &s, e, &a->server);
    return r < 0 ? r : listen_all(h, e);
}

static void print_setup_link(const struct hub *h)
{
    const char *secret = access_setup_secret(h->api.access);
    if (!secret || !h->api.listeners.n)
        return;
    const char *address = h->api.listeners.v[0].address;
    bool any = str_starts(address, "0.0.0.0:") || str_starts(address, "[::]:") || *address == ':';
    const char *port = strrchr(address, ':');
    printf("Set up Hydra: http://%s%s/setup#%s\n", any ? "127.0.0.1" : address,
           any && port ? port : "", secret);
    fflush(stdout);
}

/* --- run and end --- */

static void on_http_done(void *arg)
{
    struct hub *h = arg;
    loop_stop(h->api.loop);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct hub *h = s->data;
    if (!h->api.ready)
        return;
    log_info("hub", "stopping", "signal=%d", number);
    sd_notify(0, "STOPPING=1");
    h->api.ready = false;
    fanout_shutdown(h->api.fanout, STREAM_GRACE_MS);
    logs_shutdown(h->api.logs);
    nodes_end_inspections(h->nodes);
    http_server_shutdown(h->api.server, SHUTDOWN_GRACE_MS, on_http_done, h);
}

/* For verbs that are started with other settings, or none. */
static void tell_verbs(const struct hub *h)
{
    struct err e = {0};
    struct running r = {.pid = (int)getpid()};
    AUTO(mem_freep) char *database = data_folder_database(h->config);
    str_copy(r.agents, sizeof r.agents, h->agents_address);
    str_copy(r.node, sizeof r.node, h->node_id);
    str_copy(r.database, sizeof r.database, database);
    if (data_folder_tell(h->lock_fd, &r, &e) < 0)
        log_warn("hub", "verbs are not told the settings", "error=%s", LOG_Q(e.text));
}

static void run(struct hub *h)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uv_signal_init(loop_uv(h->api.loop), &h->signals[i]);
        h->signals[i].data = h;
        uv_signal_start(&h->signals[i], on_signal, numbers[i]);
    }
    loop_timer_new(h->api.loop, 1000, 1000, on_tick, h);
    loop_timer_new(h->api.loop, REFRESH_MS, REFRESH_MS, on_refresh, h);
    store_on_health(h->api.store, on_health, h);
    tell_verbs(h);
    h->api.ready = true;
    print_setup_link(h);
    sd_notify(0, "READY=1");
    loop_run(h->api.loop);
}

/* What is asked of agents ends on the loop, which has stopped: it is turned by hand. */
static void end_logs(struct hub *h)
{
    struct logs *l = TAKE(h->api.logs);
    logs_shutdown(l);
    while (l && !logs_is_idle(l)) {
        uv_run(loop_uv(h->api.loop), UV_RUN_NOWAIT);
        uv_sleep(1);
    }
    logs_free(l);
}

static void end(struct hub *h)
{
    struct api *a = &h->api;
    http_server_free(a->server);
    workers_free(a->workers);
    end_logs(h);
    nodes_stop(h->nodes);
    h->nodes = NULL;
    if (a->store)
        store_on_health(a->store, NULL, NULL);
    recorder_free(h->recorder);
    jobs_free(a->jobs);
    loop_free(a->loop);
    fanout_free(a->fanout);
    cluster_free(a->cluster);
    event_log_free(a->log);
    fleet_free(a->fleet);
    access_free(a->access);
    store_close(a->store);
    state_cache_done(&a->state_cache);
    pack_cache_done(&a->packed_overview);
    pack_cache_done(&a->packed_openapi);
    buf_unref(a->openapi);
    recent_keys_free(a->recent_keys);
    vec_done(&a->listeners);
    mem_free(h->allowed_hosts);
    mem_free(h->strict_hosts);
    str_list_done(&h->hosts);
    str_list_done(&h->strict);
    mem_free(h->assets);
    if (h->lock_fd >= 0)
        close(h->lock_fd);
}

int serve(const struct config *c)
{
    struct err e = {0};
    struct hub h = {.config = c, .lock_fd = -1};
    h.api.started_mono_ms = clock_mono_ms();
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    int r = open_data(&h, &e);
    if (r >= 0)
        r = start_domain(&h, &e);
    if (r >= 0)
        r = start_http(&h, &e);
    if (r >= 0)
        run(&h);
    else
        log_error("hub", "can't start", "error=%s", LOG_Q(err_text(&e, r)));
    end(&h);
    return r < 0 ? 1 : 0;
}
