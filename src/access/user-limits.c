#include "access/user-limits.h"

#include "base/str.h"

#include <fnmatch.h>
#include <stdio.h>

/* One limit, cut into its kind and the rest: "node", "gpu-*". */
struct limit {
    char kind[8];
    char rest[LIMITS_SIZE];
};

static bool cut(const char *text, size_t len, struct limit *ret_limit)
{
    const char *colon = memchr(text, ':', len);
    size_t kind = colon ? (size_t)(colon - text) : 0;
    if (!kind || kind >= sizeof ret_limit->kind || kind + 1 == len)
        return false;
    snprintf(ret_limit->kind, sizeof ret_limit->kind, "%.*s", (int)kind, text);
    snprintf(ret_limit->rest, sizeof ret_limit->rest, "%.*s", (int)(len - kind - 1), colon + 1);
    return true;
}

static bool is_known(const struct limit *l)
{
    const char *equals = strchr(l->rest, '=');
    if (str_eq(l->kind, "label"))
        return equals && equals != l->rest && equals[1];
    return str_eq(l->kind, "node") || str_eq(l->kind, "group");
}

static int add_limit(char limits[LIMITS_SIZE], const char *text, struct err *e)
{
    struct limit l;
    size_t at = strlen(limits);
    if (!cut(text, strlen(text), &l) || !is_known(&l))
        return err_set(e, -EINVAL,
                       "\"%.80s\" is no limit. Limits look like node:NAME, group:NAME or "
                       "label:KEY=VALUE, where * stands for anything.",
                       text);
    int n = snprintf(limits + at, LIMITS_SIZE - at, "%s%s:%s", at ? "," : "", l.kind, l.rest);
    if ((size_t)n >= LIMITS_SIZE - at)
        return err_set(e, -EINVAL, "Limits have at most %d bytes together.", LIMITS_SIZE - 1);
    return 0;
}

int limits_normal(const char *text, char ret_limits[LIMITS_SIZE], struct err *e)
{
    struct str_list parts = {0};
    int r = 0;
    unsigned n = 0;
    ret_limits[0] = 0;
    if (!str_is_utf8(text, strlen(text)))
        return err_set(e, -EINVAL, "Limits are text (UTF-8).");
    str_list_split(&parts, text, ',');
    for (size_t i = 0; r >= 0 && i < parts.n; i++) {
        if (!*parts.v[i])
            continue;
        r = ++n > LIMIT_LIMITS ? err_set(e, -EINVAL, "At most %d limits.", LIMIT_LIMITS)
                               : add_limit(ret_limits, parts.v[i], e);
    }
    str_list_done(&parts);
    return r;
}

static bool fits(const char *pattern, const char *text)
{
    return text && fnmatch(pattern, text, 0) == 0;
}

static bool label_fits(char *pair, const struct resource *r)
{
    char *equals = strchr(pair, '=');
    if (!r->label || !equals)
        return false;
    *equals = 0;
    return fits(equals + 1, r->label(r->of, pair));
}

static bool limit_fits(struct limit *l, const struct resource *r)
{
    if (str_eq(l->kind, "node"))
        return fits(l->rest, r->node);
    if (str_eq(l->kind, "group"))
        return fits(l->rest, r->group);
    return label_fits(l->rest, r);
}

bool limits_fit(const char *limits, const struct resource *r)
{
    if (!*limits)
        return true;
    for (const char *p = limits, *end; r && *p; p = *end ? end + 1 : end) {
        struct limit l;
        end = strchrnul(p, ',');
        if (cut(p, (size_t)(end - p), &l) && limit_fits(&l, r))
            return true;
    }
    return false;
}
