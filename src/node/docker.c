#include "node/docker.h"

#include "base/log.h"
#include "node/docker-private.h"
#include "node/engine-ask.h"
#include "node/logs-private.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENGINES_MAX = 8, SEARCH_EVERY = 5 /* ticks */ };

struct docker {
    struct node *node;
    struct http_client *http;
    VEC(struct engine *) engines;
    unsigned ticks;
    bool absence_told;
};

/* --- where sockets are --- */

struct place {
    char path[DOCKER_SOCKET_SIZE];
    bool podman;
    unsigned uid;
};

struct places {
    struct place v[ENGINES_MAX];
    size_t n;
};

static bool same_file(const char *a, const char *b)
{
    struct stat s, t;
    return str_eq(a, b) ||
           (stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino);
}

static void add_place(struct places *p, const char *path, bool podman, unsigned uid, bool required)
{
    struct stat st;
    if (p->n >= ENGINES_MAX || strlen(path) >= DOCKER_SOCKET_SIZE)
        return;
    /* Neither stat() nor access() tells "absent" where a folder may not be searched. */
    if (!required && (stat(path, &st) < 0 || !S_ISSOCK(st.st_mode)))
        return;
    for (size_t i = 0; i < p->n; i++)
        if (same_file(p->v[i].path, path))
            return;
    struct place *new = &p->v[p->n++];
    str_copy(new->path, sizeof new->path, path);
    new->podman = podman;
    new->uid = uid;
}

static const char *unix_path(const char *host)
{
    return host && str_starts(host, "unix://") ? host + strlen("unix://") : NULL;
}

static void add_rootless(struct node *n, struct places *p)
{
    char base[NODE_PATH_MAX], path[NODE_PATH_MAX + 64];
    DIR *d = opendir(node_path(n, "/run/user", base));
    for (struct dirent *e; d && (e = readdir(d));) {
        uint64_t uid;
        if (str_to_u64(e->d_name, &uid) < 0 || uid == 0 || uid > UINT32_MAX)
            continue;
        snprintf(path, sizeof path, "%s/%u/docker.sock", base, (unsigned)uid);
        add_place(p, path, false, (unsigned)uid, false);
        snprintf(path, sizeof path, "%s/%u/podman/podman.sock", base, (unsigned)uid);
        add_place(p, path, true, (unsigned)uid, false);
    }
    if (d)
        closedir(d);
}

/* What the settings name, and nothing else; or the usual places. */
static void find_places(struct node *n, struct places *p)
{
    static const struct {
        const char *path;
        bool podman;
    } usual[] = {{"/run/docker.sock", false},
                 {"/var/run/docker.sock", false},
                 {"/run/podman/podman.sock", true}};
    char path[NODE_PATH_MAX];
    const char *named = unix_path(n->settings.docker_host);
    if (named) {
        add_place(p, named, strstr(named, "podman") != NULL, 0, true);
        return;
    }
    named = unix_path(getenv("DOCKER_HOST"));
    if (named)
        add_place(p, named, strstr(named, "podman") != NULL, 0, false);
    for (size_t i = 0; i < COUNT_OF(usual); i++)
        add_place(p, node_path(n, usual[i].path, path), usual[i].podman, 0, false);
    add_rootless(n, p);
}

/* --- what is there --- */

static bool is_known(const struct docker *d, const char *path)
{
    for (size_t i = 0; i < d->engines.n; i++)
        if (same_file(d->engines.v[i]->socket, path))
            return true;
    return false;
}

static bool is_installed(struct node *n, const char *program)
{
    static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin",
                                          "/run/current-system/sw/bin"};
    char path[NODE_PATH_MAX], full[NODE_PATH_MAX];
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        snprintf(full, sizeof full, "%s/%s", folders[i], program);
        if (access(node_path(n, full, path), X_OK) == 0)
            return true;
    }
    return false;
}

static bool has_engine(const struct docker *d, const char *source)
{
    for (size_t i = 0; i < d->engines.n; i++)
        if (str_eq(d->engines.v[i]->source, source))
            return true;
    return false;
}

/* The first word also ends what a former run told of these engines. */
static void tell_absence(struct docker *d)
{
    struct node *n = d->node;
    bool first = !d->absence_told;
    if (!has_engine(d, "docker")) {
        bool here = is_installed(n, "dockerd");
        node_source(n, "docker", SOURCE_ABSENT,
                    here ? "Docker is installed but does not run" : "Docker is not on this machine",
                    here ? "systemctl enable --now docker" : NULL, first);
    }
    if (!has_engine(d, "podman") && is_installed(n, "podman"))
        node_source(n, "podman", SOURCE_ABSENT, "Podman is installed but its API does not run",
                    "systemctl enable --now podman.socket", first);
    d->absence_told = true;
}

static void search(struct docker *d)
{
    struct places p = {0};
    find_places(d->node, &p);
    for (size_t i = 0; i < p.n && d->engines.n < ENGINES_MAX; i++)
        if (!is_known(d, p.v[i].path))
            *vec_add(&d->engines) =
                engine_new(d->node, d->http, p.v[i].path, p.v[i].podman, p.v[i].uid);
    tell_absence(d);
}

/* --- the module --- */

static void *start(struct node *n)
{
    struct docker *d = mem_alloc(sizeof *d);
    d->node = n;
    d->http = http_client_new(n->loop);
    search(d);
    return d;
}

