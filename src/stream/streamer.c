#include "stream/streamer-private.h"

#include "base/clock.h"
#include "base/rand.h"

#include <assert.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Subscribers visited between two looks at the sockets and the inbox. */
enum { WALK_BATCH = 64, EPOLL_BATCH = 256 };

/* A client has nothing to say on an event stream; one that says so much is closed. */
enum { LIMIT_IGNORED_BYTES = 64 << 10 };

enum message_kind { MESSAGE_ATTACH, MESSAGE_REVOKE, MESSAGE_LEAVE };

struct streamer_message {
    struct streamer_message *next;
    enum message_kind kind;
    struct subscriber *subscriber;
    uint64_t subject;
    int64_t ends_ms;
};

/* ---- other threads ----------------------------------------------------------------------------
 */

void streamer_wake(struct streamer *t)
{
    if (!atomic_exchange(&t->woken, true)) {
        ssize_t n = write(t->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
        assert(n == sizeof(uint64_t));
    }
}

/* False when the thread has ended and nobody would read it. */
static bool post(struct streamer *t, const struct streamer_message *message)
{
    struct streamer_message *m = mem_dup(message, sizeof *message);
    pthread_mutex_lock(&t->lock);
    bool heard = !t->deaf;
    if (heard) {
        *t->inbox_end = m;
        t->inbox_end = &m->next;
    }
    pthread_mutex_unlock(&t->lock);
    if (heard)
        streamer_wake(t);
    else
        mem_free(m);
    return heard;
}

bool streamer_attach(struct streamer *t, struct subscriber *s)
{
    return post(t, &(struct streamer_message){.kind = MESSAGE_ATTACH, .subscriber = s});
}

void streamer_revoke(struct streamer *t, uint64_t subject)
{
    post(t, &(struct streamer_message){.kind = MESSAGE_REVOKE, .subject = subject});
}

void streamer_leave(struct streamer *t, int64_t ends_ms)
{
    post(t, &(struct streamer_message){.kind = MESSAGE_LEAVE, .ends_ms = ends_ms});
}

/* ---- one subscriber ---------------------------------------------------------------------------
 */

static void watch(struct streamer *t, struct subscriber *s, int operation, bool blocked)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | (blocked ? EPOLLOUT : 0u),
                            .data.ptr = s};
    s->blocked = blocked;
    epoll_ctl(t->epoll, operation, s->fd, &e);
}

void streamer_close(struct streamer *t, struct subscriber *s)
{
    if (s->place == UINT32_MAX)
        return;
    struct subscriber *last = t->subs.v[--t->subs.n];
    t->subs.v[s->place] = last;
    last->place = s->place;
    s->place = UINT32_MAX;
    s->after = t->closed;
    t->closed = s;
    epoll_ctl(t->epoll, EPOLL_CTL_DEL, s->fd, NULL);
    t->walk_done = 0; /* the one that took its place may have been on either side of the walk */
    atomic_fetch_sub(t->subscribers, 1);
}

/* Events of this turn may still point at them until now. */
static void bury(struct streamer *t)
{
    while (t->closed) {
        struct subscriber *s = t->closed;
        t->closed = s->after;
        subscriber_free(s);
    }
}

static void count(struct streamer *t, struct subscriber *s, const struct send_counts *c)
{
    if (c->bytes)
        s->progress_ms = t->now_ms;
    counter_add(&t->counters.writes, c->writes);
    counter_add(&t->counters.bytes, c->bytes);
    counter_add(&t->counters.deliveries, c->deliveries);
}

/* The last words, once everything before them is out. Clients come back spread over time. */
static void hold_goodbye(const struct streamer *t, struct subscriber *s)
{
    char text[96];
    unsigned retry = t->settings->retry_ms;
    int n = snprintf(text, sizeof text, "retry: %u\nevent: goodbye\ndata: {}\n\n",
                     retry + rand_below(2 * retry + 1));
    subscriber_hold(s, event_frame_verbatim(text, (size_t)n));
    s->leaving = true;
}

static enum sent send_some(struct streamer *t, struct subscriber *s)
{
    struct send_counts c = {0};
    enum sent sent = subscriber_send(s, &t->window, &c);
    if (sent == SENT_LOST) {
        streamer_resync(t, s);
        sent = subscriber_send(s, &t->window, &c);
    }
    if (sent == SENT_ALL && t->state == STREAMER_LEAVING && !s->leaving) {
        hold_goodbye(t, s);
        sent = subscriber_send(s, &t->window, &c);
    }
    count(t, s, &c);
    return sent;
}

void streamer_serve(struct streamer *t, struct subscriber *s)
{
    enum sent sent = send_some(t, s);
    if (sent == SENT_GONE || (s->leaving && sent == SENT_ALL)) {
        streamer_close(t, s);
        return;
    }
    if (sent == SENT_PART)
        t->walk_done = 0; /* the walk comes by again */
    if ((sent == SENT_BLOCKED) != s->blocked)
        watch(t, s, EPOLL_CTL_MOD, sent == SENT_BLOCKED);
}

/* Reads and forgets. False when the client has hung up or talks too much. */
static bool drain(struct subscriber *s)
{
    char bytes[4096];
    ssize_t n = read(s->fd, bytes, sizeof bytes);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    s->ignored += (uint32_t)n;
    return n > 0 && s->ignored <= LIMIT_IGNORED_BYTES;
}

