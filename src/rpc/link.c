#include "rpc/link.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STREAM_WINDOW = 1 << 20,
    LINK_WINDOW = 4 << 20,
    FULL = 256 << 10, /* bytes that wait for the kernel: more frames only when they are gone */
    FLUSH_BYTES = 64 << 10,
};

struct link {
    struct link_settings settings;
    struct transport *transport;
    nghttp2_session *session;
    struct rpc_call *calls;
    size_t n_calls;
    struct loop_timer *keepalive;
    unsigned inside;                 /* callbacks under way: nothing is freed, nothing is sent */
    bool is_ready, closing, leaving; /* leaving: GOAWAY came, no new calls */
    bool heard, asked;               /* since the last look: a byte came; a ping waits */
};

/* --- calls --- */

static struct rpc_call *call_new(struct link *l, int32_t stream)
{
    struct rpc_call *c = mem_alloc(sizeof *c);
    c->link = l;
    c->stream = stream;
    c->next = l->calls;
    if (c->next)
        c->next->previous = c;
    l->calls = c;
    l->n_calls++;
    return c;
}

static void call_free(struct rpc_call *c)
{
    struct link *l = c->link;
    if (c->next)
        c->next->previous = c->previous;
    if (c->previous)
        c->previous->next = c->next;
    else
        l->calls = c->next;
    l->n_calls--;
    loop_timer_free(c->deadline);
    framer_done(&c->in);
    str_done(&c->out);
    str_done(&c->headers);
    mem_free(c->path);
    mem_free(c);
}

static void end_call(struct rpc_call *c)
{
    const struct rpc_events *events = c->events;
    c->events = NULL;
    if (events)
        events->ended(c, &c->status);
    call_free(c);
}

static void set_status(struct rpc_call *c, struct rpc_status s)
{
    if (!c->has_status)
        c->status = s;
    c->has_status = true;
}

/* --- sending --- */

static void link_free(struct link *l)
{
    while (l->calls)
        call_free(l->calls);
    loop_timer_free(l->keepalive);
    nghttp2_session_del(l->session);
    mem_free(l);
}

/* Ends what `inside++` began. false = the link was closed meanwhile and is gone. */
static bool leave(struct link *l)
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
        set_status(c, rpc_status_of(RPC_UNAVAILABLE, "%s", e->text));
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
    leave(l);
}

/* Hands to the socket what is to be sent. false = the link broke and is gone. */
static bool flush(struct link *l)
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
    return leave(l);
}

static nghttp2_nv header(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value),
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

static void submit_trailers(struct rpc_call *c)
{
    char code[4];
    struct str message = {0};
    snprintf(code, sizeof code, "%d", (int)c->status.code);
    rpc_message_print(c->status.message, &message);
    nghttp2_nv nv[] = {header("grpc-status", code), header("grpc-message", str_text(&message))};
    nghttp2_submit_trailer(c->link->session, c->stream, nv, message.len ? 2 : 1);
    str_done(&message);
}

static ssize_t read_out(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t length,
                        uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct rpc_call *c = source->ptr;
    size_t n = c->out.len - c->sent;
    (void)session, (void)stream, (void)arg;
    if (n > length)
        n = length;
    if (n)
        memcpy(buf, c->out.p + c->sent, n);
    c->sent += n;
    if (c->sent == c->out.len) {
        str_clear(&c->out);
        c->sent = 0;
        if (c->finishing) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
            if (c->link->settings.is_server) {
                *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                submit_trailers(c);
            }
        } else if (n == 0) {
            c->deferred = true;
            return NGHTTP2_ERR_DEFERRED;
        }
    }
    return (ssize_t)n;
}

static void resume(struct rpc_call *c)
{
    if (c->deferred && c->stream) {
        c->deferred = false;
        nghttp2_session_resume_data(c->link->session, c->stream);
    }
    flush(c->link);
}

int rpc_send(struct rpc_call *c, const void *bytes, size_t len)
{
    if (len > LIMIT_RPC_MESSAGE)
        return -EMSGSIZE;
    if (c->finishing || c->link->closing)
        return -EPIPE;
    if (rpc_backlog(c) + len > LIMIT_RPC_BACKLOG)
        return -ENOBUFS;
    framer_add(&c->out, bytes, len);
    resume(c);
    return 0;
}

size_t rpc_backlog(const struct rpc_call *c)
{
    return c->out.len - c->sent;
}

void rpc_half_close(struct rpc_call *c)
{
    c->finishing = true;
    resume(c);
}

void rpc_finish(struct rpc_call *c, const struct rpc_status *s)
{
    if (c->finishing)
        return;
    set_status(c, *s);
    c->finishing = true;
    resume(c);
}

