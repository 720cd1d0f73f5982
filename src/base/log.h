/* Logging to stderr: one line per entry, `key=value` after the message, or one JSON object
 * with the same fields as strings.
 *
 * Journald-aware: when stderr is the journal each line carries its priority ("<6>"). Libraries and
 * domain code log at debug only; whoever decides logs once. Peer strings go through LOG_Q():
 * quoted, control characters escaped. Secrets never. Any thread. */
#pragma once

#include "base/mem.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

void log_configure(enum log_level level, enum log_format format);
int log_level_parse(const char *name, enum log_level *ret_level) MUST_CHECK; /* -EINVAL */
bool log_enabled(enum log_level level);

/* log_write(LOG_LEVEL_INFO, "http", "listening", "addr=%s tls=%d", addr, tls): component, message,
 * then fields. */
void log_write(enum log_level level, const char *component, const char *message, const char *fields,
               ...) PRINTF(4, 5);

#define log_error(component, message, ...)                                                         \
    log_write(LOG_LEVEL_ERROR, component, message, __VA_ARGS__)
#define log_warn(component, message, ...) log_write(LOG_LEVEL_WARN, component, message, __VA_ARGS__)
#define log_info(component, message, ...) log_write(LOG_LEVEL_INFO, component, message, __VA_ARGS__)
#define log_debug(component, message, ...)                                                         \
    do {                                                                                           \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                          \
            log_write(LOG_LEVEL_DEBUG, component, message, __VA_ARGS__);                           \
    } while (0)

enum { LOG_Q_SIZE = 256 };

/* Quotes a peer's string for a log line, cut to LOG_Q_SIZE. Usage: "path=%s", LOG_Q(path). */
const char *log_quote(const char *s, char ret_text[LOG_Q_SIZE]);
#define LOG_Q(s) log_quote(s, (char[LOG_Q_SIZE]){0})
