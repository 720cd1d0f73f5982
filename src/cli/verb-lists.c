/* The verbs that list. */
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int verb_nodes(struct invocation *v)
{
    return list_show(v, "/api/cli/nodes", "state,vitals");
}

int verb_services(struct invocation *v)
{
    return list_show(v, "/api/cli/services", "state,vitals");
}

int verb_users(struct invocation *v)
{
    return list_show(v, "/api/cli/users", "access");
}

int verb_sessions(struct invocation *v)
{
    return list_show(v, "/api/cli/sessions", "access");
}

int verb_tokens(struct invocation *v)
{
    return list_show(v, "/api/cli/tokens", "access");
}

int verb_audit(struct invocation *v)
{
    static const char *const filters[] = {"actor", "action", "outcome", "text",
                                          "since", "until",  "limit",   "before"};
    struct str path = {0};
    str_add(&path, "/api/cli/audit");
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        query_add(&path, filters[i], invocation_option(v, filters[i]));
    int code = list_show(v, path.p, "access,feed");
    str_done(&path);
    return code;
}

/* --- hydra events: the latest, then what comes --- */

/* One line per event: time, a mark of its severity, the text; JSON lines for programs. */
static bool print_event(void *arg, const struct stream_event *event)
{
    struct invocation *v = arg;
    AUTO(json_decrefp) json_t *data = NULL;
    if (json_parse(event->data, strlen(event->data), 1 << 20, NULL, &data) < 0)
        return true;
    if (v->output != OUTPUT_TABLE) {
        AUTO(mem_freep)
        char *line = mem_printf("{\"id\":\"%s\",\"event\":\"%s\",\"data\":%s}", event->id,
                                event->type, event->data);
        return puts(line) >= 0 && fflush(stdout) == 0;
    }
    if (!str_eq(event->type, "feed.added"))
        return true;
    int64_t ms = 0;
    char clock[16] = "";
    struct tm t;
    if (clock_parse_rfc3339(json_get_str(data, "time", ""), &ms) == 0) {
        time_t seconds = (time_t)(ms / 1000);
        if (localtime_r(&seconds, &t))
            strftime(clock, sizeof clock, "%H:%M:%S", &t);
    }
    const char *severity = json_get_str(data, "severity", "info");
    printf("%s  %s%-4s%s  %s\n", clock, color_of(v, severity), severity, color_end(v),
           json_get_str(data, "text", ""));
    return fflush(stdout) == 0;
}

static int follow(struct invocation *v)
{
    struct err e = {0};
    struct client *c = NULL;
    const char *topics = invocation_option(v, "topics");
    int r = client_new(v, &e, &c);
    if (r >= 0)
        r = client_stream(c, topics ? topics : "feed", invocation_option(v, "since"), print_event,
                          v, &e);
    client_free(c);
    return r < 0 ? verb_fail(&e, r) : 0;
}

int verb_events(struct invocation *v)
{
    if (invocation_has(v, "follow") || invocation_has(v, "since"))
        return follow(v);
    static const char *const filters[] = {"limit", "before", "severity", "service"};
    struct str path = {0};
    str_add(&path, "/api/cli/events");
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        query_add(&path, filters[i], invocation_option(v, filters[i]));
    int code = list_show(v, path.p, "feed");
    str_done(&path);
    return code;
}
