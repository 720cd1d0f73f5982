#include "node/listeners.h"

#include "base/clock.h"
#include "node/collector.h"
#include "node/docker.h"
#include "node/holders.h"
#include "node/kfile.h"
#include "node/pidfd.h"
#include "node/process-service.h"
#include "node/sockets.h"
#include "node/systemd.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    SEARCHES_MAX = 3,    /* per socket: what is not found then is the kernel's or hidden; */
    SEARCHES_LIKELY = 1, /* … the first of them only where it is likely */
    WALKS_APART_MS = 5000,
    FORMER = 16,
    PATIENCE_MS = 3000, /* for Docker and systemd to tell what is theirs */
    READ_EVERY = 10,    /* ticks: the tables, though nothing says that they changed */
    NAME_SIZE = 64,
};

struct listener {
    struct listen_socket s;
    int pid;          /* 0 = not known */
    int was;          /* the pid before it was doubted */
    int64_t since_ms; /* mono: first seen */
    unsigned searches;
    char name[NAME_SIZE];
    char *service; /* observed id of its owner; NULL = none */
    char *cgroup;  /* of that pid; NULL = it is gone, or there is none */
    int cgroup_pid;
    int64_t cgroup_ms; /* mono: when it was read */
};

typedef VEC(struct listener) listener_list;

struct listeners {
    struct node *node;
    struct sockets *sockets;
    struct socket_table table, fresh; /* as last read; being read */
    listener_list v;                  /* by inode, like `table` without what is passed over */
    struct holders_search *search;
    holders_seen_list seen; /* processes that searches have met */
    int64_t walked_ms;      /* mono: the last search everywhere */
    int former[FORMER];     /* pids that listened lately; 0 = none */
    size_t next_former;
    struct process_services *processes;
    int64_t started_ms;
    uint16_t ephemeral_low, ephemeral_high;
    unsigned generation; /* of owners, when ownership was last worked out */
    unsigned searches;   /* done so far */
    uint64_t attributed; /* digest() of what the neighbours were last told */
    struct str scratch;
    struct socket_counts counts; /* when the table was read, … */
    uint64_t forks;              /* … and the census */
    unsigned ticks;
    bool settled, denied, told;
    bool waiting; /* for somebody to claim a socket */
};

/* --- the table --- */

/* Clients get such ports for a moment; nobody serves UDP on them. */
static bool is_passed_over(const struct listeners *l, const struct listen_socket *s)
{
    return s->udp && s->port >= l->ephemeral_low && s->port <= l->ephemeral_high;
}

static void read_ephemeral_range(struct listeners *l)
{
    char text[32];
    unsigned low, high;
    l->ephemeral_low = 32768;
    l->ephemeral_high = 60999;
    if (kfile_text(text, sizeof text, l->node->settings.root,
                   "/proc/sys/net/ipv4/ip_local_port_range") >= 0 &&
        sscanf(text, "%u %u", &low, &high) == 2 && low <= high && high <= UINT16_MAX) {
        l->ephemeral_low = (uint16_t)low;
        l->ephemeral_high = (uint16_t)high;
    }
}

static bool same_socket(const struct listen_socket *a, const struct listen_socket *b)
{
    return a->inode == b->inode && a->port == b->port && a->udp == b->udp && a->v6 == b->v6;
}

static void list_done(listener_list *v)
{
    for (size_t i = 0; i < v->n; i++) {
        mem_free(v->v[i].service);
        mem_free(v->v[i].cgroup);
    }
    vec_done(v);
}

/* Takes over what was known of the sockets that are still there. */
static void merge(struct listeners *l)
{
    listener_list old = l->v;
    l->v = (listener_list){0};
    for (size_t i = 0, j = 0; i < l->table.v.n; i++) {
        const struct listen_socket *s = &l->table.v.v[i];
        if (is_passed_over(l, s))
            continue;
        while (j < old.n && old.v[j].s.inode < s->inode)
            j++;
        struct listener *new = vec_add(&l->v);
        new->since_ms = clock_mono_ms();
        if (j < old.n && same_socket(&old.v[j].s, s)) {
            *new = old.v[j];
            old.v[j].service = old.v[j].cgroup = NULL;
        }
        new->s = *s;
    }
    list_done(&old);
}

