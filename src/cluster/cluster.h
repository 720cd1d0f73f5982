/* What exists: nodes and services, merged from what nodes report, judged, and kept as ready-made
 * JSON.
 *
 * Lives on the hub's loop and nowhere else, but for cluster_snapshot() and the buffers, which are
 * immutable. Takes `now` as an argument; does no I/O. Each change replaces the JSON fragment of its
 * resource and appends it to the event log; the overview is spliced from fragments. The shapes
 * stand in api/openapi.yaml. */
#pragma once

#include "access/user-limits.h"
#include "base/json.h"
#include "node/report.h"
#include "store/store.h"
#include "stream/event-log.h"

struct cluster;

/* The state of a service as people see it. */
enum service_state {
    STATE_HEALTHY,   /* runs, and something proves that it is itself and answers */
    STATE_UNCHECKED, /* runs; nothing proves more */
    STATE_DEGRADED,  /* answers with errors or slowly, restarts often, or what it depends on is down
                      */
    STATE_DOWN,      /* does not run or does not answer */
    STATE_UNKNOWN,   /* not heard from */
    STATE_WORKING,   /* starts or stops */
    STATE_STOPPED,   /* off on purpose */
};
const char *service_state_name(enum service_state s);

struct cluster_now {
    int64_t mono_ms, wall_ms;
};

/* One line of "what happened", for the database. */
struct feed_entry {
    char id[EVENT_ID_SIZE];
    int64_t time_ms;
    const char *severity;       /* "ok" "info" "warn" "bad" */
    const char *kind;           /* "service.down", "node.away", "service.added" … */
    const char *node, *service; /* ids; "" = none */
    const char *text;           /* "redis on debian is down: exit code 137 (killed)" */
};

/* A service's state from a moment on. */
struct state_note {
    const char *service;
    enum service_state state;
    int64_t since_ms;   /* when the state began as people are told: may be before a restart */
    int64_t from_ms;    /* since when it was seen to be so, without a break */
    const char *reason; /* may be NULL */
    bool unwatched;     /* recalled: from then on nobody watched */
    bool gone;          /* to remember: there is no such service any more, nor a past of it */
};

/* Decisions that the cluster hands outside. All run on the loop; must not block. */
struct cluster_hooks {
    void *arg;
    void (*record)(void *arg,
                   const struct feed_entry *entry); /* keep it: the feed survives a restart */
    void (*remember)(void *arg, const struct state_note *note); /* to resume from; the same again
                                                                   when its reason became known */
    void (*checks)(void *arg, const char *node, const struct check_spec *specs,
                   size_t n); /* a node's checks changed */
};

struct cluster *cluster_new(struct event_log *log, const struct cluster_hooks *hooks);
void cluster_free(struct cluster *c);

/* A node comes to be known; `label` says how ("this machine"). */
void cluster_node_add(struct cluster *c, const char *node, const char *label,
                      struct cluster_now now);
/* The agent that reports of a node. Times wall, 0 = not known; of the built-in one nothing but its
 * version is. */
struct node_agent {
    bool remote;
    char version[32], address[64];
    int64_t enrolled_ms, certificate_until_ms;
    int64_t connected_ms;       /* since when it is linked; 0 = it is not */
    char upgrade[32];           /* a newer version that the hub has for it; "" = none */
    char upgrade_obstacle[256]; /* why the hub can't bring it there; "" = it can */
};
/* Where others reach a node; NULL = not known. Valid until the next call. */
const char *cluster_node_address(const struct cluster *c, const char *node);
/* "x86_64"; "" = not known. Valid until the next call. */
const char *cluster_node_arch(const struct cluster *c, const char *node);
void cluster_node_agent(struct cluster *c, const char *node, const struct node_agent *a,
                        struct cluster_now now);
/* A node is known no more: its services go with it. */
void cluster_node_remove(struct cluster *c, const char *node, struct cluster_now now);
/* Something a node reports. Ownership of what `r` points to moves in. */
void cluster_report(struct cluster *c, const char *node, struct node_report *r,
                    struct cluster_now now);
/* Something it reports late, from a time when it could not: numbers fill the gap, and the feed
 * gets what happened to its services meanwhile. How they are now came first. */
void cluster_report_late(struct cluster *c, const char *node, struct node_report *r,
                         struct cluster_now now);
/* Once a second: staleness, damping, relative times, coalesced events. */
void cluster_tick(struct cluster *c, struct cluster_now now);

/* --- what nodes last told, over a restart --- */

