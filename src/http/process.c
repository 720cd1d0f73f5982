#include "http/http-private.h"

#include <sys/socket.h>

enum { HELD_STEP = 1024 }; /* what is held between two reads grows by so much */

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
        if (c->x && c->state == CONN_HANDLING)
            exchange_tell_left(c->x);
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
    int status = head_memo_parse(c->server->heads, &x->head, head, len, &why);
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