/* --- ownership --- */

static const char *unit_socket_of(struct listeners *l, const struct listener *x)
{
    return x->pid == 1 ? systemd_socket(l->node, x->s.port, x->s.udp) : NULL;
}

bool listeners_is_proxy(const char *program)
{
    static const char *const proxies[] = {"docker-proxy", "rootlessport", "rootlesskit",
                                          "conmon",       "slirp4netns",  "pasta",
                                          "pasta.avx2",   "exe" /* rootlessport, re-executed */};
    for (size_t i = 0; i < COUNT_OF(proxies); i++)
        if (str_eq(program, proxies[i]))
            return true;
    return false;
}

static bool is_proxy(const struct listeners *l, const struct listener *x)
{
    return listeners_is_proxy(x->name) && docker_publisher(l->node, x->s.port, x->s.udp);
}

/* Does the cgroup say that a container or a unit is behind it, whom we have not heard of (yet)? */
static bool is_claimed(const char *cgroup)
{
    size_t hex = 0;
    for (const char *p = cgroup; *p && hex < 64; p++)
        hex = strchr("0123456789abcdef", *p) ? hex + 1 : 0;
    return hex == 64 || (str_starts(cgroup, "/system.slice/") && str_ends(cgroup, ".service"));
}

/* Of nobody: a service of its own. Engines take a moment to tell what they started. */
static bool is_free(struct listeners *l, const struct listener *x)
{
    if (x->service || x->pid <= 1 || is_proxy(l, x))
        return false;
    if (!x->cgroup)
        return true;
    if (systemd_folds(l->node, x->cgroup))
        return false;
    bool waits = is_claimed(x->cgroup) && clock_mono_ms() - x->since_ms < PATIENCE_MS;
    l->waiting = l->waiting || waits;
    return !waits;
}

/* Processes move to their cgroup when they are started, seldom later. */
static void look_up_cgroup(const struct node *n, struct listener *x)
{
    char path[CGROUP_PATH_MAX];
    if (x->cgroup && x->cgroup_pid == x->pid && x->cgroup_ms - x->since_ms > PATIENCE_MS)
        return;
    bool found = x->pid > 1 && cgroup_of_pid(n->settings.root, x->pid, path) == 0;
    mem_set_str(&x->cgroup, found ? path : NULL);
    x->cgroup_pid = x->pid;
    x->cgroup_ms = clock_mono_ms();
}

/* By its cgroup, else by its pid; not the service that we made of the process ourselves. */
static const char *owner_of(const struct node *n, const struct listener *x)
{
    const struct owner *w = x->cgroup ? owners_by_cgroup(n->owners, x->cgroup) : NULL;
    for (size_t i = 0; !w && i < n->owners->v.n; i++) {
        const struct owner *other = n->owners->v.v[i];
        if (other->main_pid == x->pid && !str_starts(other->id, "process/"))
            w = other;
    }
    return w ? w->id : NULL;
}

static void find_owner(struct listeners *l, struct listener *x)
{
    look_up_cgroup(l->node, x);
    const char *id = unit_socket_of(l, x);
    if (!id && x->pid > 1 && !is_proxy(l, x))
        id = owner_of(l->node, x);
    mem_set_str(&x->service, id);
}

static bool in_question(void *arg, int pid)
{
    struct listeners *l = arg;
    for (size_t i = 0; l->search && i < l->v.n; i++)
        if (!l->v.v[i].pid && l->v.v[i].was == pid)
            return true;
    return false;
}

typedef VEC(struct process_port) port_list;

