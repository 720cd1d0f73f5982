/* hydra-agent: watches one machine and tells its hub. */
#include "agent/verbs.h"
#include "node/node.h"
#include "node/policy.h"
#include "node/version.h"
#include "rpc/reasons.h"

#include <sodium.h>
#include <stdio.h>

static int verb_version(const struct options *o)
{
    (void)o;
    printf("hydra-agent %s\n", agent_version());
    return 0;
}

static int verb_help(const struct options *o);

static const struct verb {
    const char *name, *arguments, *help;
    int (*run)(const struct options *o);
} verbs[] = {
    {"run", "", "watch this machine and tell its hub (the default)", verb_run},
    {"enroll", "TOKEN|-|@FILE",
     "make this machine a node of Hydra; `hydrad node add NAME` prints a token", verb_enroll},
    {"version", "", "print the version", verb_version},
    {"help", "", "print this", verb_help},
};

static int verb_help(const struct options *o)
{
    AUTO(str_done) struct str out = {0};
    (void)o;
    str_add(&out, "usage: hydra-agent [VERB] [--OPTION VALUE …]\n\n");
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        str_addf(&out, "  %s %s\n      %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
    str_add(&out, "\nOptions, also as HYDRA_AGENT_NAME in the environment:\n\n");
    options_print_help(&out);
    fputs(out.p, stdout);
    return 0;
}

static int unknown_verb(const char *typed)
{
    const char *names[COUNT_OF(verbs) + 1] = {NULL};
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        names[i] = verbs[i].name;
    const char *near = str_nearest(typed, names);
    fprintf(stderr,
            "hydra-agent: %s is no verb of hydra-agent%s%s%s `hydra-agent help` lists them.\n",
            typed, near ? "; did you mean " : ".", near ? near : "", near ? "?" : "");
    return 2;
}

static int run(const struct options *o)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (str_eq(verbs[i].name, o->verb))
            return verbs[i].run(o);
    return unknown_verb(o->verb);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct err e = {0};
    if (argc > 1 && str_eq(argv[1], "node-probe"))
        return node_probe_main(argc, argv);
    if (argc > 1 && str_eq(argv[1], "allows"))
        return policy_main(argc, argv);
    reasons_postpone();
    if (sodium_init() < 0) {
        fputs("hydra-agent: the system has no source of randomness\n", stderr);
        return 1;
    }
    if (options_parse(argc, argv, &e, &o) < 0) {
        fprintf(stderr, "hydra-agent: %s\n", e.text);
        return 2;
    }
    log_configure(o.log_level, o.log_format);
    int code = run(&o);
    options_done(&o);
    return code;
}
