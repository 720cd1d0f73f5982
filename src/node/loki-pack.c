#include "node/loki-private.h"

#include "push.pb-c.h"

enum { NS_OF_S = 1000000000 };

struct stream {
    Loki__Stream m;
    VEC(Loki__Entry *) entries;
    struct str labels;
};

void loki_lines_done(struct loki_lines *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        log_line_done(&l->v.v[i].line);
    vec_done(&l->v);
    *l = (struct loki_lines){0};
}

/* The journal says whose a line is; an engine's lines are the container's. */
static void labels_of(const struct loki_line *l, const char *host, struct map *units,
                      struct map *containers, struct str *out)
{
    const char *container = l->line.container;
    const char *unit = str_starts(l->line.service ? l->line.service : "", "systemd/")
                           ? l->line.service + strlen("systemd/")
                           : NULL;
    str_clear(out);
    loki_labels(out, host, container || !unit ? NULL : loki_name(units, unit),
                container ? loki_name(containers, container) : NULL, l->line.level);
}

static struct stream *stream_of(struct map *streams, const struct str *labels)
{
    struct stream *s = map_get(streams, labels->p);
    if (s)
        return s;
    s = mem_alloc(sizeof *s);
    str_add_n(&s->labels, labels->p, labels->len);
    map_set(streams, labels->p, s);
    return s;
}

struct entry {
    Loki__Entry m;
    Loki__Timestamp time;
};

static void set_entry(struct entry *e, const struct loki_line *l)
{
    loki__entry__init(&e->m);
    loki__timestamp__init(&e->time);
    e->time.seconds = l->ns / NS_OF_S;
    e->time.nanos = (int32_t)(l->ns % NS_OF_S);
    e->m.timestamp = &e->time;
    e->m.line = l->line.text;
}

static void print(struct map *streams, struct str *out)
{
    Loki__PushRequest m = LOKI__PUSH_REQUEST__INIT;
    VEC(Loki__Stream *) all = {0};
    MAP_FOREACH (streams, at) {
        struct stream *s = at->value;
        loki__stream__init(&s->m);
        s->m.labels = s->labels.p;
        s->m.n_entries = s->entries.n;
        s->m.entries = s->entries.v;
        *vec_add(&all) = &s->m;
    }
    m.n_streams = all.n;
    m.streams = all.v;
    size_t n = loki__push_request__get_packed_size(&m);
    str_reserve(out, n + 1);
    out->len += loki__push_request__pack(&m, (uint8_t *)out->p + out->len);
    out->p[out->len] = 0;
    vec_done(&all);
}

static void free_stream(void *p)
{
    struct stream *s = p;
    vec_done(&s->entries);
    str_done(&s->labels);
    mem_free(s);
}

void loki_pack(const struct loki_lines *l, const char *host, struct map *units,
               struct map *containers, struct str *out)
{
    struct map streams = {0};
    AUTO(str_done) struct str labels = {0};
    struct entry *entries = mem_array(l->v.n ? l->v.n : 1, sizeof *entries);
    for (size_t i = 0; i < l->v.n; i++) {
        labels_of(&l->v.v[i], host, units, containers, &labels);
        set_entry(&entries[i], &l->v.v[i]);
        *vec_add(&stream_of(&streams, &labels)->entries) = &entries[i].m;
    }
    print(&streams, out);
    map_done(&streams, free_stream);
    mem_free(entries);
}
