#include "node/mounts.h"

#include "base/str.h"
#include "node/kfile.h"

static const char *const kernel_types[] = {
    "autofs",        "binfmt_misc",     "bpf",      "cgroup",     "cgroup2",    "configfs",
    "debugfs",       "devpts",          "devtmpfs", "efivarfs",   "erofs",      "fusectl",
    "hugetlbfs",     "iso9660",         "mqueue",   "nsfs",       "overlay",    "proc",
    "procfs",        "pstore",          "ramfs",    "rpc_pipefs", "securityfs", "selinuxfs",
    "squashfs",      "sysfs",           "tracefs",  "resctrl",    "fuse.lxcfs", "fuse.portal",
    "fuse.snapfuse", "fuse.gvfsd-fuse", "nfsd",     "aufs",       "fuse.dbfs",
};

static const char *const remote_types[] = {
    "nfs",   "nfs4",   "cifs",   "smb3",      "smbfs",  "ceph",     "glusterfs",
    "9p",    "afs",    "lustre", "davfs",     "coda",   "virtiofs", "gfs2",
    "ocfs2", "beegfs", "fuse",   "fuseblk.*", "fuse.*",
};

static const char *const foreign_points[] = {
    "/dev",
    "/proc",
    "/sys",
    "/run/credentials",
    "/run/user",
    "/run/docker",
    "/run/netns",
    "/var/lib/docker",
    "/run/secrets",
    "/run/wrappers",
    "/run/keys",
    "/var/lib/containers/storage",
    "/var/lib/kubelet/pods",
    /* what a container gets of its host's */
    "/etc/hydra",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/os-release",
    "/etc/localtime",
};

/* Of those in memory only these can fill up and hurt. */
static const char *const tmpfs_points[] = {"/", "/tmp", "/var/log"};

static bool is_listed(const char *const *list, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (str_glob(list[i], s))
            return true;
    return false;
}

bool mount_is_at_or_below(const char *point, const char *parent)
{
    size_t n = strlen(parent);
    return strncmp(point, parent, n) == 0 && (point[n] == 0 || point[n] == '/');
}

bool mount_type_is_remote(const char *type)
{
    return is_listed(remote_types, COUNT_OF(remote_types), type);
}

static bool is_foreign(const struct mount *m)
{
    if (is_listed(kernel_types, COUNT_OF(kernel_types), m->type))
        return true;
    if (str_eq(m->type, "tmpfs") && !is_listed(tmpfs_points, COUNT_OF(tmpfs_points), m->point))
        return true;
    for (size_t i = 0; i < COUNT_OF(foreign_points); i++)
        if (mount_is_at_or_below(m->point, foreign_points[i]))
            return true;
    return false;
}

static bool is_octal(const char *p, const char *end)
{
    return end - p >= 4 && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
           p[3] >= '0' && p[3] <= '7';
}

/* Blanks and backslashes are written as \040. */
static char *unescape(const char *p, size_t n)
{
    char *text = mem_alloc(n + 1), *to = text;
    for (const char *end = p + n; p < end;) {
        if (*p == '\\' && is_octal(p, end)) {
            *to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
            p += 4;
        } else {
            *to++ = *p++;
        }
    }
    return text;
}

static void mount_done(struct mount *m)
{
    mem_free(m->point);
    mem_free(m->device);
    mem_free(m->type);
    *m = (struct mount){0};
}

int mounts_read(const char *root, int pid, struct mount_list *ret_known, struct mount_list *ret_all)
{
    struct kbuf buf = {0};
    struct scan text;
    int fd = pid ? kfile_open(root, "/proc/%d/mountinfo", pid)
                 : kfile_open(root, "/proc/self/mountinfo");
    int r = fd < 0 ? fd : kfile_read_long(&buf, fd, &text);
    kfile_close(&fd);
    if (r >= 0 && ret_known)
        mounts_parse(ret_known, text);
    if (r >= 0 && ret_all)
        mounts_parse_all(ret_all, text);
    kbuf_done(&buf);
    return r < 0 ? r : 0;
}

