/* A page of the dashboard before any script has run: what is known of the cluster, written into the
 * places that the page keeps free for it. */
#pragma once

#include "base/str.h"
#include "cluster/cluster.h"

/* Appends `html` to `out`, its places filled; `c` NULL = they may not be seen and stay empty. On
 * the loop. */
void markup_add(struct str *out, const char *html, size_t len, struct cluster *c);