enum {
    TOLD_VERSION = 1,           /* of `reports` */
    TOLD_QUIET_MS = 5 * 1000,   /* so long after a change: what comes together is kept together */
    TOLD_GAP_MS = 60 * 1000,    /* between two of one node, unless it went away */
    TOLD_EVERY_MS = 600 * 1000, /* also when nothing but numbers changed */
    LIMIT_TOLD = 4 << 20,       /* bytes of `reports`; services beyond that are left out */
    LIMIT_TOLD_NODES = 64,      /* handed over in one call, unless it is all */
};

/* What one node told, to be told to the cluster again after a restart. */
struct cluster_told {
    const char *node;
    int64_t seen_ms;    /* wall: heard from last */
    bool heard;         /* when it was kept: so it was until Hydra ended */
    bool away;          /* and that was told */
    struct str reports; /* the message Told of proto/: secrets in labels and commands left out */
};
/* Hands over what is due for keeping of nodes with an agent (of LIMIT_TOLD_NODES; what is over
 * waits for the next call), with `all` of each node also what is not due yet. `keep` owns the
 * bytes. A later word on a node has to be written after an earlier one. */
void cluster_told(struct cluster *c, bool all, void (*keep)(void *arg, struct cluster_told *t),
                  void *arg, struct cluster_now now);
/* It could not be kept: it is due again. */
void cluster_told_again(struct cluster *c, const char *node, struct cluster_now now);
/* What is kept of a node that is known and has not told anything yet: shown as it was, but its
 * services unknown, until it tells again. Records and states are recalled before. -EBADMSG. */
int cluster_recall_told(struct cluster *c, const struct cluster_told *t, struct cluster_now now,
                        struct err *e) MUST_CHECK;

/* --- what people define --- */

/* A hand-added service, or overrides for a discovered one (then `id` is its id and NULL members
 * leave things be). */
struct service_record {
    char id[256]; /* "manual/router" for hand-added ones */
    bool manual, hidden;
    char *name, *url, *icon, *group, *description; /* may be NULL */
    char *check_kind, *check_target, *expect_status,
        *expect_body;                          /* check_kind NULL or "none" = no check */
    uint32_t interval_ms, timeout_ms, retries; /* 0 = default: 30 s, 5 s, 2 */
    struct str_list depends_on;
    int64_t created_ms, changed_ms;
};
/* What a check is when its record says 0. */
enum {
    SERVICE_CHECK_INTERVAL_MS = 30 * 1000,
    SERVICE_CHECK_TIMEOUT_MS = 5 * 1000,
    SERVICE_CHECK_RETRIES = 2,
    SERVICE_CHECK_NO_RETRIES = 255, /* in `retries`: the first failure counts */
};
/* The ServiceRecord of the contract. */
void service_record_print(struct jw *w, const struct service_record *r);
void service_record_done(struct service_record *r);
int service_record_check(const struct service_record *r,
                         struct err *e) MUST_CHECK; /* -EINVAL with what to do */

/* The database side: worker threads. */
int service_record_load(struct db *db, struct service_record **ret_records, size_t *ret_n,
                        struct err *e) MUST_CHECK;
int service_record_get(struct db *db, const char *id, struct service_record *ret_record,
                       struct err *e) MUST_CHECK; /* -ENOENT */
int service_record_put(struct db *db, const struct service_record *r, bool must_be_new,
                       struct err *e) MUST_CHECK; /* -EEXIST */
int service_record_delete(struct db *db, const char *id, struct err *e) MUST_CHECK;

/* The live side: on the loop. */
void cluster_set_record(struct cluster *c, const struct service_record *r, struct cluster_now now);
void cluster_drop_record(struct cluster *c, const char *id, struct cluster_now now);
/* What was known before the restart: state and since when; says what changed meanwhile. */
void cluster_recall(struct cluster *c, const char *service, enum service_state s, int64_t since_ms);
/* Its history, oldest first; then, once, until when the Hydra before this one is known to have
 * watched. What lies between that and now stays empty. */
void cluster_recall_history(struct cluster *c, const struct state_note *note);
/* Network cards and addresses of a node, as it told them once: struct node_facts. */
void cluster_recall_network(struct cluster *c, const char *node, const struct str_list *macs,
                            const struct str_list *addresses);
void cluster_recall_end(struct cluster *c, int64_t watched_until_ms);
void cluster_recall_feed(struct cluster *c, const struct feed_entry *entry);

/* Trouble of Hydra itself (database read-only, disk full): shown as needing attention. NULL text =
 * over. */
void cluster_set_notice(struct cluster *c, const char *key, const char *severity, const char *text,
                        const char *hint, struct cluster_now now);

/* --- what others read --- */

/* While this number stays the same, so does what the functions below say. */
uint64_t cluster_round(const struct cluster *c);

/* Ready JSON, referenced (buf_unref() when done). On the loop. NULL when there is no such node or
 * service. */
