#include "cluster/attention.h"

#include <stdlib.h>

enum { ATTENTION_GAP_MS = 1000, ATTENTION_DIRTY_GAP_MS = 250 };

struct attention_since {
    int64_t since_ms;
    unsigned round;
};

static void done_list(struct attention_list *l)
{
    for (size_t i = 0; i < l->v.n; i++) {
        struct attention *a = &l->v.v[i];
        mem_free(a->id);
        mem_free(a->title);
        mem_free(a->text);
        mem_free(a->cause);
        mem_free(a->hint);
        mem_free(a->mount);
    }
    vec_done(&l->v);
}

/* What to do. A restart is offered for nothing that restarts by itself already. */
static const char *hint_of(const struct cluster *c, const struct live_service *s)
{
    if (service_is_looping(s, c->now.mono_ms))
        return "It restarts by itself and fails again: mend what the last error says, another "
               "restart won't";
    if (s->seen && s->seen->oom_killed)
        return "It ran out of memory: raise its limit, or free memory on the node";
    if (!s->seen || s->check.word == CHECK_DEAD || s->check.word == CHECK_ERRORS)
        return "See whether it answers from elsewhere; its log tells why it does not";
    if (s->seen->health == HEALTH_UNHEALTHY)
        return "It runs, but its own check fails: its log tells why";
    return "Its log tells why; then start it again";
}

/* A warning that may explain a failure; an unusual port alone explains none. */
static const char *cause_of(const struct live_service *s)
{
    for (size_t i = 0; i < s->warnings.n; i++)
        if (s->warnings.v[i].kind != WARNING_UNEXPECTED)
            return s->warnings.v[i].text;
    return NULL;
}

static void add_problem(struct cluster *c, struct attention_list *l, struct live_service *s)
{
    char title[SERVICE_TITLE_SIZE];
    bool down = service_state(s) == STATE_DOWN;
    struct attention *a = attention_add(
        l, down ? RANK_BAD : RANK_WARN, mem_printf("service:%s", s->id),
        mem_printf("%s is %s", service_title(s, title), service_state_name(service_state(s))));
    a->service = s;
    a->node = s->node;
    a->text = mem_strdup(s->health.told.reason[0] ? s->health.told.reason : "It does not answer");
    a->cause = mem_strdup(cause_of(s));
    a->hint = mem_strdup(hint_of(c, s));
    a->since_ms = s->health.since_ms;
    a->can_check = s->check.wanted;
}

/* How often the same runs, told once: by the first of all copies, at its first warning. 0 =
 * elsewhere. */
static unsigned copies_to_tell(const struct live_service *s, const struct warning *w)
{
    unsigned others = 0;
    for (size_t i = 0; i < s->warnings.n; i++) {
        const struct warning *v = &s->warnings.v[i];
        if (v->kind != WARNING_COPY)
            continue;
        if (v->second || (others == 0 && v != w))
            return 0;
        others++;
    }
    return others + 1;
}

static char *copies_title(const struct live_service *s, const struct warning *w, const char *node)
{
    unsigned n = copies_to_tell(s, w);
    if (n == 0)
        return NULL;
    return n == 2 ? mem_printf("%s runs twice on %s", s->who.name, node)
                  : mem_printf("%s runs %u times on %s", s->who.name, n, node);
}

/* The ids of the other copies; their warnings end in them. */
static char *copies_text(const struct live_service *s)
{
    enum { NAMED_AT_MOST = 3 };
    struct str text = {0};
    unsigned others = 0;
    for (size_t i = 0; i < s->warnings.n; i++) {
        if (s->warnings.v[i].kind != WARNING_COPY)
            continue;
        if (others++ < NAMED_AT_MOST)
            str_addf(&text, "%s%s", others == 1 ? "It also runs as " : ", ",
                     s->warnings.v[i].other);
    }
    if (others > NAMED_AT_MOST)
        str_addf(&text, " and %u more", others - NAMED_AT_MOST);
    str_add_char(&text, '.');
    return str_take(&text);
}