void mounts_done(struct mount_list *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        mount_done(&l->v.v[i]);
    vec_done(&l->v);
}

/* "36 35 98:0 /root /point options optional… - type device …" */
static bool parse_line(struct scan *s, struct mount *ret_m)
{
    uint64_t id[3], minor;
    const char *word, *point, *type, *device;
    if (scan_numbers(s, id, 3) != 3 || *s->p != ':')
        return false;
    s->p++;
    if (!scan_u64(s, &minor) || scan_word(s, 0, &word) == 0)
        return false;
    size_t point_len = scan_word(s, 0, &point);
    for (size_t n; (n = scan_word(s, 0, &word)) != 1 || *word != '-';)
        if (n == 0)
            return false;
    size_t type_len = scan_word(s, 0, &type);
    size_t device_len = scan_word(s, 0, &device);
    if (point_len == 0 || *point != '/' || type_len == 0)
        return false;
    *ret_m = (struct mount){
        .point = unescape(point, point_len),
        .device = unescape(device, device_len),
        .type = unescape(type, type_len),
        .id = id[0],
        .number = id[2] << 32 | (uint32_t)minor,
    };
    return true;
}

static void remove_at(struct mount_list *l, size_t i)
{
    mount_done(&l->v.v[i]);
    vec_remove_at(&l->v, i);
}

/* What is mounted later covers what was at its point and below. */
static void drop_covered(struct mount_list *l, const char *point)
{
    for (size_t i = l->v.n; i-- > 0;)
        if (!str_eq(point, "/") ? mount_is_at_or_below(l->v.v[i].point, point)
                                : str_eq(l->v.v[i].point, "/"))
            remove_at(l, i);
}

/* Is it a second mount of a device that stays, or does it take the place of the first? */
static bool is_better_known(struct mount_list *l, const struct mount *m)
{
    for (size_t i = 0; i < l->v.n; i++) {
        if (l->v.v[i].number != m->number)
            continue;
        if (strlen(l->v.v[i].point) <= strlen(m->point))
            return true;
        remove_at(l, i);
        return false;
    }
    return false;
}

static void mark_remote(struct mount_list *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        l->v.v[i].remote = mount_type_is_remote(l->v.v[i].type);
    for (size_t i = 0; i < l->v.n; i++)
        for (size_t j = 0; j < l->v.n; j++)
            if (i != j && l->v.v[j].remote &&
                mount_is_at_or_below(l->v.v[i].point, l->v.v[j].point))
                l->v.v[i].remote = true;
}

void mounts_parse_all(struct mount_list *ret_list, struct scan s)
{
    *ret_list = (struct mount_list){0};
    for (; s.p < s.end; scan_next_line(&s)) {
        struct mount m;
        if (parse_line(&s, &m))
            *vec_add(&ret_list->v) = m;
    }
    mark_remote(ret_list);
}

const struct mount *mount_top(const struct mount_list *l, const char *point)
{
    for (size_t i = l->v.n; i-- > 0;)
        if (str_eq(l->v.v[i].point, point))
            return &l->v.v[i];
    return NULL;
}

const struct mount *mount_there(const struct mount_list *l, const char *point)
{
    const struct mount *top = mount_top(l, point);
    return top && !str_eq(top->type, "autofs") ? top : NULL;
}

void mounts_parse(struct mount_list *ret_list, struct scan s)
{
    *ret_list = (struct mount_list){0};
    for (; s.p < s.end; scan_next_line(&s)) {
        struct mount m;
        if (!parse_line(&s, &m))
            continue;
        drop_covered(ret_list, m.point);
        if (is_foreign(&m) || is_better_known(ret_list, &m))
            mount_done(&m);
        else
            *vec_add(&ret_list->v) = m;
    }
    mark_remote(ret_list);
}
