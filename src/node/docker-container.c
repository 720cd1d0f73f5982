/* GET /containers/ID/json → struct container. */
#include "node/docker-json.h"

#include "base/clock.h"
#include "base/json.h"
#include "node/mask.h"

#include <stdlib.h>

enum { LIMIT_LABELS = 512, LIMIT_PORTS = 512 };

static void decref(json_t **j)
{
    json_decref(*j);
}

void container_free(struct container *c)
{
    if (!c)
        return;
    observed_free(c->seen);
    mem_free(c->compose_service);
    mem_free(c->depends);
    mem_free(c->log_file);
    mem_free(c);
}

/* The engines write year 1 for "never". */
static int64_t time_of(const json_t *object, const char *key)
{
    int64_t t;
    return clock_parse_rfc3339(json_get_str(object, key, ""), &t) == 0 && t > 0 ? t : 0;
}

/* --- state --- */

static const struct {
    const char *status;
    enum observed_run run;
    const char *text;
} states[] = {
    {"running", RUN_RUNNING, "Up"},
    {"created", RUN_STOPPED, "Created"},
    {"configured", RUN_STOPPED, "Created"}, /* Podman's word */
    {"initialized", RUN_STARTING, "Initialized"},
    {"restarting", RUN_RESTARTING, "Restarting"},
    {"paused", RUN_PAUSED, "Paused"},
    {"removing", RUN_STOPPING, "Removing"},
    {"stopping", RUN_STOPPING, "Stopping"},
    {"exited", RUN_STOPPED, "Exited"},
    {"stopped", RUN_STOPPED, "Exited"},
    {"dead", RUN_FAILED, "Dead"},
};

static void read_run(const json_t *state, struct observed *o)
{
    const char *status = json_get_str(state, "Status", "");
    size_t i = 0;
    while (i < COUNT_OF(states) && !str_eq(states[i].status, status))
        i++;
    bool known = i < COUNT_OF(states);
    o->run = known ? states[i].run : RUN_STOPPED;
    o->exit_code = (int)json_get_int(state, "ExitCode", 0);
    o->oom_killed = json_get_bool(state, "OOMKilled", false);
    o->started_ms = time_of(state, "StartedAt");
    o->ended_ms = o->run == RUN_RUNNING || o->run == RUN_PAUSED ? 0 : time_of(state, "FinishedAt");
    o->has_exit = o->ended_ms != 0;
    o->main_pid = (int)json_get_int(state, "Pid", 0);
    const char *text = known ? states[i].text : status;
    bool ended = o->has_exit && (o->run == RUN_STOPPED || o->run == RUN_RESTARTING);
    o->run_text = ended ? mem_printf("%s (%d)", text, o->exit_code) : mem_strdup(text);
    const char *error = json_get_str(state, "Error", "");
    o->why = one_line(error, strlen(error));
}

static void read_health(const json_t *state, struct observed *o)
{
    static const struct {
        const char *status;
        enum observed_health health;
    } known[] = {{"starting", HEALTH_STARTING},
                 {"healthy", HEALTH_HEALTHY},
                 {"unhealthy", HEALTH_UNHEALTHY}};
    const json_t *health = json_object_get(state, "Health");
    if (!health)
        health = json_object_get(state, "Healthcheck"); /* Podman before 4 */
    const json_t *log = json_object_get(health, "Log");
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_eq(json_get_str(health, "Status", ""), known[i].status))
            o->health = known[i].health;
    const json_t *last = json_array_get(log, json_array_size(log) - 1);
    const char *output = json_get_str(last, "Output", "");
    if (o->health != HEALTH_NONE)
        o->health_text = one_line(output, strlen(output));
}

/* --- ports --- */

static bool has_port(const struct observed *o, uint16_t port, uint16_t inner, bool udp)
{
    for (size_t i = 0; i < o->ports.n; i++)
        if (o->ports.v[i].port == port && o->ports.v[i].inner == inner && o->ports.v[i].udp == udp)
            return true;
    return false;
}

/* "80/tcp" → 80. */
static bool parse_port(const char *text, const char *end, uint16_t *ret_port)
{
    char digits[6] = "";
    uint64_t v;
    if (!end || end - text < 1 || end - text > 5)
        return false;
    memcpy(digits, text, (size_t)(end - text));
    if (str_to_u64(digits, &v) < 0 || v == 0 || v > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)v;
    return true;
}

