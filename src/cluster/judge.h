/* Judging: from what is known of a service to what people are told. Pure: no clock, no globals.
 *
 * judge() says what the evidence means now; `struct health` turns a row of judgements into a state
 * with a beginning, and damps what comes and goes. */
#pragma once

#include "cluster/cluster.h"

/* What the service's check says, retries counted. */
enum check_word {
    CHECK_NOT_SET,  /* there is none */
    CHECK_WAITING,  /* ordered; nothing came back yet */
    CHECK_GOOD,     /* answers as itself */
    CHECK_RETRYING, /* failed, but not often enough to count */
    CHECK_ERRORS,   /* answers, with an error */
    CHECK_DEAD,     /* does not answer, or something else does */
    CHECK_UNTRIED,  /* could not be carried out */
};

enum node_state { NODE_ONLINE, NODE_LATE, NODE_AWAY };
const char *node_state_name(enum node_state s);

struct evidence {
    bool manual;             /* no engine knows it: only the check speaks */
    enum observed_kind kind; /* the rest up to `why` as observed */
    enum observed_run run;
    enum observed_health health;
    bool on_purpose, has_exit, oom_killed;
    int exit_code;
    const char *why, *health_text; /* may be NULL */
    int64_t run_ms;                /* for how long in this run state */
    bool looping;
    uint32_t restarts_10min;
    enum node_state node;
    bool source_lost; /* the engine can't be asked now */
    const char *source_name;
    enum check_word check;
    bool check_automatic;   /* chosen by Hydra: proves, and warns once it has proved */
    const char *check_text; /* may be NULL */
    const char *check_asks; /* name of another service that holds the port the check asks; NULL */
    bool holds_port;        /* listens, and the port is held by its own process */
};

enum proof { PROOF_NONE, PROOF_AUTO, PROOF_SET };

enum { REASON_SIZE = 240 };
struct judgement {
    enum service_state state;
    enum proof proof;
    char reason[REASON_SIZE]; /* "" = nothing to say */
};

void judge(const struct evidence *e, struct judgement *ret);
/* "exit code 3: disk full", "killed by SIGKILL (out of memory)"; "" when nothing is known. */
void judge_ended_how(const struct evidence *e, char *ret, size_t size);

/* "killed by SIGKILL (out of memory)", "the program was not found"; "" when the code says nothing.
 * Codes: 128 + n for signal n, 126 and 127 by the shell's custom, 200 … by systemd.exec(5). */
enum { EXIT_MEANING_SIZE = 96 };
char *exit_meaning(int code, bool oom_killed, enum observed_kind kind, char ret[EXIT_MEANING_SIZE]);

/* --- over time --- */

enum {
    FLAP_WINDOW_MS = 10 * 60 * 1000,
    FLAP_CHANGES = 6, /* so many turns between well and not within the window: it flaps */
    FLAP_STEADY_MS = 3 * 60 * 1000, /* over once it has stood still for so long */
};

/* The state as told, and what is needed to damp it. Zero-initialise. */
struct health {
    struct judgement told;
    bool known;                  /* told holds something */
    int64_t since_ms;            /* wall: when the state began */
    int64_t turns[FLAP_CHANGES]; /* mono: the latest turns, oldest first */
    unsigned n_turns;
    bool was_well, flapping;
};

/* Feeds a judgement. Returns true when the state or the reason changed; *ret_from is the state
 * before. */
bool health_feed(struct health *h, const struct judgement *j, struct cluster_now now,
                 enum service_state *ret_from);
bool state_is_well(enum service_state s); /* healthy or unchecked */
