#include "hub/config.h"

#include "http/proxies.h"
#include "hub/config-file.h"
#include "node/node.h"
#include "store/store.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct setting_def {
    const char *name, *fallback, *help;
    uint32_t least, most; /* of a number; 0, 0 = text */
} defs[SETTING_COUNT] = {
    [SETTING_CONFIG] = {"config", "",
                        "FILE with settings; default /etc/hydra/hydrad.yaml when it exists", 0, 0},
    [SETTING_DATA] =
        {"data", "",
         "DIR for everything Hydra keeps; default /var/lib/hydra, or ~/.local/share/hydra", 0, 0},
    [SETTING_LISTEN] = {"listen", "127.0.0.1:7770", "HOST:PORT[,…] of the dashboard and the API", 0,
                        0},
    [SETTING_DATABASE] = {"database", "",
                          "URL: sqlite:FILE or postgresql://…; default SQLite in the data folder",
                          0, 0},
    [SETTING_HOSTS] = {"hosts", "",
                       "NAME[,…] under which browsers may reach this machine, *.example.org too", 0,
                       0},
    [SETTING_TRUSTED_PROXIES] = {"trusted-proxies", "",
                                 "ADDRESS or NETWORK[,…] of proxies whose X-Forwarded-… counts; "
                                 "also unix",
                                 0, 0},
    [SETTING_AGENTS] = {"agents", "0.0.0.0:7771",
                        "HOST:PORT where agents of other nodes dial in, once there is one; none", 0,
                        0},
    [SETTING_AGENTS_ADDRESS] =
        {"agents-address", "", "HOST[:PORT] by which they reach it; default this machine's address",
         0, 0},
    [SETTING_AGENT_PROGRAMS] = {"agent-programs", "/usr/lib/hydra/agents",
                                "DIR with hydra-agents that nodes are upgraded to", 0, 0},
    [SETTING_NODE] = {"node", "", "NAME of this machine in the dashboard; default its host name", 0,
                      0},
    [SETTING_DOCKER] =
        {"docker", "",
         "Docker or Podman socket, e.g. unix:///run/docker.sock; default the usual places", 0, 0},
    [SETTING_JOURNAL] = {"journal", "", "folder of the journal; default the system's own", 0, 0},
    [SETTING_LOKI] = {"loki", "", "URL of a Grafana Loki that gets the logs of this machine, too",
                      0, 0},
    [SETTING_LOKI_TENANT] = {"loki-tenant", "", "NAME of the tenant there (X-Scope-OrgID)", 0, 0},
    [SETTING_LOKI_AUTH] = {"loki-auth", "",
                           "FILE with user:password for Loki, or with a bearer token", 0, 0},
    [SETTING_LOKI_SPOOL] = {"loki-spool", "64", "MiB that wait for Loki on disk at most",
                            LOKI_SPOOL_MIN_MIB, LOKI_SPOOL_MAX_MIB},
    [SETTING_DEMO] = {"demo", "no", "yes: without this machine, and marked as a demonstration", 0,
                      0},
    [SETTING_WORKERS] = {"workers", "4", "threads for the database and passwords", 1, 64},
    [SETTING_STREAMS] = {"streams", "20000", "most open event streams", 1, 1000000},
    [SETTING_CONNECTIONS] = {"connections", "12000", "most HTTP connections", 16, 1000000},
    [SETTING_LOG_LEVEL] = {"log-level", "info", "error, warn, info or debug", 0, 0},
    [SETTING_LOG_FORMAT] = {"log-format", "text", "text or json", 0, 0},
};

static const char *const source_names[] = {"default", "file", "environment", "command line"};

static const char *const *setting_names(void)
{
    static const char *names[SETTING_COUNT + 1];
    for (int i = 0; i < SETTING_COUNT; i++)
        names[i] = defs[i].name;
    return names;
}

static int setting_find(const char *name)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        if (str_eq(defs[i].name, name))
            return i;
    return -ENOENT;
}

static int unknown(const char *what, const char *shown, const char *name, struct err *e)
{
    const char *near = str_nearest(name, setting_names());
    return err_set(e, -EINVAL, "%s %s is not known%s%s%s `hydrad help` lists the settings.", what,
                   shown, near ? "; did you mean " : "", near ? near : "", near ? "?" : ".");
}

/* A later source wins: the order of calls is file, environment, command line. */
static void set(struct config *c, enum setting s, const char *value, enum setting_source source)
{
    if (source < c->source[s])
        return;
    mem_set_str(&c->value[s], value);
    c->source[s] = source;
}

