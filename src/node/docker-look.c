/* One container: inspect it, read the end of its log, tell it. */
#include "node/docker-private.h"

#include "base/clock.h"
#include "node/listeners.h"

#include <stdio.h>

enum {
    LOOKS_MAX = 4,        /* inspections at once */
    LOOKS_PER_SECOND = 4, /* of one container: restart loops make many events */
    ASKED_MS = 600000,    /* an end so long after a request is another matter */
    STALE_WHY_MS = 600000,
    LIMIT_LOG = 1 << 20,
    DOUBT_MS = 400, /* Podman's second cleanup comes within 0.1 s, and is told 0.25 s later */
    KILLED = 128 + 9,
};

/* --- tell --- */

static struct entry *by_service(struct engine *e, const char *project, const char *service)
{
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        if (x->c && !x->c->oneoff && str_eq(x->c->compose_service, service) &&
            str_eq(x->c->seen->project, project))
            return x;
    }
    return NULL;
}

static char *observed_id(const struct entry *x)
{
    return mem_printf("%s/%s", x->engine->source, x->c->seen->name);
}

/* "db:service_healthy:true,cache" → the ids of their containers. */
static void add_dependencies(struct entry *x, struct observed *o)
{
    struct str_list names = {0};
    str_list_split(&names, x->c->depends ? x->c->depends : "", ',');
    for (size_t i = 0; i < names.n; i++) {
        names.v[i][strcspn(names.v[i], ":")] = 0;
        struct entry *other = by_service(x->engine, x->c->seen->project, names.v[i]);
        if (other && other != x)
            str_list_take(&o->depends_on, observed_id(other));
    }
    str_list_done(&names);
}

/* Below the mount, up to and with the part that names the container: systemd inside makes more. It
 * stays as long as the container runs. */
static const char *container_cgroup(struct entry *x)
{
    char path[CGROUP_PATH_MAX];
    const struct observed *o = x->c->seen;
    if (x->cgroup && x->cgroup_pid == o->main_pid && x->cgroup_since_ms == o->started_ms)
        return x->cgroup;
    mem_set_str(&x->cgroup, NULL);
    if (o->main_pid <= 0 || cgroup_of_pid(x->engine->node->settings.root, o->main_pid, path) < 0)
        return NULL;
    char *id = strstr(path, x->id);
    if (!id)
        return NULL;
    id[strcspn(id, "/")] = 0;
    mem_set_str(&x->cgroup, path);
    x->cgroup_pid = o->main_pid;
    x->cgroup_since_ms = o->started_ms;
    return x->cgroup;
}

static bool ended_lately(const struct observed *o)
{
    return o->restarts && clock_wall_ms() - o->started_ms < STALE_WHY_MS;
}

/* Its own reason, else the last line of its log; after a restart that line is still of interest. */
static void add_why(const struct entry *x, struct observed *o)
{
    bool ended_badly = o->run == RUN_FAILED || o->run == RUN_RESTARTING;
    if (!o->why && x->last_line && (ended_badly || (o->run == RUN_RUNNING && ended_lately(o))))
        o->why = mem_strdup(x->last_line);
}

/* Compose makes the new container under the name before the old one is gone. */
static bool has_heir(const struct entry *x)
{
    MAP_FOREACH (&x->engine->entries, m) {
        const struct entry *other = m->value;
        if (other != x && str_eq(other->told, x->told))
            return true;
    }
    return false;
}

static void forget_told(struct entry *x)
{
    if (x->told && !has_heir(x))
        outbox_gone(&x->engine->out, x->told);
    mem_free(TAKE(x->told));
}

void entry_tell(struct entry *x)
{
    if (!x->c || x->c->oneoff)
        return;
    struct engine *e = x->engine;
    struct observed *o = observed_copy(x->c->seen);
    mem_free(o->id);
    o->id = observed_id(x);
    o->engine = mem_strdup(e->version.podman ? "podman" : "docker");
    o->cgroup = mem_strdup(container_cgroup(x));
    add_dependencies(x, o);
    add_why(x, o);
    listeners_add_ports(e->node, o);
    if (x->told && !str_eq(x->told, o->id)) /* renamed */
        forget_told(x);
    mem_set_str(&x->told, o->id);
    outbox_put(&e->out, o);
}

void engine_refresh(struct engine *e)
{
    MAP_FOREACH (&e->entries, m)
        entry_tell(m->value);
}

void entry_free(struct entry *x)
{
    if (!x)
        return;
    http_call_cancel(x->look);
    http_call_cancel(x->reading);
    http_call_cancel(x->stats);
    x->engine->looking -= x->look != NULL;
    x->engine->measuring -= x->stats != NULL;
    forget_told(x);
    container_free(x->c);
    mem_free(x->last_line);
    mem_free(x->cgroup);
    mem_free(x);
}

/* --- the end of the log --- */

static void on_log(void *arg, const struct http_answer *a)
{
    struct entry *x = arg;
    x->reading = NULL;
    if (a->error || a->status != 200)
        return;
    char *line = docker_last_line(a->body, a->body_len, x->c->tty);
    if (!line)
        return;
    mem_free(x->last_line);
    x->last_line = line;
    entry_tell(x);
}