/* One address of a published port; the IPv6 twin of an IPv4 wildcard is left out. */
static void add_binding(struct observed *o, uint16_t inner, bool udp, const json_t *binding)
{
    const char *text = json_get_str(binding, "HostPort", ""), *address;
    uint16_t port;
    if (!parse_port(text, text + strlen(text), &port) || o->ports.n >= LIMIT_PORTS)
        return;
    address = json_get_str(binding, "HostIp", "");
    if (str_is_empty(address))
        address = "0.0.0.0";
    if (str_eq(address, "::") && has_port(o, port, inner == port ? 0 : inner, udp))
        return;
    struct observed_port *p = vec_add(&o->ports);
    p->address = mem_strdup(address);
    p->port = port;
    p->inner = inner == port ? 0 : inner;
    p->udp = udp;
}

/* {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "9000/tcp": null} */
static void read_ports(json_t *ports, struct observed *o)
{
    const char *key;
    json_t *bindings, *binding;
    json_object_foreach (ports, key, bindings) {
        const char *slash = strchr(key, '/');
        uint16_t inner;
        size_t i;
        if (!parse_port(key, slash ? slash : key + strlen(key), &inner))
            continue;
        json_array_foreach (bindings, i, binding)
            add_binding(o, inner, slash && str_eq(slash, "/udp"), binding);
    }
}

static int by_port(const void *a, const void *b)
{
    const struct observed_port *p = a, *q = b;
    if (p->port != q->port)
        return p->port < q->port ? -1 : 1;
    if (p->udp != q->udp)
        return p->udp ? 1 : -1;
    return strcmp(p->address, q->address);
}

/* --- the rest --- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

static void read_labels(json_t *labels, struct observed *o)
{
    const char *key;
    json_t *value;
    json_object_foreach (labels, key, value) {
        if (!json_is_string(value) || o->labels.n >= LIMIT_LABELS)
            continue;
        struct label *l = vec_add(&o->labels);
        l->key = mem_strdup(key);
        l->value = mem_strdup(json_string_value(value));
    }
    if (o->labels.n)
        qsort(o->labels.v, o->labels.n, sizeof *o->labels.v, by_key);
}

static const char *label_of(const struct observed *o, const char *key)
{
    for (size_t i = 0; i < o->labels.n; i++)
        if (str_eq(o->labels.v[i].key, key))
            return o->labels.v[i].value;
    return NULL;
}

static void read_mounts(json_t *mounts, struct observed *o)
{
    json_t *m;
    size_t i;
    json_array_foreach (mounts, i, m) {
        bool volume = str_eq(json_get_str(m, "Type", ""), "volume");
        const char *source = json_get_str(m, volume ? "Name" : "Source", "");
        str_list_take(&o->mounts, mem_printf("%s:%s%s", source, json_get_str(m, "Destination", ""),
                                             json_get_bool(m, "RW", true) ? "" : ":ro"));
    }
}

static char *command_of(const json_t *inspect)
{
    struct str args = {0};
    char command[COMMAND_MAX] = "";
    json_t *arg;
    size_t i;
    const char *path = json_get_str(inspect, "Path", "");
    str_add_n(&args, path, strlen(path) + 1);
    json_array_foreach (json_object_get(inspect, "Args"), i, arg)
        if (json_is_string(arg) && args.len < COMMAND_MAX)
            str_add_n(&args, json_string_value(arg), json_string_length(arg) + 1);
    if (args.len > 1)
        command_mask(args.p, args.len, command);
    str_done(&args);
    return *command ? mem_strdup(command) : NULL;
}

/* Podman writes names out in full. */
static char *image_name(const char *name)
{
    static const char *const implied[] = {"docker.io/library/", "docker.io/"};
    for (size_t i = 0; i < COUNT_OF(implied); i++)
        if (str_starts(name, implied[i]))
            return mem_strdup(name + strlen(implied[i]));
    return mem_strdup(name);
}

static void read_compose(struct container *c)
{
    const struct observed *o = c->seen;
    c->seen->project = mem_strdup(label_of(o, "com.docker.compose.project"));
    if (!c->seen->project)
        c->seen->project = mem_strdup(label_of(o, "com.docker.stack.namespace"));
    c->compose_service = mem_strdup(label_of(o, "com.docker.compose.service"));
    c->depends = mem_strdup(label_of(o, "com.docker.compose.depends_on"));
    c->oneoff = str_eq_nocase(label_of(o, "com.docker.compose.oneoff"), "true");
    c->seen->description = mem_strdup(label_of(o, "org.opencontainers.image.description"));
}

