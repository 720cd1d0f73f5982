/* What a Hydra before this one knew, back into the live model. */
#pragma once

#include "hub/recorder.h"

/* Hand-added services, remembered states, a day of history, what nodes last told and the latest of
 * the feed, from the database. At start, on the loop's thread before it runs. */
int recall(struct store *store, struct recorder *recorder, struct cluster *c,
           struct cluster_now now, struct err *e) MUST_CHECK;
