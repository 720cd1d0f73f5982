/* The live model: what the other files of this folder work on. Private to the folder and its tests.
 *
 * One `struct cluster` per hub, on its loop. A report changes a node or a service and marks it;
 * settle() then judges, tells (feed, events) and refreshes what is derived. */
#pragma once

#include "access/policy.h"
#include "base/json.h"
#include "base/map.h"
#include "cluster/catalogue.h"
#include "cluster/cluster.h"
#include "cluster/judge.h"
#include "cluster/naming.h"
#include "cluster/numbers.h"

#include <pthread.h>

enum {
    LATE_MS = 10 * 1000,      /* nothing heard from a node for so long: late */
    AWAY_MS = 60 * 1000,      /* away */
    GONE_GRACE_MS = 4 * 1000, /* a container that vanished may be on its way back (recreated) */
    PASSING_MS = 5 * 1000,    /* what is there for less came and went: no news */
    EVENT_GAP_MS = 250,       /* between two events of one service or node */
    STRUCTURE_GAP_MS = 200,   /* between two looks at dependencies, copies and ports */
    SETTLING_MS = 5 * 1000,   /* a node's first moments: its services are still being found */
    LOOP_RESTARTS = 3,        /* so many in LOOP_WINDOW_MS is a restart loop */
    LOOP_WINDOW_MS = 10 * 60 * 1000,
    CHECK_LATENCIES = 60,
    LIMIT_HISTORY = 200,        /* states kept per service */
    LIMIT_FEED = 200,           /* entries kept in memory */
    LIMIT_NODE_SERVICES = 4000, /* that a node may tell of; the others are left out */
    LIMIT_NODE_SOURCES = 64,    /* that it may have them from, beside "limits" */
    OVERVIEW_FEED = 30,         /* of them in the overview */
};

/* The one check of a service: set by a person, or chosen by Hydra. */
struct check_track {
    bool wanted, automatic;
    struct check_spec spec;
    uint32_t retries; /* further tries before a failure counts */
    enum check_word word;
    bool ever_good;
    uint32_t failures; /* in a row */
    char *text;        /* of the last result; NULL = none came */
    uint32_t latency_us;
    int code;
    int64_t time_ms, tls_expires_ms; /* wall; 0 = none */
    float last[CHECK_LATENCIES];     /* ms, oldest first; NaN = failed */
    unsigned n_last;
};

enum warning_kind {
    WARNING_COPY,       /* the same program runs a second time on the node */
    WARNING_PORT,       /* two claim one port */
    WARNING_UNEXPECTED, /* it listens elsewhere than its kind usually does */
    WARNING_ASKS,       /* its check asks another service */
};
struct warning {
    enum warning_kind kind;
    char *text;
    char *other; /* id of the copy */
    unsigned port;
    bool second; /* the other one bears the same warning and stands for both */
};

struct past_state {
    int64_t from_ms, to_ms; /* to 0 = still */
    enum service_state state;
    char *reason;
};
struct history {
    struct past_state *v; /* oldest first, at most LIMIT_HISTORY */
    size_t n, cap;
};

struct live_service {
    char *id;               /* "debian/docker/plex", "manual/router" */
    struct live_node *node; /* NULL: hand-added, checked from the home node */
    struct observed *seen;  /* NULL: hand-added */
    struct service_record *record;
    const struct integration *kind;
    bool kind_strong; /* by image, process or unit */
    struct identity who;

    struct check_track check;
    char *check_asks;    /* name of another service whose port the check asks; NULL */
    int64_t run_mono_ms; /* when the run state began, as far as seen */
    int64_t first_mono_ms;
    int64_t gone_mono_ms;        /* 0 = there */
    int64_t past_ms;             /* wall: of the latest change that was told late */
    bool past_ended;             /* and that was an end */
    bool came_later, added_told; /* after the first look round; the feed knows it */
    bool stale;                  /* its source lost the thread and has not reported it since */
    bool recalled;               /* from before the restart; its node has not told of it since */
    int64_t restart_times[LOOP_RESTARTS * 4]; /* mono, the latest */
    unsigned n_restart_times;
    char *last_error; /* of the latest failure, kept while it runs again */

