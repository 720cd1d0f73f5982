/* What images, containers, volumes and build caches take up: each engine is asked in turn. */
#include "node/docker-private.h"
#include "node/docker-usage.h"
#include "node/inspect-private.h"

#include <unistd.h>

struct survey {
    struct inspect *i;
    struct http_call *call;
    size_t at;         /* the engine that is asked */
    size_t n_answered; /* engines */
    struct str json;
    struct jw w;
    struct str_list troubles; /* an engine's name, then its sentence */
};

static void ask_next(struct survey *s);

static void add_trouble(struct survey *s, const struct engine *e, const char *text)
{
    str_list_add(&s->troubles, e->source);
    str_list_add(&s->troubles, text);
}

static void print_troubles(struct survey *s)
{
    jw_key(&s->w, "troubles");
    jw_array(&s->w);
    for (size_t i = 0; i + 1 < s->troubles.n; i += 2) {
        jw_object(&s->w);
        jw_key_str(&s->w, "engine", s->troubles.v[i]);
        jw_key_str(&s->w, "text", s->troubles.v[i + 1]);
        jw_end_object(&s->w);
    }
    jw_end_array(&s->w);
}

static void finish(struct survey *s)
{
    struct inspect *i = s->i;
    jw_end_array(&s->w);
    print_troubles(s);
    jw_end_object(&s->w);
    if (s->n_answered)
        inspect_answer(i, &s->json);
    else if (s->troubles.n)
        inspect_fail(i, -EIO, "%s", s->troubles.v[1]);
    else
        inspect_fail(i, -EOPNOTSUPP, "There is neither Docker nor Podman on this machine.");
}

static void take(struct survey *s, const struct engine *e, const struct http_answer *a)
{
    struct err err = {0};
    size_t before = s->json.len;
    struct jw w = s->w;
    jw_object(&s->w);
    jw_key_str(&s->w, "engine", e->source);
    jw_key_str(&s->w, "version", e->version.version);
    if (docker_usage_print(a->body, a->body_len, &err, &s->w) >= 0) {
        jw_end_object(&s->w);
        s->n_answered++;
        return;
    }
    s->w = w;
    s->json.len = before;
    s->json.p[before] = 0;
    add_trouble(s, e, err.text);
}

static void on_usage(void *arg, const struct http_answer *a)
{
    struct survey *s = arg;
    const struct engine *e = docker_engine_at(s->i->node, s->at++);
    s->call = NULL;
    if (a->error)
        add_trouble(s, e, a->text);
    else if (a->status != 200)
        add_trouble(s, e, "The engine refuses to tell what takes up space.");
    else
        take(s, e, a);
    ask_next(s);
}

static void ask_next(struct survey *s)
{
    struct engine *e;
    struct err err = {0};
    for (; (e = docker_engine_at(s->i->node, s->at)); s->at++) {
        const struct engine_request r = {
            .path = "/system/df", .timeout_ms = s->i->q.timeout_ms, .on_done = on_usage, .arg = s};
        if (engine_call(e, &r, &err, &s->call) >= 0)
            return;
        if (e->met || access(e->socket, F_OK) == 0)
            add_trouble(s, e, err.text);
    }
    finish(s);
}

static void start(struct inspect *i)
{
    struct survey *s = i->state = mem_alloc(sizeof *s);
    s->i = i;
    s->w = jw_begin(&s->json);
    jw_object(&s->w);
    jw_key(&s->w, "engines");
    jw_array(&s->w);
    ask_next(s);
}

static void stop(struct inspect *i)
{
    struct survey *s = i->state;
    http_call_cancel(TAKE(s->call));
    str_done(&s->json);
    str_list_done(&s->troubles);
    mem_free(s);
}

const struct inspect_ops docker_usage_inspect = {.start = start, .stop = stop};
