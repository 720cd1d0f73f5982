/* One machine: runs collectors each second, watches Docker, systemd and listening sockets, carries
 * out checks, and hands reports to a sink. Lives on one loop (a thread of its own in hydrad); needs
 * no configuration.
 *
 * Everything that can be absent (Docker, D-Bus, a GPU) is retried and shows as a source. Nothing is
 * forked but probes that may hang: those run `/proc/self/exe node-probe …` with a deadline
 * (node_probe_main()). */
#pragma once

#include "base/err.h"
#include "io/loop.h"
#include "node/report.h"

struct node;

/* Where the logs of this machine are pushed to, too (loki.h). */
struct node_loki {
    const char *url;         /* as node_loki_url() gives it; NULL or "" = nowhere */
    const char *tenant;      /* of a Loki that has several; NULL or "" = none */
    const char *credentials; /* file: "user:password", or a bearer token; NULL or "" = none */
    const char *host;        /* the label "host"; NULL or "" = the machine's name */
    uint32_t spool_mib;      /* most that waits for Loki on disk */
};
enum { LOKI_SPOOL_USUAL_MIB = 64, LOKI_SPOOL_MIN_MIB = 4, LOKI_SPOOL_MAX_MIB = 65536 };

/* A person's address of Loki: "http://loki:3100", or that of its push API. -EINVAL with what to
 * write. The caller frees. */
int node_loki_url(const char *text, struct err *e, char **ret_url) MUST_CHECK;

/* How this program puts a newer one in its place, for the command agent.upgrade: its owner knows.
 * On the loop. */
struct node_upgrader {
    /* Begins; tells by node_upgrade_step(), ends by node_upgrade_end() or with this process. NULL:
     * nobody can. */
    void (*start)(void *arg, const char *version);
    void (*stop)(void *arg); /* lets go of it; nothing is told after */
    /* After this program was started in the midst of it: 1 = it is on trial and goes on, 0 = it is
     * that version and stays, negative = it came to nothing, with the sentence. */
    int (*resume)(void *arg, const char *version, struct err *e);
    void *arg;
};

struct node_settings {
    uint32_t interval_ms; /* of the metric tick: 1,000 */
    const char *root;     /* prefix for /proc, /sys, /etc, /run: "" or a recorded tree in tests */
    const char *docker_host; /* "unix:///run/docker.sock"; NULL = the usual places, then Podman's */
    const char *dbus_address; /* NULL = the system bus */
    const char *journal;      /* folder of the journal; NULL = the system's own */
    const char *policy;       /* what commands it allows: a YAML file; NULL = the default policy */
    bool policy_named;        /* a person named that file: without it nothing is allowed */
    const char *state_dir;    /* where outcomes of commands outlive a restart; NULL = in memory */
    const char *unraid_url;   /* of Unraid's page; NULL = http://127.0.0.1 */
    const char *unraid_key;   /* a file with a key of its API; NULL = it is not asked */
    struct node_loki loki;    /* needs a state_dir */
    const char *nvml_library; /* NULL = libnvidia-ml.so.1 */
    struct node_upgrader upgrader;
    void (*report)(void *arg, struct node_report *r); /* on the node's loop; ownership moves */
    void *arg;
};

struct node *node_new(struct loop *loop, const struct node_settings *settings);
void node_start(struct node *n); /* on the loop */
/* The hub is another one, or this is another node of it: its commands are numbered anew. On the
 * loop. */
void node_commands_restart(struct node *n);
void node_free(struct node *n); /* on the loop */

/* The metric tick comes so often from now on. On the loop. */
void node_set_interval(struct node *n, uint32_t interval_ms);

/* Replaces the list of checks; running ones that stay the same keep their schedule. On the loop;
 * specs are copied. */
void node_set_checks(struct node *n, const struct check_spec *specs, size_t n_specs);

/* Checks one service now, whatever its interval. On the loop. -ENOENT. */
int node_check_now(struct node *n, const char *service);

/* Carries out a command, or refuses it; each outcome is a report (REPORT_OUTCOME, or REPORT_LOCAL
 * where `c` is of this machine), the last one not OUTCOME_RUNNING. On the loop; `c` is copied. */
void node_command(struct node *n, const struct command *c);
/* Another command than agent.upgrade is at work. On the loop. */
bool node_is_busy(struct node *n);
/* Of the agent.upgrade that is at work; on the loop. The latter ends it. */
void node_upgrade_step(struct node *n, const char *step);
void node_upgrade_end(struct node *n, enum outcome_state state, const char *text);

/* Tells the outcome of a command that was given before: the last one, or OUTCOME_UNKNOWN; while its
 * log can't be read OUTCOME_RUNNING, so that it is asked for again. On the loop. */
void node_command_query(struct node *n, const char *id);

/* The hidden verb `node-probe`: a probe that may hang, in a process of its own. Exit code for
 * main(). */
int node_probe_main(int argc, char **argv);
