/* Who asks, and may they? The gate in front of every route, and what handlers need to know about
 * the one who passed. */
#pragma once

#include "access/audit.h"
#include "api/api.h"

#define SESSION_COOKIE "hydra_session"

/* For http_hooks.gate. */
int gate_check(void *arg, struct http_exchange *x, const struct http_route *route, bool on_worker);

static inline struct api *api_of(const struct http_exchange *x)
{
    return http_context(x);
}
static inline const struct subject *subject_of(const struct http_exchange *x)
{
    return http_subject(x);
}

/* "web", "cli" or "api": by which frontend the request came. */
const char *gate_way(const struct http_exchange *x);

/* Who changes something, for those who audit by themselves. */
struct actor gate_actor(const struct http_exchange *x);

/* An audit entry with actor, way and address filled in from the exchange. */
struct audit_entry gate_audit(const struct http_exchange *x, const char *action, const char *target,
                              const char *detail);

/* May the caller do that too, at least somewhere? Else a 403 problem was sent (and audited) and
 * false is returned. On a worker. */
bool gate_also(struct http_exchange *x, enum permission p);
/* The same, of what is done to a service or node. On a worker. */
bool gate_on(struct http_exchange *x, enum permission p, const char *id);
bool gate_on_resource(struct http_exchange *x, enum permission p, const struct resource *r);
/* The same, but nothing is sent. Any thread. */
bool gate_may_on(struct http_exchange *x, enum permission p, const char *id);
/* Sends the 403 problem from the loop: a worker audits it. Nothing else may be answered. */
void gate_refuse(struct http_exchange *x, enum permission p);

/* Takes a database connection; NULL after a problem was sent. On a worker. */
struct db *gate_db(struct http_exchange *x);
