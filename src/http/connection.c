#include "http/http-private.h"

#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HELD_STEP = 1024 };

void connection_set_state(struct connection *c, enum connection_state state)
{
    if (c->state == CONN_CLOSED)
        return;
    c->state = state;
    c->state_is_new = true;
}

/* --- input: what was read and not yet looked at --- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    const struct connection *c = CONTAINER_OF((uv_tcp_t *)handle, struct connection, tcp);
    *buf = uv_buf_init(c->server->read_buffer, LIMIT_READ);
}

static bool is_held(const struct connection *c)
{
    return c->held && c->input.p >= c->held && c->input.p < c->held + c->held_size;
}

static bool grow_held(struct connection *c, size_t size)
{
    if (size <= c->held_size)
        return true;
    size = (size + HELD_STEP - 1) / HELD_STEP * HELD_STEP;
    char *p = mem_try_realloc(c->held, size);
    if (!p)
        return false;
    c->held = p;
    c->held_size = size;
    return true;
}

/* Keeps what is left over until more arrives: the read buffer is everybody's. */
static bool hold_input(struct connection *c)
{
    if (c->input.n == 0) {
        mem_free(TAKE(c->held));
        c->held_size = 0;
        c->input.p = NULL;
        return true;
    }
    if (!is_held(c) && !grow_held(c, c->input.n))
        return false;
    if (c->input.p != c->held)
        memmove(c->held, c->input.p, c->input.n);
    c->input.p = c->held;
    return true;
}

static bool add_input(struct connection *c, char *bytes, size_t n)
{
    if (c->input.n == 0) {
        c->input = (struct span){bytes, n};
        return true;
    }
    if (!grow_held(c, c->input.n + n))
        return false;
    memcpy(c->held + c->input.n, bytes, n);
    c->input = (struct span){c->held, c->input.n + n};
    return true;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct connection *c = CONTAINER_OF((uv_tcp_t *)stream, struct connection, tcp);
    if (n == 0 || c->state == CONN_CLOSED)
        return;
    if (n < 0 && n != UV_EOF) {
        connection_close(c);
        return;
    }
    if (n == UV_EOF) {
        c->at_eof = true;
    } else {
        c->server->stats.bytes_in += (size_t)n;
        if (c->state != CONN_LINGER && !add_input(c, buf->base, (size_t)n)) {
            connection_close(c);
            return;
        }
    }
    connection_process(c);
}

/* --- requests --- */

static void begin_request(struct connection *c, size_t len)
{
    struct http_exchange *x = exchange_new(c);
    const char *why;
    char *head = arena_dup(&x->arena, c->input.p, len);
    c->input.p += len;
    c->input.n -= len;
    c->scanned = 0;
    c->server->stats.requests_total++;
    int status = head_parse(&x->head, head, len, &why);
    if (status)
        connection_refuse(c, status, status == 431 ? "head-too-large" : "bad-request", why);
    else
        dispatch_head(x);
}

static void refuse_head(struct connection *c, int64_t error)
{
    if (error == -E2BIG)
        connection_refuse(c, 431, "head-too-large",
                          "The request line and header fields are longer than this server takes.");
    else if (c->input.p[0] == 0x16)
        connection_refuse(c, 400, "bad-request",
                          "This port speaks plain HTTP: use http:// instead of https://.");
    else
        connection_refuse(c, 400, "bad-request", "The request is malformed.");
}

/* Empty lines before a request line are a habit of old clients (RFC 9112 section 2.2). */
static void skip_empty_lines(struct connection *c)
{
    while (!c->scanned && c->input.n >= 2 && memcmp(c->input.p, "\r\n", 2) == 0) {
        c->input.p += 2;
        c->input.n -= 2;
    }
}

static bool is_blocked(const struct connection *c)
{
    return c->is_posted || output_unsent(c) > c->server->limits.write_buffer_bytes;
}

/* Returns true when there may be more to do. */
static bool take_head(struct connection *c)
{
    skip_empty_lines(c);
    if (c->input.n == 0) {
        if (c->state != CONN_IDLE)
            connection_set_state(c, CONN_IDLE);
        return false;
    }
    bool lone_cr = c->input.n == 1 && c->input.p[0] == '\r';
    int64_t len =
        lone_cr ? 0 : head_find(c->input.p, c->input.n, c->server->limits.head_bytes, &c->scanned);
    if (len == 0 && c->state != CONN_HEAD)
        connection_set_state(c, CONN_HEAD);
    if (len > 0)
        begin_request(c, (size_t)len);
    else if (len < 0)
        refuse_head(c, len);
    return len != 0;
}

