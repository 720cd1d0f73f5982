/* hydra generations, hydra garbage: what a NixOS node answers when it is asked. */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "base/clock.h"

#include <stdio.h>

enum { DIFF_PATIENCE_MS = 150 * 1000, GARBAGE_PATIENCE_MS = 11 * 60 * 1000 };

static int ask(struct invocation *v, const struct str *path, unsigned patience_ms,
               json_t **ret_answer)
{
    struct err e = {0};
    struct client *c = NULL;
    int r = client_new(v, &e, &c);
    if (r >= 0) {
        client_set_patience(c, patience_ms);
        r = client_call(c, "GET", path->p, NULL, &e, ret_answer);
    }
    client_free(c);
    return r < 0 ? verb_fail(&e, r) : 0;
}

static void begin_path(struct str *path, const char *node, const char *tail)
{
    str_add(path, "/api/cli/nodes/");
    path_add(path, node);
    str_add(path, tail);
}

static void add_column(json_t *columns, const char *name, const char *title, const char *kind)
{
    json_array_append_new(columns,
                          json_pack("{s:s, s:s, s:s, s:s}", "name", name, "title", title, "align",
                                    str_eq(kind, "number") ? "right" : "left", "kind", kind));
}

static void show(const struct invocation *v, json_t *columns, json_t *rows)
{
    struct str out = {0};
    AUTO(json_decrefp)
    json_t *table = json_pack("{s:o, s:o, s:n}", "columns", columns, "rows", rows, "next");
    print_table(v, table, clock_wall_ms(), &out);
    fputs(str_text(&out), stdout);
    str_done(&out);
}

static bool is_for_programs(const struct invocation *v, const json_t *answer)
{
    struct str out = {0};
    if (v->output != OUTPUT_JSON && v->output != OUTPUT_YAML)
        return false;
    print_value(v->output, answer, &out);
    fputs(str_text(&out), stdout);
    str_done(&out);
    return true;
}

/* --- the list --- */

/* "current, booted" */
static json_t *marks_of(const json_t *g)
{
    static const char *const marks[] = {"current", "booted", "running"};
    struct str text = {0};
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (json_get_bool(g, marks[i], false))
            str_addf(&text, "%s%s", text.len ? ", " : "", marks[i]);
    json_t *value = json_string(str_text(&text));
    str_done(&text);
    return value;
}

static void show_list(const struct invocation *v, const json_t *answer)
{
    json_t *columns = json_array(), *rows = json_array();
    size_t i;
    const json_t *g;
    add_column(columns, "number", "GENERATION", "number");
    add_column(columns, "date", "MADE", "time");
    add_column(columns, "version", "VERSION", "text");
    add_column(columns, "kernel", "KERNEL", "text");
    add_column(columns, "revision", "REVISION", "text");
    add_column(columns, "is", "IS", "text");
    json_array_foreach (json_object_get(answer, "generations"), i, g)
        json_array_append_new(rows,
                              json_pack("[O, O, O, O, O, o]", json_object_get(g, "number"),
                                        json_object_get(g, "date"), json_object_get(g, "version"),
                                        json_object_get(g, "kernel"),
                                        json_object_get(g, "revision"), marks_of(g)));
    show(v, columns, rows);
}

/* --- two of them --- */

static json_t *joined(const json_t *list)
{
    struct str text = {0};
    size_t i;
    const json_t *item;
    json_array_foreach (list, i, item)
        str_addf(&text, "%s%s", text.len ? ", " : "", json_string_value(item));
    json_t *value = json_string(str_text(&text));
    str_done(&text);
    return value;
}

static void add_packages(json_t *rows, const json_t *packages, const char *what)
{
    size_t i;
    const json_t *p;
    json_array_foreach (json_object_get(packages, what), i, p)
        json_array_append_new(
            rows, json_pack("[s, s, s, o, o]", "package", what, json_get_str(p, "name", ""),
                            joined(json_object_get(p, "from")), joined(json_object_get(p, "to"))));
}

static void add_units(json_t *rows, const json_t *units, const char *what)
{
    size_t i;
    const json_t *u;
    json_array_foreach (json_object_get(units, what), i, u)
        json_array_append_new(
            rows, json_pack("[s, s, s, s, s]", "unit", what, json_string_value(u), "", ""));
}

static void show_diff(const struct invocation *v, const json_t *answer)
{
    static const char *const kinds[] = {"added", "removed", "changed"};
    json_t *columns = json_array(), *rows = json_array();
    add_column(columns, "what", "WHAT", "text");
    add_column(columns, "change", "CHANGE", "text");
    add_column(columns, "name", "NAME", "text");
    add_column(columns, "from", "FROM", "text");
    add_column(columns, "to", "TO", "text");
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        add_packages(rows, json_object_get(answer, "packages"), kinds[i]);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        add_units(rows, json_object_get(answer, "units"), kinds[i]);
    show(v, columns, rows);
}

/* "--diff A B": B is the word behind the node's name; without it, the current one. */
int verb_generations(struct invocation *v)
{
    const char *from = invocation_option(v, "diff");
    AUTO(str_done) struct str path = {0};
    AUTO(json_decrefp) json_t *answer = NULL;
    if (v->words.n < 1 || v->words.n > (from ? 2u : 1u))
        return verb_usage(v);
    begin_path(&path, v->words.v[0], from ? "/generations/diff" : "/generations");
    query_add(&path, "from", from);
    query_add(&path, "to", v->words.n == 2 ? v->words.v[1] : NULL);
    int code = ask(v, &path, DIFF_PATIENCE_MS, &answer);
    if (code != 0 || is_for_programs(v, answer))
        return code;
    if (from)
        show_diff(v, answer);
    else
        show_list(v, answer);
    return 0;
}

/* --- garbage --- */

int verb_garbage(struct invocation *v)
{
    AUTO(str_done) struct str path = {0};
    AUTO(str_done) struct str size = {0};
    AUTO(json_decrefp) json_t *answer = NULL;
    if (v->words.n != 1)
        return verb_usage(v);
    begin_path(&path, v->words.v[0], "/garbage");
    query_add(&path, "older_than_days", invocation_option(v, "older-than"));
    int code = ask(v, &path, GARBAGE_PATIENCE_MS, &answer);
    if (code != 0 || is_for_programs(v, answer))
        return code;
    print_bytes((double)json_get_int(answer, "bytes", 0), &size);
    printf("%zu generations are older than %d days and in no use. Removing them, and what nothing "
           "refers to, would win %s.\n",
           json_array_size(json_object_get(answer, "generations")),
           (int)json_get_int(answer, "older_than_days", 0), str_text(&size));
    return 0;
}