    struct judgement base; /* before dependencies */
    struct health health;
    struct live_service *cause; /* whose failure explains this one */
    unsigned n_broken;          /* how many have this one as their cause */
    enum service_state firm;    /* the last state that was neither working nor unknown */
    int64_t firm_since_ms;
    bool has_firm;

    struct {
        struct live_service **v;
        size_t n, cap;
    } needs, needed_by; /* those that exist; rebuilt with the structure */
    VEC(struct warning) warnings;
    struct history history;

    struct str row; /* JSON without the closing numbers: see json-service.c */
    struct str sent;
    int64_t sent_mono_ms;
    enum service_state row_state; /* that stands in it: of a moment ago when the row is dirty */
    bool row_dirty;
    double cpu, memory; /* NaN = not known */
};

struct live_source {
    char *name;
    enum source_state state;
    char *text, *hint;
    int64_t since_ms;
    bool listed;   /* its list of services was complete once */
    bool recalled; /* from before the restart; its node has not told of it since */
};

struct live_node {
    char *id, *label;
    struct node_facts *facts; /* NULL until told */
    enum node_state state;
    int64_t seen_mono_ms, seen_wall_ms, added_mono_ms;
    int64_t unheard_from_ms; /* wall: since when its last link was silent; 0 = it had none */
    bool recalled;           /* known from before the restart; not a word since */
    int64_t back_mono_ms;    /* since when it tells again; 0 = it was not recalled, or is still */
    struct {
        int64_t dirty_mono_ms; /* since when there is something to keep; 0 = there is nothing */
        int64_t kept_mono_ms;  /* handed over last; 0 = never */
        bool at_once, due;
        VEC(const struct live_service *) services; /* of one that is due, while it is handed over */
    } told;
    int64_t state_since_ms;
    VEC(struct live_source) sources;
    struct numbers numbers; /* series, last frames, window */
    struct process_table *processes;
    char *address;
    struct str_list macs, addresses; /* of its facts; also recalled */
    struct node_agent agent;

    int64_t tight_mono_ms; /* since when memory is short; 0 = it is not */
    char *specs_text;      /* what was last ordered, to see whether it changed */
    struct str row;        /* JSON without vitals */
    struct str sent;
    int64_t sent_mono_ms;
    bool row_dirty;
    int64_t detail_mono_ms, processes_mono_ms, usage_mono_ms;
    unsigned n_services, n_bad;
    unsigned n_held; /* services in the model, hidden ones too */
};

struct notice {
    char *severity, *text, *hint;
    int64_t since_ms;
};

struct live_feed {
    char id[EVENT_ID_SIZE];
    int64_t time_ms;
    char *severity, *kind, *node, *service, *text;
};

struct counts {
    unsigned total, by_state[STATE_STOPPED + 1], nodes, nodes_online;
    unsigned problems;     /* down or degraded of their own */
    unsigned down, hidden; /* problems that are down */
};

struct verdict {
    char severity[8];
    char *sentence, *detail;
    int64_t since_ms, told_mono_ms;
    struct counts counts;
};

struct recalled {
    enum service_state state;
    int64_t since_ms;
};

struct cluster {
    struct event_log *log;
    struct cluster_hooks hooks;
    struct map nodes;    /* of struct live_node */
    struct map services; /* of struct live_service */
    struct map records;  /* of struct service_record: all of them, also for services not seen now */
    struct map recalls;  /* of struct recalled: not yet met again */
    struct map pasts;    /* of struct history: of services not yet met again */
    struct map notices;  /* of struct notice */
    VEC(struct live_feed) feed; /* oldest first */
    struct live_node *home;     /* the first node: runs the checks of hand-added services */

    struct verdict verdict;
    struct str attention;                               /* JSON array */
    int64_t attention_mono_ms, attention_burst_mono_ms; /* made last; made last for a change */
    struct map attention_since; /* of struct attention_since: when each item began */
    unsigned attention_round;
    unsigned n_attention_bad;
    char *attention_worst; /* title of the worst that is no service; NULL = none */
    bool structure_dirty, judge_dirty, attention_dirty, checks_dirty;
    int64_t structure_mono_ms;

    struct buf *overview; /* NULL = must be made anew */
    pthread_mutex_t snapshot_lock;
    struct snapshot {
        struct buf *full;
        struct {
            size_t from, to;
        } nodes, services, feed;
        uint64_t sequence;
        bool wanted; /* somebody asked since it was made */
    } snapshot;
    int64_t snapshot_mono_ms, tick_mono_ms;
    struct cluster_now now; /* of the latest call */
    uint64_t round;         /* counts the calls that may change something */
};

