#include "node/docker-networks.h"

#include "node/docker-json.h"

#include <stdlib.h>

struct network {
    const char *name, *driver, *scope;
    bool internal, joined;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct network *)a)->name, ((const struct network *)b)->name);
}

static struct network network_of(const json_t *v, const json_t *joined)
{
    struct network n = {.name = json_get_str(v, "Name", ""),
                        .driver = json_get_str(v, "Driver", ""),
                        .scope = json_get_str(v, "Scope", "local"),
                        .internal = json_get_bool(v, "Internal", false)};
    n.joined = json_object_get(joined, n.name);
    return n;
}

/* Of the driver "host" or "null": the engine refuses to connect anything to them. */
static bool is_joinable(const struct network *n)
{
    return !str_eq(n->driver, "host") && !str_eq(n->driver, "null");
}

static void print(const struct network *n, bool of_container, struct jw *w)
{
    jw_object(w);
    jw_key_str(w, "name", n->name);
    jw_key_str(w, "driver", n->driver);
    jw_key_str(w, "scope", n->scope);
    jw_key_bool(w, "internal", n->internal);
    jw_key_bool(w, "joinable", is_joinable(n));
    jw_key(w, "joined");
    if (of_container)
        jw_bool(w, n->joined);
    else
        jw_null(w);
    jw_end_object(w);
}

void docker_networks_tell(const json_t *list, const json_t *joined, struct jw *w)
{
    size_t all = json_array_size(list), n = 0;
    AUTO(mem_freep) struct network *networks = mem_array(all + 1, sizeof *networks);
    for (size_t i = 0; i < all && n < LIMIT_NETWORKS; i++) {
        networks[n] = network_of(json_array_get(list, i), joined);
        n += *networks[n].name != 0;
    }
    qsort(networks, n, sizeof *networks, by_name);
    jw_key(w, "networks");
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        print(&networks[i], joined, w);
    jw_end_array(w);
}

int docker_networks_print(const char *networks, size_t networks_len, const char *container,
                          size_t container_len, struct err *e, struct jw *w)
{
    AUTO(json_decrefp) json_t *list = NULL;
    AUTO(json_decrefp) json_t *of = NULL;
    int r = json_parse(networks, networks_len, LIMIT_DOCKER_ANSWER, e, &list);
    if (r >= 0 && container)
        r = json_parse(container, container_len, LIMIT_DOCKER_ANSWER, e, &of);
    if (r >= 0 && !json_is_array(list))
        r = err_set(e, -EINVAL, "The engine does not tell its networks.");
    if (r < 0)
        return r;
    AUTO(json_decrefp) json_t *none = json_object();
    const json_t *joined = json_object_get(json_object_get(of, "NetworkSettings"), "Networks");
    docker_networks_tell(list, !container ? NULL : joined ? joined : none, w);
    return 0;
}
