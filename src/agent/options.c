#include "agent/options.h"

#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int set_state(struct options *o, const char *v, struct err *e)
{
    (void)e;
    mem_set_str(&o->state, v);
    return 0;
}

static int set_policy(struct options *o, const char *v, struct err *e)
{
    (void)e;
    o->policy = v;
    return 0;
}

static int set_docker(struct options *o, const char *v, struct err *e)
{
    (void)e;
    mem_free(o->docker);
    o->docker = *v == '/' ? mem_printf("unix://%s", v) : mem_strdup(v);
    return 0;
}

static int set_socket(struct options *o, const char *v, struct err *e)
{
    if (*v != '/' && !str_eq(v, "none"))
        return err_set(e, -EINVAL, "--socket is a whole path, or none.");
    mem_set_str(&o->socket, v);
    return 0;
}

static int set_socket_group(struct options *o, const char *v, struct err *e)
{
    (void)e;
    o->socket_group = v;
    return 0;
}

static int set_trial(struct options *o, const char *v, struct err *e)
{
    uint64_t s;
    if (str_to_u64(v, &s) < 0 || s < OPTIONS_TRIAL_MIN_S || s > OPTIONS_TRIAL_MAX_S)
        return err_set(e, -EINVAL, "--trial takes seconds, %d to %d.", OPTIONS_TRIAL_MIN_S,
                       OPTIONS_TRIAL_MAX_S);
    o->trial_ms = (uint32_t)s * 1000;
    return 0;
}

static int set_interval(struct options *o, const char *v, struct err *e)
{
    uint64_t ms;
    if (str_to_u64(v, &ms) < 0 || ms < OPTIONS_INTERVAL_MIN || ms > OPTIONS_INTERVAL_MAX)
        return err_set(e, -EINVAL, "--interval takes milliseconds, %d to %d.", OPTIONS_INTERVAL_MIN,
                       OPTIONS_INTERVAL_MAX);
    o->interval_ms = (uint32_t)ms;
    return 0;
}

static int set_loki(struct options *o, const char *v, struct err *e)
{
    char *url = NULL;
    int r = node_loki_url(v, e, &url);
    if (r < 0)
        return r;
    mem_free(o->loki);
    o->loki = url;
    return 0;
}

static int set_loki_tenant(struct options *o, const char *v, struct err *e)
{
    (void)e;
    o->loki_tenant = v;
    return 0;
}

static int set_loki_auth(struct options *o, const char *v, struct err *e)
{
    (void)e;
    o->loki_auth = v;
    return 0;
}

static int set_unraid(struct options *o, const char *v, struct err *e)
{
    size_t n = strlen(v);
    if ((!str_starts(v, "http://") && !str_starts(v, "https://")) || v[n - 1] == '/')
        return err_set(e, -EINVAL,
                       "--unraid takes the address of Unraid's page without a slash at "
                       "its end: http://127.0.0.1, not %s.",
                       v);
    o->unraid = v;
    return 0;
}

static int set_unraid_key(struct options *o, const char *v, struct err *e)
{
    (void)e;
    o->unraid_key = v;
    return 0;
}

static int set_loki_spool(struct options *o, const char *v, struct err *e)
{
    uint64_t mib;
    if (str_to_u64(v, &mib) < 0 || mib < LOKI_SPOOL_MIN_MIB || mib > LOKI_SPOOL_MAX_MIB)
        return err_set(e, -EINVAL, "--loki-spool takes MiB, %d to %d.", LOKI_SPOOL_MIN_MIB,
                       LOKI_SPOOL_MAX_MIB);
    o->loki_spool_mib = (uint32_t)mib;
    return 0;
}

static int set_log_level(struct options *o, const char *v, struct err *e)
{
    return log_level_parse(v, &o->log_level) < 0
               ? err_set(e, -EINVAL, "--log-level is error, warn, info or debug.")
               : 0;
}

static int set_log_format(struct options *o, const char *v, struct err *e)
{
    if (!str_eq(v, "text") && !str_eq(v, "json"))
        return err_set(e, -EINVAL, "--log-format is text or json.");
    o->log_format = str_eq(v, "json") ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    return 0;
}