/* --- model.c --- */
void model_enter(struct cluster *c, struct cluster_now now); /* first in every call that changes */
struct live_node *model_node(struct cluster *c, const char *id);
struct live_service *model_service(struct cluster *c, const char *id);
struct resource resource_of_service(const struct live_service *s); /* look.c */
struct live_source *model_source(struct live_node *n, const char *name);
/* What tells of a service: the first word of its id. NULL for hand-added ones. */
bool model_is_of(const struct live_service *s, const struct live_node *n, const char *source);
struct live_source *model_source_of(const struct live_service *s);
void model_drop_service(struct cluster *c, struct live_service *s, struct cluster_now now);
void model_drop_source(struct cluster *c, struct live_node *n, size_t i, struct cluster_now now);
/* Tells that it is gone, and frees it; its services have been dropped. */
void model_drop_node(struct cluster *c, struct live_node *n);
void model_identify(struct cluster *c, struct live_service *s); /* identity anew */
/* A service that the node reports, or that a person added (seen NULL, node NULL). */
struct live_service *model_add_service(struct cluster *c, struct live_node *n, const char *id,
                                       struct cluster_now now);
struct service_record *record_copy(const struct service_record *r);
void record_free(struct service_record *r);
uint32_t record_retries(const struct service_record *r); /* of its check, defaults filled in */

