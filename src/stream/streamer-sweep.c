#include "stream/streamer-private.h"

#include "base/clock.h"

#include <stdio.h>

/* A sweep passes everyone in SLICES steps within a quarter of a heartbeat, and a client that has
 * been silent for half of one gets its turn: so that even one that is missed once (it changed
 * places because another left) is in time, and those that fell silent together are spread. */
enum { SLICES = 16 };

static int64_t slice_ms(const struct streamer *t)
{
    unsigned ms = t->settings->heartbeat_ms / 4 / SLICES;
    return ms ? ms : 1;
}

int streamer_sweep_wait(const struct streamer *t)
{
    if (!t->subs.n)
        return -1;
    return t->sweep_due_ms > t->now_ms ? (int)(t->sweep_due_ms - t->now_ms) : 0;
}

/* A comment; with an id when entries passed by that were not for this reader, so that its place is
 * not lost. */
static struct event_frame *heartbeat(struct streamer *t, struct subscriber *s)
{
    char text[128], id[EVENT_ID_SIZE];
    if (s->id_sent + 1 >= s->next)
        return event_frame_ref(t->heartbeat);
    s->id_sent = s->next - 1;
    int n = snprintf(text, sizeof text, ": heartbeat\nid: %s\n\n",
                     event_log_id(t->window.log, s->id_sent, id));
    return event_frame_verbatim(text, (size_t)n);
}

static void examine(struct streamer *t, struct subscriber *s)
{
    int64_t silent = t->now_ms - s->progress_ms;
    uint64_t lag = subscriber_lag(s, &t->window);
    if (lag > t->lag_seen)
        t->lag_seen = lag;
    if (s->blocked && silent >= t->settings->stall_ms) {
        counter_add(&t->counters.stalled, 1);
        streamer_close(t, s);
    } else if (!s->blocked && silent * 2 >= t->settings->heartbeat_ms && subscriber_can_hold(s)) {
        subscriber_hold(s, heartbeat(t, s));
        streamer_serve(t, s);
    }
}

static void expire(struct streamer *t)
{
    int64_t now = clock_wall_ms();
    if (!t->next_expiry_ms || now < t->next_expiry_ms)
        return;
    t->next_expiry_ms = 0;
    for (size_t i = t->subs.n; i-- > 0;) {
        struct subscriber *s = t->subs.v[i];
        if (s->expires_ms && s->expires_ms <= now) {
            counter_add(&t->counters.expired, 1);
            streamer_close(t, s);
        } else if (s->expires_ms && (!t->next_expiry_ms || s->expires_ms < t->next_expiry_ms)) {
            t->next_expiry_ms = s->expires_ms;
        }
    }
}

static void begin_again(struct streamer *t)
{
    t->sweep_at = 0;
    atomic_store_explicit(&t->counters.max_lag, t->lag_seen, memory_order_relaxed);
    t->lag_seen = 0;
}

void streamer_sweep(struct streamer *t)
{
    if (t->now_ms < t->sweep_due_ms)
        return;
    t->sweep_due_ms = t->now_ms + slice_ms(t);
    expire(t);
    for (size_t left = t->subs.n / SLICES + 1; left-- > 0 && t->subs.n;) {
        if (t->sweep_at >= t->subs.n)
            begin_again(t);
        examine(t, t->subs.v[t->sweep_at++]);
        if (!t->subs.n)
            break;
    }
    if (!t->subs.n)
        begin_again(t);
}
