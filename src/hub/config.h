/* hydrad's settings: one table; each may come from the command line, the environment, a file, or
 * its default.
 *
 * `--data DIR`, `HYDRA_DATA=DIR`, `data: DIR` in hydrad.yaml. Unknown names are errors that suggest
 * the nearest one. */
#pragma once

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

enum setting {
    SETTING_CONFIG,
    SETTING_DATA,
    SETTING_LISTEN,
    SETTING_DATABASE,
    SETTING_HOSTS,
    SETTING_TRUSTED_PROXIES,
    SETTING_AGENTS,
    SETTING_AGENTS_ADDRESS,
    SETTING_AGENT_PROGRAMS,
    SETTING_NODE,
    SETTING_DOCKER,
    SETTING_JOURNAL,
    SETTING_LOKI,
    SETTING_LOKI_TENANT,
    SETTING_LOKI_AUTH,
    SETTING_LOKI_SPOOL,
    SETTING_DEMO,
    SETTING_WORKERS,
    SETTING_STREAMS,
    SETTING_CONNECTIONS,
    SETTING_LOG_LEVEL,
    SETTING_LOG_FORMAT,
    SETTING_COUNT,
};

enum setting_source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE };

struct config {
    char *value[SETTING_COUNT]; /* never NULL once loaded */
    enum setting_source source[SETTING_COUNT];
    char *file;           /* the file that was read; NULL = none */
    struct str_list rest; /* arguments that are no settings, in order */
};

/* Reads `argv[1 …]`, the environment and the file. Options that are in `extra` (NULL-terminated,
 * without "--") take a value, but those that end with '!' there, and are kept in `rest` as
 * "--name=value". -EINVAL with a sentence. */
int config_load(struct config *c, int argc, char **argv, const char *const *extra,
                struct err *e) MUST_CHECK;
void config_done(struct config *c);

/* The value of "--name=…" in `rest`, or NULL. */
const char *config_option(const struct config *c, const char *name);

uint32_t config_number(const struct config *c, enum setting s);
enum log_level config_log_level(const struct config *c);
enum log_format config_log_format(const struct config *c);

/* "sqlite:DATA/hydra.db" unless a database is named. The caller frees. */
char *config_database_url(const struct config *c);

/* `hydrad config`: every setting, its value (a password in a URL masked) and where it comes from.
 */
void config_print(const struct config *c, struct str *out);
void config_print_help(struct str *out);
