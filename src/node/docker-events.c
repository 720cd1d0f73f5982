/* The stream of events of an engine, with what it missed while we were away. */
#include "node/docker-private.h"

#include "base/clock.h"

enum {
    LIMIT_EVENT_LINE = 1 << 20,
    SECOND_CLEANUP_MS = 2000,
    RECALL_S = 24 * 3600, /* what was asked for before we came; Docker remembers its last 256 */
};

/* Who asks Podman to stop a container cleans up behind it, too. No event of its own says so when
 * the container had to be killed. */
static void take_cleanup(struct entry *x, int64_t now_ms)
{
    if (!x->cleaned_ms)
        x->cleaned_ms = now_ms;
    else if (now_ms - x->cleaned_ms < SECOND_CLEANUP_MS)
        x->cleaned_twice = true;
    if (x->cleaned_twice)
        x->not_before_ms = 0;
}

static void take_start(struct entry *x)
{
    x->asked_ms = x->cleaned_ms = x->not_before_ms = 0;
    x->cleaned_twice = false;
}

static void on_event(struct engine *e, const struct docker_event *ev)
{
    if (ev->time_ns > e->since_ns)
        e->since_ns = ev->time_ns;
    struct entry *x = map_get(&e->entries, ev->id);
    switch (ev->kind) {
    case DOCKER_EVENT_OTHER:
        return;
    case DOCKER_EVENT_GONE:
        if (x)
            engine_drop(e, x);
        return;
    case DOCKER_EVENT_ENDING: /* the end itself is an event of its own */
        if (x || (x = engine_entry(e, ev->id)))
            x->asked_ms = ev->time_ns / 1000000;
        return;
    case DOCKER_EVENT_STARTED:
        if (x)
            take_start(x);
        break;
    case DOCKER_EVENT_CLEANED:
        if (x)
            take_cleanup(x, ev->time_ns / 1000000);
        break;
    case DOCKER_EVENT_CHANGED:
        break;
    }
    if (x || (x = engine_entry(e, ev->id)))
        entry_want_look(x);
}

static void take_lines(struct engine *e)
{
    char *p = e->line.p, *end = p + e->line.len, *nl;
    while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
        struct docker_event ev;
        if (docker_parse_event(p, (size_t)(nl - p), &ev) == 0)
            on_event(e, &ev);
        p = nl + 1;
    }
    size_t rest = (size_t)(end - p);
    memmove(e->line.p, p, rest);
    e->line.len = rest;
}

static bool on_events_data(void *arg, const char *bytes, size_t n)
{
    struct engine *e = arg;
    if (e->line.len + n > LIMIT_EVENT_LINE)
        return false;
    str_add_n(&e->line, bytes, n);
    take_lines(e);
    return true;
}

static void on_events_done(void *arg, const struct http_answer *a)
{
    struct engine *e = arg;
    e->events = NULL;
    if (a->error)
        engine_lose(e, a->error, a->text);
    else
        engine_lose(e, -EPROTO,
                    a->status / 100 == 2 ? "the engine ended the stream of events"
                                         : "the engine refuses to tell its events");
}

/* Docker's own health checks alone make three events a second in a house of seventy containers, so
 * it sends only those that matter. Podman filters otherwise: it sends all. */
static const char docker_filters[] =
    "{\"type\":[\"container\",\"network\"],\"event\":[\"create\",\"start\",\"restart\",\"kill\","
    "\"stop\",\"die\",\"oom\",\"pause\",\"unpause\",\"rename\",\"update\",\"destroy\","
    "\"health_status\",\"connect\",\"disconnect\"]}";
static const char podman_filters[] = "{\"type\":[\"container\"]}";

static char *escape_query(const char *text)
{
    struct str s = {0};
    for (; *text; text++)
        if (strchr("{}[]\":, ", *text))
            str_addf(&s, "%%%02X", (unsigned char)*text);
        else
            str_add_char(&s, *text);
    return str_take(&s);
}

int engine_open_events(struct engine *e)
{
    int64_t since = e->since_ns + 1;
    if (!e->since_ns)
        since = clock_wall_ms() * 1000000 - RECALL_S * 1000000000LL;
    char *filters = escape_query(e->version.podman ? podman_filters : docker_filters);
    char *url =
        mem_printf("http://engine/v%s/events?since=%lld.%09lld&filters=%s", e->version.api,
                   (long long)(since / 1000000000), (long long)(since % 1000000000), filters);
    struct http_request r = {.url = url,
                             .unix_socket = e->socket,
                             .fresh = true,
                             .on_data = on_events_data,
                             .on_done = on_events_done,
                             .arg = e};
    struct err err = {0};
    int code = http_client_call(e->http, &r, &err, &e->events);
    mem_free(url);
    mem_free(filters);
    if (code < 0)
        engine_away(e, SOURCE_FAILED, err_text(&err, code), NULL);
    return code;
}
