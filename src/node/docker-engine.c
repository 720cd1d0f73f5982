/* One engine: greeting, event stream, list, watch; away and back. */
#include "node/docker-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ANSWER_MS = 10000,
    PING_MS = 15000,
    RETRY_FIRST_MS = 250,
    RETRY_MAX_MS = 10000,
};

static void try_now(void *arg);

/* --- away --- */

static void drop_calls(struct engine *e)
{
    http_call_cancel(TAKE(e->call));
    http_call_cancel(TAKE(e->events));
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        http_call_cancel(TAKE(x->look));
        http_call_cancel(TAKE(x->reading));
        x->due = false;
    }
    e->looking = 0;
    engine_measure_stop(e);
    str_clear(&e->line);
}

/* 250 ms, doubled each time up to 10 s, and up to half as much again by chance: many watchers must
 * not return in step. */
static uint64_t pause_ms(const struct engine *e)
{
    uint64_t ms = RETRY_FIRST_MS << (e->failures < 6 ? e->failures : 6);
    ms = ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
    return ms + rand_below((uint32_t)ms / 2);
}

void engine_away(struct engine *e, enum source_state state, const char *text, const char *hint)
{
    drop_calls(e);
    e->state = ENGINE_AWAY;
    node_source(e->node, e->source, state, text, hint, false);
    loop_timer_free(e->retry);
    e->retry = loop_timer_new(e->node->loop, pause_ms(e), 0, try_now, e);
    e->failures++;
}

static void deny(struct engine *e)
{
    struct stat st = {0};
    const struct group *g = stat(e->socket, &st) == 0 ? getgrgid(st.st_gid) : NULL;
    const struct passwd *me = getpwuid(geteuid());
    const char *user = me ? me->pw_name : "USER";
    char *text = mem_printf("%s may not use %s", user, e->socket);
    bool by_group = g && st.st_gid != 0 && (st.st_mode & S_IWGRP);
    char *hint = by_group
                     ? mem_printf("usermod -aG %s %s, then start again (this gives rights like "
                                  "root's), or: setfacl -m u:%s:rw %s",
                                  g->gr_name, user, user, e->socket)
                     : mem_printf("setfacl -m u:%s:rw %s", user, e->socket);
    engine_away(e, SOURCE_DENIED, text, hint);
    mem_free(text);
    mem_free(hint);
}

void engine_lose(struct engine *e, int error, const char *text)
{
    if (error == -EACCES || error == -EPERM) {
        deny(e);
    } else if (error == -ENOENT && !e->met) {
        char *t = mem_printf("there is no socket %s", e->socket);
        engine_away(e, SOURCE_ABSENT, t,
                    "Start the engine, or say with the setting \"docker\" where its socket is.");
        mem_free(t);
    } else if (error == -ENOENT || error == -ECONNREFUSED) {
        char *t = mem_printf("%s does not answer: nothing listens on %s", e->source, e->socket);
        engine_away(e, SOURCE_FAILED, t, "Start the engine; it is tried again all the time.");
        mem_free(t);
    } else {
        engine_away(e, SOURCE_FAILED, text, NULL);
    }
}

int engine_get(struct engine *e, const char *path,
               void (*on_done)(void *, const struct http_answer *), void *arg,
               struct http_call **ret_call)
{
    char *url = *e->version.api ? mem_printf("http://engine/v%s%s", e->version.api, path)
                                : mem_printf("http://engine%s", path);
    struct http_request r = {.url = url,
                             .unix_socket = e->socket,
                             .timeout_ms = ANSWER_MS,
                             .body_max = LIMIT_DOCKER_ANSWER,
                             .on_done = on_done,
                             .arg = arg};
    struct err err = {0};
    int code = http_client_call(e->http, &r, &err, ret_call);
    mem_free(url);
    if (code < 0)
        engine_away(e, SOURCE_FAILED, err_text(&err, code), NULL);
    return code;
}

int engine_call(struct engine *e, const struct engine_request *r, struct err *err,
                struct http_call **ret_call)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    AUTO(mem_freep) char *url = mem_printf("http://engine/v%s%s", e->version.api, r->path);
    struct http_request h = {.method = r->method,
                             .url = url,
                             .unix_socket = e->socket,
                             .headers = r->body ? headers : NULL,
                             .body = r->body,
                             .body_len = r->body ? strlen(r->body) : 0,
                             .timeout_ms = r->timeout_ms,
                             .body_max = LIMIT_DOCKER_ANSWER,
                             .fresh = true, /* may take long: others don't wait behind it */
                             .on_data = r->on_data,
                             .on_done = r->on_done,
                             .arg = r->arg};
    if (e->state == ENGINE_AWAY || e->state == ENGINE_GREETING)
        return err_set(err, -ENOTCONN, "%s does not answer; its source says why.", e->source);
    return http_client_call(e->http, &h, err, ret_call);
}

/* --- list --- */

void engine_drop(struct engine *e, struct entry *x)
{
    map_remove(&e->entries, x->id);
    entry_free(x);
}