static void read_policy(const json_t *host, struct container *c)
{
    const char *policy = json_get_str(json_object_get(host, "RestartPolicy"), "Name", "");
    c->kept_running = str_eq(policy, "always") || str_eq(policy, "unless-stopped");
    c->retried = str_eq(policy, "on-failure");
    c->seen->enabled = c->kept_running;
    int64_t memory = json_get_int(host, "Memory", 0);
    c->memory_limit = memory > 0 ? (uint64_t)memory : 0;
}

static void read_log(const json_t *inspect, const json_t *host, struct container *c)
{
    const char *path = json_get_str(inspect, "LogPath", "");
    const char *driver = json_get_str(json_object_get(host, "LogConfig"), "Type", "");
    if (*path == '/' && str_eq(driver, "json-file"))
        c->log_file = mem_strdup(path);
}

static void read_network(const json_t *inspect, const json_t *host, struct observed *o)
{
    json_t *net = json_object_get(inspect, "NetworkSettings"), *unused;
    const char *name;
    json_object_foreach (json_object_get(net, "Networks"), name, unused)
        str_list_add(&o->networks, name);
    if (!o->networks.n && json_get_str(host, "NetworkMode", NULL))
        str_list_add(&o->networks, json_get_str(host, "NetworkMode", ""));
    read_ports(json_object_get(net, "Ports"), o);
    if (!o->ports.n) /* a stopped one still has its intentions */
        read_ports(json_object_get(host, "PortBindings"), o);
    if (o->ports.n)
        qsort(o->ports.v, o->ports.n, sizeof *o->ports.v, by_port);
}

static struct container *read_container(const json_t *v)
{
    struct container *c = mem_alloc(sizeof *c);
    struct observed *o = c->seen = mem_alloc(sizeof *o);
    const json_t *config = json_object_get(v, "Config"), *host = json_object_get(v, "HostConfig");
    const json_t *state = json_object_get(v, "State");
    const char *name = json_get_str(v, "Name", "");
    o->kind = OBSERVED_CONTAINER;
    o->id = mem_strdup("");
    o->container_id = mem_strdup(json_get_str(v, "Id", ""));
    o->name = mem_strdup(name + (*name == '/'));
    o->image = image_name(json_get_str(config, "Image", json_get_str(v, "ImageName", "")));
    o->image_id = mem_strdup(json_get_str(v, "Image", ""));
    o->restarts = (uint32_t)json_get_int(v, "RestartCount", 0);
    o->command = command_of(v);
    c->tty = json_get_bool(config, "Tty", false);
    read_run(state, o);
    c->not_cleaned = str_eq(json_get_str(state, "Status", ""), "stopped");
    read_health(state, o);
    read_labels(json_object_get(config, "Labels"), o);
    read_mounts(json_object_get(v, "Mounts"), o);
    read_network(v, host, o);
    read_policy(host, c);
    read_log(v, host, c);
    read_compose(c);
    return c;
}

/* --- what an end means --- */

static bool ended_on_purpose(const struct container *c, bool asked)
{
    const struct observed *o = c->seen;
    bool by_request = o->exit_code == 128 + 15 || o->exit_code == 128 + 2;
    if (o->why) /* the engine could not start or keep it */
        return false;
    return !o->has_exit || asked || o->exit_code == 0 || by_request || c->kept_running;
}

void container_settle(struct container *c, bool asked)
{
    struct observed *o = c->seen;
    bool tried_again = c->kept_running || (c->retried && o->exit_code != 0);
    if (o->oom_killed && !o->why && c->memory_limit)
        o->why = mem_printf("used more memory than its limit of %llu MiB",
                            (unsigned long long)(c->memory_limit >> 20));
    if (c->not_cleaned && tried_again && !asked)
        o->run = RUN_RESTARTING;
    if (o->run != RUN_STOPPED)
        return;
    o->on_purpose = ended_on_purpose(c, asked);
    if (!o->on_purpose)
        o->run = RUN_FAILED;
}

int docker_parse_container(const char *json, size_t len, struct err *e,
                           struct container **ret_container)
{
    AUTO(decref) json_t *v = NULL;
    int r = json_parse(json, len, LIMIT_DOCKER_ANSWER, e, &v);
    if (r < 0)
        return r;
    const char *name = json_get_str(v, "Name", "");
    if (!docker_id_is_valid(json_get_str(v, "Id", NULL)) || !name[*name == '/'])
        return err_set(e, -EINVAL, "The engine described a container without id or name.");
    *ret_container = read_container(v);
    return 0;
}
