/* A call: its life, what it sends, and what its owner may ask of it. */
#include "rpc/link-private.h"

#include <stdio.h>

enum { OUT_KEPT = 8192 /* bytes of an empty buffer */ };

struct rpc_call *call_new(struct link *l, int32_t stream)
{
    struct rpc_call *c = mem_alloc(sizeof *c);
    c->link = l;
    c->stream = stream;
    c->next = l->calls;
    if (c->next)
        c->next->previous = c;
    l->calls = c;
    if (l->n_calls++ == 0)
        link_watch(l);
    return c;
}

void call_free(struct rpc_call *c)
{
    struct link *l = c->link;
    if (c->next)
        c->next->previous = c->previous;
    if (c->previous)
        c->previous->next = c->next;
    else
        l->calls = c->next;
    if (--l->n_calls == 0)
        link_watch(l);
    loop_timer_free(c->deadline);
    loop_timer_free(c->first);
    framer_done(&c->in);
    str_done(&c->out);
    str_done(&c->headers);
    mem_free(c->path);
    mem_free(c);
}

void call_end(struct rpc_call *c)
{
    const struct rpc_events *events = c->events;
    c->events = NULL;
    if (events)
        events->ended(c, &c->status);
    call_free(c);
}

void call_set_status(struct rpc_call *c, struct rpc_status s)
{
    if (!c->has_status)
        c->status = s;
    c->has_status = true;
}

/* --- sending --- */

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

/* What one large message needed is not kept for the small ones that follow. */
static void drained(struct rpc_call *c)
{
    if (c->out.cap > OUT_KEPT)
        str_done(&c->out);
    str_clear(&c->out);
    c->sent = 0;
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
        drained(c);
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
    link_flush(c->link);
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
    call_set_status(c, *s);
    c->finishing = true;
    resume(c);
}

static void call_reset(struct rpc_call *c, uint32_t code)
{
    nghttp2_submit_rst_stream(c->link->session, NGHTTP2_FLAG_NONE, c->stream, code);
    link_flush(c->link);
}

void rpc_drop(struct rpc_call *c)
{
    c->events = NULL;
    if (c->stream)
        call_reset(c, NGHTTP2_CANCEL); /* freed when the stream is */
    else
        call_free(c);
}

void rpc_abort(struct rpc_call *c, const struct rpc_status *s)
{
    drained(c);
    if (c->finishing) /* what it was to end after is gone */
        resume(c);
    else
        rpc_finish(c, s);
}

static void on_no_message(void *arg)
{
    struct rpc_call *c = arg;
    struct rpc_status late = rpc_status_of(RPC_DEADLINE_EXCEEDED, "No message came.");
    if (!c->finishing) /* what it was answered may still be on its way */
        rpc_abort(c, &late);
}

static void on_deadline(void *arg)
{
    struct rpc_call *c = arg;
    struct rpc_status late = rpc_status_of(RPC_DEADLINE_EXCEEDED, "The deadline has passed.");
    if (c->link->settings.is_server) {
        rpc_abort(c, &late);
        return;
    }
    call_set_status(c, late);
    if (c->stream) {
        call_reset(c, NGHTTP2_CANCEL);
        return;
    }
    struct link *l = c->link;
    l->inside++;
    call_end(c);
    link_leave(l);
}

void call_set_deadline(struct rpc_call *c, uint64_t ms)
{
    if (ms)
        c->deadline = loop_timer_new(c->link->settings.loop, ms, 0, on_deadline, c);
}

/* --- beginning --- */

void call_submit(struct rpc_call *c)
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

void link_answer(struct rpc_call *c, const struct rpc_method *m)
{
    const struct link_settings *s = &c->link->settings;
    c->events = m->events;
    c->max_message = m->max_message;
    c->in.max = LIMIT_RPC_STRANGER_MESSAGE;
    if (m->max_message && m->max_message < c->in.max)
        c->in.max = m->max_message;
    c->first = loop_timer_new(s->loop, s->bounds.first_message_ms, 0, on_no_message, c);
    nghttp2_data_provider body = {.source.ptr = c, .read_callback = read_out};
    nghttp2_nv nv[] = {
        header(":status", "200"), header("content-type", "application/grpc"),
        header("grpc-accept-encoding", c->link->settings.gzip ? "identity,gzip" : "identity")};
    nghttp2_submit_response(c->link->session, c->stream, nv, COUNT_OF(nv), &body);
}

/* Answers without a message: headers that are trailers as well. */
void call_refuse(struct rpc_call *c, int http_status, struct rpc_status s)
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

void rpc_admit(struct rpc_call *c)
{
    c->in.max = c->max_message;
    link_admit(c->link);
}

/* --- what is asked of a call --- */

bool call_listens(const struct rpc_call *c)
{
    return c->events && !(c->link->settings.is_server && c->finishing);
}

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