struct entry *engine_entry(struct engine *e, const char *id)
{
    struct entry *x = map_get(&e->entries, id);
    if (x || map_count(&e->entries) >= LIMIT_DOCKER_CONTAINERS)
        return x;
    x = mem_alloc(sizeof *x);
    x->engine = e;
    str_copy(x->id, sizeof x->id, id);
    map_set(&e->entries, id, x);
    return x;
}

static void take_list(struct engine *e, const struct str_list *ids)
{
    for (size_t i = 0; i < ids->n; i++) {
        struct entry *x = engine_entry(e, ids->v[i]);
        if (!x)
            break;
        x->listed = true;
        x->due = true;
    }
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        if (!x->listed)
            engine_drop(e, x);
        else
            x->listed = false;
    }
    engine_look_on(e);
    engine_looked(e);
}

static void on_list(void *arg, const struct http_answer *a)
{
    struct engine *e = arg;
    struct str_list ids = {0};
    struct err err = {0};
    e->call = NULL;
    if (a->error)
        engine_lose(e, a->error, a->text);
    else if (a->status != 200 || docker_parse_list(a->body, a->body_len, &err, &ids) < 0)
        engine_lose(e, -EPROTO, *err.text ? err.text : "the engine refuses to list its containers");
    else
        take_list(e, &ids);
    str_list_done(&ids);
}

void engine_looked(struct engine *e)
{
    if (e->state != ENGINE_LISTING || e->call)
        return;
    MAP_FOREACH (&e->entries, m) {
        const struct entry *x = m->value;
        if (!x->c && (x->due || x->look))
            return;
    }
    e->state = ENGINE_WATCHING;
    e->failures = 0;
    e->met = true;
    e->ping_ms = clock_mono_ms();
    char *text = mem_printf("%s %s", e->version.podman ? "Podman" : "Docker", e->version.version);
    engine_refresh(e); /* now that all are known, so are their dependencies */
    node_source(e->node, e->source, SOURCE_OK, text, NULL, true);
    mem_free(text);
}

/* --- greeting --- */

/* Podman often answers on Docker's socket, so the name follows the answer while nothing is told. */
static void name_source(struct engine *e, bool podman)
{
    const char *kind = podman ? "podman" : "docker";
    if (e->met)
        return;
    if (e->uid)
        snprintf(e->source, sizeof e->source, "%s-%u", kind, e->uid);
    else
        str_copy(e->source, sizeof e->source, kind);
}

static void on_version(void *arg, const struct http_answer *a)
{
    struct engine *e = arg;
    struct err err = {0};
    e->call = NULL;
    if (a->error) {
        engine_lose(e, a->error, a->text);
        return;
    }
    if (a->status != 200 || docker_parse_version(a->body, a->body_len, &err, &e->version) < 0) {
        engine_lose(e, -EPROTO, *err.text ? err.text : "the engine refuses to tell its version");
        return;
    }
    name_source(e, e->version.podman);
    /* Events first: what happens while the list is read is not missed. */
    e->state = ENGINE_LISTING;
    if (engine_open_events(e) == 0)
        (void)!engine_get(e, "/containers/json?all=1", on_list, e, &e->call);
}

static void try_now(void *arg)
{
    struct engine *e = arg;
    loop_timer_free(TAKE(e->retry));
    if (access(e->socket, R_OK | W_OK) < 0) {
        engine_lose(e, -errno, strerror(errno));
        return;
    }
    e->state = ENGINE_GREETING;
    *e->version.api = 0;
    (void)!engine_get(e, "/version", on_version, e, &e->call);
}

/* --- watching --- */

static void on_ping(void *arg, const struct http_answer *a)
{
    struct engine *e = arg;
    e->call = NULL;
    if (a->error)
        engine_lose(e, a->error,
                    a->error == -ETIMEDOUT ? "the engine hangs: it does not answer" : a->text);
}

void engine_tick(struct engine *e, int64_t now_ms)
{
    engine_look_on(e);
    if (e->state == ENGINE_WATCHING)
        engine_measure(e, now_ms);
    if (e->state != ENGINE_WATCHING || e->call || now_ms - e->ping_ms < PING_MS)
        return;
    e->ping_ms = now_ms;
    (void)!engine_get(e, "/_ping", on_ping, e, &e->call);
}

struct engine *engine_new(struct node *n, struct http_client *http, const char *socket, bool podman,
                          unsigned uid)
{
    struct engine *e = mem_alloc(sizeof *e);
    e->node = n;
    e->http = http;
    e->uid = uid;
    str_copy(e->socket, sizeof e->socket, socket);
    name_source(e, podman);
    outbox_init(&e->out, n);
    e->retry = loop_timer_new(n->loop, 0, 0, try_now, e);
    return e;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    drop_calls(e);
    outbox_done(&e->out); /* first: nothing is told any more */
    MAP_FOREACH (&e->entries, m)
        engine_drop(e, m->value);
    map_done(&e->entries, NULL);
    loop_timer_free(e->retry);
    loop_timer_free(e->looks);
    str_done(&e->line);
    mem_free(e);
}
