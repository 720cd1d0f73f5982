/* Between systemd.c and its neighbours. */
#pragma once

#include "node/outbox.h"
#include "node/systemd.h"

#include <systemd/sd-bus.h>

enum {
    UNIT_NAME_SIZE = 256,
    LIMIT_UNITS = 4096,
    INVOCATION_SIZE = 33,
    LIMIT_UNIT_PORTS = 32,
};

enum unit_type { UNIT_SERVICE, UNIT_SOCKET, UNIT_TIMER, UNIT_MOUNT, UNIT_OTHER };

struct unit_port {
    uint16_t port;
    bool udp;
};

struct systemd {
    struct node *node;
    struct bus *bus; /* NULL = away */
    struct loop_timer *retry, *relist, *settle;
    unsigned failures;  /* in a row */
    unsigned reading;   /* property calls that run */
    bool met;           /* was connected once */
    bool listed;        /* the loaded units are known by name */
    bool known;         /* and those that matter by their properties: they are told */
    bool files_known;   /* `enabled` is filled: systemd takes a second or two to work it out */
    bool full;          /* the units were listed again in that light */
    bool complete;      /* and all of them are told */
    bool reread;        /* the next list reads all properties again */
    struct map units;   /* name → struct unit */
    struct map enabled; /* names of the service files that start at boot */
    struct outbox out;
    int64_t expired_ms; /* mono: when units_expire() last ran */
};

/* One run of a unit. */
struct journal_run {
    const char *unit;  /* NULL or no time: lines that do not say their run are left out */
    uint64_t since_us; /* wall: when it began */
    char invocation[INVOCATION_SIZE];
};

/* A unit, as its properties say. Strings may be NULL before they were read. */
struct unit {
    struct systemd *s;
    char *name, *path; /* "ssh.service"; its D-Bus path */
    enum unit_type type;
    bool read;     /* its properties are known */
    bool due;      /* they are to be read (again) */
    bool dirty;    /* changed since it was told */
    bool listed;   /* seen by the list that is being read */
    bool unloaded; /* systemd has forgotten it; we remember that it ran */
    char *description, *load, *active, *sub, *file_state, *fragment, *result, *service_type,
        *cgroup, *command, *status_text;
    char invocation[INVOCATION_SIZE]; /* hex; "" = never ran */
    struct str_list requires, wants, after, triggers;
    uint64_t active_us, inactive_us, main_start_us, main_exit_us,
        condition_us; /* wall; 0 = never */
    uint32_t restarts, main_pid;
    int32_t exit_code, exit_status; /* CLD_EXITED …, and what goes with it */
    uint32_t job;                   /* id of the job that waits or runs; 0 = none */
    bool condition;                 /* how its Condition…= came out at `condition_us` */
    bool asked;                     /* a job (a person's, or another unit's) ended it */
    VEC(struct unit_port) ports;    /* of a socket unit */
    /* From the journal. */
    char *line;                  /* its last error; NULL */
    struct journal_run line_for; /* where it was looked for */
    int64_t line_ms;             /* mono: when that was */
    struct loop_timer *wait;     /* until journald has the last lines */
    struct journal_search *search;
    sd_bus_slot *call;     /* its properties are being read */
    struct observed *seen; /* as last told; NULL = not told */
};

/* --- systemd-units.c: the list --- */

int units_list(struct systemd *s) MUST_CHECK; /* asks for it */
void units_relist(struct systemd *s); /* soon, with what starts at boot and all properties */
/* Is a unit worth its properties, as far as name and state tell? */
bool units_want(const struct systemd *s, const char *name, const char *active);
struct unit *units_add(struct systemd *s, const char *name, const char *path); /* or finds it */
void units_unload(struct unit *u); /* systemd has forgotten it: so do we, unless it ran lately */

void units_flush(struct systemd *s);                   /* tells what changed, reads what is due */
void units_expire(struct systemd *s, int64_t wall_ms); /* forgets what was stopped a day ago */
void units_drop_all(struct systemd *s);
void systemd_lose(struct systemd *s); /* the connection is of no use; from any handler */
/* The connection, for calls of actions; NULL = away. It ends with commands_bus_lost(). */
struct bus *systemd_bus(struct node *n);

/* --- systemd-signals.c --- */

int units_watch(struct systemd *s) MUST_CHECK; /* matches, Subscribe, the first list */

/* --- systemd-unit.c, systemd-property.c: pure --- */

struct unit *unit_new(struct systemd *s, const char *name, const char *path);
void unit_free(struct unit *u);
enum unit_type unit_type_of(const char *name);
void unit_forget_lists(struct unit *u); /* before all properties are read anew: lists only grow */
/* Reads a{sv}; unknown properties are skipped. Marks it dirty when something changed. */
int unit_read_properties(struct unit *u, sd_bus_message *m) MUST_CHECK;
bool unit_is_up(const char *active); /* anything but inactive and failed */
/* Is it worth telling? */
bool unit_matters(const struct unit *u);
/* As the node tells it, but for ports and dependencies. */
struct observed *unit_observe(const struct unit *u, int64_t wall_ms);
struct journal_run unit_run(const struct unit *u); /* the last one; points into `u` */
/* Why it failed, of systemd's own words: "exit code 1"; NULL when it did not. The caller frees. */
char *unit_failure(const struct unit *u);

/* --- systemd-plumbing.c: pure --- */

/* The system's own: told only when it has failed. */
bool unit_is_plumbing(const char *name);

/* --- systemd-journal.c --- */

typedef void journal_fn(void *arg,
                        char *line); /* ownership of `line` moves; NULL = nothing found */

/* Looks, on a thread, for the last error of one run of a unit. `folder` NULL = the system's
 * journal. */
struct journal_search *journal_find(struct loop *loop, const char *folder,
                                    const struct journal_run *run, journal_fn *on_done, void *arg);
/* The same for its last lines, a newline behind each. */
struct journal_search *journal_tail(struct loop *loop, const char *folder,
                                    const struct journal_run *run, journal_fn *on_done, void *arg);
void journal_cancel(struct journal_search *s);
/* The searches themselves; for tests and for the thread. */
char *journal_last_error(const char *folder, const struct journal_run *run);
char *journal_last_lines(const char *folder, const struct journal_run *run);

/* --- systemd-bus.c: sd-bus on libuv --- */

struct bus;

struct bus_events {
    void *arg;
    void (*on_idle)(void *arg);            /* all messages that were there are handled */
    void (*on_lost)(void *arg, int error); /* the connection is gone; call bus_free() later */
};

/* Connects; never blocks. -ENOENT no socket, -EACCES, -ECONNREFUSED … `address`: NULL = the system
 * bus, or systemd's private socket where there is no bus. */
int bus_open(struct loop *loop, const char *address, const struct bus_events *events,
             struct bus **ret_bus) MUST_CHECK;
void bus_free(struct bus *b);
sd_bus *bus_sd(struct bus *b);
/* After calls were queued from outside a message handler. */
void bus_flush(struct bus *b);
