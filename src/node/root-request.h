/* What the agent may ask of hydra-agent-helper: the instance in the name of the unit that it has
 * systemd start, "hydra-generation@INSTANCE.service" or "hydra-root@INSTANCE.service". There is no
 * other way in. polkit's rules ask the same parser whether the machine's policy allows it
 * (`hydra-agent allows`), and the helper trusts nothing but what it parses here. Pure. */
#pragma once

#include "node/docker-json.h"
#include "node/nix-switch.h"
#include "node/policy.h"

/* What concerns generations, which a switch must not end; and everything else. */
#define ROOT_GENERATION_PREFIX "hydra-generation@"
#define ROOT_UNIT_PREFIX "hydra-root@"
#define ROOT_ANSWERS "/run/hydra-generation" /* one file for each request, by its id */

enum root_verb {
    ROOT_PLAN,    /* plan:GENERATION:ID */
    ROOT_SWITCH,  /* switch:GENERATION:test|reboot:WITHIN:ID */
    ROOT_REBUILD, /* rebuild:HASH:test|reboot:WITHIN:ID; the helper knows the flake from the
                       policy */
    ROOT_COLLECT, /* collect:DAYS:ID */
    ROOT_CONFIRM, /* confirm:ID, of the switch */
    ROOT_SETTLE,  /* settle: end what a crash left */
    ROOT_REMOUNT, /* remount:HASH:ID; the helper knows the mount point from the policy */
    ROOT_DISKS,   /* disks:ID: what smartctl says of each */
    ROOT_VACUUM,  /* vacuum:BYTES:SECONDS:ID, 0 = no bound: the journal's old files go */
    ROOT_EMPTY,   /* empty:CONTAINER:ID, by its name: what Docker kept of its output goes */
    ROOT_LOGS,    /* logs:ID: what Docker keeps of each container's output */
    ROOT_VERBS,
};

struct root_request {
    enum root_verb verb;
    char id[COMMAND_ID_SIZE]; /* "" = none */
    unsigned generation;      /* 0 = the one before the current */
    bool reboot;
    unsigned within_s, days;
    char hash[17]; /* root_hash() of a flake or a mount point */
    struct vacuum vacuum;
    char name[CONTAINER_NAME_SIZE]; /* of a container of Docker's */
};

/* -EINVAL. */
int root_request_parse(const char *instance, struct root_request *ret_r) MUST_CHECK;
/* "hydra-generation@switch:42:test:300:ID.service". mem_free(). */
char *root_request_unit(const struct root_request *r);
/* The instance of a unit name or observed id; NULL = it is none of ours. mem_free(). */
char *root_unit_instance(const char *unit);

/* -EINVAL when it does not read back from its unit's name: it was not to be asked (the ids of hubs
 * are small letters and digits). */
int root_request_reads_back(const struct root_request *r, struct err *e) MUST_CHECK;

/* Tells names apart, no more: the policy says which there are. */
void root_hash(const char *name, char ret_hash[17]);
/* The flake, or mount point, of that hash that the policy names and allows; NULL. */
const char *flake_find(const struct policy *p, const char *hash);
const char *mount_find(const struct policy *p, const char *hash);

/* Does the policy allow it, and machine.reboot where it takes one? Confirming and settling only end
 * what it allowed before; disks and logs are only looked at. */
int root_request_check(const struct root_request *r, const struct policy *p,
                       struct err *e) MUST_CHECK;
/* --- answers: a file each, "STATE\nSENTENCE\nOUTPUT" --- */

enum { LIMIT_ROOT_ANSWER = 5 << 20 }; /* bytes; only a report of many disks is long */
/* The ids of what is only looked at begin with these: they are the first to be forgotten. */
#define ROOT_DISKS_ID "disks-"
#define ROOT_LOGS_ID "logs-"
enum root_answer_state {
    ROOT_RUNNING, /* more follows */
    ROOT_DONE,    /* of a switch: it has begun, and its state tells the rest */
    ROOT_REFUSED, /* nothing was done */
    ROOT_FAILED,
};
const char *root_answer_state_name(enum root_answer_state s);

struct root_answer {
    enum root_answer_state state;
    char *text, *output; /* never NULL */
};
void root_answer_done(struct root_answer *a);

char *root_answer_file(const struct root_request *r); /* mem_free() */
void root_answer_print(enum root_answer_state s, const char *text, const char *output,
                       struct str *out);
int root_answer_parse(const char *text, size_t len, struct root_answer *ret_a) MUST_CHECK;
/* -ENOENT: none yet. Blocks for a moment. */
int root_answer_read(const char *file, struct root_answer *ret_a) MUST_CHECK;
