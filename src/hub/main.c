/* hydrad: the control plane. */
#include "hub/commands-private.h"
#include "hub/config.h"
#include "hub/serve.h"
#include "node/node.h"
#include "node/policy.h"

#include <sodium.h>
#include <stdio.h>

static int command_config(const struct config *c)
{
    struct str out = {0};
    config_print(c, &out);
    fputs(str_text(&out), stdout);
    str_done(&out);
    return 0;
}

static int command_version(const struct config *c)
{
    (void)c;
    puts("hydrad " HYDRA_VERSION);
    return 0;
}

static int command_help(const struct config *c);

/* One line per verb; `words` are the leading words that choose it. */
static const struct verb {
    const char *words[2], *arguments, *help;
    int (*run)(const struct config *c);
} verbs[] = {
    {{"serve"}, "", "run the control plane (the default)", serve},
    {{"config"}, "", "print every setting and where it comes from", command_config},
    {{"user", "add"},
     "NAME --role ROLE [--limits LIMITS] [--password-file FILE]",
     "create a user",
     command_user_add},
    {{"token", "add"},
     "NAME --user USER --scope PERMISSION[,…] [--expires 90d]",
     "create an API token and print it",
     command_token_add},
    {{"node", "add"},
     "NAME [--ttl 15m] [--replace]",
     "make a token that lets one machine in, and print it",
     command_node_add},
    {{"node", "list"}, "", "print the nodes with agents of their own", command_node_list},
    {{"node", "rm"}, "NAME", "remove a node", command_node_rm},
    {{"node", "reset"}, "", "forget all nodes: when seal.key is lost", command_node_reset},
    {{"keys", "rotate"},
     "[--within 7d]",
     "change the key that agents know the hub by, without enrolling them anew",
     command_keys_rotate},
    {{"keys", "list"}, "", "the key of the hub, and how far a change of it is", command_keys_list},
    {{"reset-password"},
     "NAME [--password-file FILE]",
     "give a user a new password",
     command_reset_password},
    {{"audit", "verify"}, "", "check the chain of the audit log", command_audit_verify},
    {{"migrate"}, "", "bring the database up to date", command_migrate},
    {{"backup"}, "FILE", "copy the database while it is in use (SQLite)", command_backup},
    {{"restore"}, "FILE", "put a backup in place of the database", command_restore},
    {{"copy-database"},
     "--to URL",
     "copy everything into another, empty database",
     command_copy_database},
    {{"version"}, "", "print the version", command_version},
    {{"help"}, "", "print this", command_help},
};

static int command_help(const struct config *c)
{
    (void)c;
    struct str out = {0};
    str_add(&out, "usage: hydrad [VERB] [--SETTING VALUE …]\n\n");
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        str_addf(&out, "  %s%s%s %s\n      %s\n", verbs[i].words[0], verbs[i].words[1] ? " " : "",
                 verbs[i].words[1] ? verbs[i].words[1] : "", verbs[i].arguments, verbs[i].help);
    str_add(&out, "\nSettings, also as HYDRA_NAME in the environment and as `name: value` in "
                  "hydrad.yaml:\n\n");
    config_print_help(&out);
    fputs(str_text(&out), stdout);
    str_done(&out);
    return 0;
}

static const struct verb *find_verb(const struct config *c)
{
    const char *first = command_word(c, 0), *second = command_word(c, 1);
    if (!first)
        return &verbs[0];
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (str_eq(verbs[i].words[0], first) &&
            (!verbs[i].words[1] || str_eq(verbs[i].words[1], second)))
            return &verbs[i];
    return NULL;
}

static int unknown_verb(const char *typed)
{
    const char *names[COUNT_OF(verbs) + 1] = {NULL};
    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        names[i] = verbs[i].words[0];
    const char *near = str_nearest(typed, names);
    bool half = near && str_eq(near, typed); /* "user" without "add" */
    fprintf(stderr, "hydrad: %s is no verb of hydrad%s%s%s `hydrad help` lists them.\n", typed,
            half || !near ? "." : "; did you mean ", half || !near ? "" : near,
            half || !near ? "" : "?");
    return 2;
}

static int run(int argc, char **argv)
{
    static const char *const extra[] = {"role",    "limits", "password-file", "user",     "scope",
                                        "expires", "to",     "ttl",           "replace!", "within",
                                        NULL};
    struct config c = {0};
    struct err e = {0};
    int code = 2;
    if (argc == 2 && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h")))
        argv[1] = "help";
    if (argc == 2 && str_eq(argv[1], "--version"))
        argv[1] = "version";
    if (config_load(&c, argc, argv, extra, &e) < 0) {
        fprintf(stderr, "hydrad: %s\n", e.text);
    } else {
        log_configure(config_log_level(&c), config_log_format(&c));
        const struct verb *v = find_verb(&c);
        code = v ? v->run(&c) : unknown_verb(command_word(&c, 0));
    }
    config_done(&c);
    return code;
}

int main(int argc, char **argv)
{
    if (argc > 1 && str_eq(argv[1], "node-probe"))
        return node_probe_main(argc, argv);
    if (argc > 1 && str_eq(argv[1], "allows"))
        return policy_main(argc, argv);
    if (sodium_init() < 0) {
        fputs("hydrad: the system has no source of randomness\n", stderr);
        return 1;
    }
    return run(argc, argv);
}
