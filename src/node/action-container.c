/* Containers: what the engine can do to one by a single word, and whether it came to be so. */
#include "node/action-engine.h"

#include "base/clock.h"

enum {
    STEADY_MS = 1000, /* a container that ran so long has not failed at once */
    SHOWS_MS = 30000, /* from the engine's yes to the state that goes with it */
};

struct container_action {
    struct action *a;
    struct talk talk;
    char id[DOCKER_ID_SIZE];
    bool already;       /* the engine says that it was so before */
    int64_t asked_ms;   /* mono: when the engine said yes */
    int64_t running_ms; /* mono: since when it is seen to run; 0 = it is not */
    struct container_state state;
};

/* What is asked for, and what is told of it. */
static const struct {
    const char *word, *doing, *done, *already;
} words[] = {
    [COMMAND_CONTAINER_START] = {"start", "starting", "Started", "It ran already."},
    [COMMAND_CONTAINER_STOP] = {"stop", "stopping", "Stopped", "It was stopped already."},
    [COMMAND_CONTAINER_RESTART] = {"restart", "restarting", "Restarted", ""},
    [COMMAND_CONTAINER_PAUSE] = {"pause", "pausing", "Paused", ""},
    [COMMAND_CONTAINER_UNPAUSE] = {"unpause", "resuming", "Resumed", ""},
    [COMMAND_CONTAINER_KILL] = {"kill", "sending the signal", "The signal was sent", ""},
    [COMMAND_CONTAINER_RENAME] = {"rename", "renaming", "Renamed", ""},
    [COMMAND_CONTAINER_REMOVE] = {"", "removing", "Removed", ""},
    [COMMAND_CONTAINER_CONNECT] = {"connect", "connecting it to the network", "Connected", ""},
    [COMMAND_CONTAINER_DISCONNECT] = {"disconnect", "disconnecting it from the network",
                                      "Disconnected", ""},
};

static const char *engine_name(const struct container_action *c)
{
    return c->talk.engine->version.podman ? "Podman" : "Docker";
}

static void end_well(struct container_action *c)
{
    char took[ACTION_TOOK_SIZE];
    enum command_verb v = c->a->command.verb;
    if (c->already)
        action_end(c->a, OUTCOME_DONE, NULL, "%s", words[v].already);
    else
        action_end(c->a, OUTCOME_DONE, NULL, "%s in %s.", words[v].done, action_took(c->a, took));
}

/* --- it does not run --- */

static void end_with_log(struct container_action *c, const struct talk_answer *answer)
{
    const struct container_state *s = &c->state;
    char *lines = answer->ok ? docker_last_lines(answer->body, answer->len, s->tty) : NULL;
    if (s->restarting)
        action_end(c->a, OUTCOME_FAILED, lines,
                   "It ends as soon as it is started (exit code %d), and %s tries again and again.",
                   s->exit_code, engine_name(c));
    else if (s->exit_code)
        action_end(c->a, OUTCOME_FAILED, lines, "It ended at once with exit code %d.",
                   s->exit_code);
    else
        action_end(c->a, OUTCOME_DONE, lines, "It ran, and ended by itself with exit code 0.");
}

static void on_log(void *arg, const struct talk_answer *answer)
{
    end_with_log(arg, answer);
}

/* --- what it came to --- */

enum progress { PROGRESS_WAIT, PROGRESS_THERE, PROGRESS_ENDED };

static enum progress progress_of_start(struct container_action *c, int64_t now)
{
    const struct container_state *s = &c->state;
    if (s->restarting || (!s->running && str_eq(s->status, "exited")))
        return PROGRESS_ENDED;
    if (!s->running)
        return PROGRESS_WAIT;
    if (!c->running_ms)
        c->running_ms = now;
    return now - c->running_ms >= STEADY_MS ? PROGRESS_THERE : PROGRESS_WAIT;
}

static enum progress progress_of(struct container_action *c, int64_t now)
{
    const struct container_state *s = &c->state;
    bool there;
    switch ((int)c->a->command.verb) {
    case COMMAND_CONTAINER_START:
    case COMMAND_CONTAINER_RESTART:
        return progress_of_start(c, now);
    case COMMAND_CONTAINER_PAUSE:
        there = s->paused;
        break;
    case COMMAND_CONTAINER_UNPAUSE:
        there = !s->paused;
        break;
    default: /* stopped, killed */
        there = !s->running && !s->restarting;
        break;
    }
    return there ? PROGRESS_THERE : PROGRESS_WAIT;
}

static void look(void *arg);

static void on_look(void *arg, const struct talk_answer *answer)
{
    struct container_action *c = arg;
    int64_t now = clock_mono_ms();
    if (!answer->ok || container_state_parse(answer->body, answer->len, &c->state) < 0) {
        action_end(c->a, OUTCOME_FAILED, NULL,
                   "%s said yes, but does not tell what became of it: %s", engine_name(c),
                   answer->words);
        return;
    }
    switch (progress_of(c, now)) {
    case PROGRESS_THERE:
        end_well(c);
        return;
    case PROGRESS_ENDED:
        talk_get(&c->talk, on_log, "/containers/%s/logs?stdout=1&stderr=1&tail=20", c->id);
        return;
    case PROGRESS_WAIT:
        break;
    }
    if (now - c->asked_ms > SHOWS_MS)
        action_end(c->a, OUTCOME_FAILED, NULL,
                   "%s said yes, but 30 s later the container is still %s.", engine_name(c),
                   c->state.status);
    else
        talk_pause(&c->talk, CONTAINER_LOOK_MS, look);
}

