/* The route tables of this folder's files; api.c joins them. Each ends with .method = NULL. */
#pragma once

#include "http/http.h"

#include <stdio.h>

extern const struct http_route
    state_routes[]; /* state.c: nodes, services, overview, read from memory */
extern const struct http_route service_routes[]; /* services.c: add, edit, remove, check */
extern const struct http_route session_routes[]; /* session.c: welcome, setup, sign-in, profile */
extern const struct http_route user_routes[];    /* users.c */
extern const struct http_route session_list_routes[]; /* session-list.c: who is signed in */
extern const struct http_route token_routes[];        /* tokens.c */
extern const struct http_route fleet_routes[];  /* fleet.c: tokens of new nodes; nodes removed */
extern const struct http_route feed_routes[];   /* feed.c: what happened */
extern const struct http_route stream_routes[]; /* stream.c: event streams and published events */
extern const struct http_route job_routes[];    /* jobs.c: orders, what can be done */
extern const struct http_route guard_routes[];  /* guard.c: what must not be interrupted */
extern const struct http_route log_routes[];    /* logs.c: pages, live tails, downloads */
extern const struct http_route node_policy_routes[]; /* node-policy.c: what a node allows */
extern const struct http_route bmc_routes[];         /* bmc.c: management controllers */
extern const struct http_route inspect_routes[];     /* inspect.c: questions to nodes */
extern const struct http_route reach_routes[];       /* reach.c: a service from two sides */
extern const struct http_route audit_routes[];       /* audit.c */
extern const struct http_route table_routes[]; /* tables.c: columns and rows for the command line */
extern const struct http_route system_routes[];    /* system.c: health, metrics, documents */
extern const struct http_route dashboard_routes[]; /* dashboard.c: pages with the numbers in them */
