/* Size and use of mounted filesystems. Local ones are asked directly; those that may hang (network,
 * FUSE) by a probe with a deadline: one that misses it is marked as stalled and has no numbers. */
#include "node/collector.h"
#include "node/mounts.h"
#include "node/probe.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sys/statvfs.h>

enum {
    REPARSE_EVERY = 12, /* reads, of a recorded tree; the kernel tells of changes by itself */
    PROBE_EVERY_MS = 15000,
    PROBE_DEADLINE_MS = 4000,
    STATFS_NUMBERS = 7,
};

static const struct series_tmpl fs_series[] = {
    {"node_filesystem_size_bytes", SERIES_GAUGE, "Filesystem size in bytes.", NULL},
    {"node_filesystem_free_bytes", SERIES_GAUGE, "Filesystem free space in bytes.", NULL},
    {"node_filesystem_avail_bytes", SERIES_GAUGE,
     "Filesystem space available to non-root users in bytes.", NULL},
    {"node_filesystem_files", SERIES_GAUGE, "Filesystem total file nodes.", NULL},
    {"node_filesystem_files_free", SERIES_GAUGE, "Filesystem total free file nodes.", NULL},
    {"node_filesystem_readonly", SERIES_GAUGE, "Filesystem read-only status.", NULL},
    {"node_filesystem_device_error", SERIES_GAUGE,
     "Whether an error occurred while getting statistics for the given device.", NULL},
    {"hydra_filesystem_remote", SERIES_GAUGE,
     "Value is 1 for network and FUSE filesystems, which may hang.", NULL},
    {"hydra_filesystem_stalled", SERIES_GAUGE,
     "Value is 1 while the filesystem does not answer within the deadline.", NULL},
};
enum {
    SERIES_OF_FS = COUNT_OF(fs_series),
    ERROR_AT = 6, /* what stands before comes from statfs */
    REMOTE_AT,
    STALLED_AT,
};

struct fs {
    struct mount mount;
    struct series *series;
    uint32_t first;
    struct probe *probe; /* the last one; NULL before it and for local ones */
    int64_t probe_at_ms;
    bool kept;
};

struct filesystem {
    int fd;
    VEC(struct fs *) v; /* pointers: probes know theirs */
    uint64_t text_hash; /* of mountinfo, as last parsed */
    unsigned reads;
};

static void set_failed(const struct fs *f, bool stalled)
{
    series_lose(f->series, f->first, ERROR_AT);
    double *to = series_at(f->series, f->first);
    to[ERROR_AT] = 1;
    to[STALLED_AT] = stalled;
}

/* `v`: as probe_statfs() prints them. */
static void set_answer(const struct fs *f, const uint64_t v[STATFS_NUMBERS])
{
    double *to = series_at(f->series, f->first), unit = (double)v[0];
    to[0] = (double)v[1] * unit;
    to[1] = (double)v[2] * unit;
    to[2] = (double)v[3] * unit;
    to[3] = v[4] ? (double)v[4] : (double)NAN; /* btrfs and FUSE count none */
    to[4] = v[4] ? (double)v[5] : (double)NAN;
    to[5] = (double)v[6];
    to[ERROR_AT] = to[STALLED_AT] = 0;
}

static void ask_local(const struct fs *f, const char *root)
{
    char path[KFILE_PATH_MAX];
    struct statvfs s;
    int n = snprintf(path, sizeof path, "%s%s", root, f->mount.point);
    if (n < 0 || n >= KFILE_PATH_MAX || statvfs(path, &s) < 0) {
        set_failed(f, false);
        return;
    }
    set_answer(f, (uint64_t[STATFS_NUMBERS]){s.f_frsize, s.f_blocks, s.f_bfree, s.f_bavail,
                                             s.f_files, s.f_ffree, (s.f_flag & ST_RDONLY) != 0});
}

static void on_probe(void *arg, int error, const char *line)
{
    struct fs *f = arg;
    uint64_t v[STATFS_NUMBERS];
    struct scan s = {line, line ? line + strlen(line) : NULL};
    if (error == 0 && line && scan_numbers(&s, v, STATFS_NUMBERS) == STATFS_NUMBERS)
        set_answer(f, v);
    else
        set_failed(f, error == -ETIMEDOUT);
}

static void ask_remote(struct fs *f, struct collect *c)
{
    char path[KFILE_PATH_MAX];
    if (!c->loop || c->now_ms < f->probe_at_ms || (f->probe && !probe_is_over(f->probe)))
        return;
    if (snprintf(path, sizeof path, "%s%s", c->root, f->mount.point) >= KFILE_PATH_MAX)
        return;
    probe_free(f->probe);
    f->probe = probe_start(c->loop, (const char *[]){"statfs", path, NULL}, PROBE_DEADLINE_MS,
                           on_probe, f);
    f->probe_at_ms = c->now_ms + PROBE_EVERY_MS;
}

