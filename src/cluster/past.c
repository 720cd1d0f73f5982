/* What a node tells late of its services: changes while nobody heard it. How they are now was told
 * before; the feed gets what was in between, each at its own time. */
#include "cluster/model.h"

#include <stdio.h>

enum { OVERLAP_MS = 1000 }; /* what was under way when the link broke was not told */

static bool is_ended(const struct observed *o)
{
    return o->run == RUN_STOPPED || o->run == RUN_FAILED;
}

/* When it became so; 0 = it does not say, or is no end and no start. */
static int64_t time_of(const struct observed *o)
{
    return is_ended(o) ? o->ended_ms : o->run == RUN_RUNNING ? o->started_ms : 0;
}

/* The change that led to how it is now; who saw that told it. */
static bool is_present(const struct live_service *s, const struct observed *o)
{
    return s->seen && is_ended(s->seen) == is_ended(o) && time_of(s->seen) == time_of(o);
}

static void say_end(struct cluster *c, struct cluster_now then, const struct live_service *s,
                    const struct observed *o, const char *title)
{
    if (o->on_purpose)
        feed_say(c, then, "info", "service.stopped", s->node, s,
                 "%s was stopped while the node was out of reach", title);
    else if (o->oom_killed)
        feed_say(c, then, "bad", "service.down", s->node, s,
                 "%s ran out of memory and was killed while the node was out of reach", title);
    else if (o->has_exit)
        feed_say(c, then, "bad", "service.down", s->node, s,
                 "%s ended with exit code %d while the node was out of reach", title, o->exit_code);
    else
        feed_say(c, then, "bad", "service.down", s->node, s,
                 "%s ended while the node was out of reach%s%s", title, o->why ? ": " : "",
                 o->why ? o->why : "");
}

void report_past_service(struct cluster *c, struct live_node *n, const struct observed *o,
                         struct cluster_now now)
{
    char title[SERVICE_TITLE_SIZE];
    AUTO(mem_freep) char *id = mem_printf("%s/%s", n->id, o->id);
    struct live_service *s = model_service(c, id);
    int64_t at = time_of(o);
    if (!s || s->node != n || s->who.hidden || at <= s->past_ms || at > now.wall_ms ||
        at < n->unheard_from_ms - OVERLAP_MS)
        return;
    service_title(s, title);
    struct cluster_now then = {.wall_ms = at, .mono_ms = now.mono_ms};
    if (is_ended(o) && !is_present(s, o)) {
        say_end(c, then, s, o, title);
        s->past_ended = true;
    } else if (!is_ended(o) && s->past_ended) {
        feed_say(c, then, "ok", "service.started", s->node, s, "%s was started again", title);
        s->past_ended = false;
    } else {
        return;
    }
    s->past_ms = at;
}
