#include "agent/known.h"

#include "node/wire.h"

struct known_service {
    bool is_stale; /* its source was lost since: gone, unless it is in the next list */
    struct str message;
};

struct known_source {
    enum source_state state;
    bool is_listed; /* it has told all its services at least once */
    struct str message;
};

static void free_service(void *p)
{
    struct known_service *s = p;
    if (!s)
        return;
    str_done(&s->message);
    mem_free(s);
}

static void free_source(void *p)
{
    struct known_source *s = p;
    str_done(&s->message);
    mem_free(s);
}

static void clear_series(struct known *k)
{
    for (size_t i = 0; i < k->series.n; i++) {
        mem_free(k->series.v[i].name);
        mem_free(k->series.v[i].labels);
    }
    k->series.n = 0;
}

void known_done(struct known *k)
{
    clear_series(k);
    vec_done(&k->series);
    map_done(&k->services, free_service);
    map_done(&k->sources, free_source);
    str_done(&k->facts);
    str_done(&k->policy);
}

static enum known_news keep(struct str *kept, const struct str *message)
{
    enum known_news news =
        !kept->p                                                                   ? KNOWN_FIRST
        : kept->len == message->len && memcmp(kept->p, message->p, kept->len) == 0 ? KNOWN_SAME
                                                                                   : KNOWN_CHANGED;
    if (news == KNOWN_SAME)
        return news;
    str_done(kept); /* to size: there are many */
    str_reserve(kept, message->len + 1);
    str_add_n(kept, message->p, message->len);
    return news;
}

static enum known_news take_service(struct known *k, const struct observed *o,
                                    const struct str *message)
{
    struct known_service *s = map_get(&k->services, o->id);
    if (!s) {
        s = mem_alloc(sizeof *s);
        map_set(&k->services, o->id, s);
    }
    s->is_stale = false;
    return keep(&s->message, message);
}

static enum known_news forget_service(struct known *k, const char *id)
{
    struct known_service *s = map_remove(&k->services, id);
    free_service(s);
    return s ? KNOWN_CHANGED : KNOWN_SAME;
}

/* "docker/plex" is of the source "docker". */
static bool is_of(const char *id, const char *source)
{
    return str_starts(id, source) && id[strlen(source)] == '/';
}

static void mark_stale(struct known *k, const char *source)
{
    MAP_FOREACH (&k->services, e) {
        struct known_service *s = e->value;
        s->is_stale |= is_of(e->key, source);
    }
}

static void drop_stale(struct known *k, const char *source)
{
    struct str_list gone = {0};
    MAP_FOREACH (&k->services, e) {
        const struct known_service *s = e->value;
        if (s->is_stale && is_of(e->key, source))
            str_list_add(&gone, e->key);
    }
    for (size_t i = 0; i < gone.n; i++)
        forget_service(k, gone.v[i]);
    str_list_done(&gone);
}

/* The list of services that is told anew is complete whenever it has been complete before. */
static enum known_news take_source(struct known *k, const struct source_report *r)
{
    struct known_source *s = map_get(&k->sources, r->name);
    struct source_report lasting = *r;
    AUTO(str_done) struct str message = {0};
    if (!s) {
        s = mem_alloc(sizeof *s);
        map_set(&k->sources, r->name, s);
    }
    if (r->state != SOURCE_OK && s->state == SOURCE_OK)
        mark_stale(k, r->name);
    if (r->services_complete) {
        drop_stale(k, r->name);
        s->is_listed = true;
    }
    s->state = r->state;
    lasting.services_complete = s->is_listed && r->state <= SOURCE_ABSENT;
    wire_report_print(NULL, &(struct node_report){.kind = REPORT_SOURCE, .source = &lasting}, 0,
                      false, &message);
    return keep(&s->message, &message);
}

enum known_news known_take(struct known *k, const struct node_report *r, const struct str *message)
{
    switch (r->kind) {
    case REPORT_FACTS:
        return keep(&k->facts, message);
    case REPORT_POLICY:
        return keep(&k->policy, message);
    case REPORT_SERVICE:
        return take_service(k, r->service, message);
    case REPORT_SERVICE_GONE:
        return forget_service(k, r->gone);
    case REPORT_SOURCE:
        return take_source(k, r->source);
    case REPORT_SERIES:
    case REPORT_FRAME:
    case REPORT_PROCESSES:
    case REPORT_CHECK:
    case REPORT_OUTCOME:
    case REPORT_LOCAL:
        break;
    }
    return KNOWN_CHANGED;
}

void known_each_service(const struct known *k, void (*each)(void *arg, const struct observed *o),
                        void *arg)
{
    MAP_FOREACH (&k->services, e) {
        const struct str *message = &((const struct known_service *)e->value)->message;
        struct wire_values none = {0};
        struct node_report r;
        PB(FromAgent) *m =
            hydra__agent__v1__from_agent__unpack(NULL, message->len, (const uint8_t *)message->p);
        if (m && wire_report_take(&none, m, NULL, &r) == 1) {
            if (r.kind == REPORT_SERVICE)
                each(arg, r.service);
            node_report_free(&r);
        }
        if (m)
            hydra__agent__v1__from_agent__free_unpacked(m, NULL);
        wire_values_done(&none);
    }
}

void known_series(struct known *k, struct series_defs *d)
{
    if (d->first == 0)
        clear_series(k);
    for (uint32_t i = 0; i < d->n; i++) {
        struct series_def def = d->v[i];
        *(struct series_def *)vec_add(&k->series) = def;
        d->v[i] = (struct series_def){0};
    }
    node_report_free(&(struct node_report){.kind = REPORT_SERIES, .series = d});
}

void known_tell(const struct known *k, void (*tell)(void *arg, const char *bytes, size_t len),
                void *arg)
{
    if (k->facts.len)
        tell(arg, k->facts.p, k->facts.len);
    if (k->policy.len)
        tell(arg, k->policy.p, k->policy.len);
    MAP_FOREACH (&k->services, e) {
        const struct known_service *s = e->value;
        tell(arg, s->message.p, s->message.len);
    }
    MAP_FOREACH (&k->sources, e) {
        const struct known_source *s = e->value;
        tell(arg, s->message.p, s->message.len);
    }
}