static void read_log(struct entry *x)
{
    const struct observed *o = x->c->seen;
    bool of_interest = o->run == RUN_FAILED || o->run == RUN_RESTARTING ||
                       (o->run == RUN_RUNNING && ended_lately(o) && !x->last_line);
    if (!of_interest || o->why || x->reading || x->last_line_for == o->ended_ms + o->started_ms)
        return;
    x->last_line_for = o->ended_ms + o->started_ms;
    char *path = mem_printf("/v%s/containers/%s/logs?stdout=1&stderr=1&tail=40",
                            x->engine->version.api, x->id);
    char *url = mem_printf("http://engine%s", path);
    struct http_request r = {.url = url,
                             .unix_socket = x->engine->socket,
                             .timeout_ms = 3000,
                             .body_max = LIMIT_LOG,
                             .cut_body = true,
                             .on_done = on_log,
                             .arg = x};
    (void)!http_client_call(x->engine->http, &r, NULL, &x->reading);
    mem_free(url);
    mem_free(path);
}

/* --- inspect --- */

static bool was_killed(const struct observed *o)
{
    return o->has_exit && o->exit_code == KILLED && !o->oom_killed;
}

static bool was_asked(const struct entry *x, const struct observed *o)
{
    int64_t after = o->ended_ms - x->asked_ms;
    return (x->asked_ms && after > -2000 && after < ASKED_MS) ||
           (x->cleaned_twice && was_killed(o));
}

/* Killed with nobody asking, so far: Podman may be about to tell that somebody did. */
static bool doubt(struct entry *x, const struct container *c)
{
    bool ran = x->c && x->c->seen->run == RUN_RUNNING;
    bool ended = c->seen->run == RUN_STOPPED || c->not_cleaned;
    if (!x->engine->version.podman || x->in_doubt || !ran || !ended || !was_killed(c->seen) ||
        was_asked(x, c->seen))
        return false;
    x->not_before_ms = clock_mono_ms() + DOUBT_MS;
    return true;
}

static void take_container(struct entry *x, struct container *c)
{
    bool is_new = !x->c;
    if (c->seen->run == RUN_STOPPING)
        x->asked_ms = clock_wall_ms();
    x->in_doubt = doubt(x, c);
    if (x->in_doubt) {
        container_free(c);
        entry_want_look(x);
        return;
    }
    container_free(x->c);
    x->c = c;
    container_settle(c, was_asked(x, c->seen));
    entry_tell(x);
    read_log(x);
    if (is_new && x->engine->state == ENGINE_WATCHING && c->compose_service)
        engine_refresh(x->engine); /* others may depend on it */
}

static void on_look(void *arg, const struct http_answer *a)
{
    struct entry *x = arg;
    struct engine *e = x->engine;
    struct container *c;
    x->look = NULL;
    e->looking--;
    if (a->status == 404 && !a->error) {
        map_remove(&e->entries, x->id);
        entry_free(x);
    } else if (!a->error && a->status == 200 &&
               docker_parse_container(a->body, a->body_len, NULL, &c) == 0) {
        take_container(x, c);
    }
    /* Anything else: the stream of events tells when the engine is gone, the next event asks again.
     */
    engine_look_on(e);
    engine_looked(e);
}

static void on_looks_due(void *arg)
{
    struct engine *e = arg;
    loop_timer_free(TAKE(e->looks));
    engine_look_on(e);
}

static bool start_look(struct entry *x)
{
    char path[128];
    snprintf(path, sizeof path, "/containers/%s/json", x->id);
    x->due = false;
    x->looks++;
    if (engine_get(x->engine, path, on_look, x, &x->look) < 0)
        return false;
    x->engine->looking++;
    return true;
}

/* How long its next inspection has to wait. */
static int64_t patience_ms(struct entry *x, int64_t now)
{
    if (now - x->window_ms >= 1000) {
        x->window_ms = now;
        x->looks = 0;
    }
    int64_t by_rate = x->looks < LOOKS_PER_SECOND ? 0 : x->window_ms + 1000 - now;
    return x->not_before_ms - now > by_rate ? x->not_before_ms - now : by_rate;
}

void engine_look_on(struct engine *e)
{
    if (e->state != ENGINE_LISTING && e->state != ENGINE_WATCHING)
        return;
    int64_t now = clock_mono_ms(), wait = INT64_MAX;
    MAP_FOREACH (&e->entries, m) {
        struct entry *x = m->value;
        if (!x->due || x->look)
            continue;
        if (e->looking >= LOOKS_MAX)
            return; /* one of them comes back here */
        int64_t left = patience_ms(x, now);
        if (left > 0)
            wait = left < wait ? left : wait;
        else if (!start_look(x))
            return;
    }
    if (wait != INT64_MAX && !e->looks)
        e->looks = loop_timer_new(e->node->loop, (uint64_t)wait, 0, on_looks_due, e);
}

void entry_want_look(struct entry *x)
{
    x->due = true;
    engine_look_on(x->engine);
}