static char *warning_text(const struct live_service *s, const struct warning *w)
{
    switch (w->kind) {
    case WARNING_COPY:
        return copies_text(s);
    case WARNING_PORT: /* the title names neither */
        return mem_printf("%s: %s", s->who.name, w->text);
    case WARNING_ASKS:
    case WARNING_UNEXPECTED:
        break;
    }
    return mem_strdup(w->text);
}

static char *warning_title(const struct live_service *s, const struct warning *w)
{
    const char *node = s->node ? s->node->id : "";
    switch (w->kind) {
    case WARNING_COPY:
        return copies_title(s, w, node);
    case WARNING_PORT:
        return mem_printf("Two services claim port %u on %s", w->port, node);
    case WARNING_ASKS:
        return mem_printf("The check of %s asks another service", s->who.name);
    case WARNING_UNEXPECTED:
        break; /* worth a line on its page, no more */
    }
    return NULL;
}

static const char *warning_hint(enum warning_kind kind)
{
    switch (kind) {
    case WARNING_COPY:
        return "If one is meant to be the only one, stop the other: both hold memory";
    case WARNING_PORT:
        return "Only one can have it: give the other another port";
    case WARNING_ASKS:
        return "Correct the address of the check";
    case WARNING_UNEXPECTED:
        break;
    }
    return NULL;
}

/* It works, but something about it is not as meant. */
static void add_warning(struct attention_list *l, struct live_service *s, const struct warning *w)
{
    char *title = w->second ? NULL : warning_title(s, w);
    if (!title)
        return;
    struct attention *a = attention_add(l, w->kind == WARNING_PORT ? RANK_INFO : RANK_WARN,
                                        mem_printf("warning:%s:%s", s->id, w->text), title);
    a->service = s;
    a->node = s->node;
    a->text = warning_text(s, w);
    a->hint = mem_strdup(warning_hint(w->kind));
}

/* Of a node that is silent, that alone is said. */
static bool may_warn(const struct live_service *s)
{
    return !s->who.hidden && (!s->node || s->node->state == NODE_ONLINE);
}

static void add_services(struct cluster *c, struct attention_list *l)
{
    SERVICES_FOREACH(c, s)
    {
        if (service_is_problem(s))
            add_problem(c, l, s);
        for (size_t i = 0; i < s->warnings.n && may_warn(s); i++)
            add_warning(l, s, &s->warnings.v[i]);
    }
}

static enum attention_rank rank_of(const char *severity)
{
    return str_eq(severity, "bad") ? RANK_BAD : str_eq(severity, "warn") ? RANK_WARN : RANK_INFO;
}

static void add_notices(struct cluster *c, struct attention_list *l)
{
    MAP_FOREACH (&c->notices, e) {
        const struct notice *n = e->value;
        struct attention *a =
            attention_add(l, rank_of(n->severity), mem_printf("notice:%s", e->key),
                          mem_strdup("Hydra itself needs attention"));
        a->text = mem_strdup(n->text);
        a->hint = mem_strdup(n->hint);
        a->since_ms = n->since_ms;
    }
}

/* When an item began, for those that don't know themselves. */
static void date(struct cluster *c, struct attention *a)
{
    struct attention_since *s = map_get(&c->attention_since, a->id);
    if (!s) {
        s = mem_alloc(sizeof *s);
        s->since_ms = c->now.wall_ms;
        map_set(&c->attention_since, a->id, s);
    }
    s->round = c->attention_round;
    if (!a->since_ms)
        a->since_ms = s->since_ms;
}

static void date_all(struct cluster *c, struct attention_list *l)
{
    c->attention_round++;
    for (size_t i = 0; i < l->v.n; i++)
        date(c, &l->v.v[i]);
    struct map *m = &c->attention_since;
    for (size_t i = 0; i < m->n; i++) {
        const struct attention_since *s = m->entries[i].key ? m->entries[i].value : NULL;
        if (s && s->round != c->attention_round)
            mem_free(map_remove(m, m->entries[i].key));
    }
}

