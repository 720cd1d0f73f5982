/* A switch of a NixOS machine to another system, as the file tells that outlives every program that
 * takes part in it. hydra-agent-helper (root) writes it, the agent reads it.
 *
 * One line each, "KEY VALUE"; the first is "hydra-switch 1". Unknown keys are left alone, what is
 * missing or makes no sense is an error: nothing is done by half a file. */
#pragma once

#include "node/command.h"

#define SWITCH_FOLDER "/var/lib/hydra-switch"
#define SWITCH_FILE SWITCH_FOLDER "/state"
#define SWITCH_DAMAGED SWITCH_FILE ".damaged" /* one that made no sense, put aside */

enum {
    LIMIT_SWITCH_FILE = 16 << 10,
    LIMIT_SWITCH_TEXT = 400, /* bytes of `text` */
    SWITCH_BOOT_SIZE = 40,
    SWITCH_WITHIN_S = 300, /* for the hub's confirm, unless the order says otherwise */
    SWITCH_WITHIN_MIN_S = 10,
    SWITCH_WITHIN_MAX_S = 3600,
    SWITCH_PARTLY = 4, /* exit code of switch-to-configuration: done, but some units failed */
};

/* The decision falls when CONFIRMING or ROLLING_BACK is written: from there it only goes forward.
 */
enum switch_phase {
    SWITCH_ARMED,        /* the way back stands, or is about to; nothing was changed */
    SWITCH_ACTIVATING,   /* the new system's `test` runs */
    SWITCH_BOOTING,      /* the machine was told to start with the new system, once */
    SWITCH_WAITING,      /* the new one runs, and waits for the hub's word */
    SWITCH_CONFIRMING,   /* it stays: profile and boot loader follow */
    SWITCH_ROLLING_BACK, /* the old one comes back */
    SWITCH_CONFIRMED,    /* over: new */
    SWITCH_ROLLED_BACK,  /* over: old */
    SWITCH_PHASES,
};
const char *switch_phase_name(enum switch_phase p); /* "armed" */
/* What a person reads meanwhile: "waiting for health". */
const char *switch_phase_step(enum switch_phase p);
static inline bool switch_is_over(enum switch_phase p)
{
    return p >= SWITCH_CONFIRMED;
}

struct switch_state {
    enum switch_phase phase;
    char id[COMMAND_ID_SIZE]; /* of the command */
    bool reboot;              /* over a reboot */
    unsigned number;          /* the generation; 0 = what was built, and is none yet */
    unsigned from_number;     /* the one that is `from` */
    unsigned within_s;
    int exit_code;               /* of the new system's `test`; -1 = it has not ended */
    char boot[SWITCH_BOOT_SIZE]; /* the machine's run in which the phase was written */
    int64_t until_ms;            /* wall: when the way back is taken */
    char *from, *to;             /* paths in the store */
    char *text;                  /* why it ended so; "" */
};
void switch_state_done(struct switch_state *s);

/* -EINVAL, -E2BIG with a sentence. */
int switch_state_parse(const char *text, size_t len, struct err *e,
                       struct switch_state *ret_s) MUST_CHECK;
void switch_state_print(const struct switch_state *s, struct str *out);

/* -ENOENT: there was never one. Blocks. */
int switch_state_read(const char *path, struct err *e, struct switch_state *ret_s) MUST_CHECK;

/* Writes a file as a whole: on disk, name and all, when it returns 0. */
int switch_write_file(const char *path, const struct str *text, struct err *e) MUST_CHECK;
