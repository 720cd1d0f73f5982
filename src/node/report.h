/* What a node tells: facts, metric frames, observed services, processes, states of its sources,
 * check results.
 *
 * A node reports facts; the cluster judges. Reports are made on the node's thread and handed over
 * whole: the receiver owns them and frees with node_report_free(). The same structures will travel
 * over gRPC from a remote agent. Times are wall milliseconds (UTC). Every string may be NULL where
 * it says so; otherwise it is never NULL. */
#pragma once

#include "base/str.h"
#include "base/vec.h"
#include "node/command.h"
#include "node/policy.h"

/* --- facts: what seldom changes --- */

struct gpu_facts {
    char *id; /* the label `gpu` of its series: "0", "1" … for NVIDIA, "amd0", "intel0" … */
    char *uuid, *name, *vendor; /* "NVIDIA" | "AMD" | "Intel" */
    char *driver;               /* version, "" when unknown */
    uint64_t memory_total;      /* bytes, 0 = unknown or shared */
};

struct node_facts {
    char *hostname, *os_name, *os_id, *kernel,
        *arch; /* "Debian GNU/Linux 12 (bookworm)", "debian" */
    char *cpu_model;
    unsigned cpu_sockets, cpu_cores, cpu_threads;
    uint64_t memory_total, swap_total;
    char *boot_id, *machine_id, *virtualization; /* "" when none; "kvm", "docker", … */
    char *time_zone;
    int64_t boot_ms;
    char *pending_reboot; /* NULL = none; else why: "linux-image-6.1.0-30 is installed, 6.1.0-28
                             runs" */
    char *agent_version;
    struct str_list addresses; /* "eno1 192.168.1.5/24" */
    struct str_list macs;      /* "eno1 aa:bb:cc:dd:ee:ff": of cards, not of bridges and tunnels */
    VEC(struct gpu_facts) gpus;
};

/* --- metrics --- */

enum series_kind { SERIES_GAUGE, SERIES_COUNTER };

/* One time series. Its index in the order of announcement is its number in frames. Names and labels
 * follow node_exporter and DCGM exporter where the meaning is the same:
 * `node_cpu_seconds_total{cpu="0",mode="user"}`. */
struct series_def {
    char *name;
    char *labels; /* Prometheus text without braces, label names sorted: `cpu="0",mode="user"`; "" =
                     none */
    enum series_kind kind;
    const char *help; /* static */
};

/* Series first … first + n - 1 come into being. Numbers are never used again for another series;
 * one that is gone stays NaN. first = 0: the table starts anew, earlier numbers mean nothing (at
 * the start, and after very many series have gone). */
struct series_defs {
    uint32_t first, n;
    struct series_def *v;
};

struct frame {
    int64_t time_ms;
    uint32_t n;      /* as many as were announced */
    double values[]; /* NaN = not known now */
};

/* --- services as the machine sees them --- */

enum observed_kind { OBSERVED_CONTAINER, OBSERVED_UNIT, OBSERVED_PROCESS };

enum observed_run {
    RUN_RUNNING,
    RUN_STARTING,
    RUN_STOPPING,
    RUN_STOPPED,    /* off; nobody says it failed */
    RUN_FAILED,     /* ended by error */
    RUN_RESTARTING, /* waits for the next try of a restart loop */
    RUN_PAUSED,
};

enum observed_health {
    HEALTH_NONE,
    HEALTH_STARTING,
    HEALTH_HEALTHY,
    HEALTH_UNHEALTHY
}; /* the engine's own check */

struct observed_port {
    char *address;        /* where it listens or is published: "0.0.0.0", "127.0.0.1", "::" */
    uint16_t port, inner; /* inner: the container's port; 0 = the same */
    bool udp;
    int pid;       /* of the listening process, 0 = not known */
    char *process; /* its name; may be NULL */
};

struct label {
    char *key, *value;
};

struct observed {
    char *id; /* unique on the node, readable: "docker/plex", "podman/x", "systemd/ssh.service",
                 "process/redis-server:6379" */
    enum observed_kind kind;
    char *engine;      /* "docker", "podman", "systemd", "process" */
    char *name;        /* as the engine calls it */
    char *description; /* may be NULL */
    enum observed_run run;
    char *run_text; /* the engine's own words: "active (running)", "Exited (137) 3 minutes ago" */
    enum observed_health health;
    char *health_text;                              /* last output of that check; may be NULL */
    int64_t started_ms, ended_ms;                   /* 0 = never */
    bool has_exit, oom_killed, enabled, on_purpose; /* enabled: starts at boot. on_purpose: stopped
                                                       by a person or exited 0 as meant */
    int exit_code;                                  /* valid with has_exit; 128 + n for signal n */
    char *why; /* why it does not run: systemd's Result, Docker's State.Error, last error line; may
                  be NULL */
    uint32_t restarts; /* automatic ones since it was made or loaded */
    char *image, *image_id, *container_id, *project, *unit_file, *command; /* may be NULL */
    int main_pid;                                                          /* 0 = none */
    char *cgroup; /* path below the cgroup mount; may be NULL */
    VEC(struct observed_port) ports;
    VEC(struct label)
    labels; /* sorted by key; values as they are: masking is the display's business */
    struct str_list depends_on; /* ids on this node, from compose depends_on and unit Requires= */
    struct str_list mounts, networks;
};

