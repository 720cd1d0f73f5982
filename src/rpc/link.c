#include "rpc/link-private.h"

enum {
    STREAM_WINDOW = 1 << 20,
    LINK_WINDOW = 4 << 20,
    FULL = 256 << 10, /* bytes that wait for the kernel: more frames only when they are gone */
    FLUSH_BYTES = 64 << 10,
};

static void link_free(struct link *l)
{
    while (l->calls)
        call_free(l->calls);
    loop_timer_free(l->keepalive);
    loop_timer_free(l->watch);
    loop_timer_free(l->stranger);
    nghttp2_session_del(l->session);
    mem_free(l);
}

/* Ends what `inside++` began. false = the link was closed meanwhile and is gone. */
bool link_leave(struct link *l)
{
    if (--l->inside || !l->closing)
        return true;
    link_free(l);
    return false;
}

static struct rpc_call *find_untold(const struct link *l)
{
    struct rpc_call *c = l->calls;
    while (c && !c->events)
        c = c->next;
    return c;
}

/* Each call's owner is told. The calls themselves go with the link: one may be at work below us. */
static void tell_calls(struct link *l, const struct err *e)
{
    for (struct rpc_call *c; (c = find_untold(l));) {
        const struct rpc_events *events = c->events;
        c->events = NULL;
        call_set_status(c, rpc_status_of(RPC_UNAVAILABLE, "%s", e->text));
        events->ended(c, &c->status);
    }
}

/* The link ends by itself: calls are told, then its owner. */
static void fail(struct link *l, const struct err *e)
{
    if (l->closing)
        return;
    l->closing = true;
    l->inside++;
    tell_calls(l, e);
    if (l->settings.ended)
        l->settings.ended(l->settings.arg, l, e);
    link_leave(l);
}

/* Hands to the socket what is to be sent. false = the link broke and is gone. */
bool link_flush(struct link *l)
{
    struct str out = {0};
    if (l->inside || l->closing || !l->is_ready)
        return true;
    l->inside++;
    while (transport_backlog(l->transport) + out.len < FULL) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(l->session, &bytes);
        if (n <= 0)
            break;
        str_add_n(&out, bytes, (size_t)n);
        if (out.len >= FLUSH_BYTES) {
            transport_write(l->transport, out.p, out.len);
            str_clear(&out);
        }
    }
    if (out.len && !l->closing)
        transport_write(l->transport, out.p, out.len);
    str_done(&out);
    return link_leave(l);
}

/* Not from within a callback of the link's. */
static void give_up(struct link *l, const char *why)
{
    struct err e = {0};
    err_set(&e, -ETIMEDOUT, "%s", why);
    nghttp2_submit_goaway(l->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(l->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    if (!link_flush(l))
        return;
    struct transport *t = l->transport;
    fail(l, &e);
    transport_close(t);
}

/* --- what a server bears --- */

static void on_no_handshake(void *arg)
{
    give_up(arg, "The other side did not shake hands.");
}

static void on_idle(void *arg)
{
    give_up(arg, "The other side calls nothing.");
}

static void on_stranger(void *arg)
{
    give_up(arg, "The other side has not shown who it is.");
}

void link_watch(struct link *l)
{
    if (!l->settings.is_server || l->closing || !l->is_ready)
        return;
    loop_timer_free(l->watch);
    l->watch = l->n_calls
                   ? NULL
                   : loop_timer_new(l->settings.loop, l->settings.bounds.idle_ms, 0, on_idle, l);
}

static void begin_watch(struct link *l)
{
    const struct rpc_bounds *b = &l->settings.bounds;
    l->watch = loop_timer_new(l->settings.loop, b->handshake_ms, 0, on_no_handshake, l);
    l->stranger = loop_timer_new(l->settings.loop, b->stranger_ms, 0, on_stranger, l);
}

void link_admit(struct link *l)
{
    nghttp2_settings_entry calls = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                    l->settings.bounds.calls};
    if (l->admitted || l->closing)
        return;
    l->admitted = true;
    loop_timer_free(TAKE(l->stranger));
    nghttp2_submit_settings(l->session, NGHTTP2_FLAG_NONE, &calls, 1);
    link_flush(l);
}

bool link_is_admitted(const struct link *l)
{
    return l->admitted;
}

/* --- the connection --- */

static void on_keepalive(void *arg)
{
    struct link *l = arg;
    if (l->asked && !l->heard) {
        give_up(l, "The other side does not answer any more.");
        return;
    }
    if (!l->heard && l->is_ready) {
        l->asked = true;
        nghttp2_submit_ping(l->session, NGHTTP2_FLAG_NONE, NULL);
        link_flush(l);
    }
    l->heard = false;
}

static void set_up_session(struct link *l)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    frames_set_callbacks(callbacks);
    if (l->settings.is_server)
        nghttp2_session_server_new(&l->session, callbacks, l);
    else
        nghttp2_session_client_new(&l->session, callbacks, l);
    nghttp2_session_callbacks_del(callbacks);
    unsigned calls = l->settings.is_server ? l->settings.bounds.stranger_calls : LIMIT_RPC_CALLS;
    nghttp2_settings_entry entries[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, calls},
                                        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
                                        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_RPC_METADATA},
                                        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    size_t n = COUNT_OF(entries) - (l->settings.is_server ? 1 : 0); /* push: a client's to say */
    nghttp2_submit_settings(l->session, NGHTTP2_FLAG_NONE, entries, n);
    nghttp2_session_set_local_window_size(l->session, NGHTTP2_FLAG_NONE, 0, LINK_WINDOW);
}

