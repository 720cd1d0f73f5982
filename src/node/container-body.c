#include "node/container-body.h"

#include <ctype.h>

/* --- what the image gave --- */

static void drop_same(json_t *config, const json_t *image, const char *key)
{
    if (json_equal(json_object_get(config, key), json_object_get(image, key)))
        json_object_del(config, key);
}

static bool list_has(const json_t *list, const json_t *item)
{
    size_t i;
    const json_t *other;
    json_array_foreach (list, i, other)
        if (json_equal(other, item))
            return true;
    return false;
}

static void drop_items(json_t *config, const json_t *image, const char *key)
{
    json_t *list = json_object_get(config, key);
    const json_t *given = json_object_get(image, key);
    for (size_t i = json_array_size(list); i-- > 0;)
        if (list_has(given, json_array_get(list, i)))
            json_array_remove(list, i);
}

static void drop_members(json_t *config, const json_t *image, const char *key)
{
    json_t *object = json_object_get(config, key), *value;
    const json_t *given = json_object_get(image, key);
    const char *name;
    void *next;
    json_object_foreach_safe(object, next, name,
                             value) if (json_equal(json_object_get(given, name), value))
        json_object_del(object, name);
}

/* A command belongs to its entrypoint: one of the person's keeps both. */
static void drop_command(json_t *config, const json_t *image)
{
    const json_t *mine = json_object_get(config, "Entrypoint");
    const json_t *given = json_object_get(image, "Entrypoint");
    if (json_array_size(mine) == 0 ? json_array_size(given) == 0 : json_equal(mine, given)) {
        json_object_del(config, "Entrypoint");
        drop_same(config, image, "Cmd");
    }
}

static void drop_defaults(json_t *config, const json_t *image)
{
    static const char *const plain[] = {"WorkingDir",  "User",  "StopSignal",
                                        "Healthcheck", "Shell", "OnBuild"};
    static const char *const objects[] = {"Labels", "Volumes", "ExposedPorts"};
    for (size_t i = 0; i < COUNT_OF(plain); i++)
        drop_same(config, image, plain[i]);
    for (size_t i = 0; i < COUNT_OF(objects); i++)
        drop_members(config, image, objects[i]);
    drop_items(config, image, "Env");
    drop_command(config, image);
}

/* --- what the engine made up --- */

static bool own_network(const char *mode)
{
    return !str_eq(mode, "host") && !str_eq(mode, "none") && !str_starts(mode, "container:");
}

/* A name made from the id is the old container's; one that is shared is not ours. */
static void drop_hostname(const json_t *old, json_t *config, const json_t *host)
{
    const char *name = json_get_str(config, "Hostname", "");
    bool shared = !own_network(json_get_str(host, "NetworkMode", "")) ||
                  str_eq(json_get_str(host, "UTSMode", ""), "host");
    if (shared || (strlen(name) >= 12 && str_starts(json_get_str(old, "Id", ""), name))) {
        json_object_del(config, "Hostname");
        json_object_del(config, "Domainname");
    }
    if (str_starts(json_get_str(host, "NetworkMode", ""), "container:"))
        json_object_del(config, "ExposedPorts");
}

static void drop_podman_env(json_t *config)
{
    json_t *env = json_object_get(config, "Env");
    for (size_t i = json_array_size(env); i-- > 0;) {
        const char *v = json_string_value(json_array_get(env, i));
        if (v && (str_eq(v, "container=podman") || str_starts(v, "HOSTNAME=")))
            json_array_remove(env, i);
    }
}

/* "RLIMIT_NOFILE" → "nofile". */
static void mend_ulimits(json_t *host)
{
    size_t i;
    json_t *u;
    json_array_foreach (json_object_get(host, "Ulimits"), i, u) {
        const char *name = json_get_str(u, "Name", "");
        if (!str_starts(name, "RLIMIT_"))
            continue;
        AUTO(mem_freep) char *low = mem_strdup(name + strlen("RLIMIT_"));
        for (char *p = low; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        json_object_set_new(u, "Name", json_string(low));
    }
}

/* What Podman tells and does not take back. */
static void mend_podman(json_t *config, json_t *host)
{
    static const char *const made_up[] = {"Runtime", "Annotations", "CgroupParent", "KernelMemory"};
    for (size_t i = 0; i < COUNT_OF(made_up); i++)
        json_object_del(host, made_up[i]);
    if (json_array_size(json_object_get(config, "Entrypoint")) == 0)
        json_object_del(config, "Entrypoint");
    if (json_get_int(config, "StopTimeout", 0) == 0)
        json_object_del(config, "StopTimeout");
    drop_podman_env(config);
    mend_ulimits(host);
}

/* --- volumes without a name --- */

static bool is_bound(const json_t *host, const char *destination)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get(host, "Binds"), i, v) {
        const char *bind = json_string_value(v), *colon = bind ? strchr(bind, ':') : NULL;
        size_t n = strlen(destination);
        if (colon && strncmp(colon + 1, destination, n) == 0 &&
            (colon[1 + n] == ':' || colon[1 + n] == 0))
            return true;
    }
    json_array_foreach (json_object_get(host, "Mounts"), i, v)
        if (str_eq(json_get_str(v, "Target", ""), destination))
            return true;
    return false;
}

/* One that --mount asked for without a source. */
static void name_source(json_t *host, const char *destination, const char *name)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get(host, "Mounts"), i, v)
        if (str_eq(json_get_str(v, "Target", ""), destination) && !*json_get_str(v, "Source", ""))
            json_object_set_new(v, "Source", json_string(name));
}

