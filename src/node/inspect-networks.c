/* Which networks an engine has, and which of them a container is in. */
#include "node/docker-networks.h"
#include "node/docker-private.h"
#include "node/inspect-private.h"

#include <stdio.h>

struct survey {
    struct inspect *i;
    struct http_call *call;
    char source[DOCKER_SOURCE_SIZE];
    char id[DOCKER_ID_SIZE]; /* of the container; "" = none was named */
    struct str networks;     /* the engine's answer */
};

static void ask(struct survey *s, const char *path,
                void (*on_done)(void *, const struct http_answer *))
{
    struct engine *e = docker_engine(s->i->node, s->source);
    struct err err = {0};
    const struct engine_request r = {
        .path = path, .timeout_ms = s->i->q.timeout_ms, .on_done = on_done, .arg = s};
    if (!e || engine_call(e, &r, &err, &s->call) < 0)
        inspect_fail(s->i, -EIO, "%s", e ? err.text : "The engine is gone.");
}

/* NULL of a container: none was named. */
static void tell(struct survey *s, const struct http_answer *container)
{
    struct inspect *i = s->i;
    struct err e = {0};
    AUTO(str_done) struct str json = {0};
    struct jw w = jw_begin(&json);
    jw_object(&w);
    jw_key_str(&w, "engine", s->source);
    int r =
        docker_networks_print(s->networks.p, s->networks.len, container ? container->body : NULL,
                              container ? container->body_len : 0, &e, &w);
    jw_end_object(&w);
    if (r < 0)
        inspect_fail(i, -EIO, "%s", e.text);
    else
        inspect_answer(i, &json);
}

/* False: it is no answer, and was told so. */
static bool is_good(struct survey *s, const struct http_answer *a, const char *what)
{
    s->call = NULL;
    if (!a->error && a->status == 200)
        return true;
    inspect_fail(s->i, a->status == 404 ? -ENOENT : -EIO, "%s", a->error ? a->text : what);
    return false;
}

static void on_container(void *arg, const struct http_answer *a)
{
    struct survey *s = arg;
    if (is_good(s, a, "The engine does not tell of that container."))
        tell(s, a);
}

static void on_networks(void *arg, const struct http_answer *a)
{
    struct survey *s = arg;
    char path[DOCKER_ID_SIZE + 32];
    if (!is_good(s, a, "The engine refuses to tell its networks."))
        return;
    str_add_n(&s->networks, a->body, a->body_len);
    snprintf(path, sizeof path, "/containers/%s/json", s->id);
    if (*s->id)
        ask(s, path, on_container);
    else
        tell(s, NULL);
}

/* "docker/plex", "docker", or "" = the first that answers. */
static struct engine *engine_of(const struct inspect *i)
{
    struct engine *e = *i->q.target ? docker_engine(i->node, i->q.target) : NULL;
    for (size_t n = 0; !*i->q.target && (e = docker_engine_at(i->node, n)); n++)
        if (e->state == ENGINE_WATCHING)
            break;
    return e;
}

static void start(struct inspect *i)
{
    const struct engine *e = engine_of(i);
    bool named = strchr(i->q.target, '/');
    const struct entry *x = named ? docker_entry(i->node, i->q.target) : NULL;
    if (!e) {
        inspect_fail(i, -EOPNOTSUPP, "There is neither Docker nor Podman on this machine.");
        return;
    }
    if (named && !x) {
        inspect_fail(i, -ENOENT, "There is no container %.200s on this node.", i->q.target);
        return;
    }
    struct survey *s = i->state = mem_alloc(sizeof *s);
    s->i = i;
    str_copy(s->source, sizeof s->source, e->source);
    str_copy(s->id, sizeof s->id, x ? x->id : "");
    ask(s, "/networks", on_networks);
}

static void stop(struct inspect *i)
{
    struct survey *s = TAKE(i->state);
    if (!s)
        return;
    http_call_cancel(TAKE(s->call));
    str_done(&s->networks);
    mem_free(s);
}

const struct inspect_ops networks_inspect = {.start = start, .stop = stop};
