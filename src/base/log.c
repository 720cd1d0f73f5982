#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic enum log_level max_level = LOG_LEVEL_INFO;
static _Atomic enum log_format out_format = LOG_FORMAT_TEXT;
static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_configure(enum log_level level, enum log_format format)
{
    max_level = level;
    out_format = format;
}

int log_level_parse(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++)
        if (str_eq(name, level_names[i])) {
            *ret_level = (enum log_level)i;
            return 0;
        }
    return -EINVAL;
}

bool log_enabled(enum log_level level)
{
    return level <= max_level;
}

const char *log_quote(const char *s, char ret_text[LOG_Q_SIZE])
{
    size_t n = 0;
    ret_text[n++] = '"';
    for (; s && *s && n < LOG_Q_SIZE - 6; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == 0x7f) {
            n += (size_t)snprintf(ret_text + n, 5, "\\x%02x", c);
        } else {
            if (c == '"' || c == '\\')
                ret_text[n++] = '\\';
            ret_text[n++] = (char)c;
        }
    }
    ret_text[n++] = '"';
    ret_text[n] = 0;
    return ret_text;
}

/* systemd names the journal's socket, and what a unit starts inherits the name: it holds only where
 * stderr still is that socket (systemd.exec(5)). */
static bool is_journal(int fd)
{
    const char *named = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat s;
    return named && sscanf(named, "%llu:%llu", &device, &inode) == 2 && fstat(fd, &s) == 0 &&
           s.st_dev == device && s.st_ino == inode;
}

/* journald takes "<N>" at a line's start as syslog priority (sd-daemon(3)), and has its own time.
 */
static void add_text(struct str *out, enum log_level level, const char *component,
                     const char *message, const char *fields)
{
    static const char *const priority[] = {"<3>", "<4>", "<6>", "<7>"};
    char time[CLOCK_RFC3339_SIZE];
    if (is_journal(STDERR_FILENO))
        str_add(out, priority[level]);
    else
        str_addf(out, "%s ", clock_rfc3339(clock_wall_ms(), time));
    str_addf(out, "%-5s %s: %s", level_names[level], component, message);
    if (*fields)
        str_addf(out, " %s", fields);
}

/* One value of `key=value …`, quoted by log_quote() or up to the next space. Returns its end. */
static const char *take_value(const char *s, struct str *ret_value)
{
    if (*s != '"') {
        size_t n = strcspn(s, " ");
        str_add_n(ret_value, s, n);
        return s + n;
    }
    for (s++; *s && *s != '"'; s++) {
        if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
            s++;
        str_add_char(ret_value, *s);
    }
    return *s ? s + 1 : s;
}

static void add_members(struct jw *w, const char *fields)
{
    struct str key = {0}, value = {0};
    while (*fields) {
        size_t n = strcspn(fields, "= ");
        str_clear(&key);
        str_clear(&value);
        str_add_n(&key, fields, n);
        fields += n;
        if (*fields == '=')
            fields = take_value(fields + 1, &value);
        if (key.len)
            jw_key_str(w, key.p, str_text(&value));
        fields += strspn(fields, " ");
    }
    str_done(&key);
    str_done(&value);
}

static void add_json(struct str *out, enum log_level level, const char *component,
                     const char *message, const char *fields)
{
    char time[CLOCK_RFC3339_SIZE];
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key_str(&w, "time", clock_rfc3339(clock_wall_ms(), time));
    jw_key_str(&w, "level", level_names[level]);
    jw_key_str(&w, "component", component);
    jw_key_str(&w, "message", message);
    if (*fields) {
        jw_key(&w, "fields");
        jw_object(&w);
        add_members(&w, fields);
        jw_end_object(&w);
    }
    jw_end_object(&w);
}

void log_write(enum log_level level, const char *component, const char *message, const char *fields,
               ...)
{
    if (!log_enabled(level))
        return;
    struct str text = {0}, out = {0};
    va_list ap;
    va_start(ap, fields);
    str_addv(&text, fields, ap);
    va_end(ap);
    if (out_format == LOG_FORMAT_JSON)
        add_json(&out, level, component, message, str_text(&text));
    else
        add_text(&out, level, component, message, str_text(&text));
    str_add_char(&out, '\n');
    ssize_t ignored = write(STDERR_FILENO, out.p, out.len);
    (void)ignored;
    str_done(&text);
    str_done(&out);
}