/* The entry of `extra` with this name, or NULL. */
static const char *find_extra(const char *const *extra, const char *name)
{
    size_t n = strlen(name);
    for (; extra && *extra; extra++)
        if (strncmp(*extra, name, n) == 0 && (!(*extra)[n] || str_eq(*extra + n, "!")))
            return *extra;
    return NULL;
}

static int read_arguments(struct config *c, int argc, char **argv, const char *const *extra,
                          struct err *e)
{
    for (int i = 1; i < argc; i++) {
        if (!str_starts(argv[i], "--") || !argv[i][2]) {
            str_list_add(&c->rest, argv[i]);
            continue;
        }
        char name[64];
        const char *equals = strchr(argv[i], '=');
        str_copy(name, sizeof name, argv[i] + 2);
        name[strcspn(name, "=")] = 0;
        int s = setting_find(name);
        const char *found = s < 0 ? find_extra(extra, name) : NULL;
        if (s < 0 && !found)
            return unknown("The option", argv[i], name, e);
        bool is_flag = found && str_ends(found, "!");
        if (is_flag && equals)
            return err_set(e, -EINVAL, "The option --%s takes no value.", name);
        const char *value = equals ? equals + 1 : is_flag ? "" : i + 1 < argc ? argv[++i] : NULL;
        if (!value)
            return err_set(e, -EINVAL, "The option --%s needs a value.", name);
        if (found)
            str_list_take(&c->rest, mem_printf("--%s=%s", name, value));
        else
            set(c, (enum setting)s, value, FROM_COMMAND_LINE);
    }
    return 0;
}

/* HYDRA_LOG_LEVEL is log-level. The command line's own variables are no settings. */
static int read_environment(struct config *c, struct err *e)
{
    extern char **environ;
    for (char **v = environ; *v; v++) {
        if (!str_starts(*v, "HYDRA_") || str_starts(*v, "HYDRA_URL=") ||
            str_starts(*v, "HYDRA_TOKEN="))
            continue;
        char name[64];
        size_t n = 0;
        for (const char *p = *v + 6; *p && *p != '=' && n + 1 < sizeof name; p++)
            name[n++] = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
        name[n] = 0;
        int s = setting_find(name);
        if (s < 0) {
            AUTO(mem_freep) char *variable = mem_strndup(*v, strcspn(*v, "="));
            return unknown("The variable", variable, name, e);
        }
        set(c, (enum setting)s, strchr(*v, '=') ? strchr(*v, '=') + 1 : "", FROM_ENVIRONMENT);
    }
    return 0;
}

struct file_pass {
    struct config *c;
    const char *path;
    unsigned lines[SETTING_COUNT]; /* where each was named; 0 = not yet */
};

static int take_pair(void *arg, const char *name, const char *value, unsigned line, struct err *e)
{
    struct file_pass *p = arg;
    int s = setting_find(name);
    if (s < 0 || s == SETTING_CONFIG) {
        unknown("The setting", name, name, e);
        return err_prefix(e, -EINVAL, "%s line %u", p->path, line);
    }
    if (p->lines[s])
        return err_set(e, -EINVAL, "%s line %u: %s stands on line %u already. Keep one of them.",
                       p->path, line, name, p->lines[s]);
    p->lines[s] = line;
    set(p->c, (enum setting)s, value, FROM_FILE);
    return 0;
}

static int read_file(struct config *c, struct err *e)
{
    static const char *const usual = "/etc/hydra/hydrad.yaml";
    const char *path = c->value[SETTING_CONFIG];
    if (str_is_empty(path)) {
        if (access(usual, F_OK) < 0)
            return 0;
        path = usual;
    }
    struct file_pass p = {.c = c, .path = path};
    int r = config_file_read(path, take_pair, &p, e);
    if (r >= 0)
        mem_set_str(&c->file, path);
    return r;
}

static char *default_data(void)
{
    const char *state = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_DATA_HOME"),
               *home = getenv("HOME");
    if (!str_is_empty(state))
        return mem_strdup(state);
    if (getuid() == 0)
        return mem_strdup("/var/lib/hydra");
    if (!str_is_empty(xdg))
        return mem_printf("%s/hydra", xdg);
    return mem_printf("%s/.local/share/hydra", str_is_empty(home) ? "/tmp" : home);
}

static void fill_defaults(struct config *c)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        if (!c->value[i])
            c->value[i] = i == SETTING_DATA ? default_data() : mem_strdup(defs[i].fallback);
}