static struct fs *find(const struct filesystem *fs, const struct mount *m)
{
    for (size_t i = 0; i < fs->v.n; i++) {
        const struct mount *have = &fs->v.v[i]->mount;
        if (str_eq(have->point, m->point) && str_eq(have->device, m->device) &&
            str_eq(have->type, m->type) && have->remote == m->remote)
            return fs->v.v[i];
    }
    return NULL;
}

static void add(struct filesystem *fs, struct collect *c, struct mount *m)
{
    AUTO(str_done) struct str labels = {0};
    struct fs *f = mem_alloc(sizeof *f);
    label_add(&labels, "device", m->device);
    label_add(&labels, "fstype", m->type);
    label_add(&labels, "mountpoint", m->point);
    f->mount = *m;
    *m = (struct mount){0};
    f->series = c->series;
    f->first = series_add(c->series, fs_series, SERIES_OF_FS, labels.p);
    f->kept = true;
    series_at(c->series, f->first)[REMOTE_AT] = f->mount.remote;
    *vec_add(&fs->v) = f;
}

static void drop(struct filesystem *fs, struct collect *c, size_t i)
{
    struct fs *f = fs->v.v[i];
    probe_free(f->probe);
    series_lose(c->series, f->first, SERIES_OF_FS);
    mem_free(f->mount.point);
    mem_free(f->mount.device);
    mem_free(f->mount.type);
    mem_free(f);
    vec_remove_at(&fs->v, i);
}

static void follow(struct filesystem *fs, struct collect *c, struct mount_list *now)
{
    for (size_t i = 0; i < fs->v.n; i++)
        fs->v.v[i]->kept = false;
    for (size_t i = 0; i < now->v.n; i++) {
        struct fs *f = find(fs, &now->v.v[i]);
        if (f)
            f->kept = true;
        else
            add(fs, c, &now->v.v[i]);
    }
    for (size_t i = fs->v.n; i-- > 0;)
        if (!fs->v.v[i]->kept)
            drop(fs, c, i);
}

/* FNV-1a by words: other namespaces make the kernel tell of changes that are none here. */
static uint64_t hash_of(struct scan s)
{
    uint64_t h = 0xcbf29ce484222325;
    for (uint64_t word; s.end - s.p >= (ptrdiff_t)sizeof word; s.p += sizeof word) {
        memcpy(&word, s.p, sizeof word);
        h = (h ^ word) * 0x100000001b3;
    }
    for (; s.p < s.end; s.p++)
        h = (h ^ (unsigned char)*s.p) * 0x100000001b3;
    return h;
}

static int reparse(struct filesystem *fs, struct collect *c)
{
    AUTO(mounts_done) struct mount_list now = {0};
    struct scan s;
    int r = kfile_read_long(&c->buf, fs->fd, &s);
    if (r < 0)
        return r;
    uint64_t hash = hash_of(s);
    if (hash == fs->text_hash)
        return 0;
    fs->text_hash = hash;
    mounts_parse(&now, s);
    follow(fs, c, &now);
    return 0;
}

/* The kernel raises POLLPRI and POLLERR once after each change. */
static bool has_changed(const struct filesystem *fs, bool recorded)
{
    struct pollfd p = {.fd = fs->fd, .events = POLLPRI};
    if (fs->reads == 0 || recorded)
        return fs->reads % REPARSE_EVERY == 0;
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLPRI | POLLERR));
}

static int filesystem_open(void *state, struct collect *c)
{
    struct filesystem *fs = state;
    fs->fd = kfile_open(c->root, "/proc/self/mountinfo");
    return fs->fd < 0 ? fs->fd : 0;
}

static int filesystem_read(void *state, struct collect *c)
{
    struct filesystem *fs = state;
    int r = has_changed(fs, *c->root) ? reparse(fs, c) : 0;
    if (r < 0)
        return r;
    fs->reads++;
    for (size_t i = 0; i < fs->v.n; i++) {
        if (fs->v.v[i]->mount.remote)
            ask_remote(fs->v.v[i], c);
        else
            ask_local(fs->v.v[i], c->root);
    }
    return 0;
}

static void filesystem_close(void *state, struct collect *c)
{
    struct filesystem *fs = state;
    kfile_close(&fs->fd);
    while (fs->v.n)
        drop(fs, c, fs->v.n - 1);
    vec_done(&fs->v);
}

extern const struct collector collector_filesystem;
const struct collector collector_filesystem = {
    "filesystem", 5, sizeof(struct filesystem), filesystem_open, filesystem_read, filesystem_close};
