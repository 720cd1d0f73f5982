/* A container from a newer image: pull, make it anew with the same settings, put it in the old
 * one's place, watch its health; when that fails, put the old one back.
 *
 * Whoever has the name is the one that counts. The old container keeps its data and settings all
 * along, stopped, as NAME-before-update. What must be known after a crash is in the note: with it
 * resume() either watches the new one on, or puts the old one back. */
#include "node/action-engine.h"

#include "base/clock.h"
#include "node/container-body.h"

enum {
    PULL_MS = 2 * 3600000,
    UPDATE_MS = PULL_MS + 30 * 60000,
    HEALTHY_MS = 5 * 60000, /* a health check has so long to say yes */
    STEADY_MS = 10000,      /* without one it must run so long */
    ENGINE_AWAIT_MS = 1000, /* after a restart of the agent */
    PERCENT_STEP = 5,
};

struct update {
    struct action *a;
    struct talk talk;
    char old[DOCKER_ID_SIZE], new[DOCKER_ID_SIZE]; /* containers; "" = none yet */
    char *name, *image, *image_id;
    bool was_running;
    json_t *inspect, *old_image; /* of the old container */
    struct pull pull;
    size_t networks;               /* further ones that are connected */
    int64_t started_ms, steady_ms; /* mono: of the new one, and since when it runs */
    char steady[40];               /* its start that `steady_ms` counts from */
    struct container_state state;
    char *failure, *output; /* why the old one is put back; what the new one said */
};

static const char *engine_name(const struct update *u)
{
    return u->talk.engine->version.podman ? "Podman" : "Docker";
}

static const char *without_kind(const char *image_id)
{
    return str_starts(image_id, "sha256:") ? image_id + strlen("sha256:") : image_id;
}

static void fail(struct update *u, const char *what, const char *words)
{
    action_end(u->a, OUTCOME_FAILED, NULL, "%s %s: %s%s Nothing was changed.", engine_name(u), what,
               words, str_ends(words, ".") ? "" : ".");
}

static json_t *parse(const struct talk_answer *answer)
{
    json_t *v = NULL;
    return answer->ok && json_parse(answer->body, answer->len, LIMIT_DOCKER_ANSWER, NULL, &v) == 0
               ? v
               : NULL;
}

static int keep_note(struct update *u, struct err *e)
{
    struct str s = {0};
    struct jw w = jw_begin(&s);
    jw_object(&w);
    jw_key_str(&w, "old", u->old);
    jw_key_str(&w, "new", u->new);
    jw_key_str(&w, "name", u->name);
    jw_key_bool(&w, "running", u->was_running);
    jw_end_object(&w);
    int r = action_note(u->a, s.p, e);
    str_done(&s);
    return r;
}

/* --- back to the old one --- */

static void on_old_runs(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    char *output = TAKE(u->output);
    if (!answer->ok)
        action_end(u->a, OUTCOME_FAILED, output,
                   "%s And the old container can't be started again (%s): look at %s.", u->failure,
                   answer->words, u->name);
    else
        action_end(u->a, OUTCOME_FAILED, output, "%s The old container is back%s.", u->failure,
                   u->was_running ? " and runs" : "");
}

static void start_old(struct update *u)
{
    if (u->was_running)
        talk_post(&u->talk, on_old_runs, "/containers/%s/start", u->old);
    else
        on_old_runs(u, &(struct talk_answer){.ok = true, .words = "", .body = ""});
}

static void on_old_named(void *arg, const struct talk_answer *answer)
{
    (void)answer; /* it may have its name already */
    start_old(arg);
}

static void on_new_removed(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    (void)answer; /* there may be none */
    talk_post(&u->talk, on_old_named, "/containers/%s/rename?name=%s", u->old, u->name);
}

static void on_new_log(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (answer->ok)
        u->output = docker_last_lines(answer->body, answer->len, u->state.tty);
    action_step(u->a, "putting the old one back");
    if (*u->new)
        talk_ask(&u->talk, &(struct talk_question){.method = "DELETE"}, on_new_removed,
                 "/containers/%s?force=true", u->new);
    else
        talk_ask(&u->talk, &(struct talk_question){.method = "DELETE"}, on_new_removed,
                 "/containers/%s.hydra-update", u->name);
}

static void roll_back(struct update *u, char *failure)
{
    u->failure = failure;
    talk_get(&u->talk, on_new_log, "/containers/%s/logs?stdout=1&stderr=1&tail=20",
             *u->new ? u->new : "none");
}

