#include "demo/systems.h"

#include "node/nix-garbage.h"

#include <stdio.h>

enum { DAY_MS = 24 * 3600 * 1000 };

/* --- the list --- */

static struct generation *insert_first(struct generations *l)
{
    (void)vec_add(l);
    memmove(l->v + 1, l->v, (l->n - 1) * sizeof *l->v);
    l->v[0] = (struct generation){0};
    return &l->v[0];
}

static void add(struct systems *s, const json_t *j, unsigned number, int64_t date_ms)
{
    struct generation *g = insert_first(&s->list);
    g->number = number;
    g->date_ms = date_ms;
    g->path = mem_strdup(json_get_str(j, "path", ""));
    g->version = mem_strdup(json_get_str(j, "version", ""));
    g->kernel = mem_strdup(json_get_str(j, "kernel", ""));
    g->revision = mem_strdup(json_get_str(j, "revision", NULL));
}

struct systems *systems_new(const json_t *scenery, int64_t now_ms)
{
    const json_t *list = json_object_get(scenery, "generations");
    if (!json_array_size(list))
        return NULL;
    struct systems *s = mem_alloc(sizeof *s);
    s->scenery = scenery;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        add(s, j, (unsigned)json_get_int(j, "number", 1),
            now_ms - (int64_t)(json_get_num(j, "days", 0) * DAY_MS));
    }
    s->list.v[0].current = s->list.v[0].running = true;
    int64_t before = json_get_int(scenery, "booted_before", 0); /* so many generations ago */
    s->list.v[before > 0 && (size_t)before < s->list.n ? before : 0].booted = true;
    return s;
}

void systems_free(struct systems *s)
{
    if (!s)
        return;
    generations_done(&s->list);
    switch_state_done(&s->last);
    mem_free(s);
}

bool systems_breaks(const struct systems *s, const struct generation *g)
{
    const json_t *j = json_object_get(s->scenery, "rebuilt");
    return j && str_eq(g->path, json_get_str(j, "path", NULL));
}

const struct generation *systems_rebuild(struct systems *s, int64_t now_ms)
{
    const json_t *j = json_object_get(s->scenery, "rebuilt");
    if (!j)
        return NULL;
    for (size_t i = 0; i < s->list.n; i++)
        if (systems_breaks(s, &s->list.v[i]))
            return &s->list.v[i]; /* the same inputs: nix makes no second one */
    add(s, j, s->list.v[0].number + 1, now_ms);
    return &s->list.v[0];
}

static const struct generation *marked(const struct systems *s, size_t offset)
{
    for (size_t i = 0; i < s->list.n; i++)
        if (*(const bool *)((const char *)&s->list.v[i] + offset))
            return &s->list.v[i];
    return &s->list.v[0];
}

const struct generation *systems_running(const struct systems *s)
{
    return marked(s, offsetof(struct generation, running));
}

void systems_run(struct systems *s, unsigned number, bool current)
{
    for (size_t i = 0; i < s->list.n; i++) {
        struct generation *g = &s->list.v[i];
        g->running = g->number == number;
        if (current)
            g->current = g->running;
    }
}

void systems_boot(struct systems *s)
{
    for (size_t i = 0; i < s->list.n; i++)
        s->list.v[i].running = s->list.v[i].booted = s->list.v[i].current;
}

unsigned systems_collect(struct systems *s, unsigned days, int64_t now_ms)
{
    unsigned n = 0;
    for (size_t i = s->list.n; i-- > 0;)
        if (garbage_is_old(&s->list.v[i], days, now_ms)) {
            struct generations gone = {0};
            *vec_add(&gone) = s->list.v[i];
            generations_done(&gone);
            vec_remove_at(&s->list, i);
            n++;
        }
    return n;
}

/* --- switches --- */

char *systems_needs_reboot(const struct systems *s, const struct generation *to)
{
    const struct generation *booted = marked(s, offsetof(struct generation, booted));
    return str_eq(booted->kernel, to->kernel)
               ? NULL
               : mem_printf("It has the kernel %s, and %s runs.", to->kernel, booted->kernel);
}

/* "rebuilt": between the one that breaks and another; "": between any two. */
static const json_t *between(const struct systems *s, const char *what, const struct generation *a,
                             const struct generation *b)
{
    const json_t *of = json_object_get(s->scenery, what);
    bool breaks = systems_breaks(s, a) != systems_breaks(s, b);
    return json_object_get(of, breaks ? "rebuilt" : "");
}

const json_t *systems_plan(const struct systems *s, const struct generation *to)
{
    const struct generation *now = systems_running(s);
    return now == to ? NULL : between(s, "plans", now, to);
}

/* --- answers --- */

static void print_refusal(const struct policy *p, const char *key, enum command_verb verb,
                          const char *target, struct jw *w)
{
    struct err e = {0};
    int r = policy_check(p, command_verb_name(verb), target, &e);
    jw_key_str(w, key, r < 0 ? e.text : NULL);
}

static void print_flakes(const struct policy *p, struct jw *w)
{
    jw_key(w, "flakes");
    jw_array(w);
    for (size_t i = 0; i < p->rules.n; i++)
        for (size_t k = 0; !p->rules.v[i].deny && k < p->rules.v[i].targets.n; k++)
            if (policy_check_flake(p, p->rules.v[i].targets.v[k], NULL) >= 0)
                jw_str(w, p->rules.v[i].targets.v[k]);
    jw_end_array(w);
}

