#include "agent/numbers.h"

#include "node/wire-frame.h"

#include <math.h>

void numbers_begin(struct numbers *n)
{
    numbers_done(n);
    n->is_plain = true;
}

void numbers_done(struct numbers *n)
{
    vec_done(&n->live);
    vec_done(&n->old);
    map_done(&n->names, mem_free);
    *n = (struct numbers){0};
}

static char *full_name(const struct series_def *d)
{
    return mem_printf("%s{%s}", d->name, d->labels);
}

/* The number of a name, when names matter; UINT32_MAX = it has none. */
static uint32_t find(const struct numbers *n, const char *name)
{
    const uint32_t *found = map_get(&n->names, name);
    return found ? *found : UINT32_MAX;
}

static void name_it(struct numbers *n, const char *name, uint32_t number)
{
    mem_free(map_set(&n->names, name, mem_dup(&number, sizeof number)));
}

/* Gives `d` a number, or the one it has. *ret_fresh: the hub does not know it. */
static uint32_t number_of(struct numbers *n, const struct series_def *d, bool by_name,
                          bool *ret_fresh)
{
    *ret_fresh = false;
    if (!by_name) {
        *ret_fresh = true;
        return n->n++;
    }
    AUTO(mem_freep) char *name = full_name(d);
    uint32_t number = find(n, name);
    if (number != UINT32_MAX || n->n >= LIMIT_WIRE_SERIES)
        return number;
    name_it(n, name, n->n);
    *ret_fresh = true;
    return n->n++;
}

/* Numbers for all[from …]; what is new is announced in runs. */
static void add(struct numbers *n, uint32_t *to, const struct series_def *all, uint32_t from,
                uint32_t n_all, bool by_name, numbers_announce_fn *announce, void *arg)
{
    uint32_t run = from; /* where those begin that were not announced yet */
    for (uint32_t i = from; i < n_all; i++) {
        bool fresh;
        to[i] = number_of(n, &all[i], by_name, &fresh);
        if (fresh)
            continue;
        if (i > run)
            announce(arg, to[i - 1] + 1 - (i - run), all + run, i - run);
        run = i + 1;
    }
    if (n_all > run)
        announce(arg, to[n_all - 1] + 1 - (n_all - run), all + run, n_all - run);
}

void numbers_add_live(struct numbers *n, const struct series_def *all, uint32_t n_all,
                      numbers_announce_fn *announce, void *arg)
{
    uint32_t from = (uint32_t)n->live.n;
    bool plain = n->is_plain;
    while (n->live.n < n_all)
        *(uint32_t *)vec_add(&n->live) = UINT32_MAX;
    add(n, n->live.v, all, from, n_all, map_count(&n->names) > 0, announce, arg);
    n->is_plain = plain && n->n == n->live.n;
}

void numbers_set_old(struct numbers *n, uint32_t table, const struct series_def *all,
                     uint32_t n_all, const struct series_def *live, numbers_announce_fn *announce,
                     void *arg)
{
    bool plain = n->is_plain;
    if (map_count(&n->names) == 0)
        for (uint32_t i = 0; i < n->live.n; i++) {
            AUTO(mem_freep) char *name = full_name(&live[i]);
            name_it(n, name, n->live.v[i]);
        }
    n->old.n = 0;
    while (n->old.n < n_all)
        *(uint32_t *)vec_add(&n->old) = UINT32_MAX;
    n->old_table = table;
    add(n, n->old.v, all, 0, n_all, true, announce, arg);
    n->is_plain = plain && n->n == n->live.n;
}

struct frame *numbers_apply(const struct numbers *n, const struct frame *f, bool is_old)
{
    const uint32_t *to = is_old ? n->old.v : n->live.v;
    size_t known = is_old ? n->old.n : n->live.n;
    if (!is_old && n->is_plain)
        return NULL;
    struct frame *out = mem_alloc(sizeof *out + n->n * sizeof out->values[0]);
    out->time_ms = f->time_ms;
    out->n = n->n;
    for (uint32_t i = 0; i < n->n; i++)
        out->values[i] = (double)NAN;
    for (uint32_t i = 0; i < f->n && i < known; i++)
        if (to[i] < n->n)
            out->values[to[i]] = f->values[i];
    return out;
}
