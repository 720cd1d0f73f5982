/* hydra status: the sentence, coloured; the exit code says the same. */
#include "cli/client.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>

static void print_status(const struct invocation *v, const json_t *s, struct str *out)
{
    if (v->output != OUTPUT_TABLE) {
        print_value(v->output, s, out);
        return;
    }
    static const struct {
        const char *severity, *mark;
    } marks[] = {{"ok", "✓"}, {"warn", "▲"}, {"bad", "✗"}, {"unknown", "?"}, {"info", "i"}};
    const char *severity = json_get_str(s, "severity", "unknown"), *mark = "?";
    for (size_t i = 0; i < COUNT_OF(marks); i++)
        if (str_eq(marks[i].severity, severity))
            mark = marks[i].mark;
    str_addf(out, "%s%s %s%s\n", color_of(v, severity), mark, json_get_str(s, "sentence", ""),
             color_end(v));
    if (*json_get_str(s, "detail", ""))
        str_addf(out, "  %s\n", json_get_str(s, "detail", ""));
    size_t i;
    const json_t *a;
    json_array_foreach (json_object_get(s, "attention"), i, a) {
        const char *how = json_get_str(a, "severity", "info");
        str_addf(out, "%s  %s%s: %s\n", color_of(v, how), json_get_str(a, "title", ""),
                 color_end(v), json_get_str(a, "text", ""));
    }
}

struct status_watch {
    struct invocation *v;
    struct client *client;
    struct err e;
    int code; /* negative errno, or the status's own exit code */
};

static int show(struct status_watch *w)
{
    AUTO(json_decrefp) json_t *s = NULL;
    int r = client_call(w->client, "GET", "/api/cli/status", NULL, &w->e, &s);
    if (r < 0)
        return r;
    struct str out = {0};
    print_status(w->v, s, &out);
    fputs(str_text(&out), stdout);
    str_done(&out);
    return fflush(stdout) == 0 ? (int)json_get_int(s, "exit", 2) : -EPIPE;
}

static bool on_event(void *arg, const struct stream_event *event)
{
    struct status_watch *w = arg;
    if (!str_eq(event->type, "verdict.changed") && !str_eq(event->type, "attention.changed") &&
        !str_eq(event->type, "resync"))
        return true;
    w->code = show(w);
    return w->code >= 0;
}

int verb_status(struct invocation *v)
{
    struct status_watch w = {.v = v};
    int r = client_new(v, &w.e, &w.client);
    if (r >= 0)
        r = w.code = show(&w);
    if (r >= 0 && invocation_has(v, "watch")) {
        r = client_stream(w.client, "state", NULL, on_event, &w, &w.e);
        r = r < 0 ? r : w.code;
    }
    client_free(w.client);
    return r < 0 ? verb_fail(&w.e, r) : r;
}
