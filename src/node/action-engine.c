#include "node/action-engine.h"

#include <stdarg.h>
#include <stdio.h>

void talk_init(struct talk *t, struct action *a, struct engine *e, void *arg)
{
    *t = (struct talk){.a = a, .engine = e, .arg = arg};
}

void talk_done(struct talk *t)
{
    http_call_cancel(TAKE(t->call));
    loop_timer_free(TAKE(t->pause));
}

/* {"message": "…"}, of Podman also {"cause": "…"}. */
static void read_words(const struct http_answer *a, char ret_words[ENGINE_WORDS_SIZE])
{
    json_t *v = NULL;
    snprintf(ret_words, ENGINE_WORDS_SIZE, "status %d", a->status);
    if (a->body && json_parse(a->body, a->body_len, LIMIT_DOCKER_ANSWER, NULL, &v) == 0) {
        AUTO(mem_freep) char *line = NULL;
        const char *message = json_get_str(v, "message", "");
        line = one_line(message, strlen(message));
        if (line)
            str_copy(ret_words, ENGINE_WORDS_SIZE, line);
        json_decref(v);
    }
}

static void on_answer(void *arg, const struct http_answer *a)
{
    struct talk *t = arg;
    char words[ENGINE_WORDS_SIZE] = "";
    struct talk_answer answer = {.status = a->status,
                                 .ok = !a->error && (a->status / 100 == 2 || a->status == 304),
                                 .words = words,
                                 .body = a->body ? a->body : "",
                                 .len = a->body ? a->body_len : 0};
    t->call = NULL;
    if (a->error)
        str_copy(words, sizeof words, a->text);
    else if (!answer.ok)
        read_words(a, words);
    t->then(t->arg, &answer);
}

static bool on_piece(void *arg, const char *bytes, size_t n)
{
    struct talk *t = arg;
    return t->on_data(t->arg, bytes, n);
}

static void ask(struct talk *t, const struct talk_question *q, talk_fn *then, const char *path)
{
    struct err e = {0};
    t->then = then;
    t->on_data = q->on_data;
    struct engine_request r = {.method = q->method,
                               .path = path,
                               .body = q->body,
                               .timeout_ms = q->timeout_ms ? q->timeout_ms : CONTAINER_MS,
                               .on_data = q->on_data ? on_piece : NULL,
                               .on_done = on_answer,
                               .arg = t};
    if (engine_call(t->engine, &r, &e, &t->call) < 0)
        then(t->arg, &(struct talk_answer){.words = e.text, .body = ""});
}

void talk_ask(struct talk *t, const struct talk_question *q, talk_fn *then, const char *path_fmt,
              ...)
{
    struct str path = {0};
    va_list ap;
    va_start(ap, path_fmt);
    str_addv(&path, path_fmt, ap);
    va_end(ap);
    ask(t, q, then, path.p);
    str_done(&path);
}

void talk_get(struct talk *t, talk_fn *then, const char *path_fmt, ...)
{
    struct str path = {0};
    va_list ap;
    va_start(ap, path_fmt);
    str_addv(&path, path_fmt, ap);
    va_end(ap);
    ask(t, &(struct talk_question){.method = "GET"}, then, path.p);
    str_done(&path);
}

void talk_post(struct talk *t, talk_fn *then, const char *path_fmt, ...)
{
    struct str path = {0};
    va_list ap;
    va_start(ap, path_fmt);
    str_addv(&path, path_fmt, ap);
    va_end(ap);
    ask(t, &(struct talk_question){.method = "POST"}, then, path.p);
    str_done(&path);
}

static void on_pause(void *arg)
{
    struct talk *t = arg;
    loop_timer_free(TAKE(t->pause));
    t->after(t->arg);
}

void talk_pause(struct talk *t, uint32_t ms, loop_fn *after)
{
    t->after = after;
    t->pause = loop_timer_new(t->a->node->loop, ms, 0, on_pause, t);
}

/* --- containers --- */

static enum observed_health health_of(const char *status)
{
    if (str_eq(status, "healthy"))
        return HEALTH_HEALTHY;
    if (str_eq(status, "unhealthy"))
        return HEALTH_UNHEALTHY;
    return str_eq(status, "starting") ? HEALTH_STARTING : HEALTH_NONE;
}

static void read_state(const json_t *v, struct container_state *ret_s)
{
    const json_t *state = json_object_get(v, "State");
    const char *status = json_get_str(state, "Status", "");
    *ret_s = (struct container_state){
        .running = json_get_bool(state, "Running", false),
        .paused = json_get_bool(state, "Paused", false) || str_eq(status, "paused"),
        .restarting = json_get_bool(state, "Restarting", false) || str_eq(status, "restarting"),
        .health = health_of(json_get_str(json_object_get(state, "Health"), "Status", "")),
        .exit_code = (int)json_get_int(state, "ExitCode", 0),
        .restarts = json_get_int(v, "RestartCount", 0),
        .tty = json_get_bool(json_object_get(v, "Config"), "Tty", false),
    };
    str_copy(ret_s->status, sizeof ret_s->status, status);
    str_copy(ret_s->started, sizeof ret_s->started, json_get_str(state, "StartedAt", ""));
}

int container_state_parse(const char *json, size_t len, struct container_state *ret_s)
{
    json_t *v = NULL;
    int r = json_parse(json, len, LIMIT_DOCKER_ANSWER, NULL, &v);
    if (r == 0 && json_is_object(json_object_get(v, "State")))
        read_state(v, ret_s);
    else if (r == 0)
        r = -EINVAL;
    json_decref(v);
    return r;
}

/* Engines mount a container's own files (hosts, resolv.conf) from a folder named after its id. */
bool container_is_own(const char *id)
{
    bool found = false;
    char line[4096];
    FILE *f = fopen("/proc/self/mountinfo", "re");
    while (f && !found && fgets(line, sizeof line, f))
        found = (strstr(line, " /etc/hosts ") || strstr(line, " /etc/hostname ") ||
                 strstr(line, " /etc/resolv.conf ")) &&
                strstr(line, id);
    if (f)
        fclose(f);
    return found;
}

const char *container_fault(const struct action *a, const struct entry *x)
{
    if (!x)
        return "There is no such container on this node now.";
    if (a->command.verb != COMMAND_CONTAINER_START && container_is_own(x->id))
        return "The agent itself runs in this container: do it on the node itself.";
    return NULL;
}

void signal_to_query(const char *name, struct str *out)
{
    for (; *name; name++) {
        if (*name == '+')
            str_add(out, "%2B");
        else
            str_add_char(out, *name);
    }
}
