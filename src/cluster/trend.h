/* The last 15 minutes of a node in 90 points, for sparklines: a hundredth of its window. */
#pragma once

#include "base/json.h"

enum { TREND_POINTS = 90, TREND_STEP_MS = 10 * 1000, TREND_SERIES = 6 };

struct trend_point {
    int64_t t; /* start of its ten seconds */
    double sum[TREND_SERIES];
    unsigned n[TREND_SERIES]; /* known samples; 0 = a gap */
};

struct trend {
    struct trend_point points[TREND_POINTS];
    unsigned head, n; /* head: where the next point goes */
};

struct vitals;
void trend_add(struct trend *t, const struct vitals *v);
/* The members `t`, `cpu`, `mem`, `disk`, `net`, `psi`, `temp`, into an open object. */
void trend_json(struct jw *w, const struct trend *t);