/* --- processes --- */

struct process_row {
    int pid, parent;
    char *user, *name, *command; /* command: arguments joined, secrets masked, at most 512 bytes */
    char state;                  /* of /proc/PID/stat */
    float cpu_percent;           /* of one core, over the last interval */
    uint64_t memory;             /* resident bytes */
    uint64_t gpu_memory;         /* bytes over all GPUs */
    unsigned threads;
    int64_t started_ms;
    uint64_t
        start_ticks; /* since boot: with the pid it is this process and no other; 0 = not told */
    char *service;   /* observed id; may be NULL */
};

struct gpu_process_row {
    char *gpu; /* gpu_facts.id */
    int pid;
    char *name;
    uint64_t memory;
    char *service; /* may be NULL */
};

struct process_table {
    int64_t time_ms;
    unsigned total, running, threads;
    VEC(struct process_row) rows; /* the top LIMIT_PROCESS_ROWS by CPU and as many by memory */
    VEC(struct gpu_process_row) gpu_rows;
};
enum { LIMIT_PROCESS_ROWS = 40 };

/* --- sources: where what is known comes from --- */

enum source_state {
    SOURCE_OK,
    SOURCE_ABSENT, /* not on this machine: nothing to do */
    SOURCE_DENIED, /* there, but we may not: `hint` says how to give access */
    SOURCE_FAILED, /* there, but broken; is retried */
};

struct source_report {
    char *name; /* "docker", "podman", "systemd", "collector/cpu", "nvml" */
    enum source_state state;
    char *text, *hint;      /* may be NULL */
    bool services_complete; /* after this the list of the source's services is complete: the rest is
                               gone */
};

/* --- checks --- */

enum check_kind {
    CHECK_HTTP,
    CHECK_TCP,
    CHECK_DNS,
    CHECK_ICMP,
    CHECK_DOCKER,
    CHECK_SYSTEMD,
    CHECK_PROCESS
};
const char *check_kind_name(enum check_kind k); /* "http" … */
int check_kind_parse(const char *name, enum check_kind *ret_kind) MUST_CHECK;

/* What to check, as the cluster orders it. */
struct check_spec {
    char *service; /* the cluster's service id: comes back in the result */
    enum check_kind kind;
    char *target; /* http: URL; tcp: host:port; dns: name[@server[:port]]; icmp: host; else
                     container, unit, process name */
    uint32_t interval_ms, timeout_ms;
    char *expect_status;  /* http: "200-399,401"; NULL = 200-399 */
    char *expect_body;    /* http: this text must be in the body; dns: this address; tcp: the banner
                             begins so; NULL */
    char *expect_process; /* http, tcp on this machine: the process name behind the port; NULL = any
                           */
    bool tls_verify;
};

enum check_state {
    CHECK_UP,
    CHECK_DOWN,
    CHECK_UNKNOWN /* could not be tried: not permitted, no such kind here */
};

struct check_result {
    char *service;
    enum check_state state;
    int64_t time_ms;
    uint32_t latency_us;
    int code;   /* HTTP status, 0 = none */
    char *text; /* "HTTP 200 in 12 ms", "connection refused", "answers, but it is Grafana: the body
                   lacks …" */
    int64_t tls_expires_ms; /* 0 = no TLS */
};

/* --- what a person on the node itself had done --- */

/* How it goes, and how it ended: the last one of an id is not OUTCOME_RUNNING. */
struct local_action {
    char *user; /* name, or number where there is none */
    uint32_t uid;
    char *verb; /* "unit.restart" */
    char *target, *argument;
    struct command_outcome *outcome;
    bool again; /* somebody asked for it: it was told before. Not sent */
};

/* --- the report --- */

enum report_kind {
    REPORT_FACTS,
    REPORT_SERIES,
    REPORT_FRAME,
    REPORT_SERVICE, /* new or changed, whole */
    REPORT_SERVICE_GONE,
    REPORT_PROCESSES,
    REPORT_SOURCE,
    REPORT_CHECK,
    REPORT_OUTCOME,
    REPORT_POLICY, /* at the start, and when its file changes */
    REPORT_LOCAL,  /* instead of REPORT_OUTCOME for a command that was given on the node itself */
};

/* The struct itself is small and the caller's: copy it to keep it. What it points to changes hands.
 */
struct node_report {
    enum report_kind kind;
    union {
        struct node_facts *facts;
        struct series_defs *series;
        struct frame *frame;
        struct observed *service;
        char *gone; /* observed id */
        struct process_table *processes;
        struct source_report *source;
        struct check_result *check;
        struct command_outcome *outcome;
        struct policy *policy;
        struct local_action *local;
    };
};

enum { LIMIT_REPORT_TEXT = 64 << 10 }; /* bytes of one text; what is longer is cut */
/* Makes every text UTF-8 (str_mend_utf8()) and short enough: programs, files and engines are free
 * to say anything. */
void node_report_mend(struct node_report *r);
void node_report_free(struct node_report *r); /* what it points to, not `r` itself */
void observed_free(struct observed *o);
struct observed *observed_copy(const struct observed *o);
void check_spec_done(struct check_spec *c);
void check_spec_copy(struct check_spec *to, const struct check_spec *from);
