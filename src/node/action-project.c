/* Compose projects: their containers, by label, in the order of their dependencies. Compose itself
 * is not needed, and its file is not read: what exists is started, stopped, restarted, pulled for.
 */
#include "node/action-engine.h"

#include "node/image-pull.h"

enum {
    PROJECT_MS = 2 * 3600000,
    LIMIT_PROJECT = 256, /* containers */
    STEADY_MS = 1000,    /* after the last was started they are looked at */
};

struct member {
    char id[DOCKER_ID_SIZE];
    char *name, *service, *depends, *image;
    bool placed;
};

struct project {
    struct action *a;
    struct talk talk;
    VEC(struct member) members;
    VEC(const struct member *) order; /* what the others need comes first */
    size_t at;
    struct pull pull;
    struct container_state state;
    unsigned skipped; /* images that are pinned */
};

static const char *engine_name(const struct project *p)
{
    return p->talk.engine->version.podman ? "Podman" : "Docker";
}

static const struct member *current(const struct project *p)
{
    size_t n = p->order.n;
    return p->order.v[p->a->command.verb == COMMAND_PROJECT_DOWN ? n - 1 - p->at : p->at];
}

static void end_well(struct project *p, const char *done)
{
    char took[ACTION_TOOK_SIZE];
    action_end(p->a, OUTCOME_DONE, NULL, "%s: %zu container%s, in %s.", done, p->order.n,
               p->order.n == 1 ? "" : "s", action_took(p->a, took));
}

/* --- who belongs to it --- */

static void place(struct project *p, struct member *m);

/* "db:service_healthy:true,cache" */
static void place_needed(struct project *p, const struct member *m)
{
    struct str_list names = {0};
    str_list_split(&names, m->depends ? m->depends : "", ',');
    for (size_t i = 0; i < names.n; i++) {
        names.v[i][strcspn(names.v[i], ":")] = 0;
        for (size_t k = 0; k < p->members.n; k++)
            if (str_eq(p->members.v[k].service, names.v[i]))
                place(p, &p->members.v[k]);
    }
    str_list_done(&names);
}

/* Marked before, so a circle ends. */
static void place(struct project *p, struct member *m)
{
    if (m->placed)
        return;
    m->placed = true;
    place_needed(p, m);
    *vec_add(&p->order) = m;
}

static void gather(struct project *p, const char *name)
{
    MAP_FOREACH (&p->talk.engine->entries, e) {
        const struct entry *x = e->value;
        if (!x->c || x->c->oneoff || !str_eq(x->c->seen->project, name) ||
            str_ends(x->c->seen->name, "-before-update") || p->members.n >= LIMIT_PROJECT)
            continue;
        struct member *m = vec_add(&p->members);
        str_copy(m->id, sizeof m->id, x->id);
        m->name = mem_strdup(x->c->seen->name);
        m->service = mem_strdup(x->c->compose_service);
        m->depends = mem_strdup(x->c->depends);
        m->image = mem_strdup(x->c->seen->image);
    }
    for (size_t i = 0; i < p->members.n; i++)
        place(p, &p->members.v[i]);
}

/* --- were they started well? --- */

static void look(void *arg);

static void on_log(void *arg, const struct talk_answer *answer)
{
    struct project *p = arg;
    char *lines = answer->ok ? docker_last_lines(answer->body, answer->len, p->state.tty) : NULL;
    action_end(p->a, OUTCOME_FAILED, lines, "%s ended at once with exit code %d.", current(p)->name,
               p->state.exit_code);
}

static void on_look(void *arg, const struct talk_answer *answer)
{
    struct project *p = arg;
    if (!answer->ok || container_state_parse(answer->body, answer->len, &p->state) < 0)
        action_end(p->a, OUTCOME_FAILED, NULL, "%s does not tell how %s is: %s", engine_name(p),
                   current(p)->name, answer->words);
    else if (p->state.restarting || (!p->state.running && p->state.exit_code))
        talk_get(&p->talk, on_log, "/containers/%s/logs?stdout=1&stderr=1&tail=20", current(p)->id);
    else if (++p->at < p->order.n)
        look(p);
    else
        end_well(p, p->a->command.verb == COMMAND_PROJECT_UP ? "Started" : "Restarted");
}

static void look(void *arg)
{
    struct project *p = arg;
    talk_get(&p->talk, on_look, "/containers/%s/json", current(p)->id);
}

/* --- one after the other --- */

static void next(struct project *p);

static void on_asked(void *arg, const struct talk_answer *answer)
{
    struct project *p = arg;
    if (!answer->ok) {
        action_end(p->a, OUTCOME_FAILED, NULL, "%s refused for %s: %s", engine_name(p),
                   current(p)->name, answer->words);
        return;
    }
    p->at++;
    next(p);
}

static void ask(struct project *p, const char *word, const char *doing)
{
    action_step(p->a, "%s %s (%zu of %zu)", doing, current(p)->name, p->at + 1, p->order.n);
    talk_post(&p->talk, on_asked, "/containers/%s/%s", current(p)->id, word);
}

