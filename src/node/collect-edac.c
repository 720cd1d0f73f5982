/* Memory errors that ECC corrected, or could not: /sys/devices/system/edac. */
#include "node/collector.h"

#include <errno.h>

static const struct series_tmpl edac_series[] = {
    {"node_edac_correctable_errors_total", SERIES_COUNTER, "Total correctable memory errors.",
     NULL},
    {"node_edac_uncorrectable_errors_total", SERIES_COUNTER, "Total uncorrectable memory errors.",
     NULL},
};

struct controller {
    int fds[2];
    uint32_t first;
};

struct edac {
    VEC(struct controller) v;
};

struct looking {
    struct edac *edac;
    struct collect *c;
};

static void add_controller(void *arg, const char *name)
{
    struct looking *l = arg;
    if (!str_starts(name, "mc") || name[2] < '0' || name[2] > '9')
        return;
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "controller", name + 2);
    *vec_add(&l->edac->v) = (struct controller){
        .fds = {kfile_open(l->c->root, "/sys/devices/system/edac/mc/%s/ce_count", name),
                kfile_open(l->c->root, "/sys/devices/system/edac/mc/%s/ue_count", name)},
        .first = series_add(l->c->series, edac_series, COUNT_OF(edac_series), labels.p),
    };
}

static int edac_open(void *state, struct collect *c)
{
    struct looking l = {state, c};
    int r = kfile_list(c->root, "/sys/devices/system/edac/mc", add_controller, &l);
    return r < 0 ? r : l.edac->v.n ? 0 : -ENOENT;
}

static int edac_read(void *state, struct collect *c)
{
    struct edac *e = state;
    for (size_t i = 0; i < e->v.n; i++) {
        double *to = series_at(c->series, e->v.v[i].first);
        for (size_t k = 0; k < COUNT_OF(e->v.v[i].fds); k++) {
            int64_t v;
            if (e->v.v[i].fds[k] >= 0 && kfile_i64(e->v.v[i].fds[k], &v) == 0)
                to[k] = (double)v;
        }
    }
    return 0;
}

static void edac_close(void *state, struct collect *c)
{
    struct edac *e = state;
    (void)c;
    for (size_t i = 0; i < e->v.n; i++)
        for (size_t k = 0; k < COUNT_OF(e->v.v[i].fds); k++)
            kfile_close(&e->v.v[i].fds[k]);
    vec_done(&e->v);
}

extern const struct collector collector_edac;
const struct collector collector_edac = {"edac",    30,        sizeof(struct edac),
                                         edac_open, edac_read, edac_close};