static bool take_body(struct connection *c)
{
    int r = body_read(c->x);
    if (r == 1)
        dispatch_body(c->x);
    else if (r)
        connection_refuse(c, r, body_refusal_type(r), body_refusal_text(r));
    return r != 0;
}

static bool step(struct connection *c, unsigned *budget)
{
    switch (c->state) {
    case CONN_IDLE:
    case CONN_HEAD:
        if (is_blocked(c))
            return false;
        if (*budget == 0)
            connection_post(c);
        else
            --*budget;
        return !c->is_posted && take_head(c);
    case CONN_BODY:
        return take_body(c);
    case CONN_HANDLING:
    case CONN_ENDING:
    case CONN_LINGER:
    case CONN_CLOSED:
        break;
    }
    return false;
}

/* --- waiting for what comes next --- */

static void end_sending(struct connection *c)
{
    int fd;
    if (!c->linger || uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0 || shutdown(fd, SHUT_WR) < 0)
        connection_close(c);
    else
        connection_set_state(c, CONN_LINGER);
}

static bool wants_read(const struct connection *c)
{
    switch (c->state) {
    case CONN_IDLE:
    case CONN_HEAD:
        return !is_blocked(c);
    case CONN_BODY:
        return body_wants_more(c->x);
    case CONN_HANDLING:
        return c->input.n == 0;
    case CONN_LINGER:
        return true;
    case CONN_ENDING:
    case CONN_CLOSED:
        break;
    }
    return false;
}

static enum deadline_kind wanted_deadline(const struct connection *c)
{
    switch (c->state) {
    case CONN_IDLE:
        return DEADLINE_IDLE;
    case CONN_HEAD:
        return DEADLINE_HEAD;
    case CONN_BODY:
        return DEADLINE_BODY;
    case CONN_LINGER:
        return DEADLINE_LINGER;
    case CONN_HANDLING:
    case CONN_ENDING:
    case CONN_CLOSED:
        break;
    }
    return DEADLINE_NONE;
}

static void update_deadlines(struct connection *c)
{
    struct deadlines *d = &c->server->deadlines;
    enum deadline_kind kind = c->is_reading ? wanted_deadline(c) : DEADLINE_NONE;
    if (kind == DEADLINE_NONE)
        deadline_clear(&c->reading);
    else if (c->state_is_new || c->reading.kind != kind)
        deadline_set(d, &c->reading, kind);
    c->state_is_new = false;
    size_t unsent = output_unsent(c);
    if (!unsent) {
        deadline_clear(&c->writing);
    } else if (c->writing.kind == DEADLINE_NONE) {
        c->stall_mark = c->queued_total - unsent;
        deadline_set(d, &c->writing, DEADLINE_STALL);
    }
}

static void update_reading(struct connection *c)
{
    bool wanted = !c->at_eof && wants_read(c);
    if (wanted == c->is_reading)
        return;
    c->is_reading = wanted;
    if (wanted)
        uv_read_start((uv_stream_t *)&c->tcp, give_buffer, on_read);
    else
        uv_read_stop((uv_stream_t *)&c->tcp);
}

/* The peer sends no more: what is complete is still answered. */
static bool is_over(const struct connection *c)
{
    return c->at_eof && (c->state == CONN_IDLE || c->state == CONN_HEAD || c->state == CONN_BODY ||
                         c->state == CONN_LINGER);
}

/* What the socket is to do follows from the state alone. */
static void wait_for_more(struct connection *c)
{
    output_flush(c);
    if (is_over(c) && !c->is_posted) {
        if (output_unsent(c))
            connection_set_state(c, CONN_ENDING);
        else
            connection_close(c);
    }
    if (c->state == CONN_ENDING && output_unsent(c) == 0)
        end_sending(c);
    if (c->state != CONN_CLOSED && !hold_input(c))
        connection_close(c);
    if (c->state == CONN_CLOSED)
        return;
    update_reading(c);
    update_deadlines(c);
}

void connection_process(struct connection *c)
{
    if (c->in_process || c->state == CONN_CLOSED)
        return;
    unsigned budget = c->server->limits.pipelined;
    c->in_process = true;
    if (c->x && c->x->streaming)
        stream_send(c->x);
    while (step(c, &budget)) {
    }
    c->in_process = false;
    wait_for_more(c);
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

/* --- ends --- */

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

struct connection *connection_new(struct http_server *s, int fd, const struct sockaddr *peer)
{
    struct connection *c = mem_alloc(sizeof *c);
    c->server = s;
    note_peer(c, peer);
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
