/* What was typed: a verb, its words, its options. One table of verbs serves parsing, help,
 * completion and the man page. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define LOCAL_SOCKET "/run/hydra-agent/hydra.sock" /* of the agent on this machine */

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_YAML, OUTPUT_CSV };

struct invocation;

struct option_def {
    const char *name;  /* "url" */
    char letter;       /* 0 = none */
    const char *value; /* what it takes, for help; NULL = a switch */
    const char *help;
    const char *choices; /* "table json yaml csv", for completion; NULL = anything */
};

struct verb {
    const char *words[2];  /* "service", "add" */
    const char *arguments; /* for help */
    const char *help;
    const struct option_def *options; /* ends with .name = NULL; NULL = none */
    int (*run)(struct invocation *v); /* exit code */
};

extern const struct verb verbs[];                /* ends with .run = NULL; in main.c */
extern const struct option_def global_options[]; /* ends with .name = NULL */

struct invocation {
    const struct verb *verb;
    struct str_list words;  /* after the verb */
    struct str_list values; /* "name=value" */
    enum output output;
    bool color;
};

/* -EINVAL with a sentence that names the nearest verb or option. */
int invocation_parse(int argc, char **argv, struct invocation *ret_v, struct err *e) MUST_CHECK;
void invocation_done(struct invocation *v);

const char *invocation_option(const struct invocation *v,
                              const char *name); /* NULL = not given; "" for a switch */
bool invocation_has(const struct invocation *v, const char *name);
