/* Removes what nobody uses from an engine: stopped containers, networks, images, volumes, build
 * cache, in this order, as far as the command names them. Containers and volumes are removed one by
 * one, so that what the policy protects stays; named volumes only when they are named, for they
 * hold what somebody wants to keep. */
#include "node/action-engine.h"
#include "node/queue-private.h"

#include <assert.h>

enum { PRUNE_MS = 30 * 60000, LIMIT_VICTIMS = 10000 };

/* In the order of command_prune_words. */
enum what { CONTAINERS, NETWORKS, IMAGES, VOLUMES, NAMED_VOLUMES, BUILD_CACHE, WHAT_COUNT };
static_assert((int)WHAT_COUNT == (int)COMMAND_PRUNE_WORDS, "a word each");

static const struct {
    const char *one, *many, *doing;
} words[WHAT_COUNT] = {
    [CONTAINERS] = {"container", "containers", "removing stopped containers"},
    [NETWORKS] = {"network", "networks", "removing networks without containers"},
    [IMAGES] = {"image", "images", "removing images that no container uses"},
    [VOLUMES] = {"volume", "volumes", "removing anonymous volumes"},
    [NAMED_VOLUMES] = {"named volume", "named volumes", "removing volumes that no container uses"},
    [BUILD_CACHE] = {"piece of build cache", "pieces of build cache", "removing build cache"},
};

/* A container or volume that goes. */
struct victim {
    char *id, *name;
    int64_t bytes;
};

struct prune {
    struct action *a;
    struct talk talk;
    bool wanted[WHAT_COUNT];
    unsigned at; /* what is being removed: an enum what */
    unsigned removed[WHAT_COUNT];
    unsigned kept;   /* that the policy or an update protects, or the engine kept */
    unsigned images; /* there were, before */
    int64_t bytes;
    VEC(struct victim) victims; /* of `at` */
    size_t next_victim;
    struct str said; /* a line for each that went or stays */
};

static void go_on(struct prune *p);

static const char *engine_name(const struct prune *p)
{
    return p->talk.engine->version.podman ? "Podman" : "Docker";
}

/* --- the end --- */

static void add_counts(const struct prune *p, struct str *out)
{
    unsigned left = 0, told = 0;
    for (unsigned i = 0; i < WHAT_COUNT; i++)
        left += p->removed[i] > 0;
    for (unsigned i = 0; i < WHAT_COUNT; i++) {
        unsigned n = p->removed[i];
        if (!n)
            continue;
        str_addf(out, "%s%u %s",
                 !told       ? ""
                 : left == 1 ? " and "
                             : ", ",
                 n, n == 1 ? words[i].one : words[i].many);
        told++;
        left--;
    }
}

/* "Removed 2 containers and 3 images: 1.2 GB are free again." */
static void add_result(const struct prune *p, struct str *out)
{
    struct str counts = {0};
    add_counts(p, &counts);
    if (!counts.len) {
        str_add(out, "There was nothing to remove.");
    } else {
        str_addf(out, "Removed %s: ", counts.p);
        str_add_bytes(out, (uint64_t)p->bytes);
        str_add(out, p->bytes == 1 ? " is free again." : " are free again.");
    }
    if (p->kept)
        str_addf(out, " %u stay%s: the output says why.", p->kept, p->kept == 1 ? "s" : "");
    str_done(&counts);
}

static void end_well(struct prune *p)
{
    AUTO(str_done) struct str text = {0};
    add_result(p, &text);
    action_end(p->a, OUTCOME_DONE, p->said.len ? str_take(&p->said) : NULL, "%s", text.p);
}

static void end_refused(struct prune *p, const struct talk_answer *answer)
{
    AUTO(str_done) struct str text = {0};
    add_result(p, &text);
    action_end(p->a, OUTCOME_FAILED, p->said.len ? str_take(&p->said) : NULL,
               "%s failed while %s: %s. Until then: %s", engine_name(p), words[p->at].doing,
               answer->words, text.p);
}

/* --- what the engine prunes by itself --- */

static void next_kind(struct prune *p)
{
    p->at++;
    go_on(p);
}

static void say(struct prune *p, const char *name, const char *what)
{
    if (p->said.len < LIMIT_COMMAND_OUTPUT / 2)
        str_addf(&p->said, "%s %s: %s\n", words[p->at].one, name, what);
}

/* Names, or objects that tell of a name or a layer. */
static void take_list(struct prune *p, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        const char *name =
            json_is_string(v) ? json_string_value(v) : json_get_str(v, "Untagged", NULL);
        p->removed[p->at] += json_is_string(v);
        if (name && p->at != BUILD_CACHE)
            say(p, name, "removed");
    }
}

static void on_images_left(void *arg, const struct talk_answer *answer);

