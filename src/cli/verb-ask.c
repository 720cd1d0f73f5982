/* hydra node disk-usage …: what a node answers when it is asked, as a table. */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "base/clock.h"

#include <stdio.h>

enum { PATIENCE_MS = 150 * 1000 }; /* a node may walk through all of its volumes */

struct column {
    const char *member; /* "smart.temperature_c": of an object in it */
    const char *title, *align, *kind;
};

struct question {
    const char *verb, *path, *list;
    struct column columns[10];
    const char *none; /* said where the list is empty; NULL = nothing */
};

static const struct question questions[] = {
    {"disk-usage",
     "docker-usage",
     "rows", /* made by flatten_usage() */
     {{"engine", "ENGINE", "left", "text"},
      {"what", "WHAT", "left", "text"},
      {"count", "COUNT", "right", "number"},
      {"in_use", "IN USE", "right", "number"},
      {"bytes", "SIZE", "right", "bytes"},
      {"reclaimable_bytes", "CAN BE WON", "right", "bytes"}},
     NULL},
    {"processes",
     "process-tree",
     "processes",
     {{"pid", "PID", "right", "number"},
      {"parent", "PARENT", "right", "number"},
      {"user", "USER", "left", "text"},
      {"cpu", "CPU", "right", "percent"},
      {"memory", "MEMORY", "right", "bytes"},
      {"state", "STATE", "left", "text"},
      {"service", "SERVICE", "left", "text"},
      {"name", "NAME", "left", "text"},
      {"command", "COMMAND", "left", "text"}},
     NULL},
    {"kernel-log",
     "kernel-log",
     "entries",
     {{"time", "LAST", "left", "time"},
      {"level", "LEVEL", "left", "text"},
      {"count", "TIMES", "right", "number"},
      {"text", "TEXT", "left", "text"}},
     "None since it was started."},
    {.verb = "time", .path = "time"},
    {"disks",
     "disks",
     "disks",
     {{"device", "DEVICE", "left", "text"},
      {"model", "MODEL", "left", "text"},
      {"bytes", "SIZE", "right", "bytes"},
      {"kind", "KIND", "left", "text"},
      {"state", "STATE", "left", "text"},
      {"health", "HEALTH", "left", "text"},
      {"smart.temperature_c", "°C", "right", "number"},
      {"smart.power_on_hours", "HOURS", "right", "number"},
      {"smart.wear_percent", "WORN", "right", "percent"}},
     NULL},
    {.verb = "unraid", .path = "unraid"},
    {"mounts",
     "mounts",
     "mounts",
     {{"mount", "MOUNTED AT", "left", "text"},
      {"device", "FROM", "left", "text"},
      {"type", "TYPE", "left", "text"},
      {"mounted", "MOUNTED", "left", "text"},
      {"used_by", "USED BY", "left", "text"},
      {"allowed", "MAY BE REMOUNTED", "left", "text"}},
     "It has no mounts over the network."},
    {"networks",
     "networks",
     "networks",
     {{"name", "NAME", "left", "text"},
      {"driver", "DRIVER", "left", "text"},
      {"scope", "SCOPE", "left", "text"},
      {"internal", "INTERNAL", "left", "text"},
      {"joined", "IS IN IT", "left", "text"}},
     "Its engine has no networks."},
    {"log-usage",
     "log-usage",
     "logs", /* made by flatten_logs() */
     {{"what", "WHAT", "left", "text"},
      {"name", "NAME", "left", "text"},
      {"bytes", "SIZE", "right", "bytes"},
      {"older_bytes", "OF OLD FILES", "right", "bytes"},
      {"since", "SINCE", "left", "time"}},
     NULL},
    {"ports",
     "ports",
     "ports",
     {{"port", "PORT", "right", "number"},
      {"protocol", "PROTOCOL", "left", "text"},
      {"address", "ADDRESS", "left", "text"},
      {"scope", "LISTENS ON", "left", "text"},
      {"pid", "PID", "right", "number"},
      {"name", "NAME", "left", "text"},
      {"user", "USER", "left", "text"},
      {"service", "SERVICE", "left", "text"}},
     NULL},
    {"packages",
     "packages",
     "updates",
     {{"name", "NAME", "left", "text"},
      {"installed", "INSTALLED", "left", "text"},
      {"candidate", "CANDIDATE", "left", "text"},
      {"security", "SECURITY", "left", "text"},
      {"origin", "ORIGIN", "left", "text"}},
     NULL},
    {"folders",
     "folders",
     "folders",
     {{"bytes", "SIZE", "right", "bytes"},
      {"files", "FILES", "right", "number"},
      {"unreadable", "UNREADABLE", "right", "number"},
      {"name", "FOLDER", "left", "text"}},
     NULL},
};

