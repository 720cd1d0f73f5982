/* CPU and memory of each service that has a cgroup of its own: version 2, or version 1 with its
 * hierarchy per controller (kernel, Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/).
 *
 * Memory is what `docker stats` shows: without page cache that could be given back at once. How
 * much that is stands in a file that is dear to read, so it is read seldom. A group whose counter
 * of CPU stands still has run nothing: only the kernel can have taken memory from it meanwhile, so
 * that is looked at seldom, too. */
#include "node/collector.h"

#include <errno.h>
#include <math.h>
#include <sys/resource.h>

enum {
    STAT_EVERY = 10, /* reads */
    IDLE_EVERY = 5,  /* reads: memory of one that slept; */
    IDLE_STATS = 3,  /* … its cache: such a multiple of STAT_EVERY */
};

/* Where the numbers are; paths below the cgroup. */
struct hierarchy {
    const char *cpu_mount, *cpu_file, *cpu_key;
    double cpu_scale; /* to seconds */
    const char *memory_mount, *memory_file, *cache_key;
};
static const struct hierarchy version2 = {
    "/sys/fs/cgroup", "cpu.stat",       "usage_usec ",    1e-6,
    "/sys/fs/cgroup", "memory.current", "inactive_file ",
};
static const struct hierarchy version1 = {
    "/sys/fs/cgroup/cpuacct", "cpuacct.usage",        "", 1e-9, "/sys/fs/cgroup/memory",
    "memory.usage_in_bytes",  "total_inactive_file ",
};
/* Where cpuacct has no link of its own. */
static const struct hierarchy version1_joined = {
    "/sys/fs/cgroup/cpu,cpuacct", "cpuacct.usage",        "", 1e-9, "/sys/fs/cgroup/memory",
    "memory.usage_in_bytes",      "total_inactive_file ",
};

struct group {
    struct owner *owner;
    char *path;
    int cpu_fd, memory_fd; /* -1 = not there, or not kept open */
    bool kept;             /* descriptors are kept; else opened for each read */
    bool found;            /* in this pass over the owners */
    double cpu, memory;    /* as last read; memory with the cache */
    uint64_t cache;        /* bytes, of the last look */
    bool known;            /* was read before */
    bool ran;              /* since `cache` was read */
};

struct cgroup {
    const struct hierarchy *h;
    VEC(struct group) v;
    unsigned generation; /* of owners, as last followed; */
    bool followed;
    size_t max_kept;
    unsigned reads;
};

static int cgroup_open(void *state, struct collect *c)
{
    struct cgroup *g = state;
    struct rlimit files = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &files);
    g->max_kept = files.rlim_cur == RLIM_INFINITY ? 4096 : files.rlim_cur / 8;
    if (kfile_exists(c->root, "%s", "/sys/fs/cgroup/cgroup.controllers"))
        g->h = &version2;
    else if (kfile_exists(c->root, "%s", version1.cpu_mount))
        g->h = &version1;
    else if (kfile_exists(c->root, "%s", version1_joined.cpu_mount))
        g->h = &version1_joined;
    return g->h ? 0 : -ENOENT;
}

typedef int open_fn(const struct cgroup *g, const struct collect *c, const char *path);

static int open_cpu(const struct cgroup *g, const struct collect *c, const char *path)
{
    return kfile_open(c->root, "%s%s/%s", g->h->cpu_mount, path, g->h->cpu_file);
}

static int open_memory(const struct cgroup *g, const struct collect *c, const char *path)
{
    return kfile_open(c->root, "%s%s/%s", g->h->memory_mount, path, g->h->memory_file);
}

static void drop(struct cgroup *g, size_t i)
{
    struct group *p = &g->v.v[i];
    kfile_close(&p->cpu_fd);
    kfile_close(&p->memory_fd);
    owner_unused(p->owner, USAGE_CGROUP);
    mem_free(p->path);
    vec_remove_at(&g->v, i);
}

static void add(struct cgroup *g, struct collect *c, struct owner *w)
{
    struct group p = {
        .owner = w,
        .cpu_fd = open_cpu(g, c, w->cgroup),
        .memory_fd = open_memory(g, c, w->cgroup),
        .kept = g->v.n < g->max_kept,
        .found = true,
    };
    if (!p.kept) {
        kfile_close(&p.cpu_fd);
        kfile_close(&p.memory_fd);
    }
    p.path = mem_strdup(w->cgroup);
    *vec_add(&g->v) = p;
}

