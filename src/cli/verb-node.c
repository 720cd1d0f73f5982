/* hydra node … */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "base/clock.h"

#include <stdio.h>

/* Duration to whole seconds. */
static int read_ttl(const struct invocation *v, json_t *body, struct err *e)
{
    const char *text = invocation_option(v, "ttl");
    int64_t ms = 0;
    if (!text)
        return 0;
    if (clock_parse_duration(text, &ms) < 0 || ms < 1000)
        return err_set(e, -EINVAL, "--ttl is a duration such as 15m or 2h, not \"%s\".", text);
    json_object_set_new(body, "ttl_s", json_integer(ms / 1000));
    return 0;
}

/* For people: the token, and what to type where. For programs: the answer as it is. */
static void print_enrolment(const struct invocation *v, const json_t *answer)
{
    static const struct {
        const char *key, *where;
    } ways[] = {{"debian", "On Debian or Ubuntu"},
                {"nixos", "In NixOS's configuration"},
                {"docker", "With Docker"}};
    const json_t *commands = json_object_get(answer, "commands");
    struct str out = {0};
    if (v->output != OUTPUT_TABLE)
        print_value(v->output, answer, &out);
    else
        str_addf(&out, "%s\n", json_get_str(answer, "token", ""));
    for (size_t i = 0; v->output == OUTPUT_TABLE && i < COUNT_OF(ways); i++)
        str_addf(&out, "\n%s:\n%s\n", ways[i].where, json_get_str(commands, ways[i].key, ""));
    fputs(str_text(&out), stdout);
    str_done(&out);
}

int verb_node_add(struct invocation *v)
{
    struct err e = {0};
    AUTO(json_decrefp) json_t *answer = NULL;
    if (v->words.n != 1)
        return verb_usage(v);
    AUTO(json_decrefp)
    json_t *body = json_pack("{s:s, s:b}", "node", v->words.v[0], "replace",
                             (int)invocation_has(v, "replace"));
    if (read_ttl(v, body, &e) < 0)
        return verb_fail(&e, -EINVAL);
    int code = verb_call(v, "POST", "enrolments", NULL, body, &answer);
    if (code == 0)
        print_enrolment(v, answer);
    return code;
}

int verb_node_rm(struct invocation *v)
{
    AUTO(json_decrefp) json_t *answer = NULL;
    return v->words.n == 1 ? verb_call(v, "DELETE", "nodes", v->words.v[0], NULL, &answer)
                           : verb_usage(v);
}

/* --- its management controller --- */

static const char *const bmc_options[] = {"address", "user", "via"};

static bool changes_bmc(const struct invocation *v)
{
    bool changes = invocation_has(v, "password-file");
    for (size_t i = 0; i < COUNT_OF(bmc_options); i++)
        changes |= invocation_has(v, bmc_options[i]);
    return changes;
}

/* What is not said stays as it is. */
static json_t *bmc_of(const struct invocation *v, const json_t *before)
{
    json_t *body = json_object();
    for (size_t i = 0; i < COUNT_OF(bmc_options); i++) {
        const char *said = invocation_option(v, bmc_options[i]);
        const char *text = said ? said : json_get_str(before, bmc_options[i], NULL);
        if (text)
            json_object_set_new(body, bmc_options[i], json_string(text));
    }
    return body;
}

static void print_bmc(struct invocation *v, const json_t *answer)
{
    struct str out = {0};
    if (v->output != OUTPUT_TABLE)
        print_value(v->output, answer, &out);
    else if (!json_is_true(json_object_get(answer, "set")))
        str_add(&out, "No management controller is known: --address, --user and --password-file "
                      "set one.\n");
    else
        str_addf(&out, "%s as %s, asked by %s\n", json_get_str(answer, "address", ""),
                 json_get_str(answer, "user", ""),
                 json_get_str(answer, "via", json_get_str(answer, "hub_node", "")));
    fputs(str_text(&out), stdout);
    str_done(&out);
}

/* Asked for only where it is needed: a controller that is new, or somewhere else. */
static bool needs_password(const struct invocation *v, const json_t *before)
{
    return invocation_has(v, "password-file") || !json_is_true(json_object_get(before, "set")) ||
           invocation_has(v, "address") || invocation_has(v, "via");
}

static int set_bmc(struct invocation *v, const char *id, const json_t *before)
{
    char password[128] = "";
    AUTO(json_decrefp) json_t *body = bmc_of(v, before);
    AUTO(json_decrefp) json_t *after = NULL;
    if (!json_object_get(body, "address") || !json_object_get(body, "user"))
        return verb_usage(v);
    if (needs_password(v, before) && !verb_password(v, password, sizeof password))
        return 2;
    if (*password)
        json_object_set_new(body, "password", json_string(password));
    int code = verb_call(v, "PUT", "nodes", id, body, &after);
    if (code == 0)
        print_bmc(v, after);
    return code;
}

int verb_node_bmc(struct invocation *v)
{
    AUTO(json_decrefp) json_t *before = NULL;
    if (v->words.n != 1)
        return verb_usage(v);
    AUTO(mem_freep) char *id = mem_printf("%s/bmc", v->words.v[0]);
    if (invocation_has(v, "remove"))
        return verb_call(v, "DELETE", "nodes", id, NULL, &before);
    int code = verb_call(v, "GET", "nodes", id, NULL, &before);
    if (code == 0 && changes_bmc(v))
        return set_bmc(v, id, before);
    if (code == 0)
        print_bmc(v, before);
    return code;
}