static const struct option {
    const char *name, *environment, *argument, *help;
    int (*set)(struct options *o, const char *value, struct err *e);
} all[] = {
    {"state", "HYDRA_AGENT_STATE", "DIR",
     "where the agent keeps its key and what the hub has missed; /var/lib/hydra-agent for root, "
     "else ~/.local/share/hydra-agent",
     set_state},
    {"policy", "HYDRA_AGENT_POLICY", "FILE",
     "what the hub may do to this machine; /etc/hydra/agent.yaml", set_policy},
    {"docker", "HYDRA_AGENT_DOCKER", "SOCKET", "the container engine, when it is at no usual place",
     set_docker},
    {"socket", "HYDRA_AGENT_SOCKET", "PATH",
     "where `hydra --local` asks; none: nowhere. /run/hydra-agent/hydra.sock for the service",
     set_socket},
    {"socket-group", "HYDRA_AGENT_SOCKET_GROUP", "GROUP", "who may ask there; hydra",
     set_socket_group},
    {"trial", "HYDRA_AGENT_TRIAL", "SECONDS",
     "within which an upgraded agent must reach the hub, or the old one goes on; 60", set_trial},
    {"interval", "HYDRA_AGENT_INTERVAL", "MS", "time between two samples; as the hub says",
     set_interval},
    {"loki", "HYDRA_AGENT_LOKI", "URL",
     "pushes the logs of this machine to Grafana Loki, too: http://loki:3100", set_loki},
    {"loki-tenant", "HYDRA_AGENT_LOKI_TENANT", "NAME", "the tenant there (X-Scope-OrgID)",
     set_loki_tenant},
    {"loki-auth", "HYDRA_AGENT_LOKI_AUTH", "FILE",
     "a file with user:password, or with a bearer token", set_loki_auth},
    {"unraid", "HYDRA_AGENT_UNRAID", "URL", "where Unraid's own page is; http://127.0.0.1",
     set_unraid},
    {"unraid-key", "HYDRA_AGENT_UNRAID_KEY", "FILE",
     "a file with a key of Unraid's API, to tell its array, disks and shares", set_unraid_key},
    {"loki-spool", "HYDRA_AGENT_LOKI_SPOOL", "MIB", "most that waits for Loki on disk; 64",
     set_loki_spool},
    {"log-level", "HYDRA_AGENT_LOG_LEVEL", "LEVEL", "error, warn, info, debug", set_log_level},
    {"log-format", "HYDRA_AGENT_LOG_FORMAT", "FORMAT", "text, json", set_log_format},
};

static const struct option *find(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (strlen(all[i].name) == len && strncmp(all[i].name, name, len) == 0)
            return &all[i];
    return NULL;
}

static int unknown(const char *typed, struct err *e)
{
    const char *names[COUNT_OF(all) + 1] = {NULL};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        names[i] = all[i].name;
    const char *near = str_nearest(typed, names);
    return err_set(e, -EINVAL,
                   "--%s is no option of hydra-agent%s%s%s `hydra-agent help` lists "
                   "them.",
                   typed, near ? "; did you mean --" : ".", near ? near : "", near ? "?" : "");
}

/* "--name value" or "--name=value" at argv[*i], which moves on. */
static int take_option(struct options *o, int argc, char **argv, int *i, struct err *e)
{
    const char *text = argv[*i] + 2, *equals = strchr(text, '=');
    const struct option *found = find(text, equals ? (size_t)(equals - text) : strlen(text));
    if (!found)
        return unknown(text, e);
    if (equals)
        return found->set(o, equals + 1, e);
    if (*i + 1 >= argc)
        return err_set(e, -EINVAL, "--%s needs %s after it.", found->name, found->argument);
    return found->set(o, argv[++*i], e);
}

static int take_environment(struct options *o, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r >= 0 && i < COUNT_OF(all); i++) {
        const char *v = getenv(all[i].environment);
        if (!str_is_empty(v))
            r = err_prefix(e, all[i].set(o, v, e), "%s", all[i].environment);
    }
    return r;
}

/* systemd's StateDirectory, the system's place, or the user's own. */
static char *default_state(void)
{
    const char *systemd = getenv("STATE_DIRECTORY"), *home = getenv("HOME");
    if (!str_is_empty(systemd))
        return mem_strdup(systemd);
    if (geteuid() == 0 || str_is_empty(home))
        return mem_strdup("/var/lib/hydra-agent");
    return mem_printf("%s/.local/share/hydra-agent", home);
}

/* systemd's RuntimeDirectory; an agent of somebody's own has none, unless it is told. */
static char *default_socket(void)
{
    const char *systemd = getenv("RUNTIME_DIRECTORY");
    return str_is_empty(systemd) ? NULL : mem_printf("%s/hydra.sock", systemd);
}

static int take_word(struct options *o, const char *word, struct err *e)
{
    if (!o->verb)
        o->verb = word;
    else if (!o->word)
        o->word = word;
    else
        return err_set(e, -EINVAL, "%s is too much: `hydra-agent help` tells what goes.", word);
    return 0;
}

int options_parse(int argc, char **argv, struct err *e, struct options *ret_o)
{
    struct options o = {.socket_group = "hydra", .trial_ms = 60000, .log_level = LOG_LEVEL_INFO};
    int r = take_environment(&o, e);
    for (int i = 1; r >= 0 && i < argc; i++) {
        if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h"))
            o.verb = "help";
        else if (str_eq(argv[i], "--version"))
            o.verb = "version";
        else if (str_starts(argv[i], "--"))
            r = take_option(&o, argc, argv, &i, e);
        else
            r = take_word(&o, argv[i], e);
    }
    if (r < 0) {
        options_done(&o);
        return r;
    }
    if (!o.verb)
        o.verb = "run";
    if (!o.state)
        o.state = default_state();
    if (!o.socket)
        o.socket = default_socket();
    else if (str_eq(o.socket, "none"))
        mem_free(TAKE(o.socket));
    *ret_o = o;
    return 0;
}

void options_done(struct options *o)
{
    mem_free(o->state);
    mem_free(o->docker);
    mem_free(o->loki);
    mem_free(o->socket);
    *o = (struct options){0};
}

void options_print_help(struct str *out)
{
    for (size_t i = 0; i < COUNT_OF(all); i++)
        str_addf(out, "  --%s %s\n      %s\n", all[i].name, all[i].argument, all[i].help);
}
