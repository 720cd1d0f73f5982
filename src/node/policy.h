/* What a node allows to be done to it: its own word, whatever its hub may ask for.
 *
 *   allow:
 *     - do: [unit.restart, container.*]
 *       on: [nginx.service, docker/plex]  # missing: everything
 *   deny:
 *     - do: container.remove
 *
 * A file replaces the default policy. Deny wins over allow; what Hydra itself and the way into the
 * machine need can't be stopped under any policy. Pure but for policy_load(). */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

#define POLICY_USUAL_PATH "/etc/hydra/agent.yaml"

enum {
    LIMIT_POLICY_FILE = 64 << 10,
    LIMIT_POLICY_RULES = 64, /* each of allow and deny */
    LIMIT_POLICY_WORDS = 64, /* of one `do` or `on` */
    LIMIT_POLICY_WORD = 256, /* bytes */
};

struct policy_rule {
    bool deny;
    bool fixed;            /* of Hydra itself, under any policy; doesn't travel */
    struct str_list verbs; /* "unit.restart", "unit.*", "logs": of command.h, and "logs" */
    /* Patterns with * and ?; none = everything. With "/" for a whole id ("docker/plex"), without
     * for what stands behind it; ".service" may be left out. "NAME-before-update" is NAME, too. */
    struct str_list targets;
};

struct policy {
    char *path;    /* of the file; "" = the default of the program */
    char *trouble; /* why the file does not count, and nothing is allowed; NULL */
    VEC(struct policy_rule) rules;
};

struct policy *policy_default(void);
/* -EINVAL, -E2BIG with "PATH line N: …". */
int policy_parse(const char *path, const char *text, size_t len, struct err *e,
                 struct policy **ret_p) MUST_CHECK;
/* The file; the default when `path` is NULL, or there is none and nobody `named` it; one that
 * allows nothing when it is broken. Never NULL. */
struct policy *policy_load(const char *path, bool named);
struct policy *policy_copy(const struct policy *p);
void policy_free(struct policy *p);
DEFINE_FREEP(struct policy, policy_free)

/* Is it under deny? (What is not may still not be allowed.) */
bool policy_denies(const struct policy *p, const char *verb, const char *target);

/* The verb `allows ACTION TARGET`, which polkit's rules ask: exit code for main(), 0 = the policy
 * of this machine allows it. */
int policy_main(int argc, char **argv);

/* 0 = allowed; -EACCES with the sentence. `verb`: a command's name, or "logs". */
int policy_check(const struct policy *p, const char *verb, const char *target,
                 struct err *e) MUST_CHECK;
/* May this flake be built and switched to? A rule of the policy has to name it letter by letter: a
 * wildcard names none. */
int policy_check_flake(const struct policy *p, const char *flake, struct err *e) MUST_CHECK;
/* May what is mounted there be mounted anew? Likewise only where a rule names it letter by letter.
 */
int policy_check_mount(const struct policy *p, const char *point, struct err *e) MUST_CHECK;
/* Beside that: may the container `id` be called `name`? Not when a name is under deny, nor when
 * more would be allowed then. */
int policy_check_rename(const struct policy *p, const char *id, const char *name,
                        struct err *e) MUST_CHECK;
