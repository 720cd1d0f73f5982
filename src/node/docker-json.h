/* What Docker and Podman answer, made into our structs. Pure: no I/O, no clock.
 *
 * The Engine API as of 1.41 … 1.51 (docs.docker.com/reference/api/engine) and Podman's compatible
 * answers (`docker.io/library/` names, other event names, other words for states). */
#pragma once

#include "base/err.h"
#include "node/line.h"
#include "node/report.h"

enum {
    LIMIT_DOCKER_ANSWER = 8 << 20,
    LIMIT_DOCKER_CONTAINERS = 4096,
    DOCKER_ID_SIZE = 65,
    CONTAINER_NAME_SIZE = 129,
    DOCKER_API_SIZE = 16,
};

struct docker_version {
    bool podman;
    char api[DOCKER_API_SIZE]; /* the version to speak */
    char version[32];          /* of the engine, for people */
};

/* From GET /version: chooses the newest API that both sides know. -EPROTONOSUPPORT, -EINVAL. */
int docker_parse_version(const char *json, size_t len, struct err *e,
                         struct docker_version *ret_version) MUST_CHECK;

/* Ids from GET /containers/json. -EINVAL. */
int docker_parse_list(const char *json, size_t len, struct err *e,
                      struct str_list *ret_ids) MUST_CHECK;

/* One container. */
struct container {
    struct observed *seen; /* `id` is empty; depends_on and listening sockets are not yet in it */
    char *compose_service; /* NULL = not made by Compose */
    char *depends;         /* the label: "db:service_healthy:true,cache"; NULL */
    bool oneoff;           /* `docker compose run`: not a service */
    bool tty;              /* its log has no frames */
    bool kept_running;     /* restart policy always or unless-stopped */
    bool retried;          /* restart policy on-failure */
    bool not_cleaned;      /* Podman: ended a moment ago; what comes next is not known yet */
    uint64_t memory_limit; /* bytes, 0 = none */
    char *log_file;        /* where its json-file log is; NULL = another driver, or not told */
};

/* From GET /containers/ID/json. -EINVAL. */
int docker_parse_container(const char *json, size_t len, struct err *e,
                           struct container **ret_container) MUST_CHECK;
void container_free(struct container *c);
DEFINE_FREEP(struct container, container_free)

enum docker_event_kind {
    DOCKER_EVENT_OTHER,   /* changes nothing that we tell */
    DOCKER_EVENT_CHANGED, /* look again */
    DOCKER_EVENT_ENDING,  /* somebody asks it to end: what follows is on purpose */
    DOCKER_EVENT_STARTED,
    DOCKER_EVENT_CLEANED, /* Podman: after each end once, after a request to stop twice */
    DOCKER_EVENT_GONE,
};

struct docker_event {
    enum docker_event_kind kind;
    char id[DOCKER_ID_SIZE]; /* of the container */
    int64_t time_ns;
};

/* Judges a container that does not run: on purpose, or failed? The engines don't tell, so: it was
 * asked to end (`asked`: an event said so), it ended well, it was ended by SIGTERM or SIGINT, or
 * its policy would have started it again had nobody stopped it. Changes run, on_purpose, why. */
void container_settle(struct container *c, bool asked);

/* One line of GET /events. -EINVAL. */
int docker_parse_event(const char *json, size_t len, struct docker_event *ret_event) MUST_CHECK;

/* Of GET /containers/ID/stats; NaN = the engine doesn't know. -EINVAL. */
struct docker_stats {
    double cpu_seconds;
    double memory; /* bytes, without page cache that could be given back */
};
int docker_parse_stats(const char *json, size_t len, struct docker_stats *ret_stats) MUST_CHECK;

/* The last line of GET /containers/ID/logs that says something, of stderr if there is one. The
 * caller frees; NULL = nothing was said. */
char *docker_last_line(const char *log, size_t len, bool tty);

/* The last lines of it that say something, of both streams, a newline behind each. The caller
 * frees; NULL = nothing was said. */
char *docker_last_lines(const char *log, size_t len, bool tty);

/* Is it an id as engines make them: 12 … 64 hex digits? Nothing else may get into a path. */
bool docker_id_is_valid(const char *id);
/* Letters, digits, "_.-", beginning with a letter or digit: nothing that needs quoting in a path.
 */
bool container_name_is_valid(const char *name);
