#include "stream/subscriber-private.h"

#include <assert.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* What one visit is about to write. */
struct batch {
    unsigned n;
    size_t bytes;
    uint64_t seen; /* every entry before it is in the batch, sent before, or not for this reader */
    struct iovec iov[LIMIT_VISIT_FRAMES];
    const struct event_frame *frames[LIMIT_VISIT_FRAMES];
};

struct subscriber *subscriber_new(int fd, const struct event_topics *topics, uint64_t permissions,
                                  uint64_t subject)
{
    struct subscriber *s = mem_alloc(sizeof *s);
    *s = (struct subscriber){.fd = fd, .permissions = permissions, .subject = subject};
    topic_filter_init(&s->topics, topics);
    return s;
}

void subscriber_free(struct subscriber *s)
{
    if (!s)
        return;
    close(s->fd);
    event_frame_unref(s->held);
    topic_filter_done(&s->topics);
    mem_free(s);
}

void subscriber_hold(struct subscriber *s, struct event_frame *f)
{
    assert(subscriber_can_hold(s));
    s->held = f;
}

static bool may_have(const struct subscriber *s, const struct event_frame *f)
{
    return (f->permissions & ~s->permissions) == 0 &&
           topic_filter_has(&s->topics, f->topic, f->resource);
}

static void batch_add(struct batch *b, const struct event_frame *f, uint32_t skip)
{
    b->iov[b->n].iov_base = (char *)f->text + skip;
    b->iov[b->n].iov_len = f->len - skip;
    b->frames[b->n++] = f;
    b->bytes += f->len - skip;
}

static void gather(const struct subscriber *s, const struct event_window *w, struct batch *b)
{
    b->n = 0;
    b->bytes = 0;
    b->seen = s->next;
    if (s->held)
        batch_add(b, s->held, s->offset);
    if (s->leaving || s->next < w->first)
        return;
    for (; b->seen < w->next && b->n < LIMIT_VISIT_FRAMES; b->seen++) {
        const struct event_frame *f = event_window_at(w, b->seen);
        if (!may_have(s, f))
            continue;
        if (b->n && b->bytes + f->len > LIMIT_VISIT_BYTES)
            break;
        batch_add(b, f, s->held || b->seen > s->next ? 0 : s->offset);
    }
}

static ssize_t put_out(int fd, struct batch *b)
{
    ssize_t n;
    struct msghdr m = {.msg_iov = b->iov, .msg_iovlen = b->n};
    do {
        n = b->n == 1 ? send(fd, b->iov[0].iov_base, b->iov[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                      : sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    return n;
}

static void frame_sent(struct subscriber *s, const struct event_frame *f,
                       struct send_counts *counts)
{
    if (f->sequence) {
        counts->deliveries++;
        s->id_sent = f->sequence;
    }
    if (f == s->held) {
        event_frame_unref(s->held);
        s->held = NULL;
    } else {
        s->next = f->sequence + 1;
    }
    s->offset = 0;
}

/* The socket stopped in the middle of `f`, or before it. */
static void frame_cut(struct subscriber *s, const struct event_frame *f, size_t sent)
{
    if (f == s->held) {
        s->offset += (uint32_t)sent;
        return;
    }
    if (s->next != f->sequence)
        s->next = f->sequence; /* what lies between was not for this reader */
    s->offset += (uint32_t)sent;
    if (s->offset && f->len <= LIMIT_HELD_FRAME) {
        s->held = event_frame_ref((struct event_frame *)f);
        s->next++;
    }
}

static void account(struct subscriber *s, const struct batch *b, size_t sent,
                    struct send_counts *counts)
{
    for (unsigned i = 0; i < b->n; i++) {
        if (sent < b->iov[i].iov_len) {
            frame_cut(s, b->frames[i], sent);
            return;
        }
        sent -= b->iov[i].iov_len;
        frame_sent(s, b->frames[i], counts);
    }
    s->next = b->seen;
}

enum sent subscriber_send(struct subscriber *s, const struct event_window *w,
                          struct send_counts *counts)
{
    struct batch b;
    bool lost = s->next < w->first && !s->leaving;
    if (lost && !s->held)
        return s->offset ? SENT_GONE : SENT_LOST;
    gather(s, w, &b);
    ssize_t n = b.n ? put_out(s->fd, &b) : 0;
    if (n < 0 && errno != EAGAIN)
        return SENT_GONE;
    counts->writes += b.n > 0;
    counts->bytes += n > 0 ? (uint64_t)n : 0;
    account(s, &b, n > 0 ? (size_t)n : 0, counts);
    if ((size_t)n != b.bytes)
        return SENT_BLOCKED;
    if (lost)
        return SENT_LOST;
    return s->leaving || s->next >= w->next ? SENT_ALL : SENT_PART;
}