static int worst_first(const void *x, const void *y)
{
    const struct attention *a = x, *b = y;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->since_ms != b->since_ms)
        return a->since_ms > b->since_ms ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void breaks_json(struct jw *w, struct cluster *c, const struct live_service *cause)
{
    jw_key(w, "breaks");
    jw_array(w);
    if (cause)
        SERVICES_FOREACH(c, s)
        {
            if (s->cause == cause && !s->who.hidden)
                jw_str(w, s->id);
        }
    jw_end_array(w);
}

static void item_json(struct jw *w, struct cluster *c, const struct attention *a)
{
    static const char *const names[] = {"bad", "warn", "info"};
    jw_object(w);
    jw_key_str(w, "id", a->id);
    jw_key_str(w, "severity", names[a->rank]);
    jw_key_str(w, "title", a->title);
    jw_key_str(w, "text", a->text ? a->text : "");
    jw_key_str(w, "cause", a->cause);
    jw_key_str(w, "hint", a->hint);
    jw_key_str(w, "service", a->service ? a->service->id : NULL);
    jw_key_str(w, "node", a->node ? a->node->id : NULL);
    jw_key_str(w, "mount", a->mount);
    breaks_json(w, c, a->service);
    jw_key_time(w, "since", a->since_ms);
    jw_key(w, "actions");
    jw_array(w);
    if (a->service || a->node)
        jw_str(w, "open");
    if (a->can_check)
        jw_str(w, "check");
    jw_end_array(w);
    jw_end_object(w);
}

/* For the sentence: troubles that are no service's. Silent nodes speak for themselves there. */
static void keep_worst(struct cluster *c, const struct attention_list *l)
{
    c->n_attention_bad = 0;
    mem_set_str(&c->attention_worst, NULL);
    for (size_t i = 0; i < l->v.n; i++) {
        const struct attention *a = &l->v.v[i];
        if (a->rank != RANK_BAD || a->service || str_starts(a->id, "node:"))
            continue;
        if (!c->n_attention_bad++)
            mem_set_str(&c->attention_worst, str_starts(a->id, "notice:") ? a->text : a->title);
    }
}

static void tell(struct cluster *c, struct str *list)
{
    if (list->len == c->attention.len && !memcmp(list->p, c->attention.p, list->len)) {
        str_done(list);
        return;
    }
    str_done(&c->attention);
    c->attention = *list;
    struct str json = {0};
    str_add(&json, "{\"attention\":");
    str_add_n(&json, c->attention.p, c->attention.len);
    str_add_char(&json, '}');
    publish(c, EVENT_CLASS_STATE, NULL, "attention.changed", PERMS_STATE, &json);
    str_done(&json);
}

/* A change of a service's state is told at once, a burst of them together. */
void attention_update(struct cluster *c, struct cluster_now now)
{
    int64_t *last = c->attention_dirty ? &c->attention_burst_mono_ms : &c->attention_mono_ms;
    int gap = c->attention_dirty ? ATTENTION_DIRTY_GAP_MS : ATTENTION_GAP_MS;
    if (*last && now.mono_ms - *last < gap)
        return;
    *last = c->attention_mono_ms = now.mono_ms;
    struct attention_list l = {0};
    c->attention_dirty = false;
    add_services(c, &l);
    NODES_FOREACH(c, n)
    {
        attention_of_node(&l, n, now);
    }
    add_notices(c, &l);
    date_all(c, &l);
    if (l.v.n)
        qsort(l.v.v, l.v.n, sizeof l.v.v[0], worst_first);
    keep_worst(c, &l);
    struct str list = {0};
    struct jw w = jw_begin(&list);
    jw_array(&w);
    for (size_t i = 0; i < l.v.n; i++)
        item_json(&w, c, &l.v.v[i]);
    jw_end_array(&w);
    tell(c, &list);
    done_list(&l);
}
