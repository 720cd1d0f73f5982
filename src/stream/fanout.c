#include "stream/fanout.h"

#include "base/clock.h"
#include "stream/streamer-private.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct fanout {
    struct event_log *log;
    struct fanout_settings settings;
    atomic_uint subscribers, turn;
    atomic_uint_fast64_t attached;
    atomic_bool leaving;
    bool joined;
    struct streamer streamers[];
};

static void wake(void *arg)
{
    struct fanout *f = arg;
    for (unsigned i = 0; i < f->settings.threads; i++)
        streamer_wake(&f->streamers[i]);
}

static void set_default(unsigned *value, unsigned standard)
{
    if (!*value)
        *value = standard;
}

/* Makes the process's table of descriptors as large as it will have to be. The kernel doubles it on
 * demand, but where threads share it each time waits for an RCU grace period, some 10 ms in which
 * nobody can accept a connection. */
static void reserve_descriptors(unsigned n)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    rlim_t highest = limit.rlim_cur - 1 < n ? limit.rlim_cur - 1 : n;
    int source = eventfd(0, EFD_CLOEXEC);
    int fd = fcntl(source, F_DUPFD_CLOEXEC, (int)highest);
    if (fd >= 0)
        close(fd);
    if (source >= 0)
        close(source);
}

struct fanout *fanout_new(struct event_log *log, const struct fanout_settings *settings)
{
    unsigned threads = settings->threads ? settings->threads : 1;
    struct fanout *f = mem_alloc(sizeof *f + threads * sizeof f->streamers[0]);
    f->log = log;
    f->settings = *settings;
    set_default(&f->settings.threads, 1);
    set_default(&f->settings.heartbeat_ms, 15000);
    set_default(&f->settings.retry_ms, 2000);
    set_default(&f->settings.stall_ms, 60000);
    set_default(&f->settings.max_subscribers, 16384);
    reserve_descriptors(f->settings.max_subscribers);
    for (unsigned i = 0; i < threads; i++)
        streamer_start(&f->streamers[i], log, &f->settings, &f->subscribers);
    event_log_on_append(log, wake, f);
    return f;
}

void fanout_shutdown(struct fanout *f, unsigned ms)
{
    if (f->joined)
        return;
    atomic_store(&f->leaving, true);
    int64_t ends = clock_mono_ms() + ms;
    for (unsigned i = 0; i < f->settings.threads; i++)
        streamer_leave(&f->streamers[i], ends);
    event_log_off_append(f->log, wake, f);
    for (unsigned i = 0; i < f->settings.threads; i++)
        streamer_join(&f->streamers[i]);
    f->joined = true;
}

void fanout_free(struct fanout *f)
{
    if (!f)
        return;
    fanout_shutdown(f, 0);
    for (unsigned i = 0; i < f->settings.threads; i++)
        streamer_done(&f->streamers[i]);
    mem_free(f);
}

bool fanout_has_room(const struct fanout *f)
{
    return !atomic_load(&f->leaving) && atomic_load(&f->subscribers) < f->settings.max_subscribers;
}

/* What the client's socket is to do by itself: send at once, notice a peer that has vanished. */
static void prepare_socket(int fd, const struct fanout_settings *settings)
{
    /* Unacknowledged for so long; later than our own look at stalled sockets, which is counted. */
    unsigned vanished_ms = settings->stall_ms + settings->heartbeat_ms;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){30}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){10}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &vanished_ms, sizeof vanished_ms);
}

/* The head, how soon to come back, and an id from the first byte: who drops before the first event
 * can still resume. */
static struct event_frame *hello(const struct fanout *f, const char *head, uint64_t next)
{
    char id[EVENT_ID_SIZE];
    struct str text = {0};
    str_add(&text, head);
    str_addf(&text, "retry: %u\n", f->settings.retry_ms);
    if (next)
        str_addf(&text, "id: %s\n", event_log_id(f->log, next - 1, id));
    str_add(&text, ": connected\n\n");
    struct event_frame *frame = event_frame_verbatim(text.p, text.len);
    str_done(&text);
    return frame;
}

/* 0 = nowhere in the log: the client needs a resync. */
static uint64_t place_cursor(const struct fanout *f, const char *last_event_id)
{
    uint64_t next = 0;
    if (str_is_empty(last_event_id))
        return event_log_last(f->log) + 1;
    return event_log_resume(f->log, last_event_id, &next) == 0 ? next : 0;
}

static struct subscriber *make_subscriber(struct fanout *f, const struct subscriber_draft *d)
{
    struct subscriber *s = subscriber_new(d->fd, &d->topics, d->permissions,
                                          d->subject ? event_topics_hash(d->subject) : 0);
    s->next = place_cursor(f, d->last_event_id);
    s->id_sent = s->next ? s->next - 1 : 0;
    s->expires_ms = d->expires_wall_ms;
    subscriber_hold(s, hello(f, d->head, s->next));
    return s;
}

int fanout_attach(struct fanout *f, const struct subscriber_draft *d)
{
    bool leaving = atomic_load(&f->leaving);
    if (leaving || atomic_load(&f->subscribers) >= f->settings.max_subscribers) {
        close(d->fd);
        return leaving ? -ESHUTDOWN : -EAGAIN;
    }
    prepare_socket(d->fd, &f->settings);
    struct subscriber *s = make_subscriber(f, d);
    atomic_fetch_add(&f->subscribers, 1);
    unsigned turn = atomic_fetch_add(&f->turn, 1) % f->settings.threads;
    if (!streamer_attach(&f->streamers[turn], s)) {
        atomic_fetch_sub(&f->subscribers, 1);
        subscriber_free(s);
        return -ESHUTDOWN;
    }
    atomic_fetch_add(&f->attached, 1);
    return 0;
}

void fanout_revoke(struct fanout *f, const char *subject)
{
    for (unsigned i = 0; i < f->settings.threads; i++)
        streamer_revoke(&f->streamers[i], event_topics_hash(subject));
}

struct fanout_stats fanout_stats(struct fanout *f)
{
    struct fanout_stats s = {.subscribers = atomic_load(&f->subscribers),
                             .attached_total = atomic_load(&f->attached)};
    for (unsigned i = 0; i < f->settings.threads; i++) {
        struct streamer_counters *c = &f->streamers[i].counters;
        uint64_t lag = atomic_load(&c->max_lag);
        s.deliveries_total += atomic_load(&c->deliveries);
        s.writes_total += atomic_load(&c->writes);
        s.bytes_total += atomic_load(&c->bytes);
        s.resyncs_total += atomic_load(&c->resyncs);
        s.stalled_total += atomic_load(&c->stalled);
        s.revoked_total += atomic_load(&c->revoked);
        s.expired_total += atomic_load(&c->expired);
        s.max_lag_entries = lag > s.max_lag_entries ? lag : s.max_lag_entries;
    }
    return s;
}