static struct group *find(const struct cgroup *g, const struct owner *w)
{
    for (size_t i = 0; i < g->v.n; i++)
        if (g->v.v[i].owner == w && str_eq(g->v.v[i].path, w->cgroup))
            return &g->v.v[i];
    return NULL;
}

static void follow_owners(struct cgroup *g, struct collect *c)
{
    if (g->followed && g->generation == c->owners->generation)
        return;
    g->followed = true;
    g->generation = c->owners->generation;
    for (size_t i = 0; i < g->v.n; i++)
        g->v.v[i].found = false;
    for (size_t i = 0; i < c->owners->v.n; i++) {
        struct group *p = find(g, c->owners->v.v[i]);
        if (p)
            p->found = true;
    }
    for (size_t i = g->v.n; i-- > 0;)
        if (!g->v.v[i].found)
            drop(g, i);
    for (size_t i = 0; i < c->owners->v.n; i++)
        if (c->owners->v.v[i]->cgroup && !find(g, c->owners->v.v[i]))
            add(g, c, c->owners->v.v[i]);
}

/* The number after `key` in the file; NaN when it is gone. */
static double number_in(struct collect *c, int fd, const char *key)
{
    struct scan s;
    uint64_t v;
    if (fd < 0 || kfile_read(&c->buf, fd, &s) < 0)
        return (double)NAN;
    do
        if (scan_text(&s, key) && scan_u64(&s, &v))
            return (double)v;
    while (scan_next_line(&s));
    return (double)NAN;
}

static void read_cache(const struct cgroup *g, struct collect *c, struct group *p)
{
    int fd = kfile_open(c->root, "%s%s/memory.stat", g->h->memory_mount, p->path);
    double cache = number_in(c, fd, g->h->cache_key);
    kfile_close(&fd);
    p->cache = isnan(cache) ? 0 : (uint64_t)cache;
    p->ran = false;
}

static double read_number(const struct cgroup *g, struct collect *c, const struct group *p,
                          int kept, open_fn *open, const char *key)
{
    int fd = p->kept ? kept : open(g, c, p->path);
    double v = number_in(c, fd, key);
    if (!p->kept)
        kfile_close(&fd);
    return v;
}

/* Groups take turns at what is read seldom. */
static void read_memory(const struct cgroup *g, struct collect *c, struct group *p, unsigned turn)
{
    if (!p->known || turn % (STAT_EVERY * (p->ran ? 1 : IDLE_STATS)) == 0)
        read_cache(g, c, p);
    p->memory = read_number(g, c, p, p->memory_fd, open_memory, "");
}

static void read_group(const struct cgroup *g, struct collect *c, struct group *p, unsigned turn)
{
    double cpu = read_number(g, c, p, p->cpu_fd, open_cpu, g->h->cpu_key) * g->h->cpu_scale;
    bool slept = p->known && cpu == p->cpu; /* never when it can't be read */
    p->cpu = cpu;
    p->ran = p->ran || !slept;
    if (!slept || turn % IDLE_EVERY == 0)
        read_memory(g, c, p, turn);
    p->known = true;
    double memory = p->memory - (double)p->cache;
    owner_used(p->owner, USAGE_CGROUP, cpu, memory < 0 ? 0 : memory, c->now_ms);
}

static int cgroup_read(void *state, struct collect *c)
{
    struct cgroup *g = state;
    follow_owners(g, c);
    for (size_t i = 0; i < g->v.n; i++)
        read_group(g, c, &g->v.v[i], g->reads + (unsigned)i);
    g->reads++;
    return 0;
}

static void cgroup_close(void *state, struct collect *c)
{
    struct cgroup *g = state;
    (void)c;
    while (g->v.n)
        drop(g, g->v.n - 1);
    vec_done(&g->v);
}

extern const struct collector collector_cgroup;
const struct collector collector_cgroup = {"cgroup",    2,           sizeof(struct cgroup),
                                           cgroup_open, cgroup_read, cgroup_close};
