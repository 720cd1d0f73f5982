/* hydra: the command line. */
#include "cli/help.h"
#include "cli/verbs.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>

/* `hydra help service add` is `hydra service add --help`. */
static int help(int argc, char **argv)
{
    struct invocation v = {0};
    struct err e = {0};
    if (invocation_parse(argc, argv, &v, &e) < 0)
        return verb_fail(&e, -EINVAL);
    int code = v.verb ? help_verb(v.verb, stdout) : help_all();
    invocation_done(&v);
    return code;
}

int main(int argc, char **argv)
{
    struct invocation v = {0};
    struct err e = {0};
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0)
        return 2;
    if (argc < 2)
        return help_all();
    if (str_eq(argv[1], "help"))
        return help(argc - 1, argv + 1);
    if (str_eq(argv[1], "--version") || str_eq(argv[1], "version")) {
        puts("hydra " HYDRA_VERSION);
        return 0;
    }
    if (invocation_parse(argc, argv, &v, &e) < 0)
        return verb_fail(&e, -EINVAL);
    int code = !v.verb                      ? help_all()
               : invocation_has(&v, "help") ? help_verb(v.verb, stdout)
                                            : v.verb->run(&v);
    invocation_done(&v);
    return code;
}
