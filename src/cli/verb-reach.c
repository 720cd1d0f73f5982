/* hydra node reach, hydra service reach: one machine asks another, and what came of it in words. */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

enum { PATIENCE_MS = 60 * 1000 };

static void add_try(struct str *out, const json_t *t)
{
    const json_t *ms = json_object_get(t, "ms");
    const char *why = json_get_str(t, "why", NULL);
    str_addf(out, "  %lld. %s", (long long)json_get_int(t, "number", 0),
             json_get_str(t, "result", ""));
    if (json_is_number(ms))
        str_addf(out, ", %.2f ms", json_number_value(ms));
    if (why)
        str_addf(out, " (%s)", why);
    str_add(out, "\n");
}

static void add_summary(struct str *out, const json_t *answer)
{
    const char *address = json_get_str(answer, "address", NULL);
    const char *hint = json_get_str(answer, "hint", NULL);
    const json_t *tries = json_object_get(answer, "tries");
    str_addf(out, "%s\n", json_get_str(answer, "text", ""));
    if (address)
        str_addf(out, "  Address: %s\n", address);
    for (size_t i = 0; i < json_array_size(tries); i++)
        add_try(out, json_array_get(tries, i));
    if (json_is_number(json_object_get(answer, "avg_ms")))
        str_addf(out, "  Lost: %g %%; fastest %.2f ms, slowest %.2f ms\n",
                 json_get_num(answer, "loss", 0), json_get_num(answer, "min_ms", 0),
                 json_get_num(answer, "max_ms", 0));
    if (hint)
        str_addf(out, "%s\n", hint);
}

static void show(const struct invocation *v, const json_t *answer)
{
    AUTO(str_done) struct str out = {0};
    if (v->output == OUTPUT_TABLE)
        add_summary(&out, answer);
    else
        print_value(v->output == OUTPUT_JSON ? OUTPUT_JSON : OUTPUT_YAML, answer, &out);
    fputs(str_text(&out), stdout);
}

static int get(struct invocation *v, const char *path, json_t **ret_answer)
{
    struct err e = {0};
    struct client *c = NULL;
    int r = client_new(v, &e, &c);
    if (r >= 0) {
        client_set_patience(c, PATIENCE_MS);
        r = client_call(c, "GET", path, NULL, &e, ret_answer);
    }
    client_free(c);
    return r < 0 ? verb_fail(&e, r) : 0;
}

static bool is_reached(const json_t *side)
{
    const json_t *reach = json_object_get(side, "reach");
    return json_is_object(reach) && str_eq(json_get_str(reach, "result", ""), "reached");
}

static void add_side(struct str *out, const json_t *side)
{
    const json_t *reach = json_object_get(side, "reach"), *ms = json_object_get(reach, "avg_ms");
    if (!json_is_object(side))
        return;
    str_addf(out, "  From %s: %s", json_get_str(side, "node", ""),
             json_get_str(reach, "result", json_get_str(side, "error", "")));
    if (json_is_number(ms))
        str_addf(out, ", %.2f ms", json_number_value(ms));
    str_add(out, "\n");
}

/* The id that a word means: an end of it will do. */
static int find_id(struct invocation *v, json_t **ret_service)
{
    AUTO(str_done) struct str path = {0};
    str_add(&path, "/api/cli/services/");
    path_add(&path, v->words.v[0]);
    return get(v, path.p, ret_service);
}

int verb_service_reach(struct invocation *v)
{
    AUTO(json_decrefp) json_t *answer = NULL, *service = NULL;
    AUTO(str_done) struct str path = {0}, out = {0};
    if (v->words.n != 1)
        return verb_usage(v);
    int code = find_id(v, &service);
    if (code)
        return code;
    str_add(&path, "/api/cli/reach/");
    path_add(&path, json_get_str(service, "id", ""));
    query_add(&path, "from", invocation_option(v, "from"));
    code = get(v, path.p, &answer);
    if (code)
        return code;
    const json_t *itself = json_object_get(answer, "itself"),
                 *other = json_object_get(answer, "other");
    if (v->output != OUTPUT_TABLE) {
        show(v, answer);
    } else {
        str_addf(&out, "%s\n", json_get_str(answer, "text", ""));
        add_side(&out, itself);
        add_side(&out, other);
        fputs(str_text(&out), stdout);
    }
    return is_reached(itself) && (!json_is_object(other) || is_reached(other)) ? 0 : 1;
}

/* As ping does: 1 = it is not reached. */
int verb_node_reach(struct invocation *v)
{
    AUTO(json_decrefp) json_t *answer = NULL;
    AUTO(str_done) struct str path = {0};
    if (v->words.n != 2)
        return verb_usage(v);
    str_add(&path, "/api/cli/nodes/");
    path_add(&path, v->words.v[0]);
    str_add(&path, "/reach");
    query_add(&path, "to", v->words.v[1]);
    query_add(&path, "port", invocation_option(v, "port"));
    query_add(&path, "tries", invocation_option(v, "count"));
    int code = get(v, path.p, &answer);
    if (code)
        return code;
    show(v, answer);
    return str_eq(json_get_str(answer, "result", ""), "reached") ? 0 : 1;
}