/* What a second word is to the API; NULL = there is none. */
static const char *second_of(const struct question *q)
{
    return str_eq(q->path, "folders") ? "path" : str_eq(q->path, "networks") ? "of" : NULL;
}

static const struct question *question_of(const struct invocation *v)
{
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        if (str_eq(questions[i].verb, v->verb->words[1]))
            return &questions[i];
    return NULL;
}

/* An engine's four kinds as rows. */
static void flatten_usage(json_t *answer)
{
    static const char *const kinds[] = {"images", "containers", "volumes", "build_cache"};
    json_t *rows = json_array();
    const json_t *engines = json_object_get(answer, "engines");
    for (size_t i = 0; i < json_array_size(engines); i++)
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            const json_t *e = json_array_get(engines, i);
            json_t *row = json_copy(json_object_get(e, kinds[k]));
            json_object_set_new(row, "engine", json_string(json_get_str(e, "engine", "")));
            json_object_set_new(row, "what", json_string(k == 3 ? "build cache" : kinds[k]));
            json_array_append_new(rows, row);
        }
    json_object_set_new(answer, "rows", rows);
}

/* The journal, then each container. */
static void flatten_logs(json_t *answer)
{
    json_t *rows = json_array(), *journal = json_object_get(answer, "journal");
    const json_t *list = json_object_get(json_object_get(answer, "containers"), "items");
    if (json_is_object(journal))
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:O, s:O, s:O}", "what", "journal", "name", "",
                                        "bytes", json_object_get(journal, "bytes"), "older_bytes",
                                        json_object_get(journal, "archived_bytes"), "since",
                                        json_object_get(journal, "since")));
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_copy(json_array_get(list, i));
        int64_t bytes = json_get_int(row, "bytes", 0), older = json_get_int(row, "older_bytes", 0);
        json_object_set_new(row, "what", json_string("container"));
        json_object_set_new(row, "bytes", json_integer(bytes + older));
        json_array_append_new(rows, row);
    }
    json_object_set_new(answer, "logs", rows);
}

/* Those who use a mount, as one text. */
static void name_users(json_t *answer)
{
    const json_t *mounts = json_object_get(answer, "mounts");
    for (size_t i = 0; i < json_array_size(mounts); i++) {
        json_t *m = json_array_get(mounts, i);
        const json_t *users = json_object_get(m, "users");
        AUTO(str_done) struct str names = {0};
        for (size_t k = 0; k < json_array_size(users); k++)
            str_addf(&names, "%s%s (%lld)", k ? ", " : "",
                     json_get_str(json_array_get(users, k), "name", "?"),
                     (long long)json_get_int(json_array_get(users, k), "pid", 0));
        json_object_set_new(m, "used_by", json_string(str_text(&names)));
    }
}

static json_t *member_of(const json_t *row, const char *path)
{
    const char *dot = strchr(path, '.');
    AUTO(mem_freep) char *first = dot ? mem_strndup(path, (size_t)(dot - path)) : NULL;
    return dot ? member_of(json_object_get(row, first), dot + 1) : json_object_get(row, path);
}

/* As the API's Table is. */
static json_t *table_of(const struct question *q, const json_t *list)
{
    json_t *columns = json_array(), *rows = json_array();
    size_t n = 0;
    for (; n < COUNT_OF(q->columns) && q->columns[n].member; n++) {
        const struct column *c = &q->columns[n];
        json_array_append_new(columns, json_pack("{s:s, s:s, s:s, s:s}", "name", c->member, "title",
                                                 c->title, "align", c->align, "kind", c->kind));
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array();
        for (size_t k = 0; k < n; k++) {
            json_t *cell = member_of(json_array_get(list, i), q->columns[k].member);
            json_array_append_new(row, cell ? json_incref(cell) : json_null());
        }
        json_array_append_new(rows, row);
    }
    return json_pack("{s:o, s:o, s:n}", "columns", columns, "rows", rows, "next");
}