static void tick(void *state, int64_t now_ms)
{
    struct docker *d = state;
    if (++d->ticks % SEARCH_EVERY == 0)
        search(d);
    for (size_t i = 0; i < d->engines.n; i++)
        engine_tick(d->engines.v[i], now_ms);
}

static void stop(void *state)
{
    struct docker *d = state;
    for (size_t i = 0; i < d->engines.n; i++)
        engine_free(d->engines.v[i]);
    vec_done(&d->engines);
    http_client_free(d->http);
    mem_free(d);
}

const struct node_module docker_module = {
    .name = "docker", .start = start, .tick = tick, .stop = stop};

/* --- for the neighbours --- */

static bool is_named(const struct entry *x, const char *name)
{
    return x->told && (str_eq(x->told, name) || str_eq(x->c->seen->name, name) ||
                       (docker_id_is_valid(name) && str_starts(x->id, name)));
}

struct entry *engine_find(struct engine *e, const char *name)
{
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        if (is_named(x, name))
            return x;
    }
    return NULL;
}

const struct observed *docker_find(struct node *n, const char *name)
{
    struct docker *d = node_module_state(n, &docker_module);
    for (size_t i = 0; d && i < d->engines.n; i++) {
        struct entry *x = engine_find(d->engines.v[i], name);
        if (x)
            return x->c->seen;
    }
    return NULL;
}

struct engine *docker_engine(struct node *n, const char *id)
{
    struct docker *d = node_module_state(n, &docker_module);
    size_t len = strcspn(id, "/");
    for (size_t i = 0; d && i < d->engines.n; i++) {
        struct engine *e = d->engines.v[i];
        if (strlen(e->source) == len && strncmp(e->source, id, len) == 0)
            return e;
    }
    return NULL;
}

struct engine *docker_engine_at(struct node *n, size_t i)
{
    struct docker *d = node_module_state(n, &docker_module);
    return d && i < d->engines.n ? d->engines.v[i] : NULL;
}

struct entry *docker_entry(struct node *n, const char *id)
{
    struct engine *e = docker_engine(n, id);
    if (!e)
        return NULL;
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        if (str_eq(x->told, id))
            return x;
    }
    return NULL;
}

/* Read with rights that its users lack: only where Docker itself keeps it. Podman's has another
 * form, and a user's engine may name anything. */
static bool has_own_file(const struct engine *e, const struct entry *x)
{
    AUTO(mem_freep) char *place = mem_printf("/containers/%s/%s-json.log", x->id, x->id);
    return x->c->log_file && !e->version.podman && e->uid == 0 && docker_id_is_valid(x->id) &&
           str_ends(x->c->log_file, place);
}

bool docker_log_place(struct node *n, const char *name, struct log_place *ret)
{
    struct docker *d = node_module_state(n, &docker_module);
    for (size_t i = 0; d && i < d->engines.n; i++) {
        const struct engine *e = d->engines.v[i];
        const struct entry *x = engine_find(d->engines.v[i], name);
        if (!x)
            continue;
        *ret = (struct log_place){.kind = LOG_PLACE_CONTAINER,
                                  .name = mem_strdup(x->c->seen->name),
                                  .socket = mem_strdup(e->socket),
                                  .api = mem_strdup(e->version.api)};
        if (has_own_file(e, x))
            ret->file = mem_printf("%s%s", n->settings.root, x->c->log_file);
        return true;
    }
    return false;
}

bool docker_is_own(struct node *n)
{
    static const char *const sockets[] = ENGINE_SOCKETS;
    const struct engine *e = docker_engine(n, "docker/");
    for (size_t i = 0; e && e->met && i < COUNT_OF(sockets); i++)
        if (str_eq(e->socket, sockets[i]))
            return true;
    return false;
}

bool docker_is_complete(struct node *n)
{
    struct docker *d = node_module_state(n, &docker_module);
    bool any = false;
    for (size_t i = 0; d && i < d->engines.n; i++) {
        if (d->engines.v[i]->state != ENGINE_WATCHING)
            return false;
        any = true;
    }
    return any;
}

bool docker_is_settled(struct node *n)
{
    struct docker *d = node_module_state(n, &docker_module);
    for (size_t i = 0; d && i < d->engines.n; i++) {
        const struct engine *e = d->engines.v[i];
        if (e->state == ENGINE_WATCHING || (e->state == ENGINE_AWAY && e->failures))
            continue;
        return false;
    }
    return d != NULL;
}

static bool publishes(const struct entry *x, uint16_t port, bool udp)
{
    bool runs = x->told && x->c->seen->main_pid;
    for (size_t i = 0; runs && i < x->c->seen->ports.n; i++) {
        const struct observed_port *p = &x->c->seen->ports.v[i];
        if (p->port == port && p->udp == udp)
            return true;
    }
    return false;
}

const struct observed *docker_publisher(struct node *n, uint16_t port, bool udp)
{
    struct docker *d = node_module_state(n, &docker_module);
    for (size_t i = 0; d && i < d->engines.n; i++)
        MAP_FOREACH (&d->engines.v[i]->entries, m) {
            const struct entry *x = m->value;
            if (publishes(x, port, udp))
                return x->c->seen;
        }
    return NULL;
}

void docker_refresh(struct node *n)
{
    struct docker *d = node_module_state(n, &docker_module);
    for (size_t i = 0; d && i < d->engines.n; i++)
        engine_refresh(d->engines.v[i]);
}