static void add_port(port_list *ports, const struct listener *x, char address[SOCKET_ADDRESS_SIZE])
{
    *vec_add(ports) = (struct process_port){
        .pid = x->pid,
        .port = {.address = (char *)socket_address(&x->s, address),
                 .port = x->s.port,
                 .udp = x->s.udp,
                 .pid = x->pid,
                 .process = (char *)x->name},
    };
}

static void update_processes(struct listeners *l)
{
    port_list mine = {0}, theirs = {0};
    char(*addresses)[SOCKET_ADDRESS_SIZE] = mem_array(l->v.n ? l->v.n : 1, SOCKET_ADDRESS_SIZE);
    for (size_t i = 0; i < l->v.n; i++) {
        const struct listener *x = &l->v.v[i];
        if (is_free(l, x))
            add_port(&mine, x, addresses[i]);
        else if (x->service || x->pid == 1)
            add_port(&theirs, x, addresses[i]);
    }
    process_services_taken(l->processes, theirs.v, theirs.n);
    process_services_update(l->processes, mine.v, mine.n, clock_wall_ms(), in_question);
    vec_done(&mine);
    vec_done(&theirs);
    mem_free(addresses);
}

/* Nothing is told before those who may own a socket have had their say. */
static bool is_settled(struct listeners *l)
{
    if (!l->settled)
        l->settled = (docker_is_settled(l->node) && systemd_is_settled(l->node)) ||
                     clock_mono_ms() - l->started_ms > PATIENCE_MS;
    return l->settled;
}

/* Under the name that the ids begin with; the first word ends what a former run told. */
static void tell_source(struct listeners *l)
{
    if (l->denied)
        node_source(l->node, "process", SOURCE_DENIED,
                    "some listening processes belong to other users and can't be told",
                    "Run it as root, or give it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.", !l->told);
    else
        node_source(l->node, "process", SOURCE_OK, NULL, NULL, !l->told);
    l->told = true;
}

/* What the neighbours are told of theirs. */
static uint64_t digest(struct listeners *l)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES];
    uint64_t hash;
    str_clear(&l->scratch);
    for (size_t i = 0; i < l->v.n; i++) {
        const struct listener *x = &l->v.v[i];
        if (!x->service)
            continue;
        str_addf(&l->scratch, "%s %s %d %u %d %d ", x->service, x->name, x->pid, x->s.port,
                 x->s.udp, x->s.v6);
        str_add_n(&l->scratch, &x->s.address, sizeof x->s.address);
    }
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)str_text(&l->scratch),
                     l->scratch.len, key);
    return hash;
}

/* Engines and systemd go through all they know; most sockets that come and go are none of theirs.
 */
static void tell_neighbours(struct listeners *l, bool anyway)
{
    uint64_t now = digest(l);
    if (!anyway && now == l->attributed)
        return;
    l->attributed = now;
    docker_refresh(l->node);
    systemd_refresh(l->node);
}

static void attribute(struct listeners *l)
{
    if (!is_settled(l) || l->searches == 0)
        return;
    bool others_changed = l->generation != l->node->owners->generation;
    l->waiting = false;
    for (size_t i = 0; i < l->v.n; i++)
        find_owner(l, &l->v.v[i]);
    update_processes(l);
    tell_neighbours(l, others_changed);
    tell_source(l);
    l->generation = l->node->owners->generation;
}

/* --- searching holders --- */

static void start_search(struct listeners *l, unsigned times);

static void remember_holder(struct listeners *l, int pid)
{
    for (size_t i = 0; i < COUNT_OF(l->former); i++)
        if (l->former[i] == pid)
            return;
    l->former[l->next_former++ % COUNT_OF(l->former)] = pid;
}

/* A process that is gone before its name is read is looked for again. */
static void take_holder(struct listeners *l, struct listener *x, int pid)
{
    if (!pid || kfile_program(x->name, sizeof x->name, l->node->settings.root, pid) < 0)
        return;
    x->pid = x->was = pid;
    remember_holder(l, pid);
}