static void reset(struct rpc_call *c, uint32_t code)
{
    nghttp2_submit_rst_stream(c->link->session, NGHTTP2_FLAG_NONE, c->stream, code);
    flush(c->link);
}

void rpc_drop(struct rpc_call *c)
{
    c->events = NULL;
    if (c->stream)
        reset(c, NGHTTP2_CANCEL); /* freed when the stream is */
    else
        call_free(c);
}

/* --- receiving --- */

static const char *find_header(const struct str *headers, const char *name)
{
    for (size_t i = 0; i < headers->len;) {
        const char *key = headers->p + i, *value = key + strlen(key) + 1;
        if (str_eq(key, name))
            return value;
        i = (size_t)(value - headers->p) + strlen(value) + 1;
    }
    return NULL;
}

const char *rpc_metadata(const struct rpc_call *c, const char *name)
{
    return find_header(&c->headers, name);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct link *l = arg;
    if (!l->settings.is_server || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id,
                                         call_new(l, frame->hd.stream_id));
    return 0;
}

static void take_status(struct rpc_call *c, const char *name, const char *value, size_t n)
{
    if (str_eq(name, ":status"))
        c->http_status = n == 3 ? (int)strtol(value, NULL, 10) : 0;
    else if (str_eq(name, "grpc-status")) {
        c->status.code = rpc_code_parse(value, n);
        c->has_status = true;
    } else if (str_eq(name, "grpc-message"))
        rpc_message_parse(value, n, c->status.message);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct link *l = arg;
    struct rpc_call *c = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    (void)flags;
    if (!c)
        return 0;
    if (c->headers.len + name_len + value_len > LIMIT_RPC_METADATA) {
        set_status(c, rpc_status_of(RPC_RESOURCE_EXHAUSTED, "The headers are over %d bytes.",
                                    LIMIT_RPC_METADATA));
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    str_add_n(&c->headers, name, name_len);
    str_add_char(&c->headers, '\0');
    str_add_n(&c->headers, value, value_len);
    str_add_char(&c->headers, '\0');
    if (!l->settings.is_server)
        take_status(c, (const char *)name, (const char *)value, value_len);
    return 0;
}

/* --- requests: the server's side --- */

/* Answers without a message: headers that are trailers as well. */
static void refuse(struct rpc_call *c, int http_status, struct rpc_status s)
{
    char status[12], code[4];
    struct str message = {0};
    snprintf(status, sizeof status, "%d", http_status);
    snprintf(code, sizeof code, "%d", (int)s.code);
    rpc_message_print(s.message, &message);
    nghttp2_nv nv[] = {header(":status", status), header("content-type", "application/grpc"),
                       header("grpc-status", code), header("grpc-message", str_text(&message))};
    nghttp2_submit_response(c->link->session, c->stream, nv, COUNT_OF(nv), NULL);
    str_done(&message);
    c->finishing = true;
}

static bool is_grpc(const char *content_type)
{
    return content_type && str_starts(content_type, "application/grpc") &&
           (content_type[16] == '\0' || content_type[16] == '+' || content_type[16] == ';');
}

static void on_deadline(void *arg)
{
    struct rpc_call *c = arg;
    struct rpc_status late = rpc_status_of(RPC_DEADLINE_EXCEEDED, "The deadline has passed.");
    if (c->link->settings.is_server) { /* tells it: the client may not have noticed yet */
        str_clear(&c->out);
        c->sent = 0;
        rpc_finish(c, &late);
        return;
    }
    set_status(c, late);
    if (c->stream) {
        reset(c, NGHTTP2_CANCEL);
        return;
    }
    struct link *l = c->link;
    l->inside++;
    end_call(c);
    leave(l);
}

static void set_deadline(struct rpc_call *c, uint64_t ms)
{
    if (ms)
        c->deadline = loop_timer_new(c->link->settings.loop, ms, 0, on_deadline, c);
}

void link_answer(struct rpc_call *c)
{
    nghttp2_data_provider body = {.source.ptr = c, .read_callback = read_out};
    nghttp2_nv nv[] = {header(":status", "200"), header("content-type", "application/grpc"),
                       header("grpc-accept-encoding", "identity,gzip")};
    nghttp2_submit_response(c->link->session, c->stream, nv, COUNT_OF(nv), &body);
}

static void begin_request(struct link *l, struct rpc_call *c)
{
    const char *timeout = rpc_metadata(c, "grpc-timeout"),
               *encoding = rpc_metadata(c, "grpc-encoding"), *path = rpc_metadata(c, ":path");
    uint64_t ms = 0;
    c->begun = true;
    if (!str_eq(rpc_metadata(c, ":method"), "POST"))
        refuse(c, 405, rpc_status_of(RPC_INTERNAL, "Calls are made with POST."));
    else if (!is_grpc(rpc_metadata(c, "content-type")))
        refuse(c, 415, rpc_status_of(RPC_INTERNAL, "Only application/grpc is understood here."));
    else if (encoding && !str_eq(encoding, "identity") && !str_eq(encoding, "gzip"))
        refuse(c, 200,
               rpc_status_of(RPC_UNIMPLEMENTED, "The encoding %.32s is not known; gzip is.",
                             encoding));
    else if (timeout && rpc_timeout_parse(timeout, strlen(timeout), &ms) < 0)
        refuse(c, 200, rpc_status_of(RPC_INTERNAL, "grpc-timeout can't be read."));
    else if (!l->settings.request(l->settings.arg, c, path ? path : ""))
        refuse(c, 200,
               rpc_status_of(RPC_UNIMPLEMENTED, "There is no method %.200s.", path ? path : ""));
    else {
        c->in.gzip = str_eq(encoding, "gzip");
        set_deadline(c, ms);
    }
}

/* --- frames --- */

static void peer_is_done(struct rpc_call *c)
{
    if (c->peer_done)
        return;
    c->peer_done = true;
    if (!framer_is_between(&c->in)) {
        set_status(c, rpc_status_of(RPC_INTERNAL, "A message was cut off."));
        nghttp2_submit_rst_stream(c->link->session, NGHTTP2_FLAG_NONE, c->stream,
                                  NGHTTP2_PROTOCOL_ERROR);
    } else if (c->events && c->events->half_closed)
        c->events->half_closed(c);
    if (!c->link->settings.is_server && !c->finishing) /* the result is here */
        nghttp2_submit_rst_stream(c->link->session, NGHTTP2_FLAG_NONE, c->stream, NGHTTP2_NO_ERROR);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct link *l = arg;
    struct rpc_call *c = frame->hd.stream_id
                             ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id)
                             : NULL;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        l->leaving = true;
    if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK)
        l->asked = false;
    if (!c || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && l->settings.is_server && !c->begun)
        begin_request(l, c);
    else if (frame->hd.type == NGHTTP2_HEADERS && !l->settings.is_server) {
        c->is_grpc = c->is_grpc || is_grpc(rpc_metadata(c, "content-type"));
        c->in.gzip = str_eq(rpc_metadata(c, "grpc-encoding"), "gzip");
    }
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        peer_is_done(c);
    return 0;
}

