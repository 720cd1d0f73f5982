/* Pushes what this machine's services write to Grafana Loki: the whole journal and every container.
 *
 * A module of the node; off, and costing nothing, without settings.loki.url. Lines are read from
 * where the last batch ended (a place is kept for each source), put into batches, kept in a folder
 * of bounded size until Loki has them, and pushed in their order. While that folder is full nothing
 * is read: then the journal and the engines keep the lines. */
#pragma once

#include "node/node-private.h"

extern const struct node_module loki_module;
