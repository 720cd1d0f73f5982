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
