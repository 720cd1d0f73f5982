/* The house's collectors on a recorded tree of /proc, /sys and /etc (tests/data/node). */
#pragma once

#include "../test.h"

#include "io/loop.h"
#include "node/collector.h"
#include "node/gpu.h"

#include <math.h>
#include <stdlib.h>

struct tree {
    char root[256];
    struct collect c;
    struct gpus gpus;
    struct collectors *collectors;
    struct process_table *processes; /* the last; may be NULL */
    char sources[4096];              /* "collector/cpu=0 collector/rapl=1 …" as last told */
    int64_t now;
};

static inline void tree_on_source(void *arg, const char *name, enum source_state state,
                                  const char *text, const char *hint)
{
    struct tree *t = arg;
    size_t n = strlen(t->sources);
    (void)hint;
    snprintf(t->sources + n, sizeof t->sources - n, "%s=%d(%s) ", name, state, text ? text : "");
}

static inline void tree_on_processes(void *arg, struct process_table *p)
{
    struct tree *t = arg;
    node_report_free(&(struct node_report){.kind = REPORT_PROCESSES, .processes = t->processes});
    t->processes = p;
}

static inline void tree_init_at(struct tree *t, const char *root, struct loop *loop)
{
    *t = (struct tree){.now = 1000};
    snprintf(t->root, sizeof t->root, "%s", root);
    t->c = (struct collect){
        .series = series_new(),
        .owners = owners_new(),
        .root = t->root,
        .loop = loop,
        .gpus = &t->gpus,
        .on_processes = tree_on_processes,
        .arg = t,
    };
    t->collectors = collectors_new(&t->c, tree_on_source, t);
}

static inline void tree_init(struct tree *t, const char *name, struct loop *loop)
{
    char root[256];
    snprintf(root, sizeof root, "%s/node/%s", getenv("TEST_DATA"), name);
    tree_init_at(t, root, loop);
}

static inline void tree_tick(struct tree *t, unsigned ticks)
{
    for (; ticks > 0; ticks--) {
        collectors_tick(t->collectors, t->now);
        t->now += 1000;
    }
}

static inline void tree_done(struct tree *t)
{
    collectors_free(t->collectors);
    tree_on_processes(t, NULL);
    series_free(t->c.series);
    owners_free(t->c.owners);
    gpus_done(&t->gpus);
    kbuf_done(&t->c.buf);
}

static inline double tree_value(const struct tree *t, const char *series)
{
    uint32_t number = series_find(t->c.series, series);
    if (number == SERIES_NONE) {
        fail_msg("no series %s", series);
        return (double)NAN;
    }
    return t->c.series->values[number];
}

static inline bool tree_has(const struct tree *t, const char *series)
{
    return series_find(t->c.series, series) != SERIES_NONE;
}

#define assert_value(tree, series, expected)                                                       \
    do {                                                                                           \
        double v_ = tree_value(tree, series), e_ = (double)(expected);                             \
        if (!(fabs(v_ - e_) <= 1e-6 * (fabs(e_) + 1)))                                             \
            fail_msg("%s is %.9g, not %.9g", series, v_, e_);                                      \
    } while (0)
#define assert_no_value(tree, series) assert_true(isnan(tree_value(tree, series)))