static void look(void *arg)
{
    struct container_action *c = arg;
    talk_get(&c->talk, on_look, "/containers/%s/json", c->id);
}

static bool is_of_network(enum command_verb v)
{
    return v == COMMAND_CONTAINER_CONNECT || v == COMMAND_CONTAINER_DISCONNECT;
}

/* A signal other than KILL may mean anything to it. */
static bool is_over(const struct container_action *c)
{
    const struct command *k = &c->a->command;
    return c->already || is_of_network(k->verb) || k->verb == COMMAND_CONTAINER_RENAME ||
           k->verb == COMMAND_CONTAINER_REMOVE ||
           (k->verb == COMMAND_CONTAINER_KILL && *k->argument && !str_ends(k->argument, "KILL"));
}

static void on_asked(void *arg, const struct talk_answer *answer)
{
    struct container_action *c = arg;
    struct entry *x = docker_entry(c->a->node, c->a->command.target);
    if (answer->ok && is_of_network(c->a->command.verb) && x)
        entry_want_look(x); /* no event of the container's tells of it */
    c->already = answer->status == 304;
    c->asked_ms = clock_mono_ms();
    if (!answer->ok)
        action_end(c->a, OUTCOME_FAILED, NULL, "%s refused: %s", engine_name(c), answer->words);
    else if (is_over(c))
        end_well(c);
    else
        look(c);
}

/* --- life --- */

static bool is_signal(const char *name)
{
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-") == strlen(name) &&
           strlen(name) < 16;
}

static void kill_it(struct container_action *c, const char *name)
{
    AUTO(str_done) struct str s = {0};
    signal_to_query(*name ? name : "KILL", &s);
    talk_post(&c->talk, on_asked, "/containers/%s/kill?signal=%s", c->id, s.p);
}

static void change_network(struct container_action *c)
{
    const struct command *k = &c->a->command;
    AUTO(mem_freep) char *body = mem_printf("{\"Container\":\"%s\"}", c->id);
    talk_ask(&c->talk, &(struct talk_question){.method = "POST", .body = body}, on_asked,
             "/networks/%s/%s", k->argument, words[k->verb].word);
}

/* Docker connects a container that does not run to networks that there are not, too. */
static void on_network(void *arg, const struct talk_answer *answer)
{
    struct container_action *c = arg;
    if (answer->ok)
        change_network(c);
    else
        action_end(c->a, OUTCOME_FAILED, NULL, "%s refused: %s", engine_name(c), answer->words);
}

static void ask_network(struct container_action *c)
{
    if (c->a->command.verb == COMMAND_CONTAINER_CONNECT)
        talk_get(&c->talk, on_network, "/networks/%s", c->a->command.argument);
    else
        change_network(c);
}

static void ask(struct container_action *c)
{
    const struct command *k = &c->a->command;
    if (k->verb == COMMAND_CONTAINER_REMOVE)
        talk_ask(&c->talk, &(struct talk_question){.method = "DELETE"}, on_asked, "/containers/%s",
                 c->id);
    else if (k->verb == COMMAND_CONTAINER_RENAME)
        talk_post(&c->talk, on_asked, "/containers/%s/rename?name=%s", c->id, k->argument);
    else if (is_of_network(k->verb))
        ask_network(c);
    else if (k->verb == COMMAND_CONTAINER_KILL)
        kill_it(c, k->argument);
    else
        talk_post(&c->talk, on_asked, "/containers/%s/%s", c->id, words[k->verb].word);
}

static const char *fault_of(const struct action *a, const struct entry *x)
{
    const struct command *k = &a->command;
    if (k->verb == COMMAND_CONTAINER_RENAME && !container_name_is_valid(k->argument))
        return "A container's name has letters, digits, _ . and -, beginning with a letter or "
               "digit.";
    if (is_of_network(k->verb) && !container_name_is_valid(k->argument))
        return "Say a network of its engine, by its name.";
    if (k->verb == COMMAND_CONTAINER_KILL && !is_signal(k->argument))
        return "That is no signal: say HUP, INT, TERM, KILL or the like.";
    return container_fault(a, x);
}

static void start(struct action *a)
{
    struct entry *x = docker_entry(a->node, a->command.target);
    const char *fault = fault_of(a, x);
    if (fault) {
        action_end(a, OUTCOME_FAILED, NULL, "%s", fault);
        return;
    }
    struct container_action *c = a->state = mem_alloc(sizeof *c);
    c->a = a;
    str_copy(c->id, sizeof c->id, x->id);
    talk_init(&c->talk, a, x->engine, c);
    action_step(a, "%s", words[a->command.verb].doing);
    ask(c);
}

static void stop(struct action *a)
{
    struct container_action *c = TAKE(a->state);
    if (c)
        talk_done(&c->talk);
    mem_free(c);
}

const struct action_ops container_action = {
    .deadline_ms = CONTAINER_MS,
    .late = "The engine has not brought it to an end within 10 minutes; look at the container.",
    .start = start,
    .stop = stop,
};
