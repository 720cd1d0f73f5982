#include "node/collector.h"

void device_round(struct device_set *set)
{
    set->round++;
    set->next = 0;
}

static bool is_named(const struct device *d, const char *name, size_t len)
{
    return d->len == len && memcmp(d->name, name, len) == 0;
}

static struct device *find(struct device_set *set, const char *name, size_t len)
{
    while (set->next < set->v.n && set->v.v[set->next].len == 0)
        set->next++;
    if (set->next < set->v.n && is_named(&set->v.v[set->next], name, len))
        return &set->v.v[set->next];
    for (size_t i = 0; i < set->v.n; i++)
        if (is_named(&set->v.v[i], name, len))
            return &set->v.v[i];
    return NULL;
}

static struct device *free_place(struct device_set *set)
{
    for (size_t i = 0; i < set->v.n; i++)
        if (set->v.v[i].len == 0)
            return &set->v.v[i];
    return vec_add(&set->v);
}

struct device *device_seen(struct device_set *set, const char *name, size_t len, bool *ret_new)
{
    if (len == 0 || len >= DEVICE_NAME_MAX)
        return NULL;
    struct device *d = find(set, name, len);
    *ret_new = !d;
    if (!d) {
        d = free_place(set);
        *d = (struct device){.len = (unsigned char)len, .first = SERIES_NONE};
        memcpy(d->name, name, len);
    }
    d->round = set->round;
    set->next = (size_t)(d - set->v.v) + 1;
    return d;
}

void device_sweep(struct device_set *set, struct series *s, size_t n,
                  void (*gone)(void *arg, size_t index), void *arg)
{
    for (size_t i = 0; i < set->v.n; i++) {
        struct device *d = &set->v.v[i];
        if (d->len == 0 || d->round == set->round)
            continue;
        if (gone)
            gone(arg, i);
        series_lose(s, d->first, n);
        *d = (struct device){.first = SERIES_NONE};
    }
}
