/* /proc/meminfo. */
#include "node/keyed.h"

#define FIELD(name)                                                                                \
    {                                                                                              \
        name ":", 1024,                                                                            \
        {                                                                                          \
            "node_memory_" name "_bytes", SERIES_GAUGE,                                            \
                "Memory information field " name "_bytes.", NULL                                   \
        }                                                                                          \
    }
static const struct keyed_field fields[] = {
    FIELD("MemTotal"),
    FIELD("MemFree"),
    FIELD("MemAvailable"),
    FIELD("Buffers"),
    FIELD("Cached"),
    FIELD("SwapCached"),
    FIELD("Active"),
    FIELD("Inactive"),
    FIELD("Mlocked"),
    FIELD("SwapTotal"),
    FIELD("SwapFree"),
    FIELD("Dirty"),
    FIELD("Writeback"),
    FIELD("AnonPages"),
    FIELD("Mapped"),
    FIELD("Shmem"),
    FIELD("Slab"),
    FIELD("SReclaimable"),
    FIELD("SUnreclaim"),
    FIELD("KernelStack"),
    FIELD("PageTables"),
    FIELD("CommitLimit"),
    FIELD("Committed_AS"),
    FIELD("VmallocUsed"),
    FIELD("HardwareCorrupted"),
    {"HugePages_Total:",
     1,
     {"node_memory_HugePages_Total", SERIES_GAUGE, "Memory information field HugePages_Total.",
      NULL}},
    {"HugePages_Free:",
     1,
     {"node_memory_HugePages_Free", SERIES_GAUGE, "Memory information field HugePages_Free.",
      NULL}},
    FIELD("Hugepagesize"),
};

struct meminfo {
    int fd;
    struct keyed keyed;
};

static int meminfo_open(void *state, struct collect *c)
{
    struct meminfo *m = state;
    m->fd = kfile_open(c->root, "/proc/meminfo");
    if (m->fd < 0)
        return m->fd;
    keyed_init(&m->keyed, c->series, fields, COUNT_OF(fields), "");
    return 0;
}

static int meminfo_read(void *state, struct collect *c)
{
    struct meminfo *m = state;
    struct scan s;
    int r = kfile_read(&c->buf, m->fd, &s);
    return r < 0 ? r : keyed_read(&m->keyed, c->series, s);
}

static void meminfo_close(void *state, struct collect *c)
{
    struct meminfo *m = state;
    (void)c;
    kfile_close(&m->fd);
}

extern const struct collector collector_meminfo;
const struct collector collector_meminfo = {
    "meminfo", 1, sizeof(struct meminfo), meminfo_open, meminfo_read, meminfo_close};