#define SERVICES_FOREACH(c, s)                                                                     \
    MAP_FOREACH (&(c)->services, s##_entry)                                                        \
        for (struct live_service *s = s##_entry->value; s; s = NULL)
#define NODES_FOREACH(c, n)                                                                        \
    MAP_FOREACH (&(c)->nodes, n##_entry)                                                           \
        for (struct live_node *n = n##_entry->value; n; n = NULL)

static inline enum service_state service_state(const struct live_service *s)
{
    return s->health.told.state;
}
/* Counted as a problem of its own. */
bool service_is_problem(const struct live_service *s);
bool service_is_looping(const struct live_service *s, int64_t mono);
uint32_t service_restarts_10min(const struct live_service *s, int64_t mono);
/* "redis on debian"; hand-added ones just by name. Returns `ret`. */
enum { SERVICE_TITLE_SIZE = 384 };
char *service_title(const struct live_service *s, char ret[SERVICE_TITLE_SIZE]);

/* --- cluster.c --- */
void node_set_state(struct cluster *c, struct live_node *n, enum node_state state,
                    struct cluster_now now);
void node_take(struct cluster *c, struct live_node *n, struct node_report *r,
               struct cluster_now now); /* a report, whenever it was made */

/* --- report-service.c --- */
void report_take_service(struct cluster *c, struct live_node *n, struct node_report *r,
                         struct cluster_now now);
void report_past_service(struct cluster *c, struct live_node *n, const struct observed *o,
                         struct cluster_now now);
void report_service_gone(struct cluster *c, struct live_node *n, const char *observed,
                         struct cluster_now now);
void wake_learn(struct live_node *n, const struct str_list *macs, const struct str_list *addresses);
void report_take_source(struct cluster *c, struct live_node *n, const struct source_report *r,
                        struct cluster_now now);
void report_say_added(struct cluster *c, struct cluster_now now); /* what came and stayed */
void report_drop_gone(struct cluster *c, struct cluster_now now); /* whose grace is over */

/* --- evidence.c --- */
struct evidence evidence_of(struct cluster *c, const struct live_service *s,
                            struct cluster_now now); /* borrows */

/* --- settle.c: judging everything, telling what changed --- */
void settle(struct cluster *c, struct cluster_now now);
bool node_is_settling(const struct live_node *n, int64_t mono);

/* --- history.c --- */
/* The state as it is now, from `from_ms` on. */
void history_add(struct cluster *c, struct live_service *s, int64_t from_ms);
void history_add_reason(struct cluster *c, struct live_service *s); /* known later than the state */
int64_t past_state_end(const struct past_state *p, int64_t now_wall); /* now, while it lasts */
/* The share of the known time of the last day in which it was not down, in percent; NaN = too
 * little is known. */
double history_uptime(const struct history *h, int64_t now_wall);
void history_recall(struct cluster *c, struct live_service *s); /* of one that is met */
void history_end(struct cluster *c, const char *service, struct cluster_now now); /* it is gone */
void history_done(struct history *h);
void history_free(void *h);

/* --- recall.c: what was known before the restart --- */
/* A first or changed state beside what is recalled. Returns true when recall settled the matter:
 * nothing more is to be said. */
bool recall_meet(struct cluster *c, struct live_service *s, struct cluster_now now);
/* The list of `engine` on `n` is complete: what is recalled and not there has gone. */
void recall_missing(struct cluster *c, struct live_node *n, const char *engine,
                    struct cluster_now now);

/* What was recalled of a service holds until its node tells of it again. */
void recall_over(struct cluster *c, struct live_service *s, struct cluster_now now);
/* What was recalled and nobody tells of any more: sources, and services whose source is not there.
 */
void recall_drop_forgotten(struct cluster *c, struct cluster_now now);

/* --- told.c: what nodes told, kept for the next start --- */
void told_changed(struct live_node *n, struct cluster_now now);

/* --- depend.c --- */
void depend_rebuild(struct cluster *c); /* needs, needed_by */
/* The judgement of `s` in the light of what it needs; sets s->cause. */
struct judgement depend_judge(struct live_service *s);

/* --- warn.c --- */
void warnings_clear(struct live_service *s);
void warn_rebuild(struct cluster *c); /* copies, ports with two claimants, unexpected ports */

/* --- checks.c --- */
void checks_choose(struct cluster *c, struct live_service *s);
void checks_order(struct cluster *c); /* hands changed lists to hooks.checks */
void checks_result(struct live_service *s, const struct check_result *r);
void check_track_done(struct check_track *t);

/* --- feed.c --- */
void feed_say(struct cluster *c, struct cluster_now now, const char *severity, const char *kind,
              const struct live_node *n, const struct live_service *s, const char *fmt, ...)
    PRINTF(7, 8);
/* What to say of a change of state; says nothing where nothing happened for people. */
void feed_state(struct cluster *c, struct live_service *s, enum service_state from,
                int64_t from_since_ms, struct cluster_now now);
void feed_done(struct live_feed *f);

/* --- sentence.c --- */
void sentence_count(struct cluster *c, struct counts *ret);
void sentence_update(struct cluster *c, struct cluster_now now); /* emits verdict.changed */
void verdict_json(struct jw *w, const struct verdict *v);

/* --- attention.c --- */
void attention_update(struct cluster *c, struct cluster_now now); /* emits attention.changed */

/* --- json-*.c --- */
void json_service_row(struct cluster *c, struct live_service *s, struct cluster_now now);
/* The members of a row, into an open object; the numbers after them. */
void json_service_fields(struct jw *w, const struct live_service *s, int64_t mono);
void json_service_numbers(struct str *out, const struct live_service *s);
void json_service_splice(struct jw *w, const struct live_service *s);
void json_node_row(struct cluster *c, struct live_node *n);
void json_node_splice(struct jw *w, const struct live_node *n);
void json_node_detail_fields(struct jw *w, const struct live_node *n);
void json_gpus(struct jw *w, const struct live_node *n); /* `gpus_detail` */
void json_gpu(struct jw *w, const struct gpu_facts *g);  /* its fields, into an open object */
void json_processes(struct jw *w, const struct live_node *n);
void json_feed(struct jw *w, const struct live_feed *f);
/* id relative to the node, as reports carry it, to the cluster's; NULL stays null. */
void jw_key_service(struct jw *w, const char *key, const struct live_node *n, const char *observed);

/* --- publish.c: events, snapshot --- */
void publish(struct cluster *c, enum event_class topic, const char *resource, const char *type,
             uint64_t permissions, const struct str *json);
void publish_rows(struct cluster *c, struct cluster_now now, bool all); /* rows that changed */
void publish_frame(struct cluster *c, struct live_node *n, struct cluster_now now);
void publish_snapshot(struct cluster *c, struct cluster_now now); /* makes it if it is due */

#define PERMS_STATE (permission_bit(PERM_NODES_READ) | permission_bit(PERM_SERVICES_READ))

/* --- mask.c --- */
bool mask_is_secret(const char *key, const char *value);
char *mask_command(const char *command); /* the caller frees */