static void add_ms(struct str *out, const char *what, const json_t *answer, const char *member)
{
    const json_t *ms = json_object_get(answer, member);
    if (json_is_number(ms))
        str_addf(out, "  %s: %.3f ms\n", what, json_number_value(ms));
}

static void add_fact(struct str *out, const char *what, const char *value)
{
    if (!str_is_empty(value))
        str_addf(out, "  %s: %s\n", what, value);
}

/* What is not known is left out. */
static void print_time_state(const json_t *answer, struct str *out)
{
    const json_t *enabled = json_object_get(answer, "enabled"),
                 *local = json_object_get(answer, "rtc_local");
    str_addf(out, "%s\n", json_get_str(answer, "text", ""));
    add_fact(out, "Time there", json_get_str(answer, "time", NULL));
    add_fact(out, "Time zone", json_get_str(answer, "zone", NULL));
    add_fact(out, "Kept right by", json_get_str(answer, "by", NULL));
    if (json_is_boolean(enabled))
        add_fact(out, "systemd is told to keep it right", json_is_true(enabled) ? "yes" : "no");
    add_ms(out, "Off by", answer, "offset_ms");
    add_ms(out, "Off by at most", answer, "max_error_ms");
    if (json_is_boolean(local))
        add_fact(out, "The hardware clock runs in",
                 json_is_true(local) ? "local time, which goes wrong when clocks change" : "UTC");
}

static void print_answer(const struct invocation *v, const struct question *q, json_t *answer)
{
    struct str out = {0};
    if (v->output == OUTPUT_TABLE && str_eq(q->verb, "time")) {
        print_time_state(answer, &out);
    } else if (v->output == OUTPUT_JSON || v->output == OUTPUT_YAML || !q->list) {
        print_value(v->output == OUTPUT_JSON ? OUTPUT_JSON : OUTPUT_YAML, answer, &out);
    } else {
        if (str_eq(q->list, "rows"))
            flatten_usage(answer);
        else if (str_eq(q->list, "mounts"))
            name_users(answer);
        else if (str_eq(q->list, "logs"))
            flatten_logs(answer);
        AUTO(json_decrefp) json_t *table = table_of(q, json_object_get(answer, q->list));
        print_table(v, table, clock_wall_ms(), &out);
    }
    fputs(str_text(&out), stdout);
    str_done(&out);
}

/* What the answer says beside its list: why there is nothing in it, or what is missing. */
static void tell_text(const struct question *q, const json_t *answer)
{
    const char *text = json_get_str(answer, "text", ""), *hint = json_get_str(answer, "hint", "");
    static const char *const others[] = {"journal_text", "containers_text"};
    const json_t *troubles = json_object_get(answer, "troubles");
    if (*text)
        fprintf(stderr, "%s%s%s\n", text, *hint ? " " : "", hint);
    else if (q->none && !json_array_size(json_object_get(answer, q->list)))
        fprintf(stderr, "%s\n", q->none);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (json_get_str(answer, others[i], NULL))
            fprintf(stderr, "%s\n", json_get_str(answer, others[i], ""));
    for (size_t i = 0; i < json_array_size(troubles); i++) {
        const json_t *t = json_array_get(troubles, i);
        fprintf(stderr, "%s: %s\n", json_get_str(t, "engine", ""), json_get_str(t, "text", ""));
    }
}

int verb_node_ask(struct invocation *v)
{
    struct err e = {0};
    struct client *c = NULL;
    const struct question *q = question_of(v);
    AUTO(json_decrefp) json_t *answer = NULL;
    AUTO(str_done) struct str path = {0};
    if (!q || v->words.n < 1 || v->words.n > (second_of(q) ? 2 : 1))
        return verb_usage(v);
    str_add(&path, "/api/cli/nodes/");
    path_add(&path, v->words.v[0]);
    str_addf(&path, "/%s", q->path);
    if (v->words.n > 1)
        query_add(&path, second_of(q), v->words.v[1]);
    query_add(&path, "port", invocation_option(v, "port"));
    int r = client_new(v, &e, &c);
    if (r >= 0) {
        client_set_patience(c, PATIENCE_MS);
        r = client_call(c, "GET", path.p, NULL, &e, &answer);
    }
    client_free(c);
    if (r < 0)
        return verb_fail(&e, r);
    print_answer(v, q, answer);
    if (q->list)
        tell_text(q, answer);
    return 0;
}
