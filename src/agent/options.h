/* What hydra-agent is told on its command line. */
#pragma once

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

struct options {
    const char *verb; /* "run" when none is given */
    const char *word; /* what follows it; NULL = nothing */
    char *state;
    const char *policy;                  /* NULL = the usual path */
    char *docker;                        /* NULL = the usual places */
    char *loki;                          /* URL of its push API; NULL = logs are not pushed */
    const char *loki_tenant, *loki_auth; /* NULL = none */
    uint32_t loki_spool_mib;
    const char *unraid, *unraid_key; /* NULL = none */
    char *socket;                    /* for hydra --local; NULL = none */
    const char *socket_group;
    uint32_t trial_ms;    /* how long a new program has */
    uint32_t interval_ms; /* 0 = as the hub says */
    enum log_level log_level;
    enum log_format log_format;
};

enum { OPTIONS_TRIAL_MIN_S = 5, OPTIONS_TRIAL_MAX_S = 3600 };
enum { OPTIONS_INTERVAL_MIN = 100, OPTIONS_INTERVAL_MAX = 60000 };

/* -EINVAL with what to do. Texts are those of `argv`. Free with options_done(). */
int options_parse(int argc, char **argv, struct err *e, struct options *ret_o) MUST_CHECK;
void options_done(struct options *o);
void options_print_help(struct str *out);
