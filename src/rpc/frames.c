/* What comes off an HTTP/2 connection, as events of calls. */
#include "rpc/link-private.h"

#include <stdlib.h>

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
        call_set_status(c, rpc_status_of(RPC_RESOURCE_EXHAUSTED, "The headers are over %d bytes.",
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

static bool is_grpc(const char *content_type)
{
    return content_type && str_starts(content_type, "application/grpc") &&
           (content_type[16] == '\0' || content_type[16] == '+' || content_type[16] == ';');
}

static void begin_request(struct link *l, struct rpc_call *c)
{
    const char *timeout = rpc_metadata(c, "grpc-timeout"),
               *encoding = rpc_metadata(c, "grpc-encoding"), *path = rpc_metadata(c, ":path");
    uint64_t ms = 0;
    c->begun = true;
    if (!str_eq(rpc_metadata(c, ":method"), "POST"))
        call_refuse(c, 405, rpc_status_of(RPC_INTERNAL, "Calls are made with POST."));
    else if (!is_grpc(rpc_metadata(c, "content-type")))
        call_refuse(c, 415,
                    rpc_status_of(RPC_INTERNAL, "Only application/grpc is understood here."));
    else if (encoding && !str_eq(encoding, "identity") && !str_eq(encoding, "gzip"))
        call_refuse(c, 200,
                    rpc_status_of(RPC_UNIMPLEMENTED, "The encoding %.32s is not known.", encoding));
    else if (str_eq(encoding, "gzip") && !l->settings.gzip)
        call_refuse(c, 200,
                    rpc_status_of(RPC_UNIMPLEMENTED,
                                  "Nothing is taken compressed here: send messages as they are."));
    else if (timeout && rpc_timeout_parse(timeout, strlen(timeout), &ms) < 0)
        call_refuse(c, 200, rpc_status_of(RPC_INTERNAL, "grpc-timeout can't be read."));
    else if (!l->settings.request(l->settings.arg, c, path ? path : ""))
        call_refuse(
            c, 200,
            rpc_status_of(RPC_UNIMPLEMENTED, "There is no method %.200s.", path ? path : ""));
    else {
        c->in.gzip = str_eq(encoding, "gzip");
        call_set_deadline(c, ms);
    }
}

static void peer_is_done(struct rpc_call *c)
{
    if (c->peer_done)
        return;
    c->peer_done = true;
    if (c->link->settings.is_server && c->finishing) /* has its result */
        return;
    if (!framer_is_between(&c->in)) {
        call_set_status(c, rpc_status_of(RPC_INTERNAL, "A message was cut off."));
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
    loop_timer_free(TAKE(c->first));
    if (c->events && c->events->message)
        c->events->message(c, bytes, len);
    return call_listens(c) ? 0 : -ECANCELED;
}

static struct rpc_status broken_message(const struct rpc_call *c, int r)
{
    return r == -EMSGSIZE ? rpc_status_of(RPC_RESOURCE_EXHAUSTED, "A message is over %zu bytes.",
                                          framer_max(&c->in))
           : r == -ENOMEM ? rpc_status_of(RPC_RESOURCE_EXHAUSTED, "There is no memory for it.")
                          : rpc_status_of(RPC_INTERNAL, "A message can't be read.");
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t len, void *arg)
{
    struct rpc_call *c = nghttp2_session_get_stream_user_data(session, stream);
    (void)flags, (void)arg;
    if (!c || !call_listens(c) || (!c->link->settings.is_server && !c->is_grpc))
        return 0;
    int r = framer_feed(&c->in, bytes, len, give_message, c);
    if (r >= 0 || r == -ECANCELED)
        return 0;
    struct rpc_status broken = broken_message(c, r);
    if (c->link->settings.is_server) {
        rpc_finish(c, &broken);
        return 0;
    }
    call_set_status(c, broken);
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
        call_set_status(c,
                        rpc_status_of(rpc_code_of_reset(code), "The other side reset the call: %s.",
                                      nghttp2_http2_strerror(code)));
    else if (!c->has_status)
        call_set_status(c, c->is_grpc || c->http_status == 0
                               ? rpc_status_of(RPC_UNKNOWN, "The other side gave no status.")
                               : rpc_status_of(rpc_code_of_http(c->http_status),
                                               "The other side answered HTTP %d, not gRPC.",
                                               c->http_status));
    call_end(c);
    return 0;
}

void frames_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
}
