/* The numbers of a node that is played: they walk on from where recordings say they stand.
 * Belongs to the loop. */
#pragma once

#include "base/json.h"
#include "node/report.h"

struct figures;

struct figures *figures_new(void);
void figures_free(struct figures *f);

/* A table of series as recorded; `defs` is read only. */
void figures_define(struct figures *f, const struct series_defs *defs);
/* Where they stand; two recorded ones in a row say how counters run. What is NaN is not told. */
void figures_take(struct figures *f, const struct frame *frame);

/* One more: what it is now, what it grows in a second (a counter), what share of it swings. */
void figures_add(struct figures *f, const char *series, double value, double rate, double swing);
/* {"node_load1": [VALUE, RATE, SWING]}; the latter two may be missing. */
void figures_add_all(struct figures *f, const json_t *series);
/* False: there is none of that name. Of a counter: its rate. */
bool figures_set(struct figures *f, const char *series, double value);
double figures_get(const struct figures *f, const char *series); /* NaN: there is none */

/* What was not announced yet: NULL = nothing. The caller owns it. */
struct series_defs *figures_announce(struct figures *f);
/* A second later. The caller owns it; NULL: there are none. */
struct frame *figures_step(struct figures *f, int64_t wall_ms);
/* -1 … 1: slow and quick changes, so that no two look alike. */
double figures_swing(unsigned tick, unsigned i);
