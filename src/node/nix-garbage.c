#include "node/nix-garbage.h"

#include "base/map.h"
#include "node/nix-store.h"

int garbage_days(const char *text, struct err *e, unsigned *ret_days)
{
    uint64_t days = GARBAGE_DAYS_USUAL;
    if (*text && (str_to_u64(text, &days) < 0 || days > GARBAGE_DAYS_MAX))
        return err_set(e, -EINVAL,
                       "\"%.60s\" is no age: say a number of days from 0 to %d, such as 30.", text,
                       GARBAGE_DAYS_MAX);
    *ret_days = (unsigned)days;
    return 0;
}

bool garbage_is_old(const struct generation *g, unsigned days, int64_t now_ms)
{
    return !g->current && !g->booted && !g->running &&
           g->date_ms <= now_ms - (int64_t)days * 24 * 3600 * 1000;
}

struct garbage {
    const char *root;
    struct generations all;
    unsigned days;
    int64_t now_ms;
    struct map freed; /* paths; each key its own value */
};

static bool is_doomed_link(const struct garbage *g, const char *link)
{
    for (size_t i = 0; i < g->all.n; i++) {
        AUTO(mem_freep)
        char *own = mem_printf("%s%s-%u-link", g->root, NIX_SYSTEM_PROFILE, g->all.v[i].number);
        if (str_eq(link, own))
            return garbage_is_old(&g->all.v[i], g->days, g->now_ms);
    }
    return false;
}

/* "LINK -> PATH", of all that is kept. */
static int read_kept_roots(const struct garbage *g, struct err *e, struct str_list *ret_paths)
{
    static const char *const arguments[] = {"--gc", "--print-roots", NULL};
    AUTO(str_done) struct str text = {0};
    AUTO(str_list_done) struct str_list lines = {0};
    int r = nix_run(g->root, "nix-store", arguments, NIX_DEAD_MS, e, &text);
    if (r < 0)
        return r;
    str_list_split(&lines, str_text(&text), '\n');
    for (size_t i = 0; i < lines.n; i++) {
        char *arrow = strstr(lines.v[i], " -> ");
        if (!arrow)
            continue;
        *arrow = 0;
        if (nix_is_store_path(arrow + 4) && !is_doomed_link(g, lines.v[i]))
            str_list_add(ret_paths, arrow + 4);
    }
    return 0;
}

/* What is dead already. */
static int take_dead(struct garbage *g, struct err *e)
{
    static const char *const arguments[] = {"--gc", "--print-dead", NULL};
    AUTO(str_done) struct str text = {0};
    AUTO(str_list_done) struct str_list lines = {0};
    int r = nix_run(g->root, "nix-store", arguments, NIX_DEAD_MS, e, &text);
    if (r < 0)
        return r;
    str_list_split(&lines, str_text(&text), '\n');
    for (size_t i = 0; i < lines.n; i++)
        if (nix_is_store_path(lines.v[i]))
            (void)map_set(&g->freed, lines.v[i], "");
    return 0;
}

/* What nothing but the old generations refers to. */
static int take_doomed(struct garbage *g, const struct str_list *doomed, struct err *e)
{
    AUTO(str_list_done) struct str_list roots = {0};
    AUTO(str_list_done) struct str_list kept = {0};
    AUTO(str_list_done) struct str_list closure = {0};
    struct map keep = {0};
    int r = doomed->n ? read_kept_roots(g, e, &roots) : 0;
    if (r >= 0 && doomed->n)
        r = nix_closure(g->root, (const char *const *)roots.v, roots.n, e, &kept);
    if (r >= 0)
        r = nix_closure(g->root, (const char *const *)doomed->v, doomed->n, e, &closure);
    for (size_t i = 0; r >= 0 && i < kept.n; i++)
        (void)map_set(&keep, kept.v[i], "");
    for (size_t i = 0; r >= 0 && i < closure.n; i++)
        if (!map_get(&keep, closure.v[i]))
            (void)map_set(&g->freed, closure.v[i], "");
    map_done(&keep, NULL);
    return r;
}

static int print(struct garbage *g, struct jw *w, struct err *e)
{
    AUTO(str_list_done) struct str_list doomed = {0};
    AUTO(str_list_done) struct str_list paths = {0};
    uint64_t bytes = 0;
    for (size_t i = 0; i < g->all.n; i++)
        if (garbage_is_old(&g->all.v[i], g->days, g->now_ms))
            str_list_add(&doomed, g->all.v[i].path);
    int r = take_dead(g, e);
    if (r >= 0)
        r = take_doomed(g, &doomed, e);
    MAP_FOREACH (&g->freed, entry)
        str_list_add(&paths, entry->key);
    if (r >= 0)
        r = nix_size(g->root, &paths, e, &bytes);
    if (r < 0)
        return r;
    jw_key_uint(w, "older_than_days", g->days);
    jw_key(w, "generations");
    jw_array(w);
    for (size_t i = 0; i < g->all.n; i++)
        if (garbage_is_old(&g->all.v[i], g->days, g->now_ms))
            jw_uint(w, g->all.v[i].number);
    jw_end_array(w);
    jw_key_uint(w, "paths", paths.n);
    jw_key_uint(w, "bytes", bytes);
    return 0;
}

int garbage_print(const char *root, unsigned days, int64_t now_ms, struct jw *w, struct err *e)
{
    struct garbage g = {.root = root, .days = days, .now_ms = now_ms};
    int r = generations_read(root, e, &g.all);
    if (r >= 0)
        r = print(&g, w, e);
    generations_done(&g.all);
    map_done(&g.freed, NULL);
    return r;
}
