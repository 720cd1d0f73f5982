/* Energy of packages and memory from /sys/class/powercap (RAPL). The kernel lets only root read it.
 * Its counters wrap after some minutes; ours go on. */
#include "node/collector.h"

#include <errno.h>

static const struct series_tmpl rapl_series[] = {
    {"node_rapl_package_joules_total", SERIES_COUNTER, "Current RAPL package value in joules.",
     NULL},
};
static const struct series_tmpl dram_series[] = {
    {"node_rapl_dram_joules_total", SERIES_COUNTER, "Current RAPL dram value in joules.", NULL},
};

struct zone {
    int fd;
    uint32_t series;
    uint64_t last_uj, range_uj;
    double joules;
    bool started;
};

struct rapl {
    VEC(struct zone) zones;
};

struct looking {
    struct rapl *rapl;
    struct collect *c;
    int error;
    unsigned packages, memories;
};

/* "package-0" of a machine with several, "dram" within one. */
static void add_zone(void *arg, const char *dir)
{
    struct looking *l = arg;
    char name[64], labels[32];
    int64_t range = 0;
    if (!str_starts(dir, "intel-rapl:") ||
        kfile_text(name, sizeof name, l->c->root, "/sys/class/powercap/%s/name", dir) < 0)
        return;
    bool package = str_starts(name, "package");
    if (!package && !str_eq(name, "dram"))
        return;
    int fd = kfile_open(l->c->root, "/sys/class/powercap/%s/energy_uj", dir);
    if (fd < 0) {
        l->error = fd;
        return;
    }
    (void)!kfile_number(&range, l->c->root, "/sys/class/powercap/%s/max_energy_range_uj", dir);
    snprintf(labels, sizeof labels, "index=\"%u\"", package ? l->packages++ : l->memories++);
    *vec_add(&l->rapl->zones) = (struct zone){
        .fd = fd,
        .range_uj = (uint64_t)range,
        .series = series_add(l->c->series, package ? rapl_series : dram_series, 1, labels),
    };
}

static int rapl_open(void *state, struct collect *c)
{
    struct looking l = {.rapl = state, .c = c, .error = -ENOENT};
    if (kfile_list(c->root, "/sys/class/powercap", add_zone, &l) < 0)
        return -ENOENT;
    return l.rapl->zones.n ? 0 : l.error;
}

static void add_energy(struct zone *z, uint64_t now_uj)
{
    if (z->started) {
        uint64_t more =
            now_uj >= z->last_uj ? now_uj - z->last_uj : z->range_uj - z->last_uj + now_uj;
        if (now_uj >= z->last_uj || z->range_uj > z->last_uj)
            z->joules += (double)more / 1e6;
    }
    z->started = true;
    z->last_uj = now_uj;
}

static int rapl_read(void *state, struct collect *c)
{
    struct rapl *r = state;
    for (size_t i = 0; i < r->zones.n; i++) {
        struct zone *z = &r->zones.v[i];
        int64_t now_uj;
        int error = kfile_i64(z->fd, &now_uj);
        if (error < 0)
            return error;
        add_energy(z, (uint64_t)now_uj);
        *series_at(c->series, z->series) = z->joules;
    }
    return 0;
}

static void rapl_close(void *state, struct collect *c)
{
    struct rapl *r = state;
    (void)c;
    for (size_t i = 0; i < r->zones.n; i++)
        kfile_close(&r->zones.v[i].fd);
    vec_done(&r->zones);
}

extern const struct collector collector_rapl;
const struct collector collector_rapl = {"rapl",    2,         sizeof(struct rapl),
                                         rapl_open, rapl_read, rapl_close};
