/* /proc/diskstats: physical disks. Partitions are within their disk, and what is stacked on disks
 * (device mapper, md, loop, zram) would count the same bytes twice: both are left out. */
#include "node/collector.h"

#include <errno.h>

static const double SECTOR = 512, MS = 0.001;

static const struct series_tmpl disk_series[] = {
    {"node_disk_reads_completed_total", SERIES_COUNTER,
     "The total number of reads completed successfully.", NULL},
    {"node_disk_read_bytes_total", SERIES_COUNTER, "The total number of bytes read successfully.",
     NULL},
    {"node_disk_read_time_seconds_total", SERIES_COUNTER,
     "The total number of seconds spent by all reads.", NULL},
    {"node_disk_writes_completed_total", SERIES_COUNTER,
     "The total number of writes completed successfully.", NULL},
    {"node_disk_written_bytes_total", SERIES_COUNTER,
     "The total number of bytes written successfully.", NULL},
    {"node_disk_write_time_seconds_total", SERIES_COUNTER,
     "The total number of seconds spent by all writes.", NULL},
    {"node_disk_io_now", SERIES_GAUGE, "The number of I/Os currently in progress.", NULL},
    {"node_disk_io_time_seconds_total", SERIES_COUNTER, "Total seconds spent doing I/Os.", NULL},
    {"node_disk_io_time_weighted_seconds_total", SERIES_COUNTER,
     "The weighted number of seconds spent doing I/Os.", NULL},
    {"hydra_disk_size_bytes", SERIES_GAUGE, "Size of the disk.", NULL},
};
enum { SERIES_OF_DISK = COUNT_OF(disk_series), SIZE_AT = SERIES_OF_DISK - 1, COLUMNS = 11 };

static const struct series_tmpl info_series[] = {
    {"node_disk_info", SERIES_GAUGE, "Info of /sys/block/<block_device>.", NULL},
};

struct diskstats {
    int fd;
    struct device_set disks;
    VEC(uint32_t) info; /* series of each disk, by its place in `disks` */
};

/* The kernel writes '!' for '/' in names of folders: "cciss!c0d0". */
static void sys_name(char ret_name[DEVICE_NAME_MAX], const char *name)
{
    str_copy(ret_name, DEVICE_NAME_MAX, name);
    for (char *p = ret_name; *p; p++)
        if (*p == '/')
            *p = '!';
}

/* Partitions have no folder of their own in /sys/block, stacked devices no `device`. */
static bool is_physical(const char *root, const char *sys)
{
    int64_t hidden = 0;
    if (!kfile_exists(root, "/sys/block/%s/device", sys))
        return false;
    return kfile_number(&hidden, root, "/sys/block/%s/hidden", sys) < 0 || hidden == 0;
}

static void add_info(struct diskstats *d, struct collect *c, size_t at, const char *name,
                     const char *sys)
{
    char model[128] = "", rotational[8] = "";
    AUTO(str_done) struct str labels = {0};
    kfile_text(model, sizeof model, c->root, "/sys/block/%s/device/model", sys);
    kfile_text(rotational, sizeof rotational, c->root, "/sys/block/%s/queue/rotational", sys);
    label_add(&labels, "device", name);
    label_add(&labels, "model", model);
    label_add(&labels, "rotational", rotational);
    while (d->info.n <= at)
        *vec_add(&d->info) = SERIES_NONE;
    d->info.v[at] = series_add(c->series, info_series, 1, labels.p);
    *series_at(c->series, d->info.v[at]) = 1;
}

static void add_disk(struct diskstats *d, struct collect *c, struct device *disk)
{
    char sys[DEVICE_NAME_MAX];
    int64_t sectors;
    sys_name(sys, disk->name);
    disk->ignored = !is_physical(c->root, sys);
    if (disk->ignored)
        return;
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "device", disk->name);
    disk->first = series_add(c->series, disk_series, SERIES_OF_DISK, labels.p);
    if (kfile_number(&sectors, c->root, "/sys/block/%s/size", sys) == 0)
        series_at(c->series, disk->first)[SIZE_AT] = (double)sectors * SECTOR;
    add_info(d, c, (size_t)(disk - d->disks.v.v), disk->name, sys);
}

/* Columns: kernel, Documentation/admin-guide/iostats.rst. */
static void set_disk(double *to, const uint64_t v[COLUMNS])
{
    to[0] = (double)v[0];
    to[1] = (double)v[2] * SECTOR;
    to[2] = (double)v[3] * MS;
    to[3] = (double)v[4];
    to[4] = (double)v[6] * SECTOR;
    to[5] = (double)v[7] * MS;
    to[6] = (double)v[8];
    to[7] = (double)v[9] * MS;
    to[8] = (double)v[10] * MS;
}

static void read_disk(struct diskstats *d, struct collect *c, struct scan *s)
{
    uint64_t number[2], v[COLUMNS];
    const char *name;
    bool is_new;
    if (scan_numbers(s, number, 2) != 2)
        return;
    size_t len = scan_word(s, ' ', &name);
    struct device *disk = device_seen(&d->disks, name, len, &is_new);
    if (disk && is_new)
        add_disk(d, c, disk);
    if (disk && !disk->ignored && scan_numbers(s, v, COLUMNS) == COLUMNS)
        set_disk(series_at(c->series, disk->first), v);
}

struct gone {
    struct diskstats *d;
    struct series *series;
};

static void disk_gone(void *arg, size_t at)
{
    struct gone *g = arg;
    if (at < g->d->info.n) {
        series_lose(g->series, g->d->info.v[at], 1);
        g->d->info.v[at] = SERIES_NONE;
    }
}

static int diskstats_open(void *state, struct collect *c)
{
    struct diskstats *d = state;
    d->fd = kfile_open(c->root, "/proc/diskstats");
    return d->fd < 0 ? d->fd : 0;
}

static int diskstats_read(void *state, struct collect *c)
{
    struct diskstats *d = state;
    struct scan s;
    int r = kfile_read(&c->buf, d->fd, &s);
    if (r < 0)
        return r;
    device_round(&d->disks);
    for (; s.p < s.end; scan_next_line(&s))
        read_disk(d, c, &s);
    device_sweep(&d->disks, c->series, SERIES_OF_DISK, disk_gone, &(struct gone){d, c->series});
    return 0;
}

static void diskstats_close(void *state, struct collect *c)
{
    struct diskstats *d = state;
    (void)c;
    kfile_close(&d->fd);
    vec_done(&d->disks.v);
    vec_done(&d->info);
}

extern const struct collector collector_diskstats;
const struct collector collector_diskstats = {
    "diskstats", 1, sizeof(struct diskstats), diskstats_open, diskstats_read, diskstats_close};
