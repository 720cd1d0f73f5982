#include "node/docker-usage.h"

#include "base/clock.h"
#include "node/docker-json.h"

#include <stdlib.h>

enum { SHORT_ID = 12 };

/* One thing that takes up space, as people see it. */
struct item {
    const json_t *from;
    int64_t bytes;
    bool in_use;
};

struct items {
    struct item *v;
    size_t n, in_use;
    int64_t bytes, reclaimable;
};

static int larger_first(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

static const json_t *list_of(const json_t *answer, const char *key)
{
    const json_t *v = json_object_get(answer, key);
    return json_is_array(v) ? v : NULL; /* null when there is none */
}

static int64_t positive(int64_t n)
{
    return n > 0 ? n : 0; /* -1 = not known */
}

/* What each kind weighs, and whether somebody needs it. */
typedef void weigh_fn(const json_t *v, struct item *ret);

static void weigh_image(const json_t *v, struct item *ret)
{
    ret->bytes = positive(json_get_int(v, "Size", 0));
    ret->in_use = json_get_int(v, "Containers", 0) > 0;
}

static void weigh_container(const json_t *v, struct item *ret)
{
    const char *state = json_get_str(v, "State", "");
    ret->bytes = positive(json_get_int(v, "SizeRw", 0));
    ret->in_use =
        str_eq(state, "running") || str_eq(state, "paused") || str_eq(state, "restarting");
}

static void weigh_volume(const json_t *v, struct item *ret)
{
    const json_t *usage = json_object_get(v, "UsageData");
    ret->bytes = positive(json_get_int(usage, "Size", 0));
    ret->in_use = json_get_int(usage, "RefCount", 0) != 0;
}

static void weigh_cache(const json_t *v, struct item *ret)
{
    ret->bytes = positive(json_get_int(v, "Size", 0));
    ret->in_use = json_get_bool(v, "InUse", false);
}

static struct items weigh(const json_t *list, weigh_fn *fn)
{
    size_t n = json_array_size(list);
    struct items s = {.v = mem_array(n, sizeof *s.v)};
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_object(v))
            continue;
        struct item *item = &s.v[s.n++];
        item->from = v;
        fn(v, item);
        s.bytes += item->bytes;
        s.in_use += item->in_use;
        s.reclaimable += item->in_use ? 0 : item->bytes;
    }
    qsort(s.v, s.n, sizeof *s.v, larger_first);
    return s;
}

/* Images share layers: what is won is what no image in use needs. */
static void weigh_layers(struct items *s, int64_t layers)
{
    int64_t used = 0;
    for (size_t i = 0; i < s->n; i++) {
        int64_t shared = json_get_int(s->v[i].from, "SharedSize", -1);
        if (s->v[i].in_use)
            used += s->v[i].bytes - positive(shared);
    }
    s->bytes = layers > 0 ? layers : s->bytes;
    s->reclaimable = s->bytes > used ? s->bytes - used : 0;
}

/* --- printing --- */

static const char *short_id(const char *id, char ret[SHORT_ID + 1])
{
    const char *colon = strchr(id, ':');
    str_copy(ret, SHORT_ID + 1, colon ? colon + 1 : id);
    str_mend_utf8(ret);
    return ret;
}

static void print_tags(struct jw *w, const json_t *tags)
{
    jw_key(w, "tags");
    jw_array(w);
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        if (tag && !str_eq(tag, "<none>:<none>"))
            jw_str(w, tag);
    }
    jw_end_array(w);
}

/* Seconds since 1970, or RFC 3339 of the nanosecond. */
static void print_created(struct jw *w, const json_t *v, const char *key)
{
    const json_t *t = json_object_get(v, key);
    int64_t ms = json_is_integer(t) ? json_integer_value(t) * 1000 : 0;
    if (json_is_string(t) && clock_parse_rfc3339(json_string_value(t), &ms) < 0)
        ms = 0;
    bool sane = ms > 0 && ms < INT64_C(1) << 46;
    jw_key_time(w, "created", sane ? ms : 0);
}

