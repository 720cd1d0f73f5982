/* The second half of an update: the new container takes the old one's place, or the old one is put
 * back. */
#include "node/update-private.h"

#include "base/clock.h"

enum {
    HEALTHY_MS = 5 * 60000, /* a health check has so long to say yes */
    STEADY_MS = 10000,      /* without one it must run so long */
};

const char *update_engine(const struct update *u)
{
    return u->talk.engine->version.podman ? "Podman" : "Docker";
}

const char *image_id_plain(const char *image_id)
{
    return str_starts(image_id, "sha256:") ? image_id + strlen("sha256:") : image_id;
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

void update_roll_back(struct update *u, char *failure)
{
    u->failure = failure;
    talk_get(&u->talk, on_new_log, "/containers/%s/logs?stdout=1&stderr=1&tail=20",
             *u->new ? u->new : "none");
}

void update_roll_back_for(struct update *u, const char *what, const struct talk_answer *answer)
{
    const char *words = answer->words;
    update_roll_back(u, mem_printf("%s %s: %s%s", update_engine(u), what, words,
                                   str_ends(words, ".") ? "" : "."));
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
               u->image, image_id_plain(u->image_id), action_took(u->a, took), u->name,
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
        update_roll_back_for(u, "does not tell how the new container is", answer);
        return;
    }
    char *verdict = judge(u, now);
    if (!verdict)
        talk_pause(&u->talk, CONTAINER_LOOK_MS, look);
    else if (*verdict)
        update_roll_back(u, verdict);
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
        update_roll_back_for(u, "can't start the new container", answer);
        return;
    }
    action_step(u->a, "waiting until it is well");
    look(u);
}

void update_start_new(struct update *u)
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
        update_roll_back_for(u, "can't rename the new container", answer);
    else
        update_start_new(u);
}

static void on_old_renamed(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok)
        update_roll_back_for(u, "can't rename the old container", answer);
    else
        talk_post(&u->talk, on_new_named, "/containers/%s/rename?name=%s", u->new, u->name);
}

static void on_old_stopped(void *arg, const struct talk_answer *answer)
{
    struct update *u = arg;
    if (!answer->ok)
        update_roll_back_for(u, "can't stop the old container", answer);
    else
        talk_post(&u->talk, on_old_renamed, "/containers/%s/rename?name=%s-before-update", u->old,
                  u->name);
}

void update_stop_old(struct update *u)
{
    action_step(u->a, "stopping the old one");
    talk_post(&u->talk, on_old_stopped, "/containers/%s/stop", u->old);
}