static void on_ready(struct streamer *t, struct subscriber *s, uint32_t events)
{
    if (s->place == UINT32_MAX)
        return;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) || ((events & EPOLLIN) && !drain(s)))
        streamer_close(t, s);
    else if (events & EPOLLOUT)
        streamer_serve(t, s);
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static void attach(struct streamer *t, struct subscriber *s)
{
    s->place = (uint32_t)t->subs.n;
    s->progress_ms = t->now_ms;
    *vec_add(&t->subs) = s;
    if (s->expires_ms && (!t->next_expiry_ms || s->expires_ms < t->next_expiry_ms))
        t->next_expiry_ms = s->expires_ms;
    watch(t, s, EPOLL_CTL_ADD, false);
}

static void close_subject(struct streamer *t, uint64_t subject)
{
    for (size_t i = t->subs.n; i-- > 0;)
        if (t->subs.v[i]->subject == subject) {
            counter_add(&t->counters.revoked, 1);
            streamer_close(t, t->subs.v[i]);
        }
}

static void leave(struct streamer *t, int64_t ends_ms)
{
    t->state = STREAMER_LEAVING;
    t->ends_ms = ends_ms;
    t->walk_done = 0;
}

static void handle(struct streamer *t, const struct streamer_message *m)
{
    switch (m->kind) {
    case MESSAGE_ATTACH:
        attach(t, m->subscriber);
        break;
    case MESSAGE_REVOKE:
        close_subject(t, m->subject);
        break;
    case MESSAGE_LEAVE:
        leave(t, m->ends_ms);
        break;
    }
}

/* All messages first and only then the first bytes of those who came: a revocation that was asked
 * for before an entry was appended must not be overtaken by it. */
static void read_inbox(struct streamer *t)
{
    pthread_mutex_lock(&t->lock);
    struct streamer_message *first = t->inbox;
    t->inbox = NULL;
    t->inbox_end = &t->inbox;
    pthread_mutex_unlock(&t->lock);
    for (struct streamer_message *m = first; m; m = m->next)
        handle(t, m);
    while (first) {
        struct streamer_message *m = first;
        first = m->next;
        if (m->kind == MESSAGE_ATTACH && m->subscriber->place != UINT32_MAX)
            streamer_serve(t, m->subscriber);
        mem_free(m);
    }
}

/* ---- the thread -------------------------------------------------------------------------------
 */

static bool walk_is_over(const struct streamer *t)
{
    return t->walk_done >= t->subs.n;
}

static bool has_something(const struct streamer *t, const struct subscriber *s)
{
    return !s->blocked && (subscriber_lag(s, &t->window) > 0 || t->state == STREAMER_LEAVING);
}

static void walk(struct streamer *t)
{
    for (unsigned i = 0; i < WALK_BATCH && !walk_is_over(t); i++) {
        if (t->walk_at >= t->subs.n)
            t->walk_at = 0;
        struct subscriber *s = t->subs.v[t->walk_at++];
        t->walk_done++;
        if (has_something(t, s))
            streamer_serve(t, s);
    }
}

static int wait_ms(const struct streamer *t)
{
    int wait = walk_is_over(t) ? streamer_sweep_wait(t) : 0;
    if (t->state != STREAMER_LEAVING)
        return wait;
    int64_t left = t->ends_ms > t->now_ms ? t->ends_ms - t->now_ms : 0;
    return wait < 0 || left < wait ? (int)(left < INT32_MAX ? left : INT32_MAX) : wait;
}

static void turn(struct streamer *t)
{
    struct epoll_event events[EPOLL_BATCH];
    int n = epoll_wait(t->epoll, events, EPOLL_BATCH, wait_ms(t));
    t->now_ms = clock_mono_ms();
    streamer_sweep(t);
    for (int i = 0; i < n; i++)
        if (events[i].data.ptr)
            on_ready(t, events[i].data.ptr, events[i].events);
    /* Cleared before we look, so that what comes after we looked wakes us again; and the inbox
     * after the log, so that we know every message that is older than the entries we send. */
    atomic_store(&t->woken, false);
    if (event_window_sync(&t->window))
        t->walk_done = 0;
    read_inbox(t);
    walk(t);
    bury(t);
    if (t->state == STREAMER_LEAVING && (!t->subs.n || t->now_ms >= t->ends_ms))
        t->state = STREAMER_ENDED;
}

static void close_all(struct streamer *t)
{
    pthread_mutex_lock(&t->lock);
    t->deaf = true;
    pthread_mutex_unlock(&t->lock);
    read_inbox(t);
    while (t->subs.n)
        streamer_close(t, t->subs.v[t->subs.n - 1]);
    bury(t);
}

static void *run(void *arg)
{
    struct streamer *t = arg;
    pthread_setname_np(pthread_self(), "stream");
    while (t->state != STREAMER_ENDED)
        turn(t);
    close_all(t);
    return NULL;
}

void streamer_start(struct streamer *t, struct event_log *log,
                    const struct fanout_settings *settings, atomic_uint *subscribers)
{
    *t = (struct streamer){.settings = settings, .subscribers = subscribers};
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(t->epoll >= 0 && t->wake_fd >= 0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL}; /* never read */
    epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->wake_fd, &e);
    pthread_mutex_init(&t->lock, NULL);
    t->inbox_end = &t->inbox;
    event_window_init(&t->window, log);
    t->heartbeat = event_frame_verbatim(": heartbeat\n\n", 13);
    int r = pthread_create(&t->thread, NULL, run, t);
    assert(r == 0);
}

void streamer_join(struct streamer *t)
{
    pthread_join(t->thread, NULL);
}

void streamer_done(struct streamer *t)
{
    vec_done(&t->subs);
    event_window_done(&t->window);
    event_frame_unref(t->heartbeat);
    streamer_resync_done(t);
    pthread_mutex_destroy(&t->lock);
    close(t->epoll);
    close(t->wake_fd);
}
