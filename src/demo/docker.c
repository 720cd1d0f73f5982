/* What images, containers, volumes and build caches of a node that is played take up. */
#include "demo/player-private.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DAY_MS = 24 * 3600 * 1000, WRITTEN_MAX = 90 << 20 };

enum kind { IMAGES, CONTAINERS, VOLUMES, CACHE, KINDS };

struct item {
    const json_t *j; /* NULL of a container */
    const struct played *s;
    double bytes;
    unsigned containers;
    bool in_use;
};
struct items {
    VEC(struct item) v;
};

static const char *tag_of(const json_t *image)
{
    return json_string_value(json_array_get(json_object_get(image, "tags"), 0));
}

static unsigned users_of(const struct player *p, const char *tag)
{
    unsigned n = 0;
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        n += tag && str_eq(s->now->image, tag);
    }
    return n;
}

/* What a container wrote beside its image: the same each time. */
static double written_by(const struct played *s)
{
    return str_hash(STR_HASH, s->now->id) % WRITTEN_MAX;
}

static void add_list(struct player *p, enum kind kind, const json_t *list, bool kept,
                     struct items *out)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        struct item it = {.j = j, .bytes = json_get_num(j, "bytes", 0)};
        it.containers =
            kind == IMAGES ? users_of(p, tag_of(j)) : (unsigned)json_get_int(j, "containers", 0);
        it.in_use = it.containers > 0;
        if (kept || it.in_use)
            *vec_add(&out->v) = it;
    }
}

static int by_size(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

/* After a prune only what is needed is left. */
static struct items list(struct player *p, enum kind kind)
{
    bool full = p->docker_full, clean = p->docker_clean & 1u << kind;
    static const char *const keys[] = {"images", "stopped", "volumes", "cache"};
    const json_t *of = player_scenery(p, "docker");
    struct items out = {0};
    add_list(p, kind, json_object_get(of, keys[kind]), !clean, &out);
    if (full && !clean)
        add_list(p, kind, json_object_get(json_object_get(of, "full"), keys[kind]), true, &out);
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        if (kind == CONTAINERS && s->now->kind == OBSERVED_CONTAINER)
            *vec_add(&out.v) =
                (struct item){.s = s, .bytes = written_by(s), .in_use = s->now->run != RUN_STOPPED};
    }
    if (out.v.n)
        qsort(out.v.v, out.v.n, sizeof *out.v.v, by_size);
    return out;
}

static double total(const struct items *l, bool unused_only)
{
    double sum = 0;
    for (size_t i = 0; i < l->v.n; i++)
        sum += unused_only && l->v.v[i].in_use ? 0 : l->v.v[i].bytes;
    return sum;
}

static double all_bytes(struct player *p)
{
    double sum = 0;
    for (unsigned k = 0; k < KINDS; k++) {
        struct items l = list(p, (enum kind)k);
        sum += total(&l, false);
        vec_done(&l.v);
    }
    return sum;
}

/* --- printing --- */

static void print_head(const struct item *it, int64_t created_ms, struct jw *w)
{
    jw_key_time(w, "created", created_ms);
    jw_key_int(w, "bytes", (int64_t)it->bytes);
    jw_key_bool(w, "in_use", it->in_use);
}

static int64_t created(const struct item *it)
{
    return clock_wall_ms() - json_get_int(it->j, "days", 1) * (int64_t)DAY_MS;
}

static void print_image(const struct item *it, struct jw *w)
{
    const char *tag = tag_of(it->j);
    jw_key_str(w, "id", json_get_str(it->j, "id", ""));
    jw_key(w, "tags");
    jw_array(w);
    if (tag)
        jw_str(w, tag);
    jw_end_array(w);
    jw_key_int(w, "shared_bytes", 0);
    jw_key_uint(w, "containers", it->containers);
    print_head(it, created(it), w);
}

static const char *state_of(const struct played *s)
{
    return s->now->run == RUN_PAUSED ? "paused" : s->now->run == RUN_STOPPED ? "exited" : "running";
}

static void print_container(const struct item *it, struct jw *w)
{
    const char *id = it->s ? it->s->now->container_id : "0f1c2d3e4f5a";
    jw_key_str(w, "id", id ? id : "");
    jw_key_str(w, "name", it->s ? it->s->now->name : json_get_str(it->j, "name", ""));
    jw_key_str(w, "image", it->s ? it->s->now->image : json_get_str(it->j, "image", ""));
    jw_key_str(w, "state", it->s ? state_of(it->s) : "exited");
    print_head(it, it->s ? it->s->now->started_ms - DAY_MS : created(it), w);
}

static void print_volume(const struct item *it, struct jw *w)
{
    const char *name = json_get_str(it->j, "name", "");
    jw_key_str(w, "name", name);
    jw_key_str(w, "driver", "local");
    jw_key_uint(w, "containers", it->containers);
    jw_key_bool(w, "anonymous", strlen(name) == 64);
    print_head(it, created(it), w);
}