static void print_switch(const struct systems *s, struct jw *w)
{
    jw_key(w, "switch");
    if (!s->switched) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, "job", s->last.id);
    jw_key_str(w, "phase", switch_phase_name(s->last.phase));
    jw_key_str(w, "from", s->last.from);
    jw_key_str(w, "to", s->last.to);
    jw_key_bool(w, "reboot", s->last.reboot);
    jw_key_time(w, "until", s->last.until_ms);
    jw_key_str(w, "text", s->last.text ? s->last.text : "");
    jw_end_object(w);
}

void systems_print(const struct systems *s, const struct policy *policy, struct jw *w)
{
    char number[16];
    jw_object(w);
    jw_key(w, "generations");
    jw_array(w);
    for (size_t i = 0; i < s->list.n; i++) {
        snprintf(number, sizeof number, "%u", s->list.v[i].number);
        jw_object(w);
        generation_print(&s->list.v[i], w);
        print_refusal(policy, "why_not", COMMAND_GENERATION_SWITCH, number, w);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_key(w, "why_not");
    jw_object(w);
    print_refusal(policy, "rollback", COMMAND_GENERATION_ROLLBACK, "", w);
    print_refusal(policy, "collect", COMMAND_GENERATION_COLLECT, "", w);
    jw_end_object(w);
    print_flakes(policy, w);
    print_switch(s, w);
    jw_end_object(w);
}

static void print_one(const char *key, const struct generation *g, struct jw *w)
{
    jw_key(w, key);
    jw_object(w);
    generation_print(g, w);
    jw_end_object(w);
}

static void print_member(const json_t *of, const char *key, const char *as, struct jw *w)
{
    const json_t *j = json_object_get(of, key);
    jw_key(w, as);
    if (j) {
        jw_json(w, j);
    } else {
        jw_array(w);
        jw_end_array(w);
    }
}

/* What was changed from a to b is changed the other way round from b to a. */
static void print_changes(const json_t *list, bool turned, struct jw *w)
{
    jw_array(w);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        jw_object(w);
        jw_key_str(w, "name", json_get_str(c, "name", ""));
        print_member(c, turned ? "to" : "from", "from", w);
        print_member(c, turned ? "from" : "to", "to", w);
        jw_end_object(w);
    }
    jw_end_array(w);
}

void systems_print_diff(const struct systems *s, const struct generation *a,
                        const struct generation *b, struct jw *w)
{
    const json_t *of = a == b ? NULL : between(s, "diffs", a, b);
    const json_t *packages = json_object_get(of, "packages"), *units = json_object_get(of, "units");
    bool turned = a->number > b->number;
    jw_object(w);
    print_one("from", a, w);
    print_one("to", b, w);
    jw_key(w, "packages");
    jw_object(w);
    jw_key(w, "added");
    print_changes(json_object_get(packages, turned ? "removed" : "added"), turned, w);
    jw_key(w, "removed");
    print_changes(json_object_get(packages, turned ? "added" : "removed"), turned, w);
    jw_key(w, "changed");
    print_changes(json_object_get(packages, "changed"), turned, w);
    jw_key_int(w, "rebuilt", json_get_int(packages, "rebuilt", 0));
    jw_end_object(w);
    jw_key(w, "units");
    jw_object(w);
    print_member(units, turned ? "removed" : "added", "added", w);
    print_member(units, turned ? "added" : "removed", "removed", w);
    print_member(units, "changed", "changed", w);
    jw_end_object(w);
    jw_end_object(w);
}

void systems_print_plan(const struct systems *s, const struct generation *to, struct jw *w)
{
    static const char *const kinds[] = {"stop", "start", "restart", "reload"};
    const json_t *plan = systems_plan(s, to);
    AUTO(mem_freep) char *reboot = systems_needs_reboot(s, to);
    jw_object(w);
    print_one("to", to, w);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        print_member(plan, kinds[i], kinds[i], w);
    jw_key_str(w, "needs_reboot", reboot);
    jw_key_str(w, "output", json_get_str(plan, "output", ""));
    jw_end_object(w);
}

void systems_print_garbage(const struct systems *s, unsigned days, int64_t now_ms, struct jw *w)
{
    const json_t *all = json_object_get(s->scenery, "garbage");
    unsigned old = 0, most = 0;
    jw_object(w);
    jw_key_uint(w, "older_than_days", days);
    jw_key(w, "generations");
    jw_array(w);
    for (size_t i = 0; i < s->list.n; i++) {
        most += garbage_is_old(&s->list.v[i], 0, now_ms);
        if (!garbage_is_old(&s->list.v[i], days, now_ms))
            continue;
        jw_uint(w, s->list.v[i].number);
        old++;
    }
    jw_end_array(w);
    double share = most ? 0.1 + 0.9 * old / most : 0; /* the rest belongs to nobody any more */
    jw_key_int(w, "paths", (int64_t)(share * json_get_num(all, "paths", 0)));
    jw_key_int(w, "bytes", (int64_t)(share * json_get_num(all, "bytes", 0)));
    jw_end_object(w);
}