struct link *link_new(const struct link_settings *s)
{
    struct link *l = mem_alloc(sizeof *l);
    l->settings = *s;
    set_up_session(l);
    if (s->keepalive_ms)
        l->keepalive = loop_timer_new(s->loop, s->keepalive_ms, s->keepalive_ms, on_keepalive, l);
    if (s->is_server)
        begin_watch(l);
    return l;
}

void link_attach(struct link *l, struct transport *t)
{
    l->transport = t;
}

bool link_can_call(const struct link *l)
{
    return !l->closing && !l->leaving && l->n_calls < LIMIT_RPC_CALLS;
}

struct rpc_call *link_call(struct link *l, const char *path, uint64_t timeout_ms,
                           const struct rpc_events *events, void *arg)
{
    struct rpc_call *c = call_new(l, 0);
    c->path = mem_strdup(path);
    c->events = events;
    c->arg = arg;
    c->timeout_ms = timeout_ms;
    call_set_deadline(c, timeout_ms);
    if (l->is_ready)
        call_submit(c);
    link_flush(l);
    return c;
}

static void on_ready(void *arg)
{
    struct link *l = arg;
    l->is_ready = l->heard = true;
    link_watch(l);
    l->inside++;
    if (l->settings.ready)
        l->settings.ready(l->settings.arg);
    for (struct rpc_call *c = l->calls; c && !l->closing; c = c->next)
        if (!l->settings.is_server && !c->begun)
            call_submit(c);
    if (link_leave(l))
        link_flush(l);
}

static int on_bytes(void *arg, const void *bytes, size_t len)
{
    struct link *l = arg;
    if (l->closing)
        return -ECANCELED;
    l->heard = true;
    l->inside++;
    ssize_t n = nghttp2_session_mem_recv(l->session, bytes, len);
    if (!link_leave(l))
        return -ECANCELED;
    if (n < 0)
        return -EPROTO;
    if (!link_flush(l))
        return -ECANCELED;
    if (nghttp2_session_want_read(l->session) || nghttp2_session_want_write(l->session))
        return 0;
    return l->leaving ? -ECONNRESET : -EPROTO;
}

static void on_drained(void *arg)
{
    struct link *l = arg;
    if (!link_flush(l))
        return;
    l->inside++;
    for (struct rpc_call *c = l->calls, *next; c && !l->closing; c = next) {
        next = c->next;
        if (c->events && c->events->writable && rpc_backlog(c) == 0 && !c->finishing)
            c->events->writable(c);
    }
    if (link_leave(l))
        link_flush(l);
}

static void on_transport_ended(void *arg, const struct err *e)
{
    fail(arg, e);
}

const struct transport_events link_transport_events = {
    .ready = on_ready, .bytes = on_bytes, .drained = on_drained, .ended = on_transport_ended};

void link_close(struct link *l, bool tell)
{
    struct err e = {0};
    l->settings.ended = NULL; /* also when it is ending already: the owner is going */
    for (struct rpc_call *c = l->calls; c && !tell; c = c->next)
        c->events = NULL;
    if (l->closing)
        return;
    nghttp2_submit_goaway(l->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(l->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    if (!link_flush(l))
        return;
    err_set(&e, -ESHUTDOWN, "The connection was closed on this side.");
    transport_close(l->transport);
    fail(l, &e);
}
