#include "cli/list.h"

#include "base/clock.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

static void add_encoded(struct str *out, const char *s, const char *kept)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (isalnum(c) || strchr(kept, c))
            str_add_char(out, (char)c);
        else
            str_addf(out, "%%%02X", c);
    }
}

void query_add(struct str *path, const char *name, const char *value)
{
    if (!value)
        return;
    str_addf(path, "%c%s=", strchr(str_text(path), '?') ? '&' : '?', name);
    add_encoded(path, value, "-._~");
}

void path_add(struct str *path, const char *id)
{
    add_encoded(path, id, "-._~/@:");
}

struct watching {
    struct invocation *v;
    struct client *client;
    const char *path;
    bool due;
    int code;
    struct err e;
};

static int show_once(struct watching *w)
{
    AUTO(json_decrefp) json_t *table = NULL;
    int r = client_call(w->client, "GET", w->path, NULL, &w->e, &table);
    if (r < 0)
        return r;
    struct str out = {0};
    /* Watching redraws in place: home, the table with each line cleared to its end, the rest
     * cleared. */
    bool redraw =
        invocation_has(w->v, "watch") && isatty(STDOUT_FILENO) && w->v->output == OUTPUT_TABLE;
    if (redraw)
        str_add(&out, "\033[H\033[2J");
    print_table(w->v, table, clock_wall_ms(), &out);
    fwrite(str_text(&out), 1, out.len, stdout);
    str_done(&out);
    return fflush(stdout) == 0 ? 0 : -EPIPE;
}

/* At most one redraw per second; the vitals that come each second see to it that none is missed. */
static bool on_event(void *arg, const struct stream_event *event)
{
    enum { REDRAW_MS = 1000 };
    static int64_t last;
    struct watching *w = arg;
    w->due = w->due || !str_eq(event->type, "node.vitals") || strstr(w->path, "/nodes");
    if (!w->due || clock_mono_ms() - last < REDRAW_MS)
        return true;
    last = clock_mono_ms();
    w->due = false;
    w->code = show_once(w);
    return w->code >= 0;
}

int list_show(struct invocation *v, const char *path, const char *topics)
{
    struct watching w = {.v = v, .path = path};
    int r = client_new(v, &w.e, &w.client);
    if (r >= 0)
        r = show_once(&w);
    if (r >= 0 && invocation_has(v, "watch")) {
        r = client_stream(w.client, topics, NULL, on_event, &w, &w.e);
        r = w.code < 0 ? w.code : r;
    }
    client_free(w.client);
    return r < 0 ? verb_fail(&w.e, r) : 0;
}