static bool on_pull_data(void *arg, const char *bytes, size_t n)
{
    struct project *p = arg;
    int percent = pull_feed(&p->pull, bytes, n);
    if (percent >= 0)
        action_step(p->a, "pulling %s, %d %%", current(p)->image, percent / 5 * 5);
    return true;
}

static void on_pulled(void *arg, const struct talk_answer *answer)
{
    struct project *p = arg;
    if (!answer->ok || *p->pull.error) {
        action_end(p->a, OUTCOME_FAILED, NULL, "%s can't pull %s: %s", engine_name(p),
                   current(p)->image, *p->pull.error ? p->pull.error : answer->words);
        return;
    }
    p->at++;
    next(p);
}

static void pull(struct project *p)
{
    AUTO(mem_freep) char *name = NULL, *tag = NULL;
    pull_done(&p->pull);
    p->pull = (struct pull){0};
    while (p->at < p->order.n && image_split(current(p)->image, &name, &tag) < 0) {
        p->at++;
        p->skipped++;
    }
    if (p->at == p->order.n) {
        next(p);
        return;
    }
    action_step(p->a, "pulling %s", current(p)->image);
    talk_ask(&p->talk,
             &(struct talk_question){
                 .method = "POST", .on_data = on_pull_data, .timeout_ms = PROJECT_MS},
             on_pulled, "/images/create?fromImage=%s&tag=%s", name, tag);
}

static void end_pull(struct project *p)
{
    char took[ACTION_TOOK_SIZE];
    action_end(p->a, OUTCOME_DONE, NULL,
               "The images of %zu containers were pulled in %s. Update a container to have it run "
               "the newer one.",
               p->order.n - p->skipped, action_took(p->a, took));
}

static void next(struct project *p)
{
    bool over = p->at == p->order.n;
    switch ((int)p->a->command.verb) {
    case COMMAND_PROJECT_DOWN:
        if (over)
            end_well(p, "Stopped");
        else
            ask(p, "stop", "stopping");
        return;
    case COMMAND_PROJECT_PULL:
        if (over)
            end_pull(p);
        else
            pull(p);
        return;
    default:
        break;
    }
    if (over) {
        p->at = 0;
        talk_pause(&p->talk, STEADY_MS, look);
    } else if (p->a->command.verb == COMMAND_PROJECT_UP) {
        ask(p, "start", "starting");
    } else {
        ask(p, "restart", "restarting");
    }
}

/* --- life --- */

static const char *fault_of(const struct project *p)
{
    if (p->members.n == 0)
        return "There is no such project on this node now: no container carries its label.";
    for (size_t i = 0; i < p->members.n; i++)
        if (p->a->command.verb != COMMAND_PROJECT_PULL && container_is_own(p->members.v[i].id))
            return "The agent itself runs in this project: do it on the node itself.";
    return NULL;
}

/* What is done to each of its containers. */
static enum command_verb verb_of_member(enum command_verb v)
{
    if (v == COMMAND_PROJECT_DOWN)
        return COMMAND_CONTAINER_STOP;
    return v == COMMAND_PROJECT_UP ? COMMAND_CONTAINER_START : COMMAND_CONTAINER_RESTART;
}

/* A container that is under deny is not reached by way of its project; NULL = there is none. */
static const char *denied_member(const struct project *p)
{
    enum command_verb v = p->a->command.verb;
    for (size_t i = 0; v != COMMAND_PROJECT_PULL && i < p->members.n; i++) {
        const char *name = p->members.v[i].name;
        AUTO(mem_freep) char *id = mem_printf("%s/%s", p->talk.engine->source, name);
        if (action_is_denied(p->a, verb_of_member(v), id))
            return name;
    }
    return NULL;
}

static void start(struct action *a)
{
    struct engine *e = docker_engine(a->node, a->command.target);
    const char *slash = strchr(a->command.target, '/');
    if (!e || !slash || e->state != ENGINE_WATCHING) {
        action_end(a, OUTCOME_FAILED, NULL, "There is no engine that answers for %s.",
                   a->command.target);
        return;
    }
    struct project *p = a->state = mem_alloc(sizeof *p);
    p->a = a;
    talk_init(&p->talk, a, e, p);
    gather(p, slash + 1);
    const char *fault = fault_of(p), *denied = denied_member(p);
    if (fault)
        action_end(a, OUTCOME_FAILED, NULL, "%s", fault);
    else if (denied)
        action_end(a, OUTCOME_REFUSED, NULL,
                   "The policy of this node denies %s on %s, which belongs to the project. Nothing "
                   "was done.",
                   command_verb_name(verb_of_member(a->command.verb)), denied);
    else
        next(p);
}

static void stop(struct action *a)
{
    struct project *p = TAKE(a->state);
    if (!p)
        return;
    talk_done(&p->talk);
    pull_done(&p->pull);
    for (size_t i = 0; i < p->members.n; i++) {
        struct member *m = &p->members.v[i];
        mem_free(m->name);
        mem_free(m->service);
        mem_free(m->depends);
        mem_free(m->image);
    }
    vec_done(&p->members);
    vec_done(&p->order);
    mem_free(p);
}

const struct action_ops project_action = {
    .deadline_ms = PROJECT_MS,
    .late = "It has not come to an end within two hours; look at the project's containers.",
    .start = start,
    .stop = stop,
};
