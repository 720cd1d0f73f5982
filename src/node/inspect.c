#include "node/inspect.h"

#include <assert.h>

static const struct {
    const char *name;
    uint32_t timeout_ms;
} kinds[INSPECT_COUNT] = {
    [INSPECT_DOCKER_USAGE] = {"docker-usage", 120000}, /* the engine walks through all volumes */
    [INSPECT_GENERATIONS] = {"generations", 30000},
    [INSPECT_GENERATION_DIFF] = {"generation-diff", 120000},
    [INSPECT_GENERATION_PLAN] = {"generation-plan", 180000},
    [INSPECT_GARBAGE] = {"garbage", 600000}, /* the whole store is walked through */
    [INSPECT_PROCESSES] = {"processes", 15000},
    [INSPECT_KERNEL_LOG] = {"kernel-log", 30000},
    [INSPECT_TIME] = {"time", 15000},
    [INSPECT_DISKS] = {"disks", 120000}, /* each disk may take its time */
    [INSPECT_PACKAGES] = {"packages", 60000},
    [INSPECT_FOLDERS] = {"folders", 90000},
    [INSPECT_UNRAID] = {"unraid", 60000},
    [INSPECT_MOUNTS] = {"mounts", 30000},
    [INSPECT_LOG_USAGE] = {"log-usage", 60000},
    [INSPECT_PORTS] = {"ports", 15000},
    [INSPECT_REACH] = {"reach", 40000},
    [INSPECT_NETWORKS] = {"networks", 15000},
};

const char *inspect_kind_name(enum inspect_kind k)
{
    assert((unsigned)k < INSPECT_COUNT);
    return kinds[k].name;
}

uint32_t inspect_timeout_ms(enum inspect_kind k)
{
    assert((unsigned)k < INSPECT_COUNT);
    return kinds[k].timeout_ms;
}

int inspect_kind_parse(const char *name, enum inspect_kind *ret_k)
{
    for (unsigned k = 0; k < INSPECT_COUNT; k++)
        if (str_eq(name, kinds[k].name)) {
            *ret_k = (enum inspect_kind)k;
            return 0;
        }
    return -ENOENT;
}

void inspection_copy(struct inspection *to, const struct inspection *from)
{
    *to = *from;
    to->target = mem_strdup(from->target ? from->target : "");
    to->argument = mem_strdup(from->argument ? from->argument : "");
}

void inspection_done(struct inspection *q)
{
    mem_free(q->target);
    mem_free(q->argument);
}