struct buf *cluster_overview(struct cluster *c);
/* The same, cut to what may be seen: the parts that may not are empty. */
struct buf *cluster_overview_for(struct cluster *c, uint64_t permissions);
/* What is said of everything: the sentence and the line under it. Valid until the next tick. */
struct cluster_verdict {
    const char *sentence, *detail;
};
struct cluster_verdict cluster_verdict(const struct cluster *c);
/* Tells group and state of every service that is not hidden, as the overview has them. */
void cluster_states(struct cluster *c,
                    void (*see)(void *arg, const char *group, enum service_state s), void *arg);
struct buf *cluster_nodes(struct cluster *c);
struct buf *cluster_node(struct cluster *c, const char *id);
struct buf *cluster_services(struct cluster *c);
struct buf *cluster_service(struct cluster *c, const char *id);
struct buf *cluster_processes(struct cluster *c, const char *node);
struct buf *cluster_window(struct cluster *c,
                           const char *node);  /* the last 15 minutes, all columns */
struct buf *cluster_trends(struct cluster *c); /* the same of all nodes in 90 points each */
struct buf *cluster_status(struct cluster *c); /* the sentence, counts, exit code: `hydra status` */
bool cluster_has_service(struct cluster *c, const char *id);
bool cluster_has_node(struct cluster *c, const char *id);
bool cluster_has_log(struct cluster *c, const char *service); /* a container or a unit */
struct buf *cluster_log_sources(struct cluster *c,
                                const char *limits); /* whose logs can be read, there */
/* What rights are limited by: of a service or node. Nothing fits an unknown id but "". Points into
 * the cluster: for this turn of the loop. */
struct resource cluster_resource(struct cluster *c, const char *id);
/* Prometheus text of every series of every node, as last reported, with label node="…". */
void cluster_metrics(struct cluster *c, struct str *out);

/* --- what those need who act on services and nodes --- */

/* A service as it is at this moment. */
struct service_look {
    char *id, *name, *title; /* "tower/docker/plex", "Plex", "Plex on tower" */
    char *node;              /* "" = added by hand: nothing runs that could be acted on */
    char *observed;          /* the node's id of it: "docker/plex" */
    char *engine, *project;  /* "" = none */
    enum observed_kind kind;
    enum observed_run run;
    bool looping;              /* in a restart loop */
    bool database;             /* a new version may change its files for good */
    struct str_list needed_by; /* names of what depends on it */
};
/* -ENOENT with a sentence. On the loop. */
int cluster_look(struct cluster *c, const char *service, int64_t mono_ms, struct err *e,
                 struct service_look *ret_look) MUST_CHECK;
void service_look_done(struct service_look *l);

/* Where a service takes connections. */
struct service_place {
    char node[64];    /* that it is on */
    char host[64];    /* where that node itself asks: "localhost" */
    char address[64]; /* where others do; "" = not known */
    uint16_t port;
    bool loopback; /* it listens there alone */
};
/* Of several ports the one where a person opens it. -ENOENT, -EINVAL (it has none, or is on no
 * node), with a sentence. On the loop. */
int cluster_look_place(struct cluster *c, const char *service, struct err *e,
                       struct service_place *ret_place) MUST_CHECK;
/* The nodes that are heard from, all but `than`, by name. */
void cluster_other_nodes(struct cluster *c, const char *than, struct str_list *ret_nodes);

struct node_look {
    bool away;       /* not heard from for a while */
    int64_t seen_ms; /* wall */
    unsigned services;
    bool engine;                    /* Docker or Podman answers there */
    const char *arch;               /* "" = not known */
    const struct node_agent *agent; /* lives as long as the node's next change */
};
/* How a node that is away can be woken: the addresses of its network cards, and the nodes that are
 * in a network with it. -ENOENT, -EEXIST (it is awake), -EINVAL: it can't be. */
int cluster_look_wake(struct cluster *c, const char *node, struct err *e, struct str *ret_macs,
                      struct str_list *ret_wakers) MUST_CHECK;
/* -ENOENT with a sentence. On the loop. */
int cluster_look_node(struct cluster *c, const char *node, struct err *e,
                      struct node_look *ret_look) MUST_CHECK;
/* Ids of the services on a node, appended. On the loop. */
void cluster_services_of(struct cluster *c, const char *node, struct str_list *ret_ids);

/* The id that people mean: a whole one, or an end of it that only one service has ("plex",
 * "docker/plex"; ".service" may be left out). -ENOENT, or -EEXIST that lists them. On the loop. */
int cluster_find_service(struct cluster *c, const char *text, struct err *e,
                         char ret_id[256]) MUST_CHECK;

/* The snapshot that `resync` sends. Any thread. */
struct buf *cluster_snapshot(struct cluster *c, uint64_t permissions, uint64_t *ret_sequence);
