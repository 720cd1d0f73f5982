#include "http/http-private.h"

#include <unistd.h>

void connection_set_state(struct connection *c, enum connection_state state)
{
    if (c->state == CONN_CLOSED)
        return;
    c->state = state;
    c->state_is_new = true;
}

static void process_posted(void *arg)
{
    struct connection *c = arg;
    c->is_posted = false;
    connection_process(c);
    connection_reap(c);
}

void connection_post(struct connection *c)
{
    if (c->is_posted)
        return;
    c->is_posted = true;
    loop_post(c->server->loop, process_posted, c);
}

void connection_answered(struct connection *c)
{
    bool keep = c->x->keep;
    exchange_end(c->x);
    if (keep && !c->close_after) {
        connection_set_state(c, CONN_IDLE);
        return;
    }
    c->linger |= c->input.n > 0; /* the peer goes on: let it read the answer first */
    c->input.n = 0;
    connection_set_state(c, CONN_ENDING);
}

void connection_refuse(struct connection *c, int status, const char *type, const char *detail)
{
    struct http_exchange *x = c->x ? c->x : exchange_new(c);
    c->close_after = c->linger = true;
    c->input.n = 0;
    x->keep = false;
    c->server->stats.refused_total++;
    if (x->holder != HELD_BY_LOOP) {
        stream_feed_end(x, status == 408 ? -ETIMEDOUT : status == 413 ? -EFBIG : -EBADMSG);
        connection_set_state(c, CONN_HANDLING);
        return;
    }
    if (x->is_answered) {
        connection_answered(c);
        return;
    }
    dispatch_problem(x, status, type, detail);
    dispatch_settle(x);
}

void connection_expired(struct deadline *d, enum deadline_kind kind)
{
    struct connection *c = kind == DEADLINE_STALL ? CONTAINER_OF(d, struct connection, writing)
                                                  : CONTAINER_OF(d, struct connection, reading);
    switch (kind) {
    case DEADLINE_HEAD:
        connection_refuse(c, 408, "timeout", "The request's head took too long to arrive.");
        break;
    case DEADLINE_BODY:
        connection_refuse(c, 408, "timeout", "The request's body took too long to arrive.");
        break;
    case DEADLINE_STALL:
        if (c->queued_total - output_unsent(c) == c->stall_mark)
            connection_close(c);
        break;
    case DEADLINE_NONE:
    case DEADLINE_IDLE:
    case DEADLINE_LINGER:
    case DEADLINE_KIND_COUNT:
        connection_close(c);
        break;
    }
    connection_process(c);
}

void connection_reap(struct connection *c)
{
    if (!c->handle_closed || c->x || c->is_posted)
        return;
    struct http_server *s = c->server;
    c->prev->next = c->next;
    c->next->prev = c->prev;
    mem_free(c->held);
    mem_free(c);
    server_note_gone(s);
}

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = CONTAINER_OF((uv_tcp_t *)handle, struct connection, tcp);
    c->handle_closed = true;
    connection_reap(c);
}

void connection_close(struct connection *c)
{
    struct http_server *s = c->server;
    if (c->state == CONN_CLOSED)
        return;
    if (s->outbox_of == c)
        s->outbox_len = 0;
    deadline_clear(&c->reading);
    deadline_clear(&c->writing);
    c->state = CONN_CLOSED;
    s->stats.connections_now--;
    s->n_refused -= c->is_refused;
    address_forget(s, c);
    if (c->x && c->x->holder == HELD_BY_WORKER)
        stream_peer_gone(c->x);
    else if (c->x && c->x->holder == HELD_BY_OTHERS)
        exchange_tell_left(c->x);
    else if (c->x && c->x->holder == HELD_BY_LOOP && !c->x->in_call)
        exchange_end(c->x);
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void note_peer(struct connection *c, const struct sockaddr *peer)
{
    c->family = (uint8_t)peer->sa_family;
    if (peer->sa_family == AF_INET6) {
        c->address = ((const struct sockaddr_in6 *)peer)->sin6_addr;
        c->is_loopback = IN6_IS_ADDR_LOOPBACK(&c->address);
    } else if (peer->sa_family == AF_INET) {
        memcpy(&c->address, &((const struct sockaddr_in *)peer)->sin_addr, 4);
        c->is_loopback = c->address.s6_addr[0] == 127;
    } else {
        c->is_loopback = true;
    }
    if (c->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&c->address)) {
        memmove(c->address.s6_addr, c->address.s6_addr + 12, 4);
        c->family = AF_INET;
        c->is_loopback = c->address.s6_addr[0] == 127;
    }
}

static bool is_proxy(const struct connection *c, const struct http_proxies *p)
{
    struct in6_addr a = c->address;
    if (!p)
        return false;
    if (c->family != AF_INET && c->family != AF_INET6)
        return p->local;
    if (c->family == AF_INET)
        forwarded_map_v4(&c->address, &a);
    return http_proxies_has(p, &a);
}

struct connection *connection_new(struct http_server *s, int fd, const struct sockaddr *peer)
{
    struct connection *c = mem_alloc(sizeof *c);
    c->server = s;
    note_peer(c, peer);
    c->is_proxy = is_proxy(c, s->settings.proxies);
    c->next = &s->connections;
    c->prev = s->connections.prev;
    c->prev->next = c->next->prev = c;
    s->n_connections++;
    s->stats.connections_now++;
    s->stats.connections_total++;
    uv_tcp_init(loop_uv(s->loop), &c->tcp);
    if (uv_tcp_open(&c->tcp, fd) < 0) {
        close(fd);
        connection_close(c);
    }
    return c;
}
