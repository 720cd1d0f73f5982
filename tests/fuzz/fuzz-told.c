/* What the database says that a node last told: any bytes. What comes of it can be kept again. */
#include "fuzz.h"

#include "cluster/cluster.h"

#include <errno.h>

static void keep(void *arg, struct cluster_told *t)
{
    (void)arg;
    FUZZ_CHECK(t->reports.len <= LIMIT_TOLD);
    str_done(&t->reports);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    struct cluster_now now = {.mono_ms = 1000000, .wall_ms = 1764000000000};
    struct event_log_limits limits = event_log_limits_default();
    struct event_log *log = event_log_new(&limits, 1);
    struct cluster *c = cluster_new(log, NULL);
    struct cluster_told t = {.node = "n", .seen_ms = 5, .away = size % 2, .heard = size % 3};
    cluster_node_add(c, "n", "agent", now);
    cluster_node_agent(c, "n", &(struct node_agent){.remote = true}, now);
    str_add_n(&t.reports, data, size);
    int r = cluster_recall_told(c, &t, now, &e);
    FUZZ_CHECK(r == 0 || (r == -EBADMSG && *e.text));
    for (int i = 0; i < 3; i++) {
        now.mono_ms += 30000;
        now.wall_ms += 30000;
        cluster_tick(c, now);
    }
    buf_unref(cluster_overview(c));
    buf_unref(cluster_node(c, "n"));
    cluster_told(c, true, keep, NULL, now);
    str_done(&t.reports);
    cluster_free(c);
    event_log_free(log);
    return 0;
}