static void roll_back_for(struct update *u, const char *what, const struct talk_answer *answer)
{
    const char *words = answer->words;
    roll_back(
        u, mem_printf("%s %s: %s%s", engine_name(u), what, words, str_ends(words, ".") ? "" : "."));
}

/* --- is the new one well? --- */

/* Else the engine would start it, too, when the machine starts. */
static void on_old_quiet(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    char took[ACTION_TOOK_SIZE];
    action_end(u->a, OUTCOME_DONE, NULL,
               "Updated to the newest %s (%.12s) in %s. The old container is kept, stopped, as "
               "%s-before-update%s.",
               u->image, without_kind(u->image_id), action_took(u->a, took), u->name,
               answer->ok ? "" : "; remove it, or it may start with the machine");
}

static void keep_old(struct update *u)
{
    talk_ask(
        &u->talk,
        &(struct talk_question){.method = "POST", .body = "{\"RestartPolicy\":{\"Name\":\"no\"}}"},
        on_old_quiet, "/containers/%s/update", u->old);
}

/* NULL = not yet; else why it is not well, or "" when it is. The caller frees. */
static char *judge(struct update *u, int64_t now)
{
    const struct container_state *s = &u->state;
    bool started_anew = !str_eq(s->started, u->steady);
    if (started_anew)
        u->steady_ms = now;
    str_copy(u->steady, sizeof u->steady, s->started);
    if (!s->running && !s->restarting && s->exit_code == 0 && str_eq(s->status, "exited"))
        return mem_strdup("The new container ended by itself.");
    if (s->restarting || str_eq(s->status, "exited") || str_eq(s->status, "dead") || s->restarts)
        return mem_printf("The new container ended with exit code %d.", s->exit_code);
    if (s->health == HEALTH_UNHEALTHY)
        return mem_strdup("The new container is not healthy.");
    if (s->health == HEALTH_HEALTHY ||
        (s->health == HEALTH_NONE && s->running && now - u->steady_ms >= STEADY_MS))
        return mem_strdup("");
    if (now - u->started_ms > HEALTHY_MS)
        return mem_strdup("The new container was not healthy within 5 minutes.");
    return NULL;
}

static void look(void *arg);

static void on_look(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    int64_t now = clock_mono_ms();
    if (!answer->ok || container_state_parse(answer->body, answer->len, &u->state) < 0) {
        roll_back_for(u, "does not tell how the new container is", answer);
        return;
    }
    char *verdict = judge(u, now);
    if (!verdict)
        talk_pause(&u->talk, CONTAINER_LOOK_MS, look);
    else if (*verdict)
        roll_back(u, verdict);
    else
        keep_old(u);
    if (verdict && !*verdict)
        mem_free(verdict);
}

static void look(void *arg)
{
    struct update *u = arg;
    talk_get(&u->talk, on_look, "/containers/%s/json", u->new);
}

static void on_new_started(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    u->started_ms = u->steady_ms = clock_mono_ms();
    if (!answer->ok) {
        roll_back_for(u, "can't start the new container", answer);
        return;
    }
    action_step(u->a, "waiting until it is well");
    look(u);
}

static void start_new(struct update *u)
{
    action_step(u->a, "starting the new one");
    if (u->was_running)
        talk_post(&u->talk, on_new_started, "/containers/%s/start", u->new);
    else
        keep_old(u);
}

/* --- the swap --- */

static void on_new_named(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok)
        roll_back_for(u, "can't rename the new container", answer);
    else
        start_new(u);
}

static void on_old_renamed(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok)
        roll_back_for(u, "can't rename the old container", answer);
    else
        talk_post(&u->talk, on_new_named, "/containers/%s/rename?name=%s", u->new, u->name);
}

static void on_old_stopped(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok)
        roll_back_for(u, "can't stop the old container", answer);
    else
        talk_post(&u->talk, on_old_renamed, "/containers/%s/rename?name=%s-before-update", u->old,
                  u->name);
}

static void stop_old(struct update *u)
{
    action_step(u->a, "stopping the old one");
    talk_post(&u->talk, on_old_stopped, "/containers/%s/stop", u->old);
}

/* --- the new one --- */

static void connect_next(struct update *u);

static void on_connected(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok)
        roll_back_for(u, "can't connect the new container to its networks", answer);
    else
        connect_next(u);
}