static void print_image(struct jw *w, const struct item *i)
{
    char id[SHORT_ID + 1];
    int64_t shared = json_get_int(i->from, "SharedSize", -1);
    jw_key_str(w, "id", short_id(json_get_str(i->from, "Id", ""), id));
    print_tags(w, json_object_get(i->from, "RepoTags"));
    jw_key_int(w, "shared_bytes", positive(shared));
    jw_key_int(w, "containers", positive(json_get_int(i->from, "Containers", 0)));
    print_created(w, i->from, "Created");
}

static void print_container(struct jw *w, const struct item *i)
{
    char id[SHORT_ID + 1];
    const char *name = json_string_value(json_array_get(json_object_get(i->from, "Names"), 0));
    jw_key_str(w, "id", short_id(json_get_str(i->from, "Id", ""), id));
    jw_key_str(w, "name", name && *name == '/' ? name + 1 : name);
    jw_key_str(w, "image", json_get_str(i->from, "Image", ""));
    jw_key_str(w, "state", json_get_str(i->from, "State", ""));
    print_created(w, i->from, "Created");
}

static void print_volume(struct jw *w, const struct item *i)
{
    const json_t *usage = json_object_get(i->from, "UsageData");
    const json_t *labels = json_object_get(i->from, "Labels");
    jw_key_str(w, "name", json_get_str(i->from, "Name", ""));
    jw_key_str(w, "driver", json_get_str(i->from, "Driver", ""));
    jw_key_int(w, "containers", positive(json_get_int(usage, "RefCount", 0)));
    jw_key_bool(w, "anonymous", json_object_get(labels, "com.docker.volume.anonymous") != NULL);
    print_created(w, i->from, "CreatedAt");
}

static void print_cache(struct jw *w, const struct item *i)
{
    jw_key_str(w, "id", json_get_str(i->from, "ID", ""));
    jw_key_str(w, "type", json_get_str(i->from, "Type", ""));
    jw_key_str(w, "description", json_get_str(i->from, "Description", ""));
    print_created(w, i->from, "CreatedAt");
}

static void print_items(struct jw *w, const char *key, struct items *s,
                        void (*print)(struct jw *w, const struct item *i))
{
    jw_key(w, key);
    jw_object(w);
    jw_key_uint(w, "count", s->n);
    jw_key_uint(w, "in_use", s->in_use);
    jw_key_int(w, "bytes", s->bytes);
    jw_key_int(w, "reclaimable_bytes", s->reclaimable);
    jw_key(w, "items");
    jw_array(w);
    for (size_t i = 0; i < s->n && i < LIMIT_USAGE_ITEMS; i++) {
        jw_object(w);
        print(w, &s->v[i]);
        jw_key_int(w, "bytes", s->v[i].bytes);
        jw_key_bool(w, "in_use", s->v[i].in_use);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_key_bool(w, "cut", s->n > LIMIT_USAGE_ITEMS);
    jw_end_object(w);
    mem_free(s->v);
}

int docker_usage_print(const char *json, size_t len, struct err *e, struct jw *w)
{
    AUTO(json_decrefp) json_t *answer = NULL;
    int r = json_parse(json, len, LIMIT_DOCKER_ANSWER, e, &answer);
    if (r == 0 && !json_is_object(answer))
        r = err_set(e, -EINVAL, "The engine's answer makes no sense.");
    if (r < 0)
        return r;
    struct items images = weigh(list_of(answer, "Images"), weigh_image);
    struct items containers = weigh(list_of(answer, "Containers"), weigh_container);
    struct items volumes = weigh(list_of(answer, "Volumes"), weigh_volume);
    struct items cache = weigh(list_of(answer, "BuildCache"), weigh_cache);
    weigh_layers(&images, json_get_int(answer, "LayersSize", 0));
    print_items(w, "images", &images, print_image);
    print_items(w, "containers", &containers, print_container);
    print_items(w, "volumes", &volumes, print_volume);
    print_items(w, "build_cache", &cache, print_cache);
    return 0;
}
