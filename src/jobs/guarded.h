/* What stands against an interruption now: a sentence of the guard rails, or NULL. mem_free(). On
 * the loop. */
#pragma once

#include "jobs/jobs.h"

char *guarded_service(const struct jobs *j, const char *id, struct cluster_now now);
/* Whatever runs there is interrupted, too. */
char *guarded_node(const struct jobs *j, const char *node, struct cluster_now now);
/* A process is interrupted with what it belongs to: `of`, a service, "" = none, NULL = nobody can
 * tell, and so any on its node. */
char *guarded_process(const struct jobs *j, const char *node, const char *of,
                      struct cluster_now now);
/* `project`: "docker/media", or its name alone on any engine. */
char *guarded_project(const struct jobs *j, const char *node, const char *project,
                      struct cluster_now now);

/* The services of a compose project, what others need before those that need it. */
struct service_looks {
    struct service_look *v;
    size_t n, cap;
};
void project_services(struct cluster *c, const char *node, const char *project, int64_t mono_ms,
                      struct service_looks *ret);
void service_looks_done(struct service_looks *l);
