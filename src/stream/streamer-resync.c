#include "stream/streamer-private.h"

#include "base/str.h"

enum { SNAPSHOT_FRESH_MS = 1000 };

static struct event_frame *frame_of(struct streamer *t, const struct buf *snapshot,
                                    uint64_t sequence)
{
    struct str data = {0};
    str_add(&data, "{\"snapshot\":");
    str_add_n(&data, snapshot ? snapshot->bytes : "{}", snapshot ? snapshot->len : 2);
    str_add_char(&data, '}');
    struct event_frame *f = event_frame_new("resync", data.p, data.len);
    str_done(&data);
    if (!f)
        return NULL;
    event_frame_set_id(f, event_log_epoch(t->window.log), sequence);
    f->sequence = 0; /* it is no entry of the log */
    return f;
}

static bool snapshot_is_good(const struct streamer *t, const struct snapshot *p,
                             uint64_t permissions)
{
    return p->frame && p->permissions == permissions && p->sequence + 1 >= t->window.first &&
           t->now_ms - p->made_ms < SNAPSHOT_FRESH_MS;
}

static void snapshot_make(struct streamer *t, struct snapshot *p, uint64_t permissions)
{
    uint64_t sequence = t->window.next - 1;
    struct buf *b = NULL;
    if (t->settings->snapshot)
        b = t->settings->snapshot(t->settings->arg, permissions, &sequence);
    event_frame_unref(p->frame);
    *p = (struct snapshot){permissions, sequence, t->now_ms, frame_of(t, b, sequence)};
    buf_unref(b);
}

/* The one that is there already, or a new one in place of the oldest. */
static struct snapshot *snapshot_for(struct streamer *t, uint64_t permissions)
{
    struct snapshot *oldest = &t->snapshots[0];
    for (unsigned i = 0; i < SNAPSHOTS_KEPT; i++) {
        struct snapshot *p = &t->snapshots[i];
        if (snapshot_is_good(t, p, permissions))
            return p;
        if (!p->frame || (oldest->frame && p->made_ms < oldest->made_ms))
            oldest = p;
    }
    snapshot_make(t, oldest, permissions);
    return oldest;
}

void streamer_resync(struct streamer *t, struct subscriber *s)
{
    const struct snapshot *p = snapshot_for(t, s->permissions);
    uint64_t next = p->sequence + 1;
    s->next = next > t->window.first ? next : t->window.first;
    if (!p->frame)
        return; /* no memory for it: the client goes on with what there is */
    s->id_sent = p->sequence;
    subscriber_hold(s, event_frame_ref(p->frame));
    counter_add(&t->counters.resyncs, 1);
}

void streamer_resync_done(struct streamer *t)
{
    for (unsigned i = 0; i < SNAPSHOTS_KEPT; i++)
        event_frame_unref(t->snapshots[i].frame);
}
