/* Orders that need a look first or a word more: hydra project …, hydra service rename|remove, hydra
 * node signal|power. */
#include "cli/list.h"
#include "cli/order.h"
#include "cli/verbs.h"

/* --- a compose project --- */

/* "tower/docker/media" of a service, as people name it: whole, or an end of it. */
static bool is_meant(const char *project, const char *word)
{
    return str_eq(project, word) ||
           (str_ends(project, word) && project[strlen(project) - strlen(word) - 1] == '/');
}

static void find_projects(const json_t *services, const char *word, struct str_list *ret_found)
{
    size_t i;
    const json_t *s;
    json_array_foreach (services, i, s) {
        const char *node = json_get_str(s, "node", ""), *engine = json_get_str(s, "engine", ""),
                   *project = json_get_str(s, "project", "");
        AUTO(mem_freep) char *whole = mem_printf("%s/%s/%s", node, engine, project);
        if (*node && *project && is_meant(whole, word) && !str_list_has(ret_found, whole))
            str_list_add(ret_found, whole);
    }
}

static int none_or_several(const char *word, const struct str_list *found, struct err *e)
{
    AUTO(str_done) struct str names = {0};
    if (!found->n)
        return err_set(e, -ENOENT,
                       "There is no compose project %.100s: hydra services lists what there is.",
                       word);
    for (size_t i = 0; i < found->n; i++)
        str_addf(&names, "%s%s", i ? ", " : "", found->v[i]);
    return err_set(e, -EEXIST, "%.100s is several: say one of %s.", word, str_text(&names));
}

/* "tower/docker/media" of what was typed. mem_free(). */
static int find_project(struct invocation *v, const char *word, struct err *e, char **ret_whole)
{
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *answer = NULL;
    AUTO(str_list_done) struct str_list found = {0};
    int r = client_new(v, e, &c);
    if (r >= 0)
        r = client_call(c, "GET", "/api/web/services", NULL, e, &answer);
    client_free(c);
    if (r < 0)
        return r;
    find_projects(json_object_get(answer, "services"), word, &found);
    if (found.n != 1)
        return none_or_several(word, &found, e);
    *ret_whole = mem_strdup(found.v[0]);
    return 0;
}

int verb_project_act(struct invocation *v)
{
    struct err e = {0};
    AUTO(mem_freep) char *whole = NULL;
    if (v->words.n != 1)
        return verb_usage(v);
    int r = find_project(v, v->words.v[0], &e, &whole);
    if (r < 0)
        return verb_fail(&e, r);
    char *slash = whole ? strchr(whole, '/') : NULL;
    if (!slash)
        return verb_usage(v);
    *slash = 0;
    AUTO(mem_freep) char *verb = mem_printf("project.%s", v->verb->words[1]);
    AUTO(json_decrefp) json_t *body = order_of(v, verb);
    json_object_set_new(body, "node", json_string(whole));
    json_object_set_new(body, "target", json_string(slash + 1));
    return order_give(v, body);
}

/* --- a process --- */

static json_t *find_process(const json_t *tree, uint64_t pid)
{
    size_t i;
    json_t *p;
    json_array_foreach (json_object_get(tree, "processes"), i, p)
        if (json_get_int(p, "pid", 0) == (int64_t)pid)
            return p;
    return NULL;
}

/* The number alone may be another's by the time it is used: the node is told when it was started.
 */
static int find_target(struct invocation *v, const char *node, const char *word, struct err *e,
                       char **ret_target)
{
    uint64_t pid;
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *tree = NULL;
    AUTO(str_done) struct str path = {0};
    if (strchr(word, ':')) {
        *ret_target = mem_strdup(word);
        return 0;
    }
    if (str_to_u64(word, &pid) < 0 || pid == 0)
        return err_set(e, -EINVAL, "\"%.60s\" is no process: say its number.", word);
    str_add(&path, "/api/cli/nodes/");
    path_add(&path, node);
    str_add(&path, "/process-tree");
    int r = client_new(v, e, &c);
    if (r >= 0)
        r = client_call(c, "GET", path.p, NULL, e, &tree);
    client_free(c);
    if (r < 0)
        return r;
    const json_t *p = find_process(tree, pid);
    if (!p)
        return err_set(e, -ENOENT, "There is no process %.20s on %.100s.", word, node);
    *ret_target = mem_strdup(json_get_str(p, "target", ""));
    return 0;
}

int verb_node_signal(struct invocation *v)
{
    struct err e = {0};
    AUTO(mem_freep) char *target = NULL;
    if (v->words.n != 3)
        return verb_usage(v);
    int r = find_target(v, v->words.v[0], v->words.v[1], &e, &target);
    if (r < 0)
        return verb_fail(&e, r);
    AUTO(json_decrefp) json_t *body = order_of(v, "process.signal");
    json_object_set_new(body, "node", json_string(v->words.v[0]));
    json_object_set_new(body, "target", json_string(target));
    json_object_set_new(body, "argument", json_string(v->words.v[2]));
    return order_give(v, body);
}

/* --- a machine's power --- */

int verb_node_power(struct invocation *v)
{
    if (v->words.n != 2)
        return verb_usage(v);
    AUTO(json_decrefp) json_t *body = order_of(v, "machine.power");
    json_object_set_new(body, "node", json_string(v->words.v[0]));
    json_object_set_new(body, "argument", json_string(v->words.v[1]));
    return order_give(v, body);
}