static int check(const struct config *c, struct err *e)
{
    enum log_level level;
    for (int i = 0; i < SETTING_COUNT; i++) {
        uint64_t n;
        if (defs[i].most &&
            (str_to_u64(c->value[i], &n) < 0 || n < defs[i].least || n > defs[i].most))
            return err_set(
                e, -EINVAL,
                "The setting %s (from the %s) must be a number from %u to %u, not \"%s\".",
                defs[i].name, source_names[c->source[i]], defs[i].least, defs[i].most, c->value[i]);
    }
    struct http_proxies proxies;
    if (http_proxies_parse(&proxies, c->value[SETTING_TRUSTED_PROXIES], e) < 0)
        return -EINVAL;
    if (log_level_parse(c->value[SETTING_LOG_LEVEL], &level) < 0)
        return err_set(e, -EINVAL,
                       "The setting log-level is error, warn, info or debug, not \"%s\".",
                       c->value[SETTING_LOG_LEVEL]);
    if (!str_eq(c->value[SETTING_LOG_FORMAT], "text") &&
        !str_eq(c->value[SETTING_LOG_FORMAT], "json"))
        return err_set(e, -EINVAL, "The setting log-format is text or json, not \"%s\".",
                       c->value[SETTING_LOG_FORMAT]);
    AUTO(mem_freep) char *loki = NULL;
    return str_is_empty(c->value[SETTING_LOKI]) ? 0
                                                : node_loki_url(c->value[SETTING_LOKI], e, &loki);
}

int config_load(struct config *c, int argc, char **argv, const char *const *extra, struct err *e)
{
    int r = read_arguments(c, argc, argv, extra, e);
    if (r >= 0)
        r = read_environment(c, e);
    if (r >= 0)
        r = read_file(c, e);
    fill_defaults(c);
    return r < 0 ? r : check(c, e);
}

void config_done(struct config *c)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        mem_free(c->value[i]);
    mem_free(c->file);
    str_list_done(&c->rest);
    *c = (struct config){0};
}

const char *config_option(const struct config *c, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < c->rest.n; i++) {
        const char *a = c->rest.v[i];
        if (str_starts(a, "--") && strncmp(a + 2, name, n) == 0 && a[2 + n] == '=')
            return a + 3 + n;
    }
    return NULL;
}

uint32_t config_number(const struct config *c, enum setting s)
{
    uint64_t n = 0;
    return str_to_u64(c->value[s], &n) < 0 ? 0 : (uint32_t)n;
}

enum log_level config_log_level(const struct config *c)
{
    enum log_level level = LOG_LEVEL_INFO;
    return log_level_parse(c->value[SETTING_LOG_LEVEL], &level) < 0 ? LOG_LEVEL_INFO : level;
}

enum log_format config_log_format(const struct config *c)
{
    return str_eq(c->value[SETTING_LOG_FORMAT], "json") ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
}

char *config_database_url(const struct config *c)
{
    const char *url = c->value[SETTING_DATABASE];
    return str_is_empty(url) ? mem_printf("sqlite:%s/hydra.db", c->value[SETTING_DATA])
                             : mem_strdup(url);
}

/* What a setting comes down to where nobody has set it; the caller frees. */
static char *effective(const struct config *c, int setting)
{
    char host[256] = "";
    if (*c->value[setting])
        return store_mask_url(c->value[setting]);
    switch (setting) {
    case SETTING_DATABASE:
        return config_database_url(c);
    case SETTING_NODE:
        gethostname(host, sizeof host - 1);
        return mem_strdup(host);
    case SETTING_DOCKER:
        return mem_strdup("(the usual places)");
    default:
        return mem_strdup("-");
    }
}

void config_print(const struct config *c, struct str *out)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        str_addf(out, "%-16s ", defs[i].name);
        size_t start = out->len;
        AUTO(mem_freep) char *shown = effective(c, i);
        str_add(out, shown);
        size_t width = out->len - start;
        str_addf(out, "%*s  # %s%s%s\n", width < 40 ? (int)(40 - width) : 0, "",
                 source_names[c->source[i]], c->source[i] == FROM_FILE ? " " : "",
                 c->source[i] == FROM_FILE ? c->file : "");
    }
}

void config_print_help(struct str *out)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        str_addf(out, "  --%-16s %s%s%s%s\n", defs[i].name, defs[i].help,
                 *defs[i].fallback ? " (" : "", defs[i].fallback, *defs[i].fallback ? ")" : "");
}
