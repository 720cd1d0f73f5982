/* Between docker.c (where engines are), docker-engine.c (one of them), docker-events.c and
 * docker-look.c, docker-stats.c. */
#pragma once

#include "io/http-client.h"
#include "node/docker-json.h"
#include "node/docker.h"
#include "node/outbox.h"

enum { DOCKER_SOURCE_SIZE = 32, DOCKER_SOCKET_SIZE = 108 };

enum engine_state {
    ENGINE_AWAY,     /* no connection; the next try is due at `retry` */
    ENGINE_GREETING, /* asked for its version */
    ENGINE_LISTING,  /* the event stream stands; the list of containers is being read */
    ENGINE_WATCHING, /* all is known; events change it */
};

struct engine {
    struct node *node;
    struct http_client *http;
    char socket[DOCKER_SOCKET_SIZE];
    unsigned uid;
    char source[DOCKER_SOURCE_SIZE]; /* "docker", "podman", "podman-1000": also the ids' prefix */
    struct docker_version version;
    enum engine_state state;
    bool met;                 /* was connected once: its absence is a failure from then on */
    struct http_call *call;   /* version, list or ping */
    struct http_call *events; /* the stream */
    struct str line;          /* of the stream, unfinished */
    int64_t since_ns;         /* the last event's time */
    struct loop_timer *retry, *looks;
    unsigned failures;  /* in a row */
    struct map entries; /* container id → struct entry */
    unsigned looking;   /* inspections that run */
    unsigned measuring; /* questions for usage that run */
    int64_t measure_at_ms;
    struct outbox out;
    int64_t ping_ms; /* when it last answered */
};

/* What is known of one container. */
struct entry {
    struct engine *engine;
    char id[DOCKER_ID_SIZE];
    struct container *c; /* NULL before the first inspection */
    char *cgroup;        /* of that main process, started then; NULL = not known */
    int cgroup_pid;
    int64_t cgroup_since_ms;
    char *told;                /* the observed id it was told under; NULL = not told */
    char *last_line;           /* of its log, after a bad end; NULL */
    int64_t last_line_for;     /* the end it belongs to: ended_ms */
    int64_t asked_ms;          /* wall: when somebody asked it to end; 0 = nobody did */
    int64_t cleaned_ms;        /* wall: Podman's first cleanup since it was started; 0 = none */
    bool cleaned_twice;        /* and another shortly after */
    bool in_doubt;             /* asked or not: what comes next tells */
    int64_t not_before_ms;     /* mono: it isn't inspected earlier */
    int64_t window_ms;         /* mono: since when `looks` counts */
    unsigned looks;            /* inspections in that second */
    bool due, listed;          /* an inspection is wanted; seen by the running list */
    struct http_call *look;    /* the inspection that runs */
    struct http_call *reading; /* of its log */
    bool stats_due;
    struct http_call *stats; /* the question for its usage that runs */
};

/* `uid`: whose rootless engine it is; 0 = the machine's. */
struct engine *engine_new(struct node *n, struct http_client *http, const char *socket, bool podman,
                          unsigned uid);
void engine_free(struct engine *e);
void engine_tick(struct engine *e, int64_t now_ms);
void engine_refresh(struct engine *e);
struct entry *engine_find(struct engine *e, const char *name);

/* Between the files of an engine. */
void engine_away(struct engine *e, enum source_state state, const char *text, const char *hint);
void engine_lose(struct engine *e, int error, const char *text); /* away, for what `error` says */
struct entry *engine_entry(struct engine *e, const char *id); /* made if need be; NULL: too many */
void engine_drop(struct engine *e, struct entry *x);

/* docker-events.c */
int engine_open_events(struct engine *e) MUST_CHECK;

/* docker-look.c: one container. */
void entry_free(struct entry *x);
void entry_want_look(struct entry *x);
void entry_tell(struct entry *x);
void engine_look_on(struct engine *e); /* starts inspections that are due, within the bounds */

/* docker-stats.c: what they use, where nothing else tells. */
void engine_measure(struct engine *e, int64_t now_ms);
void engine_measure_on(struct engine *e);
void engine_measure_stop(struct engine *e);

/* Asks the engine: GET `path` of the API, 10 s. On failure the engine goes away. */
int engine_get(struct engine *e, const char *path,
               void (*on_done)(void *, const struct http_answer *), void *arg,
               struct http_call **ret_call) MUST_CHECK;
/* What an action asks of the engine, at any time and without its going away for it. */
struct engine_request {
    const char *method; /* NULL = GET, or POST with a body */
    const char *path;   /* of the API */
    const char *body;   /* JSON; NULL */
    uint32_t timeout_ms;
    bool (*on_data)(void *arg, const char *bytes, size_t n); /* NULL = collected */
    void (*on_done)(void *arg, const struct http_answer *a);
    void *arg;
};
int engine_call(struct engine *e, const struct engine_request *r, struct err *err,
                struct http_call **ret_call) MUST_CHECK;
/* The container that is told under this observed id; NULL. Engines stay, entries come and go. */
struct entry *docker_entry(struct node *n, const char *id);
/* The engine of an observed id or "ENGINE/PROJECT"; NULL. */
struct engine *docker_engine(struct node *n, const char *id);
/* All of them, one after the other; NULL behind the last. */
struct engine *docker_engine_at(struct node *n, size_t i);

/* An inspection ended: the list may be complete now. */
void engine_looked(struct engine *e);