static void on_pruned(void *arg, const struct talk_answer *answer)
{
    static const char *const lists[WHAT_COUNT] = {[NETWORKS] = "NetworksDeleted",
                                                  [IMAGES] = "ImagesDeleted",
                                                  [BUILD_CACHE] = "CachesDeleted"};
    struct prune *p = arg;
    AUTO(json_decrefp) json_t *v = NULL;
    bool keeps_none = answer->status == 404 && p->at == BUILD_CACHE; /* Podman */
    if (!answer->ok && !keeps_none) {
        end_refused(p, answer);
        return;
    }
    if (answer->ok && json_parse(answer->body, answer->len, LIMIT_DOCKER_ANSWER, NULL, &v) == 0) {
        int64_t bytes = json_get_int(v, "SpaceReclaimed", 0);
        take_list(p, json_object_get(v, lists[p->at]));
        p->bytes += bytes > 0 ? bytes : 0;
    }
    if (p->at == IMAGES)
        talk_get(&p->talk, on_images_left, "/images/json");
    else
        next_kind(p);
}

/* An image is told as its names and layers, one without a name as layers alone: so they are
 * counted. */
static unsigned count_images(const struct talk_answer *answer)
{
    AUTO(json_decrefp) json_t *v = NULL;
    if (!answer->ok || json_parse(answer->body, answer->len, LIMIT_DOCKER_ANSWER, NULL, &v) < 0)
        return 0;
    return (unsigned)json_array_size(v);
}

static void on_images_left(void *arg, const struct talk_answer *answer)
{
    struct prune *p = arg;
    unsigned left = count_images(answer);
    p->removed[IMAGES] = p->images > left ? p->images - left : 0;
    next_kind(p);
}

static void on_images(void *arg, const struct talk_answer *answer)
{
    struct prune *p = arg;
    p->images = count_images(answer);
    if (!answer->ok)
        end_refused(p, answer);
    else
        talk_post(&p->talk, on_pruned,
                  "/images/prune?filters=%%7B%%22dangling%%22%%3A%%5B%%22false%%22%%5D%%7D");
}

/* --- what is removed one by one --- */

static void forget_victims(struct prune *p)
{
    for (size_t i = 0; i < p->victims.n; i++) {
        mem_free(p->victims.v[i].id);
        mem_free(p->victims.v[i].name);
    }
    vec_done(&p->victims);
    p->next_victim = 0;
}

static void keep(struct prune *p, const char *name, const char *why)
{
    say(p, name, why);
    p->kept++;
}

static void remove_next(struct prune *p);

static void on_removed(void *arg, const struct talk_answer *answer)
{
    struct prune *p = arg;
    const struct victim *v = &p->victims.v[p->next_victim++];
    if (!answer->status) {
        end_refused(p, answer);
        return;
    }
    if (answer->ok) {
        say(p, v->name, "removed");
        p->removed[p->at]++;
        p->bytes += v->bytes;
    } else if (answer->status != 404) {
        keep(p, v->name, answer->words);
    }
    remove_next(p);
}

static void remove_next(struct prune *p)
{
    if (p->next_victim == p->victims.n) {
        forget_victims(p);
        next_kind(p);
        return;
    }
    const struct victim *v = &p->victims.v[p->next_victim];
    talk_ask(&p->talk, &(struct talk_question){.method = "DELETE"}, on_removed, "/%s/%s",
             p->at == CONTAINERS ? "containers" : "volumes", v->id);
}

static void add_victim(struct prune *p, const char *id, const char *name, int64_t bytes)
{
    if (p->victims.n < LIMIT_VICTIMS)
        *(struct victim *)vec_add(&p->victims) = (struct victim){
            .id = mem_strdup(id), .name = mem_strdup(name), .bytes = bytes > 0 ? bytes : 0};
}

/* What the policy keeps from being removed by itself is not removed this way either; what
 * container.update put aside is not ours. */
static void choose_container(struct prune *p, const json_t *v)
{
    const char *id = json_get_str(v, "Id", "");
    const char *name = json_string_value(json_array_get(json_object_get(v, "Names"), 0));
    if (!docker_id_is_valid(id) || !name)
        return;
    name += *name == '/';
    AUTO(mem_freep) char *observed = mem_printf("%s/%s", p->talk.engine->source, name);
    if (action_is_denied(p->a, COMMAND_CONTAINER_REMOVE, observed))
        keep(p, name, "stays, for the policy denies container.remove on it");
    else if (str_ends(name, "-before-update") || str_ends(name, ".hydra-update"))
        keep(p, name, "stays, for an update put it aside");
    else
        add_victim(p, id, name, json_get_int(v, "SizeRw", 0));
}

static void on_containers(void *arg, const struct talk_answer *answer)
{
    struct prune *p = arg;
    AUTO(json_decrefp) json_t *v = NULL;
    if (!answer->ok || json_parse(answer->body, answer->len, LIMIT_DOCKER_ANSWER, NULL, &v) < 0) {
        end_refused(p, answer);
        return;
    }
    for (size_t i = 0; i < json_array_size(v); i++)
        choose_container(p, json_array_get(v, i));
    remove_next(p);
}