static void print_cache(const struct item *it, struct jw *w)
{
    jw_key_str(w, "id", json_get_str(it->j, "id", ""));
    jw_key_str(w, "type", json_get_str(it->j, "type", "regular"));
    jw_key_str(w, "description", json_get_str(it->j, "description", ""));
    print_head(it, created(it), w);
}

static void print_kind(struct player *p, enum kind kind, const char *key, struct jw *w)
{
    static void (*const printers[])(const struct item *, struct jw *) = {
        print_image, print_container, print_volume, print_cache};
    struct items l = list(p, kind);
    unsigned used = 0;
    for (size_t i = 0; i < l.v.n; i++)
        used += l.v.v[i].in_use;
    jw_key(w, key);
    jw_object(w);
    jw_key_uint(w, "count", l.v.n);
    jw_key_uint(w, "in_use", used);
    jw_key_int(w, "bytes", (int64_t)total(&l, false));
    jw_key_int(w, "reclaimable_bytes", (int64_t)total(&l, true));
    jw_key(w, "items");
    jw_array(w);
    for (size_t i = 0; i < l.v.n; i++) {
        jw_object(w);
        printers[kind](&l.v.v[i], w);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_key_bool(w, "cut", false);
    jw_end_object(w);
    vec_done(&l.v);
}

void docker_print(struct player *p, struct jw *w)
{
    jw_object(w);
    jw_key(w, "engines");
    jw_array(w);
    jw_object(w);
    jw_key_str(w, "engine", "docker");
    jw_key_str(w, "version", json_get_str(player_scenery(p, "docker"), "version", "28.5.1"));
    print_kind(p, IMAGES, "images", w);
    print_kind(p, CONTAINERS, "containers", w);
    print_kind(p, VOLUMES, "volumes", w);
    print_kind(p, CACHE, "build_cache", w);
    jw_end_object(w);
    jw_end_array(w);
    jw_key(w, "troubles");
    jw_array(w);
    jw_end_array(w);
    jw_end_object(w);
}

/* --- what a prune does --- */

bool docker_is_full(const struct player *p)
{
    return p->docker_full && !p->docker_clean;
}

void docker_follow(struct player *p)
{
    const json_t *of = player_scenery(p, "docker");
    const char *labels = json_get_str(of, "filesystem", NULL);
    double left = json_get_num(of, "size", 0) - all_bytes(p);
    if (!labels)
        return;
    AUTO(mem_freep) char *free_bytes = mem_printf("node_filesystem_free_bytes%s", labels);
    AUTO(mem_freep) char *avail = mem_printf("node_filesystem_avail_bytes%s", labels);
    if (docker_is_full(p))
        left = 0; /* layers of the pull that failed, which nobody lists */
    figures_set(p->figures, free_bytes, left);
    figures_set(p->figures, avail, left);
}

static bool is_named(const char *words, enum kind kind)
{
    static const char *const names[] = {"images", "containers", "volumes", "build-cache"};
    AUTO(str_list_done) struct str_list l = {0};
    str_list_split(&l, words, ',');
    if (!l.n)
        return kind == IMAGES || kind == CACHE;
    return str_list_has(&l, names[kind]) || (kind == VOLUMES && str_list_has(&l, "named-volumes"));
}

static void add_bytes(struct str *out, double n)
{
    str_addf(out, n >= 1e9 ? "%.1f GB" : "%.0f MB", n >= 1e9 ? n / 1e9 : n / 1e6);
}

static void count_kind(struct player *p, enum kind kind, double *bytes, struct str *text,
                       struct str *output)
{
    static const char *const names[] = {"image", "container", "volume", "entry of the build cache"};
    static const char *const many[] = {"images", "containers", "volumes",
                                       "entries of the build cache"};
    struct items l = list(p, kind);
    unsigned n = 0;
    for (size_t i = 0; i < l.v.n; i++) {
        const struct item *it = &l.v.v[i];
        if (it->in_use || it->s)
            continue;
        n++;
        *bytes += it->bytes;
        str_addf(output, "removed %s %s\n", names[kind],
                 tag_of(it->j) ? tag_of(it->j)
                               : json_get_str(it->j, "name", json_get_str(it->j, "id", "")));
    }
    if (n)
        str_addf(text, "%s%u %s", text->len ? ", " : "Removed ", n,
                 n == 1 ? names[kind] : many[kind]);
    vec_done(&l.v);
    p->docker_clean |= 1u << kind;
}

void docker_prune(struct player *p, const char *words, struct str *text, struct str *output)
{
    double bytes = 0;
    for (unsigned k = 0; k < KINDS; k++)
        if (is_named(words, (enum kind)k))
            count_kind(p, (enum kind)k, &bytes, text, output);
    if (!text->len) {
        str_add(text, "There was nothing to remove.");
        return;
    }
    str_add(text, ": ");
    add_bytes(text, bytes);
    str_add(text, " are free again.");
    docker_follow(p);
}
