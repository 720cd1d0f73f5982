#include "node/loki-private.h"

#include <ctype.h>

/* --- names --- */

/* Of an instance "12-3456-0" or "7-10.0.0.1:22-10.0.0.9:5123": systemd counts connections so. */
static bool is_counted(const char *instance)
{
    size_t digits = strspn(instance, "0123456789");
    return digits && instance[digits] == '-';
}

static size_t hex_run(const char *p)
{
    size_t n = 0;
    while (isdigit((unsigned char)p[n]) || (p[n] >= 'a' && p[n] <= 'f'))
        n++;
    return n;
}

static bool is_made_anew(const char *name)
{
    return str_starts(name, "run-") || (str_starts(name, "session-") && str_ends(name, ".scope"));
}

/* "run-r0123.service" → "run-*.service", "sshd@3-….service" → "sshd@*.service",
 * "docker-0123456789abcdef.scope" → "docker-*.scope" */
static void add_general(struct str *out, const char *name)
{
    enum { LONG_HEX = 12 };
    const char *end = strrchr(name, '.'), *at = strchr(name, '@');
    if (is_made_anew(name)) {
        str_add_n(out, name, strcspn(name, "-") + 1);
        str_addf(out, "*%s", end ? end : "");
        return;
    }
    if (at && is_counted(at + 1)) {
        str_add_n(out, name, (size_t)(at + 1 - name));
        str_addf(out, "*%s", end ? end : "");
        return;
    }
    for (const char *p = name; *p;) {
        size_t n = hex_run(p), take = n ? n : 1;
        if (n >= LONG_HEX)
            str_add_char(out, '*');
        else
            str_add_n(out, p, take);
        p += take;
    }
}

const char *loki_name(struct map *seen, const char *name)
{
    AUTO(str_done) struct str text = {0};
    add_general(&text, name);
    if (text.len > LIMIT_LOKI_NAME) {
        text.p[LIMIT_LOKI_NAME] = 0;
        str_mend_utf8(text.p);
    }
    char *known = map_get(seen, str_text(&text));
    if (known)
        return known;
    if (map_count(seen) >= LIMIT_LOKI_NAMES)
        return "other";
    known = mem_strdup(str_text(&text));
    map_set(seen, known, known);
    return known;
}

void loki_names_done(struct map *seen)
{
    map_done(seen, mem_free);
}

/* --- labels --- */

static void add_label(struct str *out, const char *name, const char *value)
{
    if (str_is_empty(value))
        return;
    str_addf(out, "%s%s=\"", out->p[out->len - 1] == '{' ? "" : ", ", name);
    for (const char *p = value; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_add_char(out, '\\');
        str_add_char(out, (unsigned char)*p < ' ' ? '?' : *p);
    }
    str_add_char(out, '"');
}

void loki_labels(struct str *out, const char *host, const char *unit, const char *container,
                 enum line_level level)
{
    const char *name = line_level_name(level);
    str_add_char(out, '{');
    add_label(out, "container", container);
    add_label(out, "host", host);
    add_label(out, "level", name ? name : "unknown");
    add_label(out, "unit", unit);
    str_add_char(out, '}');
}