/* Docker calls a volume that nobody named by 64 hex digits; newer ones say so, too. */
static bool is_anonymous(const json_t *v, const char *name)
{
    return json_object_get(json_object_get(v, "Labels"), "com.docker.volume.anonymous") ||
           (strlen(name) == 64 && docker_id_is_valid(name));
}

static void choose_volume(struct prune *p, const json_t *v)
{
    const json_t *usage = json_object_get(v, "UsageData");
    const char *name = json_get_str(v, "Name", "");
    bool unused = json_get_int(usage, "RefCount", 1) == 0;
    if (unused && container_name_is_valid(name) && is_anonymous(v, name) == (p->at == VOLUMES))
        add_victim(p, name, name, json_get_int(usage, "Size", 0));
}

static void on_volumes(void *arg, const struct talk_answer *answer)
{
    struct prune *p = arg;
    AUTO(json_decrefp) json_t *v = NULL;
    if (!answer->ok || json_parse(answer->body, answer->len, LIMIT_DOCKER_ANSWER, NULL, &v) < 0) {
        end_refused(p, answer);
        return;
    }
    const json_t *list = json_object_get(v, "Volumes");
    for (size_t i = 0; i < json_array_size(list); i++)
        choose_volume(p, json_array_get(list, i));
    remove_next(p);
}

/* --- one kind after the other --- */

static void begin(struct prune *p)
{
    switch ((enum what)p->at) {
    case CONTAINERS:
        talk_get(&p->talk, on_containers,
                 "/containers/json?all=1&size=1&filters=%%7B%%22status%%22%%3A%%5B%%22created%%22"
                 "%%2C%%22exited%%22%%2C%%22dead%%22%%5D%%7D");
        break;
    case NETWORKS:
        talk_post(&p->talk, on_pruned, "/networks/prune");
        break;
    case IMAGES:
        talk_get(&p->talk, on_images, "/images/json");
        break;
    case VOLUMES:
    case NAMED_VOLUMES:
        talk_get(&p->talk, on_volumes, "/system/df?type=volume");
        break;
    case BUILD_CACHE:
        talk_post(&p->talk, on_pruned, "/build/prune?all=true");
        break;
    case WHAT_COUNT:
        end_well(p);
        break;
    }
}

static void go_on(struct prune *p)
{
    while (p->at < WHAT_COUNT && !p->wanted[p->at])
        p->at++;
    if (p->at < WHAT_COUNT)
        action_step(p->a, "%s", words[p->at].doing);
    begin(p);
}

/* --- life --- */

/* What can be fetched or made again. */
static const char usual[] = "networks,images,build-cache";

static bool read_words(struct prune *p, const char *text)
{
    struct str_list list = {0};
    size_t known = 0;
    str_list_split(&list, *text ? text : usual, ',');
    for (size_t i = 0; i < list.n; i++)
        for (unsigned k = 0; k < WHAT_COUNT; k++)
            if (str_eq(list.v[i], command_prune_words[k])) {
                p->wanted[k] = true;
                known++;
            }
    bool good = list.n > 0 && known == list.n;
    str_list_done(&list);
    return good;
}

/* The named engine, or the first one that answers. */
static struct engine *engine_of(const struct action *a)
{
    struct engine *e = *a->command.target ? docker_engine(a->node, a->command.target) : NULL;
    for (size_t i = 0; !*a->command.target && (e = docker_engine_at(a->node, i)); i++)
        if (e->state == ENGINE_WATCHING)
            break;
    return e && e->state == ENGINE_WATCHING ? e : NULL;
}

static void start(struct action *a)
{
    struct engine *e = engine_of(a);
    struct prune *p = a->state = mem_alloc(sizeof *p);
    p->a = a;
    talk_init(&p->talk, a, e, p);
    if (!read_words(p, a->command.argument))
        action_end(a, OUTCOME_FAILED, NULL,
                   "Say what to remove: containers, networks, images, volumes, named-volumes, "
                   "build-cache, with commas between.");
    else if (!e)
        action_end(a, OUTCOME_FAILED, NULL, "No engine of containers answers on this node.");
    else if (action_is_denied(a, COMMAND_DOCKER_PRUNE, e->source))
        action_end(a, OUTCOME_REFUSED, NULL, "The policy of this node denies docker.prune on %s.",
                   e->source);
    else
        go_on(p);
}

static void stop(struct action *a)
{
    struct prune *p = TAKE(a->state);
    if (!p)
        return;
    talk_done(&p->talk);
    forget_victims(p);
    str_done(&p->said);
    mem_free(p);
}

const struct action_ops prune_action = {
    .deadline_ms = PRUNE_MS,
    .late = "It has not come to an end within 30 minutes; look at what takes up space now.",
    .start = start,
    .stop = stop,
};
