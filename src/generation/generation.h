/* Between the files of hydra-agent-helper. It runs one request to its end, alone, as root; whatever
 * it does may be cut off at any moment. Everything blocks. */
#pragma once

#include "node/nix-generations.h"
#include "node/root-request.h"

#define ROLLBACK_TIMER "hydra-rollback.timer"
#define ROLLBACK_SERVICE "hydra-rollback.service"
#define ACTIVATE_SERVICE "hydra-activate.service"
#define SETTLE_SERVICE "hydra-settle.service"
#define ACTIVATE_LOG SWITCH_FOLDER "/activate.log"
#define ROOT_TO "/nix/var/nix/gcroots/hydra-switch-to"
#define ROOT_FROM "/nix/var/nix/gcroots/hydra-switch-from"
#define ROOT_BUILT "/nix/var/nix/gcroots/hydra-switch-built"

enum {
    DRY_RUN_MS = 3 * 60 * 1000,
    REALISE_MS = 10 * 60 * 1000,
    BACK_MS = 15 * 60 * 1000, /* for the old system's `test` */
    BOOT_MS = 10 * 60 * 1000, /* for the boot loader */
    BUILD_MS = 6 * 60 * 60 * 1000,
    COLLECT_MS = 2 * 60 * 60 * 1000,
    TRIES = 3,
    TRY_AGAIN_S = 2,
    LIMIT_SAID = 12 << 10, /* bytes kept of what a program says */
};

/* Names a moment for the tests' build, which ends the program or the machine there. */
#ifdef HYDRA_STAGES
void stage(const char *name);
#else
static inline void stage(const char *name)
{
    (void)name;
}
#endif

/* --- answers --- */

/* What the asker reads. `output` may be NULL. */
void answer(const char *id, enum root_answer_state state, const char *text, const char *output);

/* Of what is only looked at, by the begin of its ids: what is long read. */
void forget_reports(const char *prefix);

/* --- state (state.c) --- */

/* Nobody else changes anything until this program ends. -EBUSY when somebody does and `wait_s` is
 * over. */
int state_lock(unsigned wait_s, struct err *e) MUST_CHECK;
/* 1 = there is one; 0 = there never was. */
int state_load(struct switch_state *ret_s, struct err *e) MUST_CHECK;
bool state_is_nonsense(int r); /* what state_load() says of a file that is damaged */
/* The same under the lock: what is damaged is put aside, once and with a word, and is none. */
int state_load_or_put_aside(struct switch_state *ret_s, struct err *e) MUST_CHECK;
/* Writes it, with this run of the machine; aborts nothing when it can't. */
int state_save(struct switch_state *s, struct err *e) MUST_CHECK;
/* The same with another phase. */
int state_enter(struct switch_state *s, enum switch_phase phase, struct err *e) MUST_CHECK;
bool state_is_of_this_boot(const struct switch_state *s);
void read_boot_id(char ret_id[SWITCH_BOOT_SIZE]);

/* What runs, or was booted: a path in the store; NULL. mem_free(). */
char *system_running(void);
char *system_booted(void);

/* --- programs (run.c) --- */

/* Runs it; what it said, the last of it. Its exit code, or -errno. */
int run_said(const char *const *argv, uint32_t deadline_ms, struct err *e,
             struct str *ret_said) MUST_CHECK;
/* "SYSTEM/bin/switch-to-configuration ACTION", for minutes after somebody else's: its exit code, or
 * -errno. */
int run_switch(const char *system, const char *action, uint32_t deadline_ms, struct err *e,
               struct str *ret_said) MUST_CHECK;
/* Does somebody else switch this machine right now? */
bool switch_is_locked(void);
/* A link that keeps the garbage collector away. */
int root_path(const char *link, const char *target, struct err *e) MUST_CHECK;

/* --- systemd (manager.c) --- */

struct transient {
    const char *name, *description;
    const char *const *argv; /* an absolute path first */
    const char *const *stop; /* what is run after it ended, however; NULL */
    const char *after;       /* a unit; NULL */
    const char *output;      /* a file; NULL = the journal */
    bool again;              /* when it fails */
};
int manager_run(const struct transient *t, struct err *e) MUST_CHECK;
/* Runs it in so many seconds, unless its timer is stopped. */
int manager_arm(const char *timer, unsigned seconds, const struct transient *t,
                struct err *e) MUST_CHECK;
int manager_start(const char *unit, struct err *e) MUST_CHECK;
/* Until its start has come to an end, or is called off. -EIO: it failed. */
int manager_start_wait(const char *unit, int64_t wait_ms, struct err *e) MUST_CHECK;
/* Until it is down, by force in the end. */
int manager_stop(const char *unit, struct err *e) MUST_CHECK;
bool manager_is_active(const char *unit);
/* "active", "inactive", "failed", "activating" …; "unknown" when systemd can't be asked. mem_free()
 */
char *manager_state(const char *unit);
int manager_reboot(struct err *e) MUST_CHECK;

/* --- the work: each returns 0 or an error, and has answered --- */

int begin_plan(const struct root_request *r);
int begin_switch(const struct root_request *r);
int begin_rebuild(const struct root_request *r);
int collect(const struct root_request *r);
/* Of one that was cut off: what the boot loader lists. */
bool collect_is_cut_off(void);
int finish_collect(void);
int confirm(const struct root_request *r);
/* `late`: the timer has run out. */
int settle(bool late);
/* The same at the start of the machine, without waiting for its end. */
int settle_at_boot(void);
/* The new system's `test` has ended; systemd's environment says how. */
int activated(void);
/* To the old system, and tells why. */
int roll_back(struct switch_state *s, const char *why) MUST_CHECK;
/* Those that keep a switch's systems: while there is none. */
void forget_roots(void);
/* Of a mount point: unmounted as gently as it lets itself be, and mounted by its own unit or line.
 */
int remount(const struct root_request *r);
/* What smartctl says of each disk, in the answer's output (node/smart-run.h). */
int ask_disks(const struct root_request *r);
/* logs.c: the journal's old files; one container's log; how big those of all are, in the answer's
 * output (node/container-logs.h). */
int vacuum_journal(const struct root_request *r);
int empty_log(const struct root_request *r);
int list_logs(const struct root_request *r);
/* What the machine starts with from now on: a generation, 0 = it becomes one. */
int make_default(unsigned number, const char *system, struct err *e) MUST_CHECK;
/* The way back, for what takes `seconds` from now. */
int arm(const struct switch_state *s, unsigned seconds, struct err *e) MUST_CHECK;