/* A server's result has been sent: what the client would still send is for nothing. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct link *l = arg;
    struct rpc_call *c = l->settings.is_server && frame->hd.type == NGHTTP2_HEADERS
                             ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id)
                             : NULL;
    if (c && frame->hd.flags & NGHTTP2_FLAG_END_STREAM && !c->peer_done)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, c->stream, NGHTTP2_NO_ERROR);
    return 0;
}

static int give_message(void *arg, const void *bytes, size_t len)
{
    struct rpc_call *c = arg;
    if (c->events && c->events->message)
        c->events->message(c, bytes, len);
    return c->events ? 0 : -ECANCELED;
}

static struct rpc_status broken_message(int r)
{
    return r == -EMSGSIZE ? rpc_status_of(RPC_RESOURCE_EXHAUSTED, "A message is over %d MiB.",
                                          LIMIT_RPC_MESSAGE >> 20)
           : r == -ENOMEM ? rpc_status_of(RPC_RESOURCE_EXHAUSTED, "There is no memory for it.")
                          : rpc_status_of(RPC_INTERNAL, "A message can't be read.");
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t len, void *arg)
{
    struct rpc_call *c = nghttp2_session_get_stream_user_data(session, stream);
    (void)flags, (void)arg;
    if (!c || !c->events || (!c->link->settings.is_server && !c->is_grpc))
        return 0;
    int r = framer_feed(&c->in, bytes, len, give_message, c);
    if (r >= 0 || r == -ECANCELED)
        return 0;
    set_status(c, broken_message(r));
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
    struct rpc_call *c = nghttp2_session_get_stream_user_data(session, stream);
    (void)arg;
    if (!c)
        return 0;
    if (!c->has_status && code != NGHTTP2_NO_ERROR)
        set_status(c, rpc_status_of(rpc_code_of_reset(code), "The other side reset the call: %s.",
                                    nghttp2_http2_strerror(code)));
    else if (!c->has_status)
        set_status(c, c->is_grpc || c->http_status == 0
                          ? rpc_status_of(RPC_UNKNOWN, "The other side gave no status.")
                          : rpc_status_of(rpc_code_of_http(c->http_status),
                                          "The other side answered HTTP %d, not gRPC.",
                                          c->http_status));
    end_call(c);
    return 0;
}

/* --- the connection --- */