static void keep_volumes(const json_t *old, json_t *host)
{
    size_t i;
    const json_t *m;
    json_array_foreach (json_object_get(old, "Mounts"), i, m) {
        const char *name = json_get_str(m, "Name", ""), *to = json_get_str(m, "Destination", "");
        if (!str_eq(json_get_str(m, "Type", ""), "volume") || !*name || !*to)
            continue;
        name_source(host, to, name);
        if (is_bound(host, to))
            continue;
        if (!json_is_array(json_object_get(host, "Binds")))
            json_object_set_new(host, "Binds", json_array());
        AUTO(mem_freep)
        char *bind = mem_printf("%s:%s%s", name, to, json_get_bool(m, "RW", true) ? "" : ":ro");
        json_array_append_new(json_object_get(host, "Binds"), json_string(bind));
    }
}

/* --- networks --- */

/* What was asked for of it, without what the engine gave. */
static json_t *endpoint(const json_t *old, const json_t *given, bool with_aliases)
{
    static const char *const kept[] = {"IPAMConfig", "Links", "DriverOpts"};
    json_t *e = json_object(), *aliases = json_array(), *v;
    size_t i;
    for (size_t k = 0; k < COUNT_OF(kept); k++)
        if (json_object_get(given, kept[k]) && !json_is_null(json_object_get(given, kept[k])))
            json_object_set(e, kept[k], json_object_get(given, kept[k]));
    json_array_foreach (json_object_get(given, "Aliases"), i, v) {
        const char *name = json_string_value(v);
        if (name && !(strlen(name) >= 12 && str_starts(json_get_str(old, "Id", ""), name)))
            json_array_append(aliases, v);
    }
    if (with_aliases && json_array_size(aliases))
        json_object_set(e, "Aliases", aliases);
    json_decref(aliases);
    return e;
}

static const json_t *networks_of(const json_t *old)
{
    return json_object_get(json_object_get(old, "NetworkSettings"), "Networks");
}

static const char *mode_of(const json_t *old)
{
    const char *mode = json_get_str(json_object_get(old, "HostConfig"), "NetworkMode", "");
    return str_eq(mode, "default") ? "bridge" : mode;
}

/* The one it is made in: the mode's, else the first. */
static const char *first_network(const json_t *old)
{
    const json_t *all = networks_of(old);
    const char *name, *mode = mode_of(old);
    json_t *v;
    if (json_object_get(all, mode))
        return mode;
    json_object_foreach ((json_t *)all, name, v)
        return name;
    return NULL;
}

static json_t *networking(const json_t *old)
{
    const char *name = own_network(mode_of(old)) ? first_network(old) : NULL;
    if (!name)
        return NULL;
    json_t *all = json_object(), *config = json_object();
    json_object_set_new(all, name,
                        endpoint(old, json_object_get(networks_of(old), name),
                                 !str_eq(name, "bridge") && !str_eq(name, "podman")));
    json_object_set_new(config, "EndpointsConfig", all);
    return config;
}

int container_further_network(const json_t *old, size_t i, char **ret_name, char **ret_body)
{
    const char *name, *first = first_network(old);
    json_t *v;
    if (!own_network(mode_of(old)) || i >= LIMIT_ENDPOINTS)
        return -ENOENT;
    json_object_foreach ((json_t *)networks_of(old), name, v) {
        if (str_eq(name, first) || i-- > 0)
            continue;
        json_t *body =
            json_pack("{s:s,s:o}", "Container", "", "EndpointConfig", endpoint(old, v, true));
        *ret_name = mem_strdup(name);
        *ret_body = json_dumps(body, JSON_COMPACT);
        json_decref(body);
        return 0;
    }
    return -ENOENT;
}

/* --- all of it --- */

static void mend(const json_t *old, const json_t *image, const char *new_image_id, bool podman,
                 json_t *config, json_t *host)
{
    static const char of_compose[] = "com.docker.compose.image";
    json_t *labels = json_object_get(config, "Labels");
    drop_hostname(old, config, host);
    if (podman)
        mend_podman(config, host);
    if (image)
        drop_defaults(config, json_object_get(image, "Config"));
    if (json_object_get(labels, of_compose)) /* else Compose makes it anew at its next `up` */
        json_object_set_new(labels, of_compose, json_string(new_image_id));
    keep_volumes(old, host);
    json_object_del(host, "ContainerIDFile");
    if (json_get_int(host, "MemorySwappiness", -1) <= 0)
        json_object_del(host, "MemorySwappiness");
}

int container_body(const json_t *old, const json_t *image, const char *new_image_id, bool podman,
                   struct err *e, char **ret_body)
{
    json_t *config = json_deep_copy(json_object_get(old, "Config"));
    json_t *host = json_deep_copy(json_object_get(old, "HostConfig"));
    int r = json_is_object(config) && json_is_object(host)
                ? 0
                : err_set(e, -EINVAL, "The engine does not tell how the container was made.");
    if (r == 0) {
        mend(old, image, new_image_id, podman, config, host);
        json_t *net = networking(old);
        json_object_set(config, "HostConfig", host);
        if (net)
            json_object_set_new(config, "NetworkingConfig", net);
        *ret_body = json_dumps(config, JSON_COMPACT);
    }
    json_decref(config);
    json_decref(host);
    return r;
}
