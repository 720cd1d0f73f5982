/* /proc/vmstat: paging, and processes killed for want of memory. The kernel sums it over all cores
 * at each read, so it is read every other tick. */
#include "node/keyed.h"

#define FIELD(name)                                                                                \
    {                                                                                              \
        name " ", 1,                                                                               \
        {                                                                                          \
            "node_vmstat_" name, SERIES_COUNTER, "/proc/vmstat information field " name ".", NULL  \
        }                                                                                          \
    }
static const struct keyed_field fields[] = {
    FIELD("pgpgin"),  FIELD("pgpgout"),    FIELD("pswpin"),   FIELD("pswpout"),
    FIELD("pgfault"), FIELD("pgmajfault"), FIELD("oom_kill"),
};

struct vmstat {
    int fd;
    struct keyed keyed;
};

static int vmstat_open(void *state, struct collect *c)
{
    struct vmstat *v = state;
    v->fd = kfile_open(c->root, "/proc/vmstat");
    if (v->fd < 0)
        return v->fd;
    keyed_init(&v->keyed, c->series, fields, COUNT_OF(fields), "");
    return 0;
}

static int vmstat_read(void *state, struct collect *c)
{
    struct vmstat *v = state;
    struct scan s;
    int r = kfile_read(&c->buf, v->fd, &s);
    return r < 0 ? r : keyed_read(&v->keyed, c->series, s);
}

static void vmstat_close(void *state, struct collect *c)
{
    struct vmstat *v = state;
    (void)c;
    kfile_close(&v->fd);
}

extern const struct collector collector_vmstat;
const struct collector collector_vmstat = {"vmstat",    2,           sizeof(struct vmstat),
                                           vmstat_open, vmstat_read, vmstat_close};