static void connect_next(struct update *u)
{
    AUTO(mem_freep) char *name = NULL, *body = NULL;
    json_t *v = NULL;
    if (container_further_network(u->inspect, u->networks++, &name, &body) < 0) {
        stop_old(u);
        return;
    }
    if (json_parse(body, strlen(body), LIMIT_DOCKER_ANSWER, NULL, &v) == 0)
        json_object_set_new(v, "Container", json_string(u->new));
    AUTO(mem_freep) char *full = json_dumps(v, JSON_COMPACT);
    json_decref(v);
    talk_ask(&u->talk, &(struct talk_question){.body = full}, on_connected, "/networks/%s/connect",
             container_name_is_valid(name) ? name : "none");
}

static void on_created(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    struct err e = {0};
    json_t *v = parse(answer);
    const char *id = json_get_str(v, "Id", "");
    bool made = docker_id_is_valid(id);
    if (made)
        str_copy(u->new, sizeof u->new, id);
    json_decref(v);
    if (!made)
        fail(u, "can't make the new container", answer->words);
    else if (keep_note(u, &e) < 0)
        roll_back(u, mem_strdup(e.text));
    else
        connect_next(u);
}

static void create(struct update *u)
{
    struct err e = {0};
    AUTO(mem_freep) char *body = NULL;
    int r = container_body(u->inspect, u->old_image, u->image_id, u->talk.engine->version.podman,
                           &e, &body);
    if (r == 0)
        r = keep_note(u, &e);
    if (r < 0) {
        fail(u, "can't be asked for a new container", err_text(&e, r));
        return;
    }
    action_step(u->a, "making it anew");
    talk_ask(&u->talk, &(struct talk_question){.body = body}, on_created,
             "/containers/create?name=%s.hydra-update", u->name);
}

static void on_rest_removed(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok && answer->status != 404)
        fail(u, "can't remove what a former update left", answer->words);
    else
        create(u);
}

static void on_former_removed(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok && answer->status != 404)
        fail(u, "can't remove the container that the last update kept", answer->words);
    else
        talk_ask(&u->talk, &(struct talk_question){.method = "DELETE"}, on_rest_removed,
                 "/containers/%s.hydra-update", u->name);
}

/* One that the last update kept makes room; one that a person named so does not. */
static void on_former(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    json_t *v = parse(answer);
    bool ours = v && str_eq(json_get_str(json_object_get(v, "Config"), "Image", ""),
                            json_get_str(json_object_get(u->inspect, "Config"), "Image", ""));
    json_decref(v);
    if (!v && answer->status == 404)
        on_former_removed(u, answer);
    else if (!ours)
        action_end(u->a, OUTCOME_FAILED, NULL,
                   "There is a container %s-before-update that no update left there: rename it. "
                   "Nothing was changed.",
                   u->name);
    else
        talk_ask(&u->talk, &(struct talk_question){.method = "DELETE"}, on_former_removed,
                 "/containers/%s-before-update", u->name);
}

/* --- the image --- */

static void on_old_image(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    u->old_image = parse(answer); /* NULL: it is gone, so all settings are taken for a person's */
    talk_get(&u->talk, on_former, "/containers/%s-before-update/json", u->name);
}

static void on_new_image(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    json_t *v = parse(answer);
    const char *had = json_get_str(u->inspect, "Image", "");
    u->image_id = mem_strdup(json_get_str(v, "Id", ""));
    json_decref(v);
    if (!*u->image_id)
        fail(u, "does not tell of the image that was pulled", answer->words);
    else if (str_eq(without_kind(u->image_id), without_kind(had)))
        action_end(u->a, OUTCOME_DONE, NULL, "It runs the newest %s already; nothing was changed.",
                   u->image);
    else
        talk_get(&u->talk, on_old_image, "/images/%s/json", had);
}

static bool on_pull_data(void *arg, const char *bytes, size_t n)
{
    struct update *u = arg;
    int percent = pull_feed(&u->pull, bytes, n);
    if (percent >= 0)
        action_step(u->a, "pulling %d %%", percent / PERCENT_STEP * PERCENT_STEP);
    return true;
}

static void on_pulled(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok || *u->pull.error)
        fail(u, "can't pull the image", *u->pull.error ? u->pull.error : answer->words);
    else
        talk_get(&u->talk, on_new_image, "/images/%s/json", u->image);
}

