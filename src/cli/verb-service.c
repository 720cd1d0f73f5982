/* hydra service show|add|edit|rm. */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "base/clock.h"

#include <stdio.h>

/* One call with a service's path; prints what comes back in the format (a table prints nothing but
 * `done`). */
static int call_and_print(struct invocation *v, const char *method, const char *path,
                          const json_t *body, const char *done)
{
    struct err e = {0};
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *answer = NULL;
    int r = client_new(v, &e, &c);
    if (r >= 0)
        r = client_call(c, method, path, body, &e, &answer);
    client_free(c);
    if (r < 0)
        return verb_fail(&e, r);
    if (answer && v->output != OUTPUT_TABLE) {
        struct str out = {0};
        print_value(v->output == OUTPUT_YAML ? OUTPUT_YAML : OUTPUT_JSON, answer, &out);
        fputs(str_text(&out), stdout);
        str_done(&out);
    } else if (done) {
        printf("%s%s\n", done, answer ? json_get_str(answer, "id", "") : "");
    }
    return 0;
}

static int add_duration(json_t *object, const char *key, const char *text, struct err *e)
{
    int64_t ms;
    if (!text)
        return 0;
    if (clock_parse_duration(text, &ms) < 0)
        return err_set(e, -EINVAL, "%s is no duration: write 500ms, 30s, 5m or 1h.", text);
    json_object_set_new(object, key, json_integer(ms));
    return 0;
}

static json_t *check_of(const struct invocation *v, struct err *e, int *ret_r)
{
    const char *kind = invocation_option(v, "check"), *retries = invocation_option(v, "retries");
    static const struct {
        const char *option, *member;
    } texts[] = {
        {"target", "target"}, {"expect-status", "expect_status"}, {"expect-body", "expect_body"}};
    json_t *check = json_object();
    uint64_t n = 0;
    *ret_r = 0;
    if (kind)
        json_object_set_new(check, "kind", json_string(kind));
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (invocation_has(v, texts[i].option))
            json_object_set_new(check, texts[i].member,
                                json_string(invocation_option(v, texts[i].option)));
    if (retries && str_to_u64(retries, &n) < 0)
        *ret_r = err_set(e, -EINVAL, "--retries is a number, not %s.", retries);
    else if (retries)
        json_object_set_new(check, "retries", json_integer((json_int_t)n));
    if (*ret_r >= 0)
        *ret_r = add_duration(check, "interval_ms", invocation_option(v, "interval"), e);
    if (*ret_r >= 0)
        *ret_r = add_duration(check, "timeout_ms", invocation_option(v, "timeout"), e);
    return check;
}

/* The ServiceInput that the options describe. */
static json_t *input_of(const struct invocation *v, struct err *e, int *ret_r)
{
    static const char *const texts[] = {"name", "url", "icon", "group", "description"};
    json_t *input = json_object();
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (invocation_has(v, texts[i]))
            json_object_set_new(input, texts[i], json_string(invocation_option(v, texts[i])));
    if (invocation_has(v, "hide") || invocation_has(v, "show"))
        json_object_set_new(input, "hidden", json_boolean(invocation_has(v, "hide")));
    json_t *check = check_of(v, e, ret_r);
    if (json_object_size(check))
        json_object_set_new(input, "check", check);
    else
        json_decref(check);
    const char *depends = invocation_option(v, "depends-on");
    if (depends) {
        struct str_list ids = {0};
        json_t *list = json_array();
        str_list_split(&ids, depends, ',');
        for (size_t i = 0; i < ids.n; i++)
            json_array_append_new(list, json_string(ids.v[i]));
        str_list_done(&ids);
        json_object_set_new(input, "depends_on", list);
    }
    return input;
}

static char *service_path(const char *id)
{
    struct str path = {0};
    str_add(&path, "/api/cli/services/");
    path_add(&path, id);
    return str_take(&path);
}

/* The path of what `word` means: a whole id, or an end of it that only one service has. What hydrad
 * does not know, or does not tell, is taken as it is. NULL after the sentence was said, with the
 * exit code. */
static char *find_service(struct invocation *v, int *ret_code)
{
    struct err e = {0};
    struct client *c = NULL;
    AUTO(json_decrefp) json_t *service = NULL;
    const char *word = v->words.v[0];
    char *path = service_path(word);
    int r = client_new(v, &e, &c);
    if (r >= 0)
        r = client_call(c, "GET", path, NULL, &e, &service);
    client_free(c);
    if (r >= 0) {
        mem_free(path);
        return service_path(json_get_str(service, "id", word));
    }
    if (r == -ENOENT || r == -EPERM)
        return path;
    mem_free(path);
    *ret_code = verb_fail(&e, r);
    return NULL;
}

int verb_service_show(struct invocation *v)
{
    if (v->words.n != 1)
        return verb_usage(v);
    AUTO(mem_freep) char *path = service_path(v->words.v[0]);
    if (v->output == OUTPUT_TABLE)
        v->output = OUTPUT_YAML;
    return call_and_print(v, "GET", path, NULL, NULL);
}

/* Who gives an address and no kind of check wants to know whether it answers. */
static void check_address(const struct invocation *v, json_t *input)
{
    const char *url = invocation_option(v, "url");
    if (invocation_has(v, "check") || !url || !str_starts(url, "http"))
        return;
    json_t *check = json_object_get(input, "check");
    if (!check)
        json_object_set_new(input, "check", check = json_object());
    json_object_set_new(check, "kind", json_string("http"));
}

int verb_service_add(struct invocation *v)
{
    struct err e = {0};
    int r;
    if (v->words.n != 1)
        return verb_usage(v);
    AUTO(json_decrefp) json_t *input = input_of(v, &e, &r);
    json_object_set_new(input, "name", json_string(v->words.v[0]));
    check_address(v, input);
    return r < 0 ? verb_fail(&e, r)
                 : call_and_print(v, "POST", "/api/cli/services", input, "Added ");
}

int verb_service_edit(struct invocation *v)
{
    struct err e = {0};
    int r;
    if (v->words.n != 1)
        return verb_usage(v);
    AUTO(json_decrefp) json_t *input = input_of(v, &e, &r);
    if (r < 0)
        return verb_fail(&e, r);
    if (json_object_size(input) == 0)
        return verb_usage(v);
    int code = 0;
    AUTO(mem_freep) char *path = find_service(v, &code);
    return path ? call_and_print(v, "PUT", path, input, "Saved ") : code;
}

int verb_service_rm(struct invocation *v)
{
    if (v->words.n != 1)
        return verb_usage(v);
    int code = 0;
    AUTO(mem_freep) char *path = find_service(v, &code);
    return path ? call_and_print(v, "DELETE", path, NULL, "Removed") : code;
}
