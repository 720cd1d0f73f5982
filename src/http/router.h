/* From a method and a path to a route or an asset. Built once from the route table, then read-only.
 *
 * Paths without parameters are found in one hash look-up, the others by walking a tree of segments:
 * a literal beats `{name}` beats `{name...}`. */
#pragma once

#include "http/http.h"

enum { LIMIT_ROUTE_PARAMS = 6, LIMIT_ROUTE_SEGMENTS = 24 };

/* Methods that a route may have; the bit of each in route_match.allowed. HEAD stands for itself
 * only there. */
enum route_method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_COUNT, /* any other */
};

struct route_param {
    const char *name; /* of the route's path */
    size_t name_len;
    const char *value; /* in the path that was looked up, not terminated */
    size_t value_len;
};

struct route_match {
    const struct http_route *route; /* NULL = none for this method */
    const struct http_asset *asset; /* or this (of GET and HEAD) */
    unsigned allowed;               /* bits of the methods that the path has; 0 = unknown path */
    unsigned n_params;
    struct route_param params[LIMIT_ROUTE_PARAMS];
};

struct router;

/* The tables must outlive the router. -EINVAL with a sentence for a route that is malformed,
 * doubled, or has neither a permission nor ROUTE_PUBLIC. */
int router_new(const struct http_route *routes, const struct http_asset *assets, struct err *e,
               struct router **ret_router) MUST_CHECK;
void router_free(struct router *r);

enum route_method route_method(const char *name);

/* "GET, HEAD, OPTIONS" of the bits. */
void route_allow_text(unsigned allowed, struct str *out);

/* Fills *ret_match. HEAD finds GET's route. */
void router_find(const struct router *r, enum route_method method, const char *path, size_t len,
                 struct route_match *ret_match);
