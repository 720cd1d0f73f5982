/* A container from a newer image: pull, make it anew with the same settings, put it in the old
 * one's place, watch its health; when that fails, put the old one back.
 *
 * Whoever has the name is the one that counts. The old container keeps its data and settings all
 * along, stopped, as NAME-before-update. What must be known after a crash is in the note: with it
 * resume() either watches the new one on, or puts the old one back. */
#include "node/update-private.h"

#include "node/container-body.h"

enum {
    PULL_MS = 2 * 3600000,
    UPDATE_MS = PULL_MS + 30 * 60000,
    ENGINE_AWAIT_MS = 1000, /* after a restart of the agent */
    PERCENT_STEP = 5,
};

static void fail(struct update *u, const char *what, const char *words)
{
    action_end(u->a, OUTCOME_FAILED, NULL, "%s %s: %s%s Nothing was changed.", update_engine(u),
               what, words, str_ends(words, ".") ? "" : ".");
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

/* --- the new one --- */

static void connect_next(struct update *u);

static void on_connected(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok)
        update_roll_back_for(u, "can't connect the new container to its networks", answer);
    else
        connect_next(u);
}

static void connect_next(struct update *u)
{
    AUTO(mem_freep) char *name = NULL, *body = NULL;
    json_t *v = NULL;
    if (container_further_network(u->inspect, u->networks++, &name, &body) < 0) {
        update_stop_old(u);
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
        update_roll_back(u, mem_strdup(e.text));
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
    else if (str_eq(image_id_plain(u->image_id), image_id_plain(had)))
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
        update_start_new(u);
    else
        update_roll_back(u, mem_strdup("The agent was restarted in the midst of the update."));
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
    action_step(a, "going on after a restart of the agent");
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