static void on_found(void *arg, const struct holder *found, size_t n, struct holders_scope *scope,
                     bool denied)
{
    struct listeners *l = arg;
    bool missing = false;
    l->search = NULL;
    l->searches++;
    vec_done(&l->seen);
    l->seen = scope->seen;
    scope->seen = (holders_seen_list){0};
    for (size_t i = 0; i < l->v.n; i++) {
        struct listener *x = &l->v.v[i];
        for (size_t k = 0; !x->pid && k < n; k++)
            if (found[k].inode == x->s.inode)
                take_holder(l, x, found[k].pid);
        missing = missing || !x->pid;
    }
    l->denied = missing && (scope->everywhere ? denied : l->denied);
    attribute(l);
    start_search(l, SEARCHES_LIKELY); /* for what came meanwhile; the others may be gone by the next
                                         look */
}

/* Those that listen, and those that lately did: programs open such sockets again and again. */
static void add_holders(const struct listeners *l, pid_list *to)
{
    for (size_t i = 0; i < l->v.n; i++)
        if (l->v.v[i].pid)
            *vec_add(to) = l->v.v[i].pid;
    for (size_t i = 0; i < COUNT_OF(l->former); i++)
        if (l->former[i])
            *vec_add(to) = l->former[i];
}

/* Is it its turn? A walk everywhere costs milliseconds, so those keep their distance. */
static bool is_due(const struct listeners *l, const struct listener *x, unsigned times,
                   int64_t now_ms)
{
    return !x->pid && x->searches < times &&
           (x->searches < SEARCHES_LIKELY || now_ms - l->walked_ms >= WALKS_APART_MS);
}

/* For sockets that were searched for less than `times`. */
static void start_search(struct listeners *l, unsigned times)
{
    VEC(uint64_t) inodes = {0};
    int64_t now_ms = clock_mono_ms();
    struct holders_scope scope = {.everywhere = !l->searches, .now_ms = now_ms};
    if (l->search)
        return;
    for (size_t i = 0; i < l->v.n; i++) {
        struct listener *x = &l->v.v[i];
        if (!is_due(l, x, times, now_ms))
            continue;
        scope.everywhere = scope.everywhere || x->searches >= SEARCHES_LIKELY;
        x->searches++;
        *vec_add(&inodes) = x->s.inode;
    }
    if (inodes.n || !l->searches) {
        add_holders(l, &scope.holders);
        scope.seen = l->seen;
        l->seen = (holders_seen_list){0};
        if (scope.everywhere)
            l->walked_ms = now_ms;
        l->search = holders_find(l->node->loop, l->node->settings.root, inodes.v, inodes.n, &scope,
                                 on_found, l);
    }
    vec_done(&inodes);
}

/* --- the module --- */

/* Which of the tables may tell something new. Who opens a socket as another closes one was mostly
 * just started. */
struct doubt {
    bool tcp, udp;
};

static struct doubt doubt(struct listeners *l)
{
    struct socket_counts now = {0}, before = l->counts;
    uint64_t forks = l->node->census->forks, forks_before = l->forks;
    bool known = sockets_count(l->sockets, &now) == 0 && forks;
    bool all = !known || l->ticks++ % READ_EVERY == 0;
    l->counts = now;
    l->forks = forks;
    return (struct doubt){
        .tcp = all || forks != forks_before || now.tcp != before.tcp || now.tcp6 != before.tcp6,
        .udp = all || now.udp != before.udp || now.udp6 != before.udp6,
    };
}

/* Takes over what changed: 1; 0 when nothing did. */
static int read_table(struct listeners *l, struct doubt d)
{
    int r = d.tcp || d.udp ? sockets_read(l->sockets, d.udp, &l->fresh) : 0;
    if (r < 0 || (!d.tcp && !d.udp) || sockets_equal(&l->table, &l->fresh))
        return r;
    struct socket_table t = l->table;
    l->table = l->fresh;
    l->fresh = t;
    merge(l);
    return 1;
}

