#include "node/packages.h"

/* --- updates --- */

static char *take_until(const char **at, const char *end, char closing)
{
    const char *stop = memchr(*at, closing, (size_t)(end - *at));
    if (!stop)
        return NULL;
    char *text = mem_strndup(*at, (size_t)(stop - *at));
    *at = stop + 1;
    return str_mend_utf8(text);
}

static bool skip(const char **at, const char *end, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* "Debian-Security:12/stable-security [amd64]" or, of a package in several archives, a list. */
static void take_origin(struct update *u, char *rest)
{
    char *bracket = strstr(rest, " [");
    if (bracket)
        *bracket = 0;
    u->origin = mem_strdup(rest);
    u->security = strstr(rest, "ecurity") != NULL;
}

static void free_update(struct update *u)
{
    mem_free(u->name);
    mem_free(u->installed);
    mem_free(u->candidate);
    mem_free(u->origin);
}

static void take_line(struct update_list *l, const char *at, const char *end)
{
    struct update u = {0};
    AUTO(mem_freep) char *rest = NULL;
    if (l->v.n >= LIMIT_UPDATES || !skip(&at, end, "Inst ") ||
        !(u.name = take_until(&at, end, ' ')))
        return;
    if (skip(&at, end, "[") && (!(u.installed = take_until(&at, end, ']')) || !skip(&at, end, " ")))
        goto odd;
    if (!skip(&at, end, "(") || !(u.candidate = take_until(&at, end, ' ')) ||
        !(rest = take_until(&at, end, ')')))
        goto odd;
    take_origin(&u, rest);
    *vec_add(&l->v) = u;
    return;
odd:
    free_update(&u);
}

void updates_parse(struct update_list *l, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        take_line(l, text, nl ? nl : end);
        text = nl ? nl + 1 : end;
    }
}

void updates_print(const struct update_list *l, struct jw *w)
{
    size_t security = 0;
    for (size_t i = 0; i < l->v.n; i++)
        security += l->v.v[i].security;
    jw_key_uint(w, "count", l->v.n);
    jw_key_uint(w, "security_count", security);
    jw_key(w, "updates");
    jw_array(w);
    for (size_t i = 0; i < l->v.n; i++) {
        const struct update *u = &l->v.v[i];
        jw_object(w);
        jw_key_str(w, "name", u->name);
        jw_key_str(w, "installed", u->installed);
        jw_key_str(w, "candidate", u->candidate);
        jw_key_str(w, "origin", u->origin);
        jw_key_bool(w, "security", u->security);
        jw_end_object(w);
    }
    jw_end_array(w);
}

void updates_done(struct update_list *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        free_update(&l->v.v[i]);
    vec_done(&l->v);
}

/* --- held --- */

/* Paragraphs of "Key: value"; a name comes before its status. */
void held_parse(struct str_list *ret_names, const char *text, size_t len)
{
    const char *end = text + len, *name = NULL;
    size_t name_len = 0;
    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text)), *stop = nl ? nl : end;
        const char *at = text;
        if (skip(&at, stop, "Package: ")) {
            name = at;
            name_len = (size_t)(stop - at);
        } else if (skip(&at, stop, "Status: hold ") && name && ret_names->n < LIMIT_UPDATES) {
            str_list_take(ret_names, str_mend_utf8(mem_strndup(name, name_len)));
            name = NULL;
        }
        text = nl ? nl + 1 : end;
    }
}
