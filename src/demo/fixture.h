/* Recorded reports: JSON lines to node reports, for tests and demonstrations.
 *
 * One line is one report: {"node": "tower", "report": "facts" | "source" | "service" | "gone" |
 * "check" | "frame", …}; the members are named as in node/report.h. A frame gives its values by
 * series, {"values": {"node_load1": 0.5, "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}": 12}}:
 * new ones are announced before it. Lines that are empty or begin with # are skipped. */
#pragma once

#include "base/err.h"
#include "base/map.h"
#include "node/report.h"

struct fixture {
    struct map nodes; /* of struct fixture_node: which series were announced */
};

void fixture_done(struct fixture *f);

/* Hands the reports of one line to sink(arg, node, report); ownership moves. -EINVAL. */
int fixture_line(struct fixture *f, const char *line,
                 void (*sink)(void *arg, const char *node, struct node_report *r), void *arg,
                 struct err *e) MUST_CHECK;
/* A whole file. */
int fixture_file(struct fixture *f, const char *path,
                 void (*sink)(void *arg, const char *node, struct node_report *r), void *arg,
                 struct err *e) MUST_CHECK;