static void look(struct listeners *l, struct doubt d)
{
    int changed = read_table(l, d);
    if (changed < 0) {
        node_source(l->node, "process", SOURCE_FAILED, "the listening sockets can't be read", NULL,
                    false);
        return;
    }
    start_search(l, SEARCHES_MAX);
    if (changed || l->generation != l->node->owners->generation || !l->settled || l->waiting)
        attribute(l);
}

/* A process ended that held sockets: others may hold them on. */
static void on_end(void *arg)
{
    struct listeners *l = arg;
    for (size_t i = 0; i < l->v.n; i++) {
        struct listener *x = &l->v.v[i];
        if (x->service || process_lives(l->node->settings.root, x->pid))
            continue;
        x->pid = 0;
        x->searches = SEARCHES_LIKELY; /* they may be any */
        l->walked_ms = INT64_MIN / 2;  /* at once */
    }
    look(l, (struct doubt){true, true});
    attribute(l);
}

static void tick(void *state, int64_t now_ms)
{
    (void)now_ms;
    struct listeners *l = state;
    look(l, doubt(l));
    process_services_tick(l->processes, clock_wall_ms());
}

static void *start(struct node *n)
{
    struct listeners *l = mem_alloc(sizeof *l);
    l->node = n;
    l->sockets = sockets_open(n->settings.root);
    l->processes = process_services_new(n, on_end, l);
    l->started_ms = clock_mono_ms();
    l->walked_ms = INT64_MIN / 2;
    l->generation = UINT32_MAX;
    read_ephemeral_range(l);
    return l;
}

static void stop(void *state)
{
    struct listeners *l = state;
    holders_cancel(l->search);
    process_services_free(l->processes);
    sockets_close(l->sockets);
    list_done(&l->v);
    vec_done(&l->table.v);
    vec_done(&l->fresh.v);
    vec_done(&l->seen);
    str_done(&l->scratch);
    mem_free(l);
}

const struct node_module listeners_module = {
    .name = "listeners", .start = start, .tick = tick, .stop = stop};

/* --- for the neighbours --- */

static struct observed_port *same_port(struct observed *o, const struct listener *x)
{
    for (size_t i = 0; i < o->ports.n; i++)
        if (o->ports.v[i].port == x->s.port && o->ports.v[i].udp == x->s.udp)
            return &o->ports.v[i];
    return NULL;
}

void listeners_add_ports(struct node *n, struct observed *o)
{
    struct listeners *l = node_module_state(n, &listeners_module);
    char address[SOCKET_ADDRESS_SIZE];
    for (size_t i = 0; l && i < l->v.n; i++) {
        const struct listener *x = &l->v.v[i];
        if (!str_eq(x->service, o->id))
            continue;
        struct observed_port *p = same_port(o, x);
        if (!p) {
            p = vec_add(&o->ports);
            p->address = mem_strdup(socket_address(&x->s, address));
            p->port = x->s.port;
            p->udp = x->s.udp;
        }
        if (!p->pid) {
            p->pid = x->pid;
            p->process = mem_strdup(x->name);
        }
    }
}

static const struct listener *on_port(struct node *n, uint16_t port)
{
    struct listeners *l = node_module_state(n, &listeners_module);
    for (size_t i = 0; l && i < l->v.n; i++)
        if (l->v.v[i].s.port == port && !l->v.v[i].s.udp && l->v.v[i].pid)
            return &l->v.v[i];
    return NULL;
}

const char *listeners_process(struct node *n, uint16_t port, int *ret_pid)
{
    const struct listener *x = on_port(n, port);
    if (x)
        *ret_pid = x->pid;
    return x ? x->name : NULL;
}

const char *listeners_owner(struct node *n, uint16_t port)
{
    const struct listener *x = on_port(n, port);
    return x ? x->service : NULL;
}
