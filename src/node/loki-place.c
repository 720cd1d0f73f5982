#include "node/loki-private.h"

#include "base/json.h"

enum { NS_OF_US = 1000, LIMIT_PLACES = 1 << 20 };

struct loki_source *loki_place_find(const struct loki_places *p, const char *id)
{
    for (size_t i = 0; i < p->v.n; i++)
        if (str_eq(p->v.v[i]->id, id))
            return p->v.v[i];
    return NULL;
}

static void source_free(struct loki_source *s)
{
    mem_free(s->id);
    mem_free(s->cursor);
    mem_free(s);
}

static void make_room(struct loki_places *p)
{
    const struct loki_source *oldest = NULL;
    size_t at = 0;
    for (size_t i = 0; i < p->v.n; i++) {
        const struct loki_source *s = p->v.v[i];
        if (*s->id && !s->here && !s->read && (!oldest || s->ns < oldest->ns)) {
            oldest = s;
            at = i;
        }
    }
    if (!oldest)
        return;
    source_free(p->v.v[at]);
    vec_remove_at(&p->v, at);
}

struct loki_source *loki_place_add(struct loki_places *p, const char *id)
{
    struct loki_source *s = loki_place_find(p, id);
    if (!s && p->v.n >= LIMIT_LOKI_SOURCES)
        make_room(p);
    if (s || p->v.n >= LIMIT_LOKI_SOURCES)
        return s;
    s = mem_alloc(sizeof *s);
    s->id = mem_strdup(id);
    *vec_add(&p->v) = s;
    return s;
}

/* A clock that went back by more than the resolution of the source is followed. */
int64_t loki_place_next_ns(struct loki_source *s, int64_t ns)
{
    if (ns <= s->ns && ns > s->ns - NS_OF_US)
        ns = s->ns + 1;
    s->ns = ns;
    return ns;
}

void loki_places_print(const struct loki_places *p, struct str *out)
{
    struct jw w = jw_begin(out);
    jw_object(&w);
    jw_key_int(&w, "begun", p->begun_us);
    jw_key(&w, "sources");
    jw_array(&w);
    for (size_t i = 0; i < p->v.n; i++) {
        const struct loki_source *s = p->v.v[i];
        if (!s->cursor)
            continue;
        jw_object(&w);
        jw_key_str(&w, "id", s->id);
        jw_key_str(&w, "cursor", s->cursor);
        jw_key_int(&w, "time", s->ns);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
}

int loki_places_parse(struct loki_places *p, const char *text, size_t n)
{
    json_t *v;
    size_t i;
    const json_t *o;
    int r = json_parse(text, n, LIMIT_PLACES, NULL, &v);
    if (r < 0)
        return r;
    p->begun_us = json_get_int(v, "begun", 0);
    json_array_foreach (json_object_get(v, "sources"), i, o) {
        const char *id = json_get_str(o, "id", NULL), *cursor = json_get_str(o, "cursor", "");
        struct loki_source *s =
            id && strlen(cursor) < LIMIT_LOG_CURSOR ? loki_place_add(p, id) : NULL;
        if (!s || !*cursor)
            continue;
        mem_set_str(&s->cursor, cursor);
        s->ns = json_get_int(o, "time", 0);
    }
    json_decref(v);
    return p->begun_us > 0 ? 0 : -EINVAL;
}

void loki_places_done(struct loki_places *p)
{
    for (size_t i = 0; i < p->v.n; i++)
        source_free(p->v.v[i]);
    vec_done(&p->v);
}