static void on_keepalive(void *arg)
{
    struct link *l = arg;
    if (l->asked && !l->heard) {
        struct err e = {0};
        err_set(&e, -ETIMEDOUT, "The other side does not answer any more.");
        struct transport *t = l->transport;
        fail(l, &e);
        transport_close(t);
        return;
    }
    if (!l->heard && l->is_ready) {
        l->asked = true;
        nghttp2_submit_ping(l->session, NGHTTP2_FLAG_NONE, NULL);
        flush(l);
    }
    l->heard = false;
}

static void set_up_session(struct link *l)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    if (l->settings.is_server)
        nghttp2_session_server_new(&l->session, callbacks, l);
    else
        nghttp2_session_client_new(&l->session, callbacks, l);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry entries[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, LIMIT_RPC_CALLS},
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
    return l;
}

void link_attach(struct link *l, struct transport *t)
{
    l->transport = t;
}

struct transport *link_transport(const struct link *l)
{
    return l->transport;
}

static void submit_request(struct rpc_call *c)
{
    struct link *l = c->link;
    struct str timeout = {0};
    if (c->timeout_ms)
        rpc_timeout_print(c->timeout_ms, &timeout);
    nghttp2_nv nv[] = {header(":method", "POST"),
                       header(":scheme", "https"),
                       header(":path", c->path),
                       header(":authority", l->settings.authority),
                       header("te", "trailers"),
                       header("content-type", "application/grpc"),
                       header("user-agent", "hydra/" HYDRA_VERSION),
                       header("grpc-accept-encoding", "identity,gzip"),
                       header("grpc-timeout", str_text(&timeout))};
    nghttp2_data_provider body = {.source.ptr = c, .read_callback = read_out};
    c->begun = true;
    c->stream = nghttp2_submit_request(l->session, NULL, nv, COUNT_OF(nv) - (timeout.len ? 0 : 1),
                                       &body, c);
    str_done(&timeout);
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
    set_deadline(c, timeout_ms);
    if (l->is_ready)
        submit_request(c);
    flush(l);
    return c;
}

static void on_ready(void *arg)
{
    struct link *l = arg;
    l->is_ready = l->heard = true;
    l->inside++;
    if (l->settings.ready)
        l->settings.ready(l->settings.arg);
    for (struct rpc_call *c = l->calls; c && !l->closing; c = c->next)
        if (!l->settings.is_server && !c->begun)
            submit_request(c);
    if (leave(l))
        flush(l);
}

static int on_bytes(void *arg, const void *bytes, size_t len)
{
    struct link *l = arg;
    if (l->closing)
        return -ECANCELED;
    l->heard = true;
    l->inside++;
    ssize_t n = nghttp2_session_mem_recv(l->session, bytes, len);
    if (!leave(l))
        return -ECANCELED;
    if (n < 0)
        return -EPROTO;
    if (!flush(l))
        return -ECANCELED;
    return nghttp2_session_want_read(l->session) || nghttp2_session_want_write(l->session)
               ? 0
               : -ECONNRESET;
}

static void on_drained(void *arg)
{
    struct link *l = arg;
    if (!flush(l))
        return;
    l->inside++;
    for (struct rpc_call *c = l->calls, *next; c && !l->closing; c = next) {
        next = c->next;
        if (c->events && c->events->writable && rpc_backlog(c) == 0 && !c->finishing)
            c->events->writable(c);
    }
    if (leave(l))
        flush(l);
}

static void on_transport_ended(void *arg, const struct err *e)
{
    fail(arg, e);
}

const struct transport_events link_transport_events = {
    .ready = on_ready, .bytes = on_bytes, .drained = on_drained, .ended = on_transport_ended};

const char *rpc_peer_address(const struct rpc_call *c)
{
    return transport_address(c->link->transport);
}

bool rpc_peer_certificate(const struct rpc_call *c, struct str *ret_der)
{
    return transport_peer_certificate(c->link->transport, ret_der);
}

void rpc_set_arg(struct rpc_call *c, void *arg)
{
    c->arg = arg;
}

void *rpc_arg(const struct rpc_call *c)
{
    return c->arg;
}

void link_close(struct link *l, bool tell)
{
    struct err e = {0};
    if (l->closing)
        return;
    l->settings.ended = NULL;
    for (struct rpc_call *c = l->calls; c && !tell; c = c->next)
        c->events = NULL;
    nghttp2_submit_goaway(l->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(l->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    if (!flush(l))
        return;
    err_set(&e, -ESHUTDOWN, "The connection was closed on this side.");
    transport_close(l->transport);
    fail(l, &e);
}
