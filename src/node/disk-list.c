#include "node/disk-list.h"

#include "node/kfile.h"
#include "node/mounts.h"
#include "node/rooted.h"

#include <errno.h>

enum { SECTOR = 512, LIMIT_STACK = 8 /* LUKS on LVM on RAID … */ };

/* --- one disk --- */

static char *text_of(const char *root, const char *name, const char *file)
{
    char text[128];
    if (kfile_text(text, sizeof text, root, "/sys/block/%s/%s", name, file) < 0)
        return NULL;
    str_mend_utf8(text);
    str_trim(text);
    return *text ? mem_strdup(text) : NULL;
}

static uint64_t number_of(const char *root, const char *name, const char *file)
{
    AUTO(mem_freep) char *text = text_of(root, name, file);
    uint64_t n = 0;
    return text && str_to_u64(text, &n) == 0 ? n : 0;
}

/* By the way to it: "/sys/devices/pci…/usb2/…/block/sda". */
static const char *transport_of(const char *path)
{
    static const struct {
        const char *part, *name;
    } ways[] = {{"/usb", "usb"}, {"/nvme", "nvme"},      {"/virtio", "virtio"}, {"/ata", "sata"},
                {"/mmc", "mmc"}, {"/end_device", "sas"}, {"/vbd-", "xen"}};
    for (size_t i = 0; path && i < COUNT_OF(ways); i++)
        if (strstr(path, ways[i].part))
            return ways[i].name;
    return NULL;
}

/* A disk of a hypervisor has nothing to tell of itself. */
static bool looks_virtual(const struct disk *d)
{
    static const char *const makers[] = {"QEMU", "VBOX", "VMware", "Virtual"};
    bool found = str_eq(d->transport, "virtio") || str_eq(d->transport, "xen");
    for (size_t i = 0; d->model && i < COUNT_OF(makers); i++)
        found |= strstr(d->model, makers[i]) != NULL;
    return found;
}

static void read_disk(const char *root, const char *name, struct disk *d)
{
    AUTO(mem_freep) char *path = mem_printf("/sys/block/%s", name);
    AUTO(mem_freep) char *real = rooted_real(root, path);
    d->name = mem_strdup(name);
    d->bytes = number_of(root, name, "size") * SECTOR;
    d->model = text_of(root, name, "device/model");
    d->serial = text_of(root, name, "device/serial");
    d->transport = mem_strdup(transport_of(real));
    d->spins = number_of(root, name, "queue/rotational") != 0;
    d->removable = number_of(root, name, "removable") != 0;
    d->read_only = number_of(root, name, "ro") != 0;
    d->is_virtual = looks_virtual(d);
}

/* Not what lies on disks, in memory or in files; no empty drives. */
static bool is_disk(const char *root, const char *name)
{
    static const char *const others[] = {"loop", "ram", "zram", "dm-", "md",
                                         "sr",   "nbd", "zd",   "fd"};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (str_starts(name, others[i]))
            return false;
    return number_of(root, name, "size") > 0;
}

/* --- what is mounted --- */

static struct disk *find(struct disk_list *l, const char *name)
{
    for (size_t i = 0; i < l->v.n; i++)
        if (str_eq(l->v.v[i].name, name))
            return &l->v.v[i];
    return NULL;
}

static void add_mount(struct disk *d, const char *device, const struct mount *m)
{
    for (size_t i = 0; i < d->mounts.n; i++) /* two partitions of it in one array */
        if (str_eq(d->mounts.v[i].point, m->point))
            return;
    *(struct disk_mount *)vec_add(&d->mounts) =
        (struct disk_mount){mem_strdup(device), mem_strdup(m->point), mem_strdup(m->type)};
}

/* "/sys/devices/…/block/sda/sda1" → "sda". */
static char *disk_of_partition(const char *root, const char *name)
{
    AUTO(mem_freep) char *path = mem_printf("/sys/class/block/%s", name);
    AUTO(mem_freep) char *real = rooted_real(root, path);
    char *slash = real ? strrchr(real, '/') : NULL;
    if (!slash)
        return NULL;
    *slash = 0;
    slash = strrchr(real, '/');
    return slash ? mem_strdup(slash + 1) : NULL;
}

/* Down through what lies on what, to the disks. */
static void descend(const char *root, struct disk_list *l, const char *device, const char *name,
                    const struct mount *m, unsigned depth)
{
    struct str_list slaves = {0};
    AUTO(mem_freep) char *path = mem_printf("/sys/class/block/%s/slaves", name);
    struct disk *d = find(l, name);
    if (d) {
        add_mount(d, device, m);
        return;
    }
    if (depth < LIMIT_STACK && rooted_list(root, path, LIMIT_DISKS, &slaves) >= 0 && slaves.n) {
        for (size_t i = 0; i < slaves.n; i++)
            descend(root, l, device, slaves.v[i], m, depth + 1);
    } else if (depth < LIMIT_STACK) {
        AUTO(mem_freep) char *parent = disk_of_partition(root, name);
        if (parent && find(l, parent))
            descend(root, l, device, parent, m, LIMIT_STACK);
    }
    str_list_done(&slaves);
}

static const char *last_part(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

/* By number; where a filesystem has a number of its own (Btrfs), by its device's name. */
static void place(const char *root, struct disk_list *l, const struct mount *m)
{
    AUTO(mem_freep)
    char *by_number = mem_printf("/sys/dev/block/%u:%u", (unsigned)(m->number >> 32),
                                 (unsigned)(m->number & UINT32_MAX));
    AUTO(mem_freep) char *real = rooted_real(root, by_number);
    AUTO(mem_freep)
    char *device = !real && str_starts(m->device, "/dev/") ? rooted_real(root, m->device) : NULL;
    const char *name = last_part(real ? real : device ? device : m->device);
    if (name && *name && !m->remote)
        descend(root, l, name, name, m, 0);
}

static void place_mounts(const char *root, struct disk_list *l)
{
    AUTO(mounts_done) struct mount_list mounts = {0};
    (void)!mounts_read(root, 0, &mounts, NULL); /* disks are listed without, too */
    for (size_t i = 0; i < mounts.v.n; i++)
        place(root, l, &mounts.v.v[i]);
}

int disk_list_read(const char *root, struct disk_list *ret_l)
{
    struct str_list names = {0};
    struct disk_list l = {0};
    int r = rooted_list(root, "/sys/block", 4096, &names);
    if (r < 0)
        return r;
    for (size_t i = 0; i < names.n && l.v.n < LIMIT_DISKS; i++)
        if (is_disk(root, names.v[i]))
            read_disk(root, names.v[i], vec_add(&l.v));
    place_mounts(root, &l);
    str_list_done(&names);
    *ret_l = l;
    return 0;
}

void disk_list_done(struct disk_list *l)
{
    for (size_t i = 0; i < l->v.n; i++) {
        struct disk *d = &l->v.v[i];
        for (size_t k = 0; k < d->mounts.n; k++) {
            mem_free(d->mounts.v[k].device);
            mem_free(d->mounts.v[k].point);
            mem_free(d->mounts.v[k].type);
        }
        vec_done(&d->mounts);
        mem_free(d->name);
        mem_free(d->model);
        mem_free(d->serial);
        mem_free(d->transport);
    }
    vec_done(&l->v);
}