static void pull(struct update *u)
{
    AUTO(mem_freep) char *name = NULL, *tag = NULL;
    if (image_split(u->image, &name, &tag) < 0) {
        action_end(u->a, OUTCOME_FAILED, NULL,
                   "Its image \"%s\" is pinned: there is nothing newer under that name. Change it "
                   "where the container is defined.",
                   u->image);
        return;
    }
    action_step(u->a, "pulling %s", u->image);
    talk_ask(
        &u->talk,
        &(struct talk_question){.method = "POST", .on_data = on_pull_data, .timeout_ms = PULL_MS},
        on_pulled, "/images/create?fromImage=%s&tag=%s", name, tag);
}

static void on_inspected(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    u->inspect = parse(answer);
    const json_t *state = json_object_get(u->inspect, "State");
    if (!u->inspect) {
        fail(u, "does not tell of the container", answer->words);
        return;
    }
    u->was_running =
        json_get_bool(state, "Running", false) || json_get_bool(state, "Restarting", false);
    u->image = mem_strdup(json_get_str(json_object_get(u->inspect, "Config"), "Image",
                                       json_get_str(u->inspect, "ImageName", "")));
    if (json_get_bool(json_object_get(u->inspect, "HostConfig"), "AutoRemove", false))
        action_end(u->a, OUTCOME_FAILED, NULL,
                   "It is made to vanish when it stops (--rm), so it could not be put back.");
    else
        pull(u);
}

/* --- life --- */

static struct update *update_new(struct action *a)
{
    struct update *u = a->state = mem_alloc(sizeof *u);
    const char *slash = strchr(a->command.target, '/');
    u->a = a;
    u->name = mem_strdup(slash ? slash + 1 : "");
    return u;
}

static void start(struct action *a)
{
    struct entry *x = docker_entry(a->node, a->command.target);
    const char *fault = container_fault(a, x);
    if (fault) {
        action_end(a, OUTCOME_FAILED, NULL, "%s", fault);
        return;
    }
    struct update *u = update_new(a);
    str_copy(u->old, sizeof u->old, x->id);
    talk_init(&u->talk, a, x->engine, u);
    talk_get(&u->talk, on_inspected, "/containers/%s/json", u->old);
}

/* Who has the name now? */
static void on_holder(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    json_t *v = parse(answer);
    bool is_new = *u->new &&str_eq(json_get_str(v, "Id", ""), u->new);
    if (is_new) {
        u->image = mem_strdup(json_get_str(json_object_get(v, "Config"), "Image", ""));
        u->image_id = mem_strdup(json_get_str(v, "Image", ""));
    }
    json_decref(v);
    if (is_new)
        start_new(u);
    else
        roll_back(u, mem_strdup("The agent was restarted in the midst of the update."));
}

static void await_engine(void *arg)
{
    struct update *u = arg;
    u->talk.engine = docker_engine(u->a->node, u->a->command.target);
    if (u->talk.engine && u->talk.engine->state == ENGINE_WATCHING)
        talk_get(&u->talk, on_holder, "/containers/%s/json", u->name);
    else
        talk_pause(&u->talk, ENGINE_AWAIT_MS, await_engine);
}

static bool take_note(struct update *u, const char *note)
{
    json_t *v = NULL;
    if (!note || json_parse(note, strlen(note), LIMIT_DOCKER_ANSWER, NULL, &v) < 0)
        return false;
    str_copy(u->old, sizeof u->old, json_get_str(v, "old", ""));
    str_copy(u->new, sizeof u->new, json_get_str(v, "new", ""));
    u->was_running = json_get_bool(v, "running", true);
    json_decref(v);
    return docker_id_is_valid(u->old);
}

static void resume(struct action *a, const char *note)
{
    struct update *u = update_new(a);
    talk_init(&u->talk, a, NULL, u);
    if (!take_note(u, note))
        action_end(a, OUTCOME_FAILED, NULL,
                   "The agent was restarted before anything was changed. Ask for it again.");
    else
        talk_pause(&u->talk, ENGINE_AWAIT_MS, await_engine);
}

static void stop(struct action *a)
{
    struct update *u = TAKE(a->state);
    if (!u)
        return;
    talk_done(&u->talk);
    pull_done(&u->pull);
    json_decref(u->inspect);
    json_decref(u->old_image);
    mem_free(u->name);
    mem_free(u->image);
    mem_free(u->image_id);
    mem_free(u->failure);
    mem_free(u->output);
    mem_free(u);
}

const struct action_ops update_action = {
    .deadline_ms = UPDATE_MS,
    .late = "It has not come to an end within two and a half hours; look at the container.",
    .start = start,
    .resume = resume,
    .stop = stop,
};
